//! Finds copies in the memory, merges those that are the same word for word, and links the others.

use aios_memory::{Copies, Subject, find_copies};
use rusqlite::{Connection, TransactionBehavior, params};
use serde::{Deserialize, Serialize};

use super::MemoryStore;
use super::database::failed;
use crate::{StoreError, fail};

/// What is there more than once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deduplicated {
    /// Fragments that were compared, each with those of its own home, person and speaker that hold at the same times.
    /// What is found no more is not looked at.
    pub n_fragments: usize,
    /// Those that are a copy of an earlier one, word for word: they are merged with it.
    pub n_exact: usize,
    /// Pairs that are nearly the same: they are linked, and both stay.
    pub n_near: usize,
    /// Pairs that differ in a number, a name or a "not": they are linked as variants, and both stay.
    pub n_variants: usize,
    /// Whether it was done, or only looked at.
    pub executed: bool,
}

impl MemoryStore {
    /// Looks for copies. Changes nothing.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn find_copies(&self) -> Result<Deduplicated, StoreError> {
        let (n, copies) = self.0.pool.with("read", find)?;
        Ok(report(n, &copies, false))
    }

    /// Merges what is the same word for word and links what is nearly the same. The id of a merged
    /// fragment goes on to name the one that stays.
    ///
    /// # Errors
    /// When the database fails; then everything is as before.
    pub fn merge_copies(&self) -> Result<Deduplicated, StoreError> {
        self.writer("merge copies")?.alone(|database, tools| {
            let merge = |database: &mut Connection| {
                let (n, copies) = find(database)?;
                merge(database, &copies)?;
                Ok(report(n, &copies, true))
            };
            let merged = merge(database)
                .map_err(|error: rusqlite::Error| failed(&tools.dir, "merge copies in", error));
            tools.forget_scopes();
            merged
        })
    }
}

fn report(n_fragments: usize, copies: &Copies, executed: bool) -> Deduplicated {
    let n_variants = copies.near.iter().filter(|link| link.is_variant).count();
    Deduplicated {
        n_fragments,
        n_exact: copies.exact.len(),
        n_near: copies.near.len() - n_variants,
        n_variants,
        executed,
    }
}

/// Of what is still found only: a copy of what was archived or superseded would be lost with it.
fn find(database: &Connection) -> rusqlite::Result<(usize, Copies)> {
    let sql = "SELECT id, dense_rank() OVER (ORDER BY home, subject, speaker, valid_from, valid_to), text FROM fragment
        WHERE archived_at IS NULL AND superseded_by IS NULL ORDER BY ts, id";
    let mut rows = database.prepare(sql)?;
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let rows: Vec<(i64, i64, String)> = rows.collect::<rusqlite::Result<_>>()?;
    let subjects: Vec<_> =
        rows.iter().map(|(id, scope, text)| Subject { id: *id, scope: *scope, text }).collect();
    Ok((rows.len(), find_copies(&subjects)))
}

fn merge(database: &mut Connection, copies: &Copies) -> rusqlite::Result<()> {
    let making = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut count = making.prepare(
            "UPDATE fragment SET seen_count = seen_count + (SELECT seen_count FROM fragment WHERE id = ?2),
                pinned = max(pinned, (SELECT pinned FROM fragment WHERE id = ?2)) WHERE id = ?1",
        )?;
        let mut keep_name = making.prepare(
            "INSERT OR IGNORE INTO alias (home, name, fragment)
                SELECT home, name, ?1 FROM fragment WHERE id = ?2 AND name IS NOT NULL",
        )?;
        let mut keep_aliases =
            making.prepare("UPDATE alias SET fragment = ?1 WHERE fragment = ?2")?;
        let mut keep_use = making.prepare(
            "INSERT INTO access SELECT ?1, n_injected, n_confirmed, confirmed_at FROM access WHERE fragment = ?2
                ON CONFLICT (fragment) DO UPDATE SET n_injected = n_injected + excluded.n_injected,
                n_confirmed = n_confirmed + excluded.n_confirmed,
                confirmed_at = max(coalesce(confirmed_at, 0), coalesce(excluded.confirmed_at, 0))",
        )?;
        // What it had taken the place of must not come back with its end.
        let mut keep_place =
            making.prepare("UPDATE fragment SET superseded_by = ?1 WHERE superseded_by = ?2")?;
        let mut remove = making.prepare("DELETE FROM fragment WHERE id = ?1")?;
        for (first, copy) in &copies.exact {
            count.execute(params![first, copy])?;
            keep_name.execute(params![first, copy])?;
            keep_aliases.execute(params![first, copy])?;
            keep_use.execute(params![first, copy])?;
            keep_place.execute(params![first, copy])?;
            remove.execute([copy])?;
        }
        let sql =
            "INSERT OR REPLACE INTO link (earlier, later, kind, likeness) VALUES (?1, ?2, ?3, ?4)";
        let mut link = making.prepare(sql)?;
        for near in &copies.near {
            let kind = if near.is_variant { "variant" } else { "near_dup" };
            link.execute(params![near.earlier, near.later, kind, near.likeness])?;
        }
    }
    fail::point("memory.before_merged");
    making.commit()?;
    fail::point("memory.merged");
    Ok(())
}
