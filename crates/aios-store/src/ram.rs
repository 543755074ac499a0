//! Events in memory, for tests and trials.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aios_core::{Event, Timestamp};
use aios_privacy::Pseudonym;

use crate::slot::{Commit, Gate, Sink};
use crate::{
    Age, CaughtUp, Day, EventLogStats, EventStore, Item, OnFull, Policy, Reserve, Rotate, Rotated,
    SegmentId, Step, StoreError, Term, plan,
};

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

    /// Nothing is ever compressed here; each day is one segment.
    fn rotate(&self, now: Timestamp, rotate: Rotate) -> Result<Rotated, StoreError> {
        let mut kept = self.shared.lock();
        let term = Term { hot: None, ..Policy::default().events };
        let plan = plan(now, &days(&kept.events), term, &[]);
        let mut done = Rotated { dry_run: rotate.dry_run, ..Rotated::default() };
        if plan.stop.is_some() && !rotate.force {
            done.stopped = plan.stop;
            return Ok(done);
        }
        done.removed = plan.steps.iter().filter_map(removed).collect();
        if !rotate.dry_run {
            let days: Vec<_> = done.removed.iter().map(|id| id.day()).collect();
            kept.events.retain(|event| !days.contains(&Day::of(event.at())));
        }
        Ok(done)
    }

    /// Nothing is erased from memory.
    fn refuses(&self, _pseudonym: &Pseudonym) -> bool {
        false
    }

    /// Memory needs no index.
    fn catch_up_index(&self) -> Result<CaughtUp, StoreError> {
        Ok(CaughtUp::default())
    }

    /// As above.
    fn reindex(&self) -> Result<CaughtUp, StoreError> {
        Ok(CaughtUp::default())
    }
}

fn removed(step: &Step) -> Option<SegmentId> {
    match step {
        Step::Remove(id) => Some(*id),
        Step::Compress(_) => None,
    }
}

/// The events day by day.
fn days(events: &VecDeque<Event>) -> Vec<Item> {
    let mut days: BTreeMap<Day, Item> = BTreeMap::new();
    for event in events {
        let at = event.at();
        let id = SegmentId::of_first(at, event.id());
        let day = days.entry(Day::of(at)).or_insert(Item {
            id,
            age: Age::Hot,
            n_events: 0,
            first: at,
            last: at,
        });
        day.n_events += 1;
        (day.first, day.last) = (day.first.min(at), day.last.max(at));
    }
    days.into_values().collect()
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
