//! Readers of values on the command line.

use aios_core::{Bucket, Clock, EventId, Outcome, Purpose, Reason, Tier, Timestamp};
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::clock::SystemClock;
use crate::config;

/// One of a fixed list of names.
pub(super) fn one_of<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let names = all.iter().map(move |value| name(*value));
    PossibleValuesParser::new(names).try_map(move |text| {
        let found = all.iter().find(|value| name(**value) == text);
        found.copied().ok_or("not a known name")
    })
}

/// A tier by name.
pub(super) fn tier() -> impl TypedValueParser<Value = Tier> {
    one_of(&Tier::ALL, Tier::name)
}

/// A bucket by name.
pub(super) fn bucket() -> impl TypedValueParser<Value = Bucket> {
    one_of(&Bucket::ALL, Bucket::name)
}

/// A purpose by name.
pub(super) fn purpose() -> impl TypedValueParser<Value = Purpose> {
    one_of(&Purpose::ALL, Purpose::name)
}

/// An outcome by name.
pub(super) fn outcome() -> impl TypedValueParser<Value = Outcome> {
    one_of(&Outcome::ALL, Outcome::name)
}

/// An event's id.
pub(super) fn event_id(text: &str) -> Result<EventId, String> {
    EventId::parse(text).map_err(|_| "expected an event's id, a UUID".to_owned())
}

/// Some words that are kept, such as a reason.
pub(super) fn words(text: &str) -> Result<String, String> {
    Reason::said(text).map(String::from).map_err(|error| format!("expected some words: {error}"))
}

/// The same, or nothing.
pub(super) fn words_or_none(text: &str) -> Result<String, String> {
    Reason::new(text).map(String::from).map_err(|error| format!("expected some words: {error}"))
}

/// A time, or how long ago it was.
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    time_at(text, SystemClock.now())
}

fn time_at(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    if let Ok(at) = Timestamp::parse(text) {
        return Ok(at);
    }
    let ago = config::duration(text).map_err(|expected| {
        format!("expected a time such as 2027-01-15T08:00:00Z, or how long ago: {expected}")
    })?;
    let micros = i64::try_from(ago.as_micros()).unwrap_or(i64::MAX);
    Ok(Timestamp::from_micros(now.as_micros().saturating_sub(micros)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_absolute_or_ago() {
        let now = Timestamp::parse("2027-01-15T08:00:00Z").unwrap();
        let check = |text: &str, expect: &str| {
            assert_eq!(time_at(text, now).unwrap(), Timestamp::parse(expect).unwrap(), "{text}");
        };
        check("2h", "2027-01-15T06:00:00Z");
        check("14d", "2027-01-01T08:00:00Z");
        check("2026-12-31T23:59:59+01:00", "2026-12-31T22:59:59Z");
        for text in ["", "yesterday", "2h ago", "-2h", "2027-01-15"] {
            assert!(time_at(text, now).unwrap_err().contains("2h"), "{text}");
        }
    }
}
