//! How fragments are used, and what could be put away because they are not.
//!
//! That a fragment was found is counted apart from that an answer which used it was confirmed. Only the
//! latter says that it was of use: what ranks because it was found would be found for ever.

use std::collections::BTreeMap;

use aios_core::Timestamp;
use aios_memory::{Aged, Proposal, propose};
use aios_privacy::Pseudonym;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, Transaction, TransactionBehavior, params, params_from_iter};
use serde::{Deserialize, Serialize};

use super::MemoryStore;
use super::database::failed;
use super::fragment::{id_of, number_in};
use super::search::{Key, MemoryScope};
use crate::{StoreError, fail};

/// A fragment by its use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FragmentUse {
    /// Its number in the store.
    pub number: i64,
    /// The caller's id, or one made of the number.
    pub id: String,
    /// Pseudonym of its conversation, or `shared`.
    pub home: String,
    /// When it was said.
    pub ts: Timestamp,
    /// How often its words came.
    pub n_seen: u32,
    /// How often it was given to a model.
    pub n_injected: u32,
    /// How often an answer that used it was confirmed.
    pub n_confirmed: u32,
    /// When it last was.
    pub confirmed_at: Option<Timestamp>,
    /// Whether it stays whatever its age.
    pub is_pinned: bool,
    /// Whether it was put away.
    pub is_archived: bool,
}

/// What age has come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decayed {
    /// Fragments that were looked at.
    pub n_fragments: usize,
    /// Those that may be put away, the longest idle first.
    pub proposed: Vec<FragmentUse>,
    /// Whether they were, or only looked at.
    pub executed: bool,
}

impl MemoryStore {
    /// Notes that an answer which used them was confirmed.
    ///
    /// # Errors
    /// When the database fails.
    pub fn note_confirmed(&self, fragments: Vec<i64>, at: Timestamp) -> Result<(), StoreError> {
        if fragments.is_empty() {
            return Ok(());
        }
        let counts = counted(fragments);
        self.writer("note use")?.alone(move |database, tools| {
            let write = |database: &mut Connection| {
                let making = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let sql = "INSERT INTO access (fragment, n_confirmed, confirmed_at)
                    SELECT id, ?2, ?3 FROM fragment WHERE id = ?1
                    ON CONFLICT (fragment) DO UPDATE SET n_confirmed = n_confirmed + ?2, confirmed_at = ?3";
                for (fragment, n) in counts {
                    making.prepare_cached(sql)?.execute(params![fragment, n, at.as_micros()])?;
                }
                fail::point("memory.before_confirmed");
                making.commit()?;
                fail::point("memory.confirmed");
                Ok(())
            };
            write(database).map_err(|error: rusqlite::Error| failed(&tools.dir, "note use in", error))
        })
    }

    /// Notes that an answer was confirmed which used fragments of these ids, as [`super::fragment_id`] makes them,
    /// each of one of these conversations or people.
    ///
    /// # Errors
    /// When the database fails.
    pub fn confirm(
        &self,
        whose: &[Pseudonym],
        ids: &[String],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let scopes =
            [MemoryScope::Conversation(whose.to_vec()), MemoryScope::Subject(whose.to_vec())];
        let numbers = self.0.pool.with("read", |database| {
            let mut numbers = Vec::with_capacity(ids.len());
            for id in ids {
                let Some(number) = number_in(id) else { continue };
                for key in scopes.iter().map(Key::of) {
                    if is_in(database, &key, number)? {
                        numbers.push(number);
                        break;
                    }
                }
            }
            Ok(numbers)
        })?;
        self.note_confirmed(numbers, at)
    }

