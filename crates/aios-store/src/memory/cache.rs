//! Scopes that are kept ready for searches: what was used last, up to a number of bytes.
//!
//! A scope is read without holding anything up. Meanwhile its place says that it is being read; whoever
//! changes what is stored takes that place away, so that what was read before a change is never kept.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use aios_memory::{Entry, Quantized, Scope};

use super::fragment::{NewFragment, Outcome};
use super::search::Key;

/// Most scopes, however small.
const SCOPES_MAX: usize = 4096;

/// What was kept with one commit.
#[derive(Default)]
pub(super) struct Fresh {
    /// New rows with the names of the scopes that they are in.
    rows: Vec<(Names, Entry)>,
    /// Scopes in which a row was changed.
    changed: Vec<Names>,
}

/// A home, and a subject if there is one.
pub(super) type Names = (String, Option<String>);

impl Fresh {
    pub(super) fn note(&mut self, new: &NewFragment, outcome: Outcome, entry: Option<Entry>) {
        let names = || {
            let subject = new.subject.as_ref().map(|subject| subject.as_str().to_owned());
            (new.home.name().to_owned(), subject)
        };
        match outcome {
            Outcome::New => self.rows.extend(entry.map(|entry| (names(), entry))),
            Outcome::Changed => self.changed.push(names()),
            Outcome::Seen | Outcome::Refused { .. } => {}
        }
    }
}

/// A scope that can be searched, and the last row that is in it.
pub(super) type Ready = Arc<RwLock<(Scope, i64)>>;

enum Slot {
    /// It is being read, by whoever has this number.
    Reading(u64),
    Ready {
        scope: Ready,
        n_bytes: usize,
        used: u64,
    },
}

/// The scopes.
#[derive(Default)]
pub(super) struct Cache {
    slots: HashMap<Key, Slot>,
    n_bytes: usize,
    bytes_max: usize,
    /// Goes up with each use.
    now: u64,
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (n, n_bytes) = (self.slots.len(), self.n_bytes);
        f.debug_struct("Cache").field("n", &n).field("n_bytes", &n_bytes).finish_non_exhaustive()
    }
}

impl Cache {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, ..Self::default() }
    }

    pub(super) fn n_bytes(&self) -> usize {
        self.n_bytes
    }

    pub(super) fn get(&mut self, key: &Key) -> Option<Ready> {
        self.now += 1;
        match self.slots.get_mut(key)? {
            Slot::Reading(_) => None,
            Slot::Ready { scope, used, .. } => {
                *used = self.now;
                Some(Arc::clone(scope))
            }
        }
    }

    /// Takes a place for a scope that is about to be read.
    pub(super) fn begin(&mut self, key: &Key) -> u64 {
        self.now += 1;
        if self.bytes_max > 0 && !self.slots.contains_key(key) {
            self.slots.insert(key.clone(), Slot::Reading(self.now));
        }
        self.now
    }

    /// Keeps what was read, if nothing has changed since.
    pub(super) fn end(&mut self, key: &Key, number: u64, scope: &Ready) {
        if !matches!(self.slots.get(key), Some(Slot::Reading(mine)) if *mine == number) {
            return;
        }
        let n_bytes = scope.read().unwrap_or_else(PoisonError::into_inner).0.n_bytes();
        self.n_bytes += n_bytes;
        let slot = Slot::Ready { scope: Arc::clone(scope), n_bytes, used: self.now };
        self.slots.insert(key.clone(), slot);
        self.make_room();
    }

    /// Tells the scopes of what was kept.
    pub(super) fn add(&mut self, fresh: Fresh) {
        if self.slots.is_empty() {
            return;
        }
        for names in &fresh.changed {
            self.drop_where(|key| key.covers(names));
        }
        for (names, entry) in fresh.rows {
            // What is being read may or may not have the new row.
            let is_reading = |slot: &Slot| matches!(slot, Slot::Reading(_));
            self.slots.retain(|key, slot| !is_reading(slot) || !key.covers(&names));
            let keys: Vec<Key> =
                self.slots.keys().filter(|key| key.covers(&names)).cloned().collect();
            for key in keys {
                self.push(&key, entry.clone());
            }
        }
        self.make_room();
    }

    /// Gives fragments of the scopes their vectors.
    pub(super) fn give_vectors(&mut self, vectors: Vec<(Names, i64, Quantized)>) {
        for (names, number, vector) in vectors {
            for (key, slot) in &mut self.slots {
                if !key.covers(&names) {
                    continue;
                }
                if let Slot::Ready { scope, n_bytes, .. } = slot {
                    let mut scope = scope.write().unwrap_or_else(PoisonError::into_inner);
                    scope.0.give_vector(number, vector.clone());
                    let grown = scope.0.n_bytes();
                    self.n_bytes = self.n_bytes + grown - *n_bytes;
                    *n_bytes = grown;
                }
            }
            // What is being read may or may not have it.
            let is_reading = |slot: &Slot| matches!(slot, Slot::Reading(_));
            self.slots.retain(|key, slot| !is_reading(slot) || !key.covers(&names));
        }
        self.make_room();
    }

    fn push(&mut self, key: &Key, entry: Entry) {
        let Some(Slot::Ready { scope, n_bytes, .. }) = self.slots.get_mut(key) else { return };
        let (has_it, grown) = {
            let mut scope = scope.write().unwrap_or_else(PoisonError::into_inner);
            let (number, last) = (entry.id, scope.1);
            // It was read after the commit.
            let has_it = number <= last || scope.0.push(entry);
            scope.1 = last.max(number);
            (has_it, scope.0.n_bytes())
        };
        self.n_bytes = self.n_bytes + grown - *n_bytes;
        *n_bytes = grown;
        if !has_it {
            self.remove(key);
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.slots.clear();
        self.n_bytes = 0;
    }

    fn drop_where(&mut self, is_gone: impl Fn(&Key) -> bool) {
        let keys: Vec<Key> = self.slots.keys().filter(|key| is_gone(key)).cloned().collect();
        keys.iter().for_each(|key| self.remove(key));
    }

    fn make_room(&mut self) {
        while self.n_bytes > self.bytes_max || self.slots.len() > SCOPES_MAX {
            let used = |slot: &Slot| match slot {
                Slot::Reading(number) => *number,
                Slot::Ready { used, .. } => *used,
            };
            let oldest = self.slots.iter().min_by_key(|(_, slot)| used(slot));
            let Some(key) = oldest.map(|(key, _)| key.clone()) else { return };
            self.remove(&key);
        }
    }

    fn remove(&mut self, key: &Key) {
        if let Some(Slot::Ready { n_bytes, .. }) = self.slots.remove(key) {
            self.n_bytes -= n_bytes;
        }
    }
}
