//! What is known of an event without reading its line.

use std::ops::Range;

use aios_core::{Bucket, EventId, Operation, Outcome, Purpose, Tier, Timestamp};
use aios_privacy::Pseudonym;

use super::database::{Code, failed};
use super::entry::{Entry, damaged};
use super::{Index, packs};
use crate::{SegmentId, StoreError};

/// The narrow facts of one event.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// When the request was admitted.
    pub ts: Timestamp,
    /// The event.
    pub event_id: EventId,
    /// The segment it stands in.
    pub segment: SegmentId,
    /// Where its line begins in the segment's text.
    pub offset: u64,
    /// The conversation.
    pub conv: Pseudonym,
    /// The person or key behind it.
    pub subject: Option<Pseudonym>,
    /// Which API was called.
    pub operation: Operation,
    /// The tier that routing chose.
    pub tier: Tier,
    /// The tier that answered.
    pub source: Option<Tier>,
    /// The conversation's bucket.
    pub bucket: Bucket,
    /// The boundary that was applied.
    pub boundary: f64,
    /// The message's weight, if it was weighed.
    pub weight: Option<f64>,
    /// How the request ended.
    pub outcome: Outcome,
    /// HTTP status the client got.
    pub status: u16,
    /// From admission to the last byte, in milliseconds.
    pub latency_ms: f64,
    /// From admission to the first content, in milliseconds.
    pub time_to_first_token_ms: Option<f64>,
    /// Tokens of the prompt.
    pub input_tokens: Option<u64>,
    /// Tokens of the answer.
    pub output_tokens: Option<u64>,
    /// Cost in US dollars.
    pub cost_usd: Option<f64>,
    /// The answer came from a built-in simulated model.
    pub simulated: bool,
    /// What the request was made for.
    pub purpose: Purpose,
}

impl Index {
    /// The rows of a time, oldest first, as far as the index has come.
    #[cfg(test)]
    pub(super) fn window(&self, times: Range<Timestamp>) -> Result<Vec<Row>, StoreError> {
        let read = self.read_window(times, |_| true);
        read.map_err(|error| failed(&self.dir, "read", error))
    }

    /// A request by its event's id, as far as the index has come.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn find(&self, id: EventId) -> Result<Option<Row>, StoreError> {
        let from = id.at();
        let until = Timestamp::from_micros(from.as_micros() + 1_000);
        let found = self.read_window(from..until, |entry| entry.id() == id);
        found.map(|mut rows| rows.pop()).map_err(|error| failed(&self.dir, "read", error))
    }

    fn read_window(
        &self,
        times: Range<Timestamp>,
        is_wanted: impl Fn(&Entry<'_>) -> bool,
    ) -> rusqlite::Result<Vec<Row>> {
        let mut rows = Vec::new();
        let read = |seg: i64, entry: &Entry<'_>| {
            is_wanted(entry).then(|| self.row_of(seg, entry)).transpose()
        };
        packs::ascending(&self.database, &times, read, |row| rows.push(row))?;
        Ok(rows)
    }

    /// What people are shown of a row of a segment.
    pub(super) fn row_of(&self, seg: i64, entry: &Entry<'_>) -> rusqlite::Result<Row> {
        let mut id = self.database.prepare_cached("SELECT id FROM segments WHERE seg = ?1")?;
        let id = id.query_row([seg], |row| row.get::<_, String>(0))?;
        let name = |code: &[u8]| Code::pseudonym(code).ok_or_else(damaged);
        Ok(Row {
            ts: entry.at(),
            event_id: entry.id(),
            segment: SegmentId::parse(&id).map_err(|_| damaged())?,
            offset: entry.offset,
            conv: name(entry.conv)?,
            subject: entry.subject.map(name).transpose()?,
            operation: entry.operation()?,
            tier: entry.tier()?,
            source: entry.source()?,
            bucket: entry.bucket()?,
            boundary: entry.boundary,
            weight: entry.weight,
            outcome: entry.outcome()?,
            status: entry.status,
            latency_ms: entry.latency_ms,
            time_to_first_token_ms: entry.first_ms,
            input_tokens: entry.input_tokens,
            output_tokens: entry.output_tokens,
            cost_usd: entry.cost_usd,
            simulated: entry.simulated,
            purpose: entry.purpose()?,
        })
    }
}