    /// Every fragment with its use, in the order in which they were kept.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn uses(&self) -> Result<Vec<FragmentUse>, StoreError> {
        self.0.pool.with("read", read_uses)
    }

    /// What may be put away. Changes nothing.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn find_idle(&self, now: Timestamp) -> Result<Decayed, StoreError> {
        Ok(decayed(self.uses()?, now, false))
    }

    /// Puts away what may be: it is found no more, and kept.
    ///
    /// # Errors
    /// When the database fails; then everything is as before.
    pub fn archive_idle(&self, now: Timestamp) -> Result<Decayed, StoreError> {
        self.writer("archive")?.alone(move |database, tools| {
            let archive = |database: &mut Connection| {
                let decayed = decayed(read_uses(database)?, now, true);
                let making = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let sql = "UPDATE fragment SET archived_at = ?2 WHERE id = ?1";
                for one in &decayed.proposed {
                    making.execute(sql, params![one.number, now.as_micros()])?;
                }
                fail::point("memory.before_archived");
                making.commit()?;
                fail::point("memory.archived");
                Ok(decayed)
            };
            let archived = archive(database)
                .map_err(|error: rusqlite::Error| failed(&tools.dir, "archive in", error));
            tools.forget_scopes();
            archived
        })
    }

    /// Brings everything back that was put away. Returns how many fragments that were.
    ///
    /// # Errors
    /// When the database fails.
    pub fn restore_archived(&self) -> Result<usize, StoreError> {
        self.writer("restore")?.alone(|database, tools| {
            let sql = "UPDATE fragment SET archived_at = NULL WHERE archived_at IS NOT NULL";
            let restored =
                database.execute(sql, []).map_err(|error| failed(&tools.dir, "restore in", error));
            fail::point("memory.restored");
            tools.forget_scopes();
            restored
        })
    }
}

/// Notes that fragments were given to a model, as often as they stand here. One that was erased since it was found is
/// passed over.
pub(super) fn note_given(
    making: &Transaction<'_>,
    fragments: impl IntoIterator<Item = i64>,
) -> rusqlite::Result<()> {
    let again = "UPDATE access SET n_injected = n_injected + ?2 WHERE fragment = ?1";
    let first =
        "INSERT INTO access (fragment, n_injected) SELECT id, ?2 FROM fragment WHERE id = ?1";
    for (fragment, n) in counted(fragments) {
        if making.prepare_cached(again)?.execute([fragment, n])? == 0 {
            making.prepare_cached(first)?.execute([fragment, n])?;
        }
    }
    Ok(())
}

/// Each fragment once, for all times that it stands there.
fn counted(fragments: impl IntoIterator<Item = i64>) -> BTreeMap<i64, i64> {
    let mut counts = BTreeMap::new();
    fragments.into_iter().for_each(|one| *counts.entry(one).or_default() += 1);
    counts
}

fn is_in(database: &Connection, key: &Key, number: i64) -> rusqlite::Result<bool> {
    let (filter, names) = key.filter(2);
    let sql = format!("SELECT EXISTS (SELECT 1 FROM fragment f WHERE f.id = ?1 AND {filter})");
    let names = names.into_iter().map(Value::from);
    let values = params_from_iter(std::iter::once(Value::from(number)).chain(names));
    database.prepare_cached(&sql)?.query_row(values, |row| row.get(0))
}

fn decayed(uses: Vec<FragmentUse>, now: Timestamp, executed: bool) -> Decayed {
    let aged: Vec<Aged> = uses.iter().filter(|one| !one.is_archived).map(aged).collect();
    let proposals = propose(&aged, now);
    let by_number: std::collections::HashMap<i64, FragmentUse> =
        uses.into_iter().map(|one| (one.number, one)).collect();
    let proposed = proposals.iter().filter_map(|Proposal { id, .. }| by_number.get(id).cloned());
    Decayed { n_fragments: aged.len(), proposed: proposed.collect(), executed }
}

fn aged(one: &FragmentUse) -> Aged {
    Aged {
        id: one.number,
        ts: one.ts,
        confirmed_at: one.confirmed_at,
        n_confirmed: one.n_confirmed,
        is_pinned: one.is_pinned,
    }
}

fn read_uses(database: &Connection) -> rusqlite::Result<Vec<FragmentUse>> {
    let sql = "SELECT f.id, f.name, s.name, f.ts, f.seen_count, coalesce(a.n_injected, 0),
        coalesce(a.n_confirmed, 0), a.confirmed_at, f.pinned, f.archived_at IS NOT NULL
        FROM fragment f JOIN scope s ON s.id = f.home LEFT JOIN access a ON a.fragment = f.id ORDER BY f.id";
    database.prepare(sql)?.query_map([], read_use)?.collect()
}

fn read_use(row: &Row<'_>) -> rusqlite::Result<FragmentUse> {
    let number = row.get(0)?;
    Ok(FragmentUse {
        number,
        id: id_of(number, row.get(1)?),
        home: row.get(2)?,
        ts: Timestamp::from_micros(row.get(3)?),
        n_seen: row.get(4)?,
        n_injected: row.get(5)?,
        n_confirmed: row.get(6)?,
        confirmed_at: row.get::<_, Option<i64>>(7)?.map(Timestamp::from_micros),
        is_pinned: row.get(8)?,
        is_archived: row.get(9)?,
    })
}
