//! What is stored, in figures.

use aios_core::Timestamp;
use serde::Serialize;

use super::{MemoryStore, rebuild};
use crate::StoreError;

/// What is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MemoryStats {
    /// Fragments.
    pub n_fragments: u64,
    /// Conversations that they are of.
    pub n_conversations: u64,
    /// Fragments that belong to nobody.
    pub n_shared: u64,
    /// Fragments that were put away.
    pub n_archived: u64,
    /// Fragments that stay whatever their age.
    pub n_pinned: u64,
    /// Times that a copy came and was only counted.
    pub n_seen_again: u64,
    /// Links between near copies.
    pub n_near: u64,
    /// Links between a text and one that may correct it.
    pub n_variants: u64,
    /// Fragments with a vector.
    pub n_vectors: u64,
    /// Bytes of texts.
    pub n_text_bytes: u64,
    /// Bytes of the database's file.
    pub n_file_bytes: u64,
    /// When the oldest fragment was said.
    pub oldest: Option<Timestamp>,
    /// When the newest was.
    pub newest: Option<Timestamp>,
    /// The language of the words.
    pub language: &'static str,
    /// How often what is derived from texts was made.
    pub generation: u64,
}

impl MemoryStore {
    /// Counts what is stored.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn stats(&self) -> Result<MemoryStats, StoreError> {
        let n_file_bytes = std::fs::metadata(self.0.dir.memory_path()).map_or(0, |file| file.len());
        self.0.pool.with("count", |database| {
            let (generation, language) = rebuild::made(database)?;
            let sql = "SELECT count(*), count(DISTINCT CASE WHEN s.name <> 'shared' THEN f.home END),
                coalesce(sum(s.name = 'shared'), 0), count(f.archived_at), coalesce(sum(f.pinned), 0),
                coalesce(sum(f.seen_count - 1), 0),
                (SELECT count(*) FROM link WHERE kind = 'near_dup'),
                (SELECT count(*) FROM link WHERE kind = 'variant'),
                (SELECT count(DISTINCT fragment) FROM vector WHERE length(q) > 0),
                coalesce(sum(length(CAST(f.text AS BLOB))), 0), min(f.ts), max(f.ts)
                FROM fragment f JOIN scope s ON s.id = f.home";
            database.query_row(sql, [], |row| {
                let at = |at: usize| -> rusqlite::Result<Option<Timestamp>> {
                    Ok(row.get::<_, Option<i64>>(at)?.map(Timestamp::from_micros))
                };
                Ok(MemoryStats {
                    n_fragments: row.get(0)?,
                    n_conversations: row.get(1)?,
                    n_shared: row.get(2)?,
                    n_archived: row.get(3)?,
                    n_pinned: row.get(4)?,
                    n_seen_again: row.get(5)?,
                    n_near: row.get(6)?,
                    n_variants: row.get(7)?,
                    n_vectors: row.get(8)?,
                    n_text_bytes: row.get(9)?,
                    n_file_bytes,
                    oldest: at(10)?,
                    newest: at(11)?,
                    language: language.name(),
                    generation,
                })
            })
        })
    }
}
