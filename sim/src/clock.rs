//! The wall clock of a simulation.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use aios_core::{Clock, Timestamp};

/// When every simulation begins: 2027-01-15T08:00:00Z.
pub(crate) const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// Stands still until it is moved.
#[derive(Debug)]
pub(crate) struct SimClock(AtomicI64);

impl SimClock {
    pub(crate) const fn new() -> Self {
        Self(AtomicI64::new(START.as_micros()))
    }

    /// Time passes.
    pub(crate) fn pass(&self, time: Duration) {
        self.0.fetch_add(i64::try_from(time.as_micros()).unwrap_or(i64::MAX), Ordering::SeqCst);
    }

    /// Somebody sets it.
    pub(crate) fn jump(&self, secs: i64) {
        self.0.fetch_add(secs * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}
