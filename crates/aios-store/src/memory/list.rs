//! What is remembered, page by page, for people who look through it.

use std::collections::BTreeSet;

use aios_core::Timestamp;
use aios_privacy::Pseudonym;
use rusqlite::{OptionalExtension as _, params};

use super::MemoryStore;
use super::fragment::{id_of, number_in};
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
    /// The conversation that all fragments of these ids are of, as [`super::fragment_id`] makes them. `None` where they
    /// are of several, or one of them is there no more.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn conversation_of(&self, ids: &[String]) -> Result<Option<Pseudonym>, StoreError> {
        let homes: BTreeSet<Option<String>> = self.0.pool.with("read", |database| {
            let sql = "SELECT s.name FROM fragment f JOIN scope s ON s.id = f.home WHERE f.id = ?1";
            let mut home = database.prepare_cached(sql)?;
            ids.iter()
                .map(|id| home.query_row([number_in(id)], |row| row.get(0)).optional())
                .collect()
        })?;
        let mut homes = homes.into_iter();
        let home = homes.next().flatten().filter(|_| homes.next().is_none());
        Ok(home.and_then(|home| Pseudonym::parse(&home).ok()).filter(Pseudonym::is_conversation))
    }

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
