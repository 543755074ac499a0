//! Wall-clock time as a value. Only the binary's wiring reads a real clock.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment in UTC, to the microsecond. Printed and stored as RFC 3339 with milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(i64);

impl Timestamp {
    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, as OpenAI's `created` fields have it.
    #[must_use]
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This moment and `later` after it.
    #[must_use]
    pub fn plus(self, later: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(later.as_micros()).unwrap_or(i64::MAX)))
    }

    /// This moment and `earlier` before it.
    #[must_use]
    pub fn minus(self, earlier: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(earlier.as_micros()).unwrap_or(i64::MAX)))
    }

    /// Time from `earlier` to this moment; zero if the clock went backwards.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The same moment as it is when it was written and read again: whole milliseconds, at this moment or
    /// before it.
    #[must_use]
    pub const fn as_stored(self) -> Self {
        Self(self.0.div_euclid(1_000) * 1_000)
    }

    /// Reads RFC 3339.
    ///
    /// # Errors
    /// When the text is not a time.
    pub fn parse(text: &str) -> Result<Self, jiff::Error> {
        text.parse::<jiff::Timestamp>().map(|at| Self(at.as_microsecond()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(at) => write!(f, "{at:.3}"),
            Err(_) => write!(f, "{}us", self.0),
        }
    }
}

impl TryFrom<String> for Timestamp {
    type Error = jiff::Error;

    fn try_from(text: String) -> Result<Self, jiff::Error> {
        Self::parse(&text)
    }
}

impl From<Timestamp> for String {
    fn from(at: Timestamp) -> Self {
        at.to_string()
    }
}

/// Where wall-clock time comes from: the system in production, a test's hand in tests.
///
/// Durations inside one process are measured by tokio's clock, which tests pause.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The time now.
    fn now(&self) -> Timestamp;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_prints_as_rfc_3339_and_reads_back() {
        let at = Timestamp::from_micros(1_800_000_000_123_000);
        assert_eq!(at.to_string(), "2027-01-15T08:00:00.123Z");
        assert_eq!(Timestamp::parse(&at.to_string()).unwrap(), at);
    }

    #[test]
    fn what_is_stored_is_read_back_as_foretold() {
        for micros in [0, 999, 1_000, 1_800_000_000_123_456, -1, -1_500] {
            let at = Timestamp::from_micros(micros);
            let stored = at.as_stored();
            assert_eq!(Timestamp::parse(&stored.to_string()).unwrap(), stored, "{micros}");
            assert!(stored <= at && at.since(stored) < Duration::from_millis(1), "{micros}");
        }
    }

    #[test]
    fn a_clock_that_goes_back_gives_no_negative_time() {
        let at = Timestamp::from_micros(5);
        assert_eq!(at.since(Timestamp::from_micros(9)), Duration::ZERO);
    }
}
