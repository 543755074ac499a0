//! The real clock.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use aios_core::{Clock, Faults, Timestamp};

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        // A clock before 1970 is wrong anyway; zero shows it plainly.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(0).plus(since_epoch)
    }
}

/// The system's clock, and by how much it is ordered to be wrong.
#[derive(Debug)]
pub struct JumpingClock(pub Arc<Faults>);

impl Clock for JumpingClock {
    fn now(&self) -> Timestamp {
        self.0.shown(SystemClock.now())
    }
}
