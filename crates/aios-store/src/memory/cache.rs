//! Scopes that are kept ready for searches: what was used last, up to a number of bytes.
//!
//! A scope is read without holding anything up. Meanwhile its place says that it is being read; whoever
//! changes what is stored takes that place away, so that what was read before a change is never kept.

use std::collections::HashMap;
use std::sync::Arc;

use aios_memory::{Entry, Quantized};

use super::fragment::{NewFragment, Outcome, RecalledFragment};
use super::insert::Inserted;
use super::ready::{Change, Ready};
use super::search::Key;

/// Most scopes, however small.
const SCOPES_MAX: usize = 4096;

/// What was kept with one commit.
#[derive(Default)]
pub(super) struct Fresh {
    /// New rows with the names of the scopes that they are in.
    rows: Vec<(Names, Entry, Arc<RecalledFragment>)>,
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
            Outcome::New => self.rows.extend(inserted.entry.map(|entry| {
                let text = RecalledFragment::of(new, entry.id, inserted.norm_hash);
                (names(), entry, Arc::new(text))
            })),
            Outcome::Changed => {
                self.changed.push(names());
                self.changed.push((home(), inserted.subject_before));
            }
            Outcome::Seen | Outcome::Refused { .. } => {}
        }
    }
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
    /// Goes up whenever everything is forgotten.
    n_forgotten: u64,
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
        for (names, entry, text) in fresh.rows {
            self.tell(&names, &Change::Row(Box::new(entry), text));
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
                ready.tell(change.clone());
                *n_bytes += change.n_bytes();
                self.n_bytes += change.n_bytes();
            }
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.slots.clear();
        self.n_bytes = 0;
        self.n_forgotten += 1;
    }

    /// How often everything was forgotten.
    pub(super) const fn n_forgotten(&self) -> u64 {
        self.n_forgotten
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
