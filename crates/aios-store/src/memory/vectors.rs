//! Vectors: the seam for whoever has a model. They come after the text, and may be missing.

use aios_memory::{ModelId, Quantized};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::MemoryStore;
use super::database::failed;
use crate::StoreError;

impl MemoryStore {
    /// Fragments that have no vector of a model yet, with their texts, the newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn without_vector(
        &self,
        model: &ModelId,
        n_max: usize,
    ) -> Result<Vec<(i64, String)>, StoreError> {
        self.0.pool.with("read", |database| {
            let number = number(database, model)?;
            let sql = "SELECT id, text FROM fragment f WHERE NOT EXISTS
                (SELECT 1 FROM vector v WHERE v.fragment = f.id AND v.model = ?1) ORDER BY id DESC LIMIT ?2";
            let mut left = database.prepare_cached(sql)?;
            let n_max = i64::try_from(n_max).unwrap_or(i64::MAX);
            left.query_map(params![number, n_max], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })
    }

    /// Keeps vectors of a model. Those of fragments that are gone meanwhile are passed over; the number
    /// of those kept comes back.
    ///
    /// # Errors
    /// When the database fails; then none is kept.
    pub fn put_vectors(
        &self,
        model: &ModelId,
        vectors: Vec<(i64, Quantized)>,
    ) -> Result<usize, StoreError> {
        let model = model.clone();
        self.writer("keep vectors")?.alone(move |database, tools| {
            let n = put(database, &model, &vectors)
                .map_err(|error| failed(&tools.dir, "write vectors to", error))?;
            tools.forget_scopes();
            Ok(n)
        })
    }
}

fn put(
    database: &mut Connection,
    model: &ModelId,
    vectors: &[(i64, Quantized)],
) -> rusqlite::Result<usize> {
    let making = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut n = 0;
    {
        let sql = "INSERT INTO model (name, revision, digest, dim) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT DO UPDATE SET dim = dim RETURNING id";
        let made = params![model.name, model.revision, model.digest, model.dim];
        let number: i64 = making.query_row(sql, made, |row| row.get(0))?;
        let sql = "INSERT OR REPLACE INTO vector (fragment, model, q, scale)
            SELECT id, ?2, ?3, ?4 FROM fragment WHERE id = ?1";
        let mut put = making.prepare(sql)?;
        for (fragment, vector) in vectors {
            let bytes: Vec<u8> = vector.bytes.iter().map(|byte| byte.cast_unsigned()).collect();
            n += put.execute(params![fragment, number, bytes, vector.scale])?;
        }
    }
    making.commit()?;
    Ok(n)
}

/// The number of a model, if it has made any vector.
pub(super) fn number(database: &Connection, model: &ModelId) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT id FROM model WHERE name = ?1 AND revision = ?2 AND digest = ?3 AND dim = ?4";
    let asked = params![model.name, model.revision, model.digest, model.dim];
    database.prepare_cached(sql)?.query_row(asked, |row| row.get(0)).optional()
}
