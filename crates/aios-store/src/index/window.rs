//! The events of a time, page by page.

use std::ops::Range;

use aios_core::{Bucket, EventId, Operation, Outcome, Purpose, Tier, Timestamp};
use aios_privacy::Pseudonym;
use rusqlite::params;

use super::Index;
use super::database::{Code, failed};
use crate::{SegmentId, StoreError};

/// Rows that are read at a time.
const PAGE: usize = 4096;

/// What a row is read from.
pub(super) const COLUMNS: &str =
    "ts, events.seg, offset, event_id, conv, subject, operation, tier, source, bucket,
    boundary, weight, outcome, status, latency_ms, first_ms, input_tokens, output_tokens, cost_usd,
    simulated, purpose, id";

const SELECT: &str = "FROM events JOIN segments ON segments.seg = events.seg
    WHERE (ts, events.seg, offset) > (?1, ?2, ?3) AND ts < ?4 ORDER BY ts, events.seg, offset LIMIT ?5";

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

/// Rows of a time, oldest first. What is written meanwhile may or may not be seen.
#[derive(Debug)]
pub struct Window<'a> {
    index: &'a Index,
    until: Timestamp,
    /// Behind this place the next page begins.
    after: (i64, i64, i64),
    /// Of the last page, what was not given out yet, the last first.
    page: Vec<Row>,
    is_over: bool,
}

impl<'a> Window<'a> {
    pub(super) fn new(index: &'a Index, times: Range<Timestamp>) -> Self {
        // Less than every place of that time.
        let after = (times.start.as_micros(), i64::MIN, i64::MIN);
        Self { index, until: times.end, after, page: Vec::new(), is_over: false }
    }

    fn turn(&mut self) -> Result<(), StoreError> {
        let mut page = self.read().map_err(|error| failed(&self.index.dir, "read", error))?;
        self.is_over = page.len() < PAGE;
        page.reverse();
        self.page = page;
        Ok(())
    }

    fn read(&mut self) -> rusqlite::Result<Vec<Row>> {
        let mut statement = self.index.database.prepare(&format!("SELECT {COLUMNS} {SELECT}"))?;
        let (ts, seg, offset) = self.after;
        let page = i64::try_from(PAGE).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![ts, seg, offset, self.until.as_micros(), page])?;
        let mut read = Vec::with_capacity(PAGE);
        while let Some(row) = rows.next()? {
            self.after = (row.get(0)?, row.get(1)?, row.get(2)?);
            read.push(row_of(row)?);
        }
        Ok(read)
    }
}

impl Iterator for Window<'_> {
    type Item = Result<Row, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let is_due = self.page.is_empty() && !self.is_over;
        if let Err(error) = if is_due { self.turn() } else { Ok(()) } {
            self.is_over = true;
            return Some(Err(error));
        }
        self.page.pop().map(Ok)
    }
}

/// A row of [`COLUMNS`].
pub(super) fn row_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let wrong = |column: usize| {
        rusqlite::Error::InvalidColumnType(column, "?".to_owned(), rusqlite::types::Type::Blob)
    };
    let name = |column: usize, code: Vec<u8>| Code::pseudonym(&code).ok_or_else(|| wrong(column));
    let count = |n: Option<i64>| n.and_then(|n| u64::try_from(n).ok());
    let event_id: [u8; 16] = row.get(3)?;
    let subject: Option<Vec<u8>> = row.get(5)?;
    let source: Option<i64> = row.get(8)?;
    let id: String = row.get(21)?;
    Ok(Row {
        ts: Timestamp::from_micros(row.get(0)?),
        event_id: EventId::from_bytes(event_id),
        segment: SegmentId::parse(&id).map_err(|_| wrong(21))?,
        offset: count(row.get(2)?).unwrap_or(0),
        conv: name(4, row.get(4)?)?,
        subject: subject.map(|code| name(5, code)).transpose()?,
        operation: Code::at(&Operation::ALL, row.get(6)?).ok_or_else(|| wrong(6))?,
        tier: Code::at(&Tier::ALL, row.get(7)?).ok_or_else(|| wrong(7))?,
        source: source
            .map(|place| Code::at(&Tier::ALL, place).ok_or_else(|| wrong(8)))
            .transpose()?,
        bucket: Code::at(&Bucket::ALL, row.get(9)?).ok_or_else(|| wrong(9))?,
        boundary: row.get(10)?,
        weight: row.get(11)?,
        outcome: Code::at(&Outcome::ALL, row.get(12)?).ok_or_else(|| wrong(12))?,
        status: row.get(13)?,
        latency_ms: row.get(14)?,
        time_to_first_token_ms: row.get(15)?,
        input_tokens: count(row.get(16)?),
        output_tokens: count(row.get(17)?),
        cost_usd: row.get(18)?,
        simulated: row.get(19)?,
        purpose: Code::at(&Purpose::ALL, row.get(20)?).ok_or_else(|| wrong(20))?,
    })
}
