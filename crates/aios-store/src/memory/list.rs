//! What is remembered, page by page, for people who look through it.

use aios_core::Timestamp;
use rusqlite::params;

use super::MemoryStore;
use super::fragment::id_of;
use crate::StoreError;

/// A fragment as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its number in the store, by which the next page is asked for.
    pub number: i64,
    /// The caller's id, or one made of the number.
    pub id: String,
    /// Pseudonym of its conversation, or `shared`.
    pub home: String,
    /// When it was said.
    pub ts: Timestamp,
    /// What was said, as it is kept.
    pub text: String,
    /// Whether it stays whatever its age.
    pub is_pinned: bool,
    /// Whether it was put away.
    pub is_archived: bool,
    /// How often it was given to a model.
    pub n_injected: u64,
}

impl MemoryStore {
    /// At most `n` fragments with a smaller number, the last that came first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn list(&self, before: Option<i64>, n: usize) -> Result<Vec<Listed>, StoreError> {
        self.0.pool.with("list", |database| {
            let mut statement = database.prepare_cached(
                "SELECT f.id, f.name, s.name, f.ts, f.text, f.pinned, f.archived_at IS NOT NULL,
                 coalesce(a.n_injected, 0) FROM fragment f JOIN scope s ON s.id = f.home
                 LEFT JOIN access a ON a.fragment = f.id WHERE f.id < ?1 ORDER BY f.id DESC LIMIT ?2",
            )?;
            let n = i64::try_from(n).unwrap_or(i64::MAX);
            let listed = statement.query_map(params![before.unwrap_or(i64::MAX), n], |row| {
                let number = row.get(0)?;
                Ok(Listed {
                    number,
                    id: id_of(number, row.get(1)?),
                    home: row.get(2)?,
                    ts: Timestamp::from_micros(row.get(3)?),
                    text: row.get(4)?,
                    is_pinned: row.get(5)?,
                    is_archived: row.get(6)?,
                    n_injected: row.get(7)?,
                })
            })?;
            listed.collect()
        })
    }
}
