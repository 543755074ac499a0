//! Ids as newtypes.

use std::fmt;

use aios_privacy::RedactedText;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Names one event: a UUID version 7, so that ids sort by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventId(Uuid);

impl EventId {
    /// Length of the printed form, in bytes.
    pub const LENGTH: usize = 36;

    /// A new id at `at`, with the caller's random bytes.
    #[must_use]
    pub fn new(at: crate::Timestamp, random: [u8; 10]) -> Self {
        let millis = u64::try_from(at.as_micros() / 1_000).unwrap_or(0);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// Reads the printed form.
    ///
    /// # Errors
    /// When the text is not a UUID.
    pub fn parse(text: &str) -> Result<Self, uuid::Error> {
        Uuid::try_parse(text).map(Self)
    }

    /// The printed form, written to where the caller has room for it.
    #[must_use]
    pub fn encode<'a>(&self, room: &'a mut [u8; Self::LENGTH]) -> &'a str {
        self.0.hyphenated().encode_lower(room)
    }

    /// The id of these 16 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// When it was made, to the millisecond.
    #[must_use]
    pub fn at(&self) -> crate::Timestamp {
        let millis = self.0.as_bytes()[..6].iter().fold(0, |ms, byte| ms << 8 | i64::from(*byte));
        crate::Timestamp::from_micros(millis * 1_000)
    }

    /// Its 16 bytes; the last 8 are random and never all zero.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl TryFrom<String> for EventId {
    type Error = uuid::Error;

    fn try_from(text: String) -> Result<Self, uuid::Error> {
        Self::parse(&text)
    }
}

impl From<EventId> for String {
    fn from(id: EventId) -> Self {
        id.to_string()
    }
}

/// The id a client sees in `x-request-id`: its own, if it sent a sane one, else ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Origin);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    Client(String),
    Ours(RedactedText),
}

impl RequestId {
    /// Longest id that is taken over from a client, in bytes.
    pub const LENGTH_MAX: usize = 128;

    /// Takes over a client's id if it is short and of harmless characters.
    #[must_use]
    pub fn from_client(text: &str) -> Option<Self> {
        let sane = !text.is_empty()
            && text.len() <= Self::LENGTH_MAX
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:/".contains(&b));
        sane.then(|| Self(Origin::Client(text.to_owned())))
    }

    /// The event's id serves where the client sent none.
    #[must_use]
    pub fn from_event(id: EventId) -> Self {
        Self(Origin::Ours(RedactedText::of_id("req_", id.as_bytes())))
    }

    /// The printed form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Origin::Client(text) => text,
            Origin::Ours(text) => text.as_str(),
        }
    }

    /// What may be kept of it: a client's id is redacted by `redact`, ours is as it is.
    #[must_use]
    pub fn kept(self, redact: impl FnOnce(&str) -> RedactedText) -> RedactedText {
        match self.0 {
            Origin::Client(text) => redact(&text),
            Origin::Ours(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    #[test]
    fn event_ids_sort_by_time() {
        let early = EventId::new(Timestamp::from_micros(1_000_000), [255; 10]);
        let late = EventId::new(Timestamp::from_micros(2_000_000), [0; 10]);
        assert!(early < late);
        assert_eq!(EventId::parse(&early.to_string()).unwrap(), early);
        assert_eq!(late.at(), Timestamp::from_micros(2_000_000));
    }

    #[test]
    fn our_request_ids_are_kept_as_they_are_and_those_of_clients_redacted() {
        let redact = |_: &str| RedactedText::default();
        let id = EventId::new(Timestamp::from_micros(1_000_000), [7; 10]);
        let ours = RequestId::from_event(id);
        let expect = format!("req_{}", id.to_string().replace('-', ""));
        assert_eq!(ours.as_str(), expect);
        assert_eq!(ours.kept(redact).as_str(), expect);
        assert!(RequestId::from_client("4111111111111111").unwrap().kept(redact).is_empty());
    }

    #[test]
    fn a_client_id_with_strange_characters_is_not_taken_over() {
        assert!(RequestId::from_client("abc-1").is_some());
        for id in ["", "a b", "a\u{1b}[0m", "mail@example.org", &"x".repeat(129)] {
            assert_eq!(RequestId::from_client(id), None, "{id}");
        }
    }
}
