//! Searches one scope.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, PoisonError};

use aios_core::Timestamp;
use aios_memory::{Hit, Query};
use aios_privacy::Pseudonym;
use rusqlite::{Connection, params_from_iter};

use super::MemoryStore;
use super::cache::Names;
use super::fragment::{Recalled, RecalledFragment, SHARED, id_of};
use super::load::load;
use super::ready::{Held, Ready, recalled};
use crate::StoreError;

/// What a question may find. There is no search without one, and none that reaches beyond it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum MemoryScope {
    /// One conversation, by its pseudonyms under every live version of the key.
    Conversation(Vec<Pseudonym>),
    /// Everything that one person has said, in all conversations.
    Subject(Vec<Pseudonym>),
    /// What belongs to nobody.
    Shared,
}

/// A scope by the names in its rows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Homes(Vec<String>),
    Subjects(Vec<String>),
    Everything,
}

impl Key {
    pub(super) fn of(scope: &MemoryScope) -> Self {
        let names = |all: &[Pseudonym]| all.iter().map(|one| one.as_str().to_owned()).collect();
        match scope {
            MemoryScope::Conversation(all) => Self::Homes(names(all)),
            MemoryScope::Subject(all) => Self::Subjects(names(all)),
            MemoryScope::Shared => Self::Homes(vec![SHARED.to_owned()]),
        }
    }

    /// The names of its homes or subjects; everything has none.
    pub(super) fn names(&self) -> &[String] {
        match self {
            Self::Homes(names) | Self::Subjects(names) => names,
            Self::Everything => &[],
        }
    }

    /// Whether rows of these names are in it.
    pub(super) fn covers(&self, (home, subject): &Names) -> bool {
        match self {
            Self::Homes(names) => names.contains(home),
            Self::Subjects(names) => subject.as_ref().is_some_and(|name| names.contains(name)),
            Self::Everything => true,
        }
    }

    /// What holds for its rows `f`, and the values for that; the first of them is number `first`.
    pub(super) fn filter(&self, first: usize) -> (String, Vec<String>) {
        let among = |column: &str, names: &Vec<String>| {
            let places = (first..).take(names.len()).map(|n| format!("?{n}"));
            let places = places.collect::<Vec<_>>().join(", ");
            let sql = format!("f.{column} IN (SELECT id FROM scope WHERE name IN ({places}))");
            (sql, names.clone())
        };
        match self {
            Self::Homes(names) => among("home", names),
            Self::Subjects(names) => among("subject", names),
            Self::Everything => ("1".to_owned(), Vec::new()),
        }
    }
}

impl MemoryStore {
    /// Five spans, to be changed as it is needed.
    #[must_use]
    pub fn query(&self, question: &str, now: Timestamp) -> Query {
        Query::new(&self.analyzer(), question, now)
    }

    /// What answers a question in a scope, best first; nothing if nothing there is about it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn search(&self, scope: &MemoryScope, query: &Query) -> Result<Vec<Recalled>, StoreError> {
        self.find(&Key::of(scope), query)
    }

    /// The same in everything that is stored, of everybody: for the operator's own measurements. What a
    /// client asks must never come here.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn search_everything(&self, query: &Query) -> Result<Vec<Recalled>, StoreError> {
        self.find(&Key::Everything, query)
    }

    /// The numbers of the fragments that a search would return, without reading their texts.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn ranked(&self, scope: &MemoryScope, query: &Query) -> Result<Vec<Vec<i64>>, StoreError> {
        let held = self.ready(&Key::of(scope))?;
        let ids = |hit: &Hit| hit.members.iter().map(|at| held.scope.id(*at)).collect();
        Ok(held.scope.search(query).iter().map(ids).collect())
    }

    /// The same as [`Self::search`], if all that it needs is in memory and it is done sooner than a thread
    /// would take it up. `None` if it would wait for anything.
    #[must_use]
    pub fn search_at_hand(&self, scope: &MemoryScope, query: &Query) -> Option<Vec<Recalled>> {
        let n_forgotten = self.n_forgotten();
        let ready = self.0.cache.try_lock().ok()?.get(&Key::of(scope))?;
        let found = ready.held_at_hand().and_then(|held| held.search(query));
        found.filter(|_| self.n_forgotten() == n_forgotten)
    }

    fn find(&self, key: &Key, query: &Query) -> Result<Vec<Recalled>, StoreError> {
        let n_forgotten = self.n_forgotten();
        let held = self.ready(key)?;
        let found = held.search(query);
        // What was erased meanwhile is not there any more: the rows say so.
        if let Some(found) = found.filter(|_| self.n_forgotten() == n_forgotten) {
            return Ok(found);
        }
        let hits = held.scope.search(query);
        self.0.pool.with("read", |database| {
            let ids = hits.iter().flat_map(|hit| &hit.members).map(|at| held.scope.id(*at));
            let mut read = read(database, key, ids)?;
            let found =
                hits.iter().filter_map(|hit| recalled(&held.scope, hit, |id| read.remove(&id)));
            Ok(found.collect())
        })
    }

    /// How often all scopes were forgotten, as they are before anybody is told that something is gone.
    fn n_forgotten(&self) -> u64 {
        self.0.n_forgotten.load(Ordering::SeqCst)
    }

    /// The scope, from what is kept ready or from its rows.
    pub(super) fn ready(&self, key: &Key) -> Result<Arc<Held>, StoreError> {
        let cache = || self.0.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = cache().get(key);
        if let Some(kept) = kept {
            return Ok(kept.held());
        }
        let number = cache().begin(key);
        let analyzer = self.analyzer();
        let model = self.model();
        let read = |database: &Connection| load(database, key, &analyzer, model.as_ref());
        let built = self.0.pool.with("read", read)?;
        let n_bytes = built.held.n_bytes();
        let ready = Arc::new(Ready::new(built));
        cache().end(key, number, &ready, n_bytes);
        Ok(ready.held())
    }
}

/// Reads fragments by their numbers, all at once and again under the scope: what was erased a moment ago is not
/// there, and what is not the scope's cannot be read at all.
fn read(
    database: &Connection,
    key: &Key,
    ids: impl Iterator<Item = i64>,
) -> rusqlite::Result<HashMap<i64, Arc<RecalledFragment>>> {
    let (filter, names) = key.filter(2);
    let sql = format!(
        "SELECT f.id, f.name, s.name, f.speaker, f.text, f.ts,
            (SELECT json_group_array(a.name) FROM alias a WHERE a.fragment = f.id), f.norm_hash
         FROM json_each(?1) asked JOIN fragment f ON f.id = asked.value
         JOIN scope s ON s.id = f.home WHERE {filter}"
    );
    let ids = ids.map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    let values = std::iter::once(format!("[{ids}]")).chain(names);
    let mut rows = database.prepare_cached(&sql)?;
    let rows = rows.query_map(params_from_iter(values), |row| {
        let number = row.get(0)?;
        let also: String = row.get(6)?;
        let fragment = RecalledFragment {
            number,
            id: id_of(number, row.get(1)?),
            also: serde_json::from_str(&also).unwrap_or_default(),
            home: row.get(2)?,
            speaker: row.get(3)?,
            text: row.get(4)?,
            ts: Timestamp::from_micros(row.get(5)?),
            norm_hash: row.get(7)?,
            shown: OnceLock::new(),
        };
        Ok((number, Arc::new(fragment)))
    });
    rows?.collect()
}
