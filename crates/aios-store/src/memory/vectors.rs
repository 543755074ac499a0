//! Vectors: the seam for whoever has a model. They come after the text, and may be missing.

use std::sync::{Arc, PoisonError};

use aios_memory::{ModelId, Quantized, Query};
use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, params};

use super::MemoryStore;
use super::cache::Names;
use super::database::failed;
use super::search::{Key, MemoryScope};
use crate::{StoreError, fail};

/// A fragment in the words that it has when it is read. While they are embedded it may come to say something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worded {
    /// Its number in the store.
    pub number: i64,
    pub(super) norm_hash: [u8; 16],
}

impl MemoryStore {
    /// The model whose vectors are compared, if there is one.
    #[must_use]
    pub fn model(&self) -> Option<ModelId> {
        self.0.model.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Compares vectors of this model from now on, and of no other.
    pub fn use_model(&self, model: &ModelId) {
        let mut inforce = self.0.model.write().unwrap_or_else(PoisonError::into_inner);
        if inforce.as_ref() != Some(model) {
            *inforce = Some(model.clone());
            self.0.cache.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    /// A question as it is best embedded for a scope: without the names of those who speak there.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn question_to_embed(
        &self,
        scope: &MemoryScope,
        question: &str,
    ) -> Result<String, StoreError> {
        let analyzer = self.analyzer();
        let held = self.ready(&Key::of(scope))?;
        Ok(held.scope.without_speakers(question, |word| analyzer.names(word)))
    }

    /// Has a question ask by its vector too. Whether it does: a vector of another model than that in force
    /// compares with nothing.
    pub fn ask_by_vector(&self, query: &mut Query, model: &ModelId, vector: Quantized) -> bool {
        let is_ours = self.model().as_ref() == Some(model);
        if is_ours {
            query.vector = Some(vector);
        }
        is_ours
    }

    /// Fragments that have no vector of a model yet, with their texts, the newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn without_vector(
        &self,
        model: &ModelId,
        n_max: usize,
    ) -> Result<Vec<(Worded, String)>, StoreError> {
        self.0.pool.with("read", |database| {
            let number = number(database, model)?;
            let sql = "SELECT id, norm_hash, text FROM fragment f WHERE NOT EXISTS
                (SELECT 1 FROM vector v WHERE v.fragment = f.id AND v.model = ?1) ORDER BY id DESC LIMIT ?2";
            let mut left = database.prepare_cached(sql)?;
            let n_max = i64::try_from(n_max).unwrap_or(i64::MAX);
            let worded = |row: &Row<'_>| {
                let worded = Worded { number: row.get(0)?, norm_hash: row.get(1)? };
                Ok((worded, row.get(2)?))
            };
            left.query_map(params![number, n_max], worded)?.collect()
        })
    }

    /// Keeps vectors of a model; of a fragment of which it makes none, that. Those of fragments that are gone meanwhile,
    /// or say something else, are passed over; the number of those kept comes back.
    ///
    /// # Errors
    /// When the database fails; then none is kept.
    pub fn put_vectors(
        &self,
        model: &ModelId,
        vectors: Vec<(Worded, Option<Quantized>)>,
    ) -> Result<usize, StoreError> {
        let (model, inforce) = (model.clone(), Arc::clone(&self.0.model));
        self.writer("keep vectors")?.alone(move |database, tools| {
            let put = put(database, &model, &vectors)
                .map_err(|error| failed(&tools.dir, "write vectors to", error))?;
            let n = put.len();
            // Under the lock, so that no scope of another model gets one of these.
            let inforce = inforce.read().unwrap_or_else(PoisonError::into_inner);
            if inforce.as_ref() == Some(&model) {
                tools.cache.lock().unwrap_or_else(PoisonError::into_inner).give_vectors(put);
            }
            Ok(n)
        })
    }
}

fn put(
    database: &mut Connection,
    model: &ModelId,
    vectors: &[(Worded, Option<Quantized>)],
) -> rusqlite::Result<Vec<(Names, i64, Quantized)>> {
    let making = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut kept = Vec::with_capacity(vectors.len());
    {
        let sql = "INSERT INTO model (name, revision, digest, dim) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT DO UPDATE SET dim = dim RETURNING id";
        let made = params![model.name, model.revision, model.digest, model.dim];
        let number: i64 = making.query_row(sql, made, |row| row.get(0))?;
        let sql = "INSERT OR REPLACE INTO vector (fragment, model, q, scale)
            SELECT id, ?2, ?3, ?4 FROM fragment WHERE id = ?1 AND norm_hash = ?5";
        let mut put = making.prepare(sql)?;
        let sql = "SELECT h.name, s.name FROM fragment f JOIN scope h ON h.id = f.home
            LEFT JOIN scope s ON s.id = f.subject WHERE f.id = ?1";
        let mut whose = making.prepare(sql)?;
        for (Worded { number: fragment, norm_hash }, vector) in vectors {
            let bytes = vector.iter().flat_map(|vector| &vector.bytes);
            let bytes: Vec<u8> = bytes.map(|byte| byte.cast_unsigned()).collect();
            let scale = vector.as_ref().map_or(0.0, |vector| vector.scale);
            let n = put.execute(params![fragment, number, bytes, scale, norm_hash])?;
            if let Some(vector) = vector.as_ref().filter(|_| n > 0) {
                let names = whose.query_row([fragment], |row| Ok((row.get(0)?, row.get(1)?)))?;
                kept.push((names, *fragment, vector.clone()));
            }
        }
    }
    fail::point("memory.before_vectors");
    making.commit()?;
    fail::point("memory.vectors_kept");
    Ok(kept)
}

/// The number of a model, if it has made any vector.
pub(super) fn number(database: &Connection, model: &ModelId) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT id FROM model WHERE name = ?1 AND revision = ?2 AND digest = ?3 AND dim = ?4";
    let asked = params![model.name, model.revision, model.digest, model.dim];
    database.prepare_cached(sql)?.query_row(asked, |row| row.get(0)).optional()
}
