//! Scopes that are kept ready for searches: what was used last, up to a number of bytes.
//!
//! A scope is read without holding anything up. Meanwhile its place says that it is being read; whoever
//! changes what is stored takes that place away, so that what was read before a change is never kept.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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
    /// The scopes by each name in them, so that what is kept is told to those that it is for and to no other.
    by_name: HashMap<String, Vec<Key>>,
    n_bytes: usize,
    bytes_max: usize,
    /// Goes up with each use.
    now: u64,
    /// Goes up whenever everything is forgotten. Whoever reads it need not wait for the scopes.
    n_forgotten: Arc<AtomicU64>,
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
            for name in key.names() {
                self.by_name.entry(name.clone()).or_default().push(key.clone());
            }
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
            self.of(names).iter().for_each(|key| self.remove(key));
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
        for key in self.of(names) {
            match self.slots.get_mut(&key) {
                // What is being read may or may not have it.
                Some(Slot::Reading(_)) => self.remove(&key),
                Some(Slot::Ready { ready, n_bytes, .. }) => {
                    ready.tell(change.clone());
                    *n_bytes += change.n_bytes();
                    self.n_bytes += change.n_bytes();
                }
                None => {}
            }
        }
    }

    /// The scopes that rows of these names are in, each once.
    fn of(&self, names: &Names) -> Vec<Key> {
        let (home, subject) = names;
        let named = std::iter::once(home).chain(subject).filter_map(|name| self.by_name.get(name));
        let everything = self.slots.get_key_value(&Key::Everything).map(|(key, _)| key);
        let mut of: Vec<Key> = Vec::new();
        for key in named.flatten().chain(everything) {
            if key.covers(names) && !of.contains(key) {
                of.push(key.clone());
            }
        }
        of
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.slots.clear();
        self.by_name.clear();
        self.n_bytes = 0;
        self.n_forgotten.fetch_add(1, Ordering::SeqCst);
    }

    /// How often everything was forgotten, as it goes up.
    pub(super) fn n_forgotten(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.n_forgotten)
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
        let Some(slot) = self.slots.remove(key) else { return };
        if let Slot::Ready { n_bytes, .. } = slot {
            self.n_bytes -= n_bytes;
        }
        for name in key.names() {
            let Some(keys) = self.by_name.get_mut(name) else { continue };
            keys.retain(|other| other != key);
            if keys.is_empty() {
                self.by_name.remove(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use aios_memory::corpus::Random;

    use super::*;
    use crate::memory::ready::Built;

    fn ready() -> Arc<Ready> {
        Arc::new(Ready::new(Built { held: Arc::default(), last: 0 }))
    }

    /// The scopes by their names, as they stand and as they should.
    fn by_name(cache: &Cache) -> [BTreeSet<(String, String)>; 2] {
        let pair = |name: &String, key: &Key| (name.clone(), format!("{key:?}"));
        let stand =
            cache.by_name.iter().flat_map(|(name, keys)| keys.iter().map(move |key| (name, key)));
        let should =
            cache.slots.keys().flat_map(|key| key.names().iter().map(move |name| (name, key)));
        [
            stand.map(|(name, key)| pair(name, key)).collect(),
            should.map(|(name, key)| pair(name, key)).collect(),
        ]
    }

    #[test]
    fn what_is_kept_is_told_to_all_that_it_is_for_and_to_no_other() {
        let mut random = Random::new(7);
        // Few enough bytes that some have to go.
        let mut cache = Cache::new(1_000);
        let name = |random: &mut Random| format!("c1_{}", random.below(6));
        for _ in 0..3_000 {
            let names: Vec<String> = (0..=random.below(2)).map(|_| name(&mut random)).collect();
            let key = match random.below(5) {
                0 | 1 => Key::Homes(names),
                2 | 3 => Key::Subjects(names),
                _ => Key::Everything,
            };
            let number = cache.begin(&key);
            if random.below(3) > 0 {
                cache.end(&key, number, &ready(), 90);
            }
            if random.below(200) == 0 {
                cache.clear();
            }
            let subject = (random.below(2) == 0).then(|| name(&mut random));
            let names = (name(&mut random), subject);
            let told: BTreeSet<String> =
                cache.of(&names).iter().map(|key| format!("{key:?}")).collect();
            let all = cache.slots.keys().filter(|key| key.covers(&names));
            assert_eq!(told, all.map(|key| format!("{key:?}")).collect());
            cache.give_vectors(vec![(names.clone(), 1, Quantized { scale: 1.0, bytes: vec![1] })]);
            // What was being read is read again.
            let is_reading = |key: &Key| matches!(cache.slots.get(key), Some(Slot::Reading(_)));
            assert!(!cache.of(&names).iter().any(is_reading));
            let [stand, should] = by_name(&cache);
            assert_eq!(stand, should);
            let bytes =
                |slot: &Slot| if let Slot::Ready { n_bytes, .. } = slot { *n_bytes } else { 0 };
            assert_eq!(cache.n_bytes(), cache.slots.values().map(bytes).sum::<usize>());
        }
    }
}
