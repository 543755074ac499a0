//! Events in memory, for tests and trials.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aios_core::Event;

use crate::slot::{Commit, Gate, Sink};
use crate::{EventLogStats, EventStore, OnFull, Reserve};

/// Most events that are kept; then the oldest goes, and is counted as lost.
const EVENTS_MAX: usize = 1_000_000;

/// An event store that forgets everything when it is dropped.
#[derive(Debug, Clone)]
pub struct RamEventLog {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    gate: Gate,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<Event>,
    appended: u64,
    lost: u64,
}

impl RamEventLog {
    /// A store with room for `queue_max` slots at a time. An event is kept as soon as it is appended.
    #[must_use]
    pub fn new(queue_max: usize, on_full: OnFull) -> Self {
        let gate = Gate::new(queue_max, on_full);
        Self { shared: Arc::new(Shared { gate, kept: Mutex::default() }) }
    }

    /// A copy of what is kept, oldest first.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.shared.lock().events.iter().cloned().collect()
    }

    /// Gives out no more places.
    pub fn close(&self) {
        self.shared.gate.close();
    }

    /// Whether every place has come back.
    #[cfg(test)]
    pub(crate) fn all_vacated(&self) -> bool {
        self.shared.gate.is_empty()
    }
}

impl EventStore for RamEventLog {
    fn reserve(&self) -> Reserve {
        Reserve::new(&self.shared)
    }

    fn stats(&self) -> EventLogStats {
        let kept = self.shared.lock();
        EventLogStats {
            appended: kept.appended,
            written: kept.appended - kept.lost,
            lost: kept.lost,
            queue_max: self.shared.gate.n_places() as u64,
            ..EventLogStats::default()
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Shared {
    fn gate(&self) -> &Gate {
        &self.gate
    }

    fn accept(&self, event: Event) -> Commit {
        let mut kept = self.lock();
        kept.appended += 1;
        kept.events.push_back(event);
        if kept.events.len() > EVENTS_MAX {
            kept.events.pop_front();
            kept.lost += 1;
        }
        drop(kept);
        self.gate.free(1);
        Commit::accepted()
    }

    fn lose(&self) {
        let mut kept = self.lock();
        kept.appended += 1;
        kept.lost += 1;
    }

    fn vacated(&self) {}

    fn hurry(&self) {}

    fn cause(&self) -> Option<String> {
        None
    }
}
