//! A scope that is kept ready, with the texts of its fragments.
//!
//! A search has it as it stood when it began, and no search is waited for: what is said next lies beside it
//! until somebody asks again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aios_memory::{Entry, Hit, Quantized, Query, Scope};

use super::fragment::{Recalled, RecalledFragment};

/// Most fragments of a scope whose texts are kept too. Of a larger one few are ever found, and they are read.
pub(super) const TEXTS_MAX: usize = 2_000;

/// Most changes that are made while a request waits.
const LATER_MAX: usize = 64;

/// A scope that is kept ready.
#[derive(Debug)]
pub(super) struct Ready {
    built: Mutex<Built>,
    /// What was kept since it was last asked for.
    later: Mutex<Vec<Change>>,
}

/// What was read from rows, and the last of them.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) held: Arc<Held>,
    pub(super) last: i64,
}

/// A scope with its texts.
#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    pub(super) scope: Scope,
    texts: Option<HashMap<i64, Arc<RecalledFragment>>>,
    n_text_bytes: usize,
}

/// What was kept or made of a fragment.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Row(Box<Entry>, Arc<RecalledFragment>),
    Vector(i64, Quantized),
}

impl Ready {
    pub(super) fn new(built: Built) -> Self {
        Self { built: Mutex::new(built), later: Mutex::default() }
    }

    /// As it stands now. It stays so for whoever has it.
    pub(super) fn held(&self) -> Arc<Held> {
        let mut built = locked(&self.built);
        let later = std::mem::take(&mut *locked(&self.later));
        if !later.is_empty() {
            // Copied only if a search that began earlier still goes on.
            let Built { held, last } = &mut *built;
            let held = Arc::make_mut(held);
            later.into_iter().for_each(|change| change.make(held, last));
        }
        Arc::clone(&built.held)
    }

    /// The same, if nobody has to be waited for and it is small enough to be searched at once.
    pub(super) fn held_at_hand(&self) -> Option<Arc<Held>> {
        let n_later = self.later.try_lock().ok()?.len();
        {
            let built = self.built.try_lock().ok()?;
            let is_small = built.held.is_at_hand() && n_later <= LATER_MAX;
            // With changes to be made, a search that goes on would have all of it copied.
            if !is_small || (n_later > 0 && Arc::strong_count(&built.held) > 1) {
                return None;
            }
        }
        Some(self.held())
    }

    /// Has it know of a change when it is asked next.
    pub(super) fn tell(&self, change: Change) {
        locked(&self.later).push(change);
    }
}

impl Held {
    pub(super) fn new(scope: Scope, texts: Option<Vec<RecalledFragment>>) -> Self {
        let texts = texts.map(|texts| {
            texts.into_iter().map(|one| (one.number, Arc::new(one))).collect::<HashMap<_, _>>()
        });
        let n_text_bytes = texts.iter().flatten().map(|(_, one)| n_bytes(one)).sum();
        Self { scope, texts, n_text_bytes }
    }

    pub(super) fn n_bytes(&self) -> usize {
        self.scope.n_bytes() + self.n_text_bytes
    }

    /// Whether all that a search here needs is in memory, and little.
    pub(super) fn is_at_hand(&self) -> bool {
        self.texts.is_some() && self.scope.len() <= TEXTS_MAX
    }

    /// What answers a question, best first; `None` if the texts have to be read.
    pub(super) fn search(&self, query: &Query) -> Option<Vec<Recalled>> {
        let texts = self.texts.as_ref()?;
        let hits = self.scope.search(query);
        let text = |id| texts.get(&id).cloned();
        Some(hits.iter().filter_map(|hit| recalled(&self.scope, hit, text)).collect())
    }

    fn insert(&mut self, entry: Entry, text: Arc<RecalledFragment>) {
        if let Some(texts) = &mut self.texts {
            self.n_text_bytes += n_bytes(&text);
            texts.insert(entry.id, text);
        }
        self.scope.insert(entry);
    }
}

/// A hit with its fragments; `None` if the best one is gone.
pub(super) fn recalled(
    scope: &Scope,
    hit: &Hit,
    text: impl FnMut(i64) -> Option<Arc<RecalledFragment>>,
) -> Option<Recalled> {
    let ids = hit.members.iter().map(|at| scope.id(*at));
    let fragments: Vec<_> = ids.filter_map(text).collect();
    let best = fragments.iter().position(|one| one.number == scope.id(hit.best))?;
    Some(Recalled { fragments, best, score: hit.score, share: hit.share })
}

impl Change {
    fn make(self, held: &mut Held, last: &mut i64) {
        match self {
            Self::Row(entry, text) => {
                // It may have been read after the commit.
                if entry.id > *last {
                    *last = entry.id;
                    held.insert(*entry, text);
                }
            }
            Self::Vector(number, vector) => held.scope.give_vector(number, vector),
        }
    }

    pub(super) fn n_bytes(&self) -> usize {
        match self {
            Self::Row(entry, text) => entry.n_bytes() + n_bytes(text),
            Self::Vector(_, vector) => size_of::<Self>() + vector.bytes.len(),
        }
    }
}

/// Bytes that a text takes, nearly, with what will be made of it when it is found.
fn n_bytes(one: &RecalledFragment) -> usize {
    let speaker = one.speaker.as_ref().map_or(0, String::len);
    let shown = SHOWN_BYTES + one.id.len() + speaker + one.text.len();
    size_of::<RecalledFragment>() + one.id.len() + one.home.len() + speaker + one.text.len() + shown
}

/// What stands around a text that is shown.
const SHOWN_BYTES: usize = 96;

fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
