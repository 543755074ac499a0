//! Scopes that are kept ready for searches: what was used last, up to a number of bytes.
//!
//! A scope is read without holding anything up. Meanwhile its place says that it is being read; whoever
//! changes what is stored takes that place away, so that what was read before a change is never kept.
//!
//! Nor is anything held up by a search, however long: it has a scope as it stood when it began. What is said
//! next lies beside it until somebody asks again, so that neither this list's lock nor the thread that writes
//! ever waits for whoever searches.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aios_memory::{Entry, Quantized, Scope};

use super::fragment::{NewFragment, Outcome};
use super::insert::Inserted;
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
    pub(super) fn note(&mut self, new: &NewFragment, inserted: Inserted) {
        let home = || new.home.name().to_owned();
        let names = || (home(), new.subject.as_ref().map(|subject| subject.as_str().to_owned()));
        match inserted.added.outcome {
            Outcome::New => self.rows.extend(inserted.entry.map(|entry| (names(), entry))),
            Outcome::Changed => {
                self.changed.push(names());
                self.changed.push((home(), inserted.subject_before));
            }
            Outcome::Seen | Outcome::Refused { .. } => {}
        }
    }
}

/// A scope that is kept ready.
#[derive(Debug)]
pub(super) struct Ready {
    built: Mutex<Built>,
    /// What was kept since it was last asked for.
    later: Mutex<Vec<Change>>,
}

/// A scope, and the last row that is in it.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) scope: Arc<Scope>,
    pub(super) last: i64,
}

#[derive(Debug, Clone)]
enum Change {
    Row(Box<Entry>),
    Vector(i64, Quantized),
}

impl Ready {
    pub(super) fn new(built: Built) -> Self {
        Self { built: Mutex::new(built), later: Mutex::default() }
    }

    /// The scope as it stands now. It stays so for whoever has it.
    pub(super) fn scope(&self) -> Arc<Scope> {
        let mut built = held(&self.built);
        let later = std::mem::take(&mut *held(&self.later));
        if !later.is_empty() {
            // Copied only if a search that began earlier still goes on.
            let Built { scope, last } = &mut *built;
            let scope = Arc::make_mut(scope);
            later.into_iter().for_each(|change| change.make(scope, last));
        }
        Arc::clone(&built.scope)
    }
}

impl Change {
    fn make(self, scope: &mut Scope, last: &mut i64) {
        match self {
            Self::Row(entry) => {
                // It may have been read after the commit.
                if entry.id > *last {
                    *last = entry.id;
                    scope.insert(*entry);
                }
            }
            Self::Vector(number, vector) => scope.give_vector(number, vector),
        }
    }

    fn n_bytes(&self) -> usize {
        match self {
            Self::Row(entry) => entry.n_bytes(),
            Self::Vector(_, vector) => size_of::<Self>() + vector.bytes.len(),
        }
    }
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

enum Slot {
    /// It is being read, by whoever has this number.
    Reading(u64),
    Ready {
        ready: Arc<Ready>,
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

    pub(super) fn get(&mut self, key: &Key) -> Option<Arc<Ready>> {
        self.now += 1;
        match self.slots.get_mut(key)? {
            Slot::Reading(_) => None,
            Slot::Ready { ready, used, .. } => {
                *used = self.now;
                Some(Arc::clone(ready))
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
    pub(super) fn end(&mut self, key: &Key, number: u64, ready: &Arc<Ready>, n_bytes: usize) {
        if !matches!(self.slots.get(key), Some(Slot::Reading(mine)) if *mine == number) {
            return;
        }
        self.n_bytes += n_bytes;
        let slot = Slot::Ready { ready: Arc::clone(ready), n_bytes, used: self.now };
        self.slots.insert(key.clone(), slot);
        self.make_room();
    }

    /// Tells the scopes of what was kept.
    pub(super) fn add(&mut self, fresh: Fresh) {
        for names in &fresh.changed {
            self.drop_where(|key, _| key.covers(names));
        }
        for (names, entry) in fresh.rows {
            self.tell(&names, &Change::Row(Box::new(entry)));
        }
        self.make_room();
    }

    /// Gives fragments of the scopes their vectors.
    pub(super) fn give_vectors(&mut self, vectors: Vec<(Names, i64, Quantized)>) {
        for (names, number, vector) in vectors {
            self.tell(&names, &Change::Vector(number, vector));
        }
        self.make_room();
    }

    fn tell(&mut self, names: &Names, change: &Change) {
        // What is being read may or may not have it.
        self.drop_where(|key, slot| matches!(slot, Slot::Reading(_)) && key.covers(names));
        for (key, slot) in &mut self.slots {
            if let Slot::Ready { ready, n_bytes, .. } = slot
                && key.covers(names)
            {
                held(&ready.later).push(change.clone());
                *n_bytes += change.n_bytes();
                self.n_bytes += change.n_bytes();
            }
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.slots.clear();
        self.n_bytes = 0;
    }

    fn drop_where(&mut self, is_gone: impl Fn(&Key, &Slot) -> bool) {
        let gone = self.slots.iter().filter(|(key, slot)| is_gone(key, slot));
        let gone: Vec<Key> = gone.map(|(key, _)| key.clone()).collect();
        gone.iter().for_each(|key| self.remove(key));
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
