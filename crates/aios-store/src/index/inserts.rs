//! Which rows a line of the log makes.

use aios_core::Timestamp;
use rusqlite::{Statement, Transaction, params};

use super::cells::Counting;
use super::database::Code;
use super::line::{FeedbackLine, HypothesisLine, INSERT, INSERT_SAID, IndexLine};
use super::names::Recent;
use crate::segment::facts::{self, Kind, is_footer};

/// How each feedback's line begins.
const FEEDBACK_START: &[u8] = br#"{"event_type":"feedback""#;

/// How each finding's line begins.
const HYPOTHESIS_START: &[u8] = br#"{"event_type":"hypothesis""#;

/// What a line came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// An event of this time.
    Event(Timestamp),
    /// Something that is no event of a request.
    Aside,
    /// It cannot be read.
    Unread,
}

/// Where a segment's lines go.
pub(super) struct Inserts<'a> {
    seg: i64,
    event: Statement<'a>,
    said: Statement<'a>,
    name: Statement<'a>,
    finding: Statement<'a>,
    named: Recent,
    counting: Counting,
}

impl<'a> Inserts<'a> {
    /// Prepared for the lines of segment number `seg`.
    pub(super) fn into(changes: &'a Transaction<'_>, seg: i64) -> rusqlite::Result<Self> {
        Ok(Self {
            seg,
            event: changes.prepare(INSERT)?,
            said: changes.prepare(INSERT_SAID)?,
            name: changes.prepare("INSERT OR IGNORE INTO names VALUES (?1, ?2)")?,
            finding: changes.prepare("INSERT OR REPLACE INTO findings VALUES (?1, ?2, ?3, ?4)")?,
            named: Recent::default(),
            counting: Counting::default(),
        })
    }

    /// Takes in one line.
    pub(super) fn take(&mut self, bytes: &[u8], offset: u64) -> rusqlite::Result<Taken> {
        if is_footer(bytes) {
            return Ok(Taken::Aside);
        }
        if bytes.starts_with(FEEDBACK_START) {
            let Ok(line) = serde_json::from_slice::<FeedbackLine<'_>>(bytes) else {
                return self.only_names(bytes);
            };
            line.said().map_or(Ok(()), |said| said.insert(&mut self.said, self.seg))?;
            self.names(line.names())?;
            return Ok(Taken::Event(line.ts));
        }
        // The encoding is checked once here, not text by text by the parser.
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        if bytes.starts_with(HYPOTHESIS_START) {
            // It is no event of a request, and has no row.
            let Ok(line) = serde_json::from_str::<HypothesisLine<'_>>(text) else {
                return Ok(Taken::Unread);
            };
            self.finding.execute(params![line.ts.as_micros(), self.seg, line.name, text])?;
            return Ok(Taken::Aside);
        }
        let Ok(line) = serde_json::from_str::<IndexLine<'_>>(text) else {
            return self.only_names(bytes);
        };
        self.counting.take(&line);
        line.insert(&mut self.event, self.seg, offset)?;
        line.said().map_or(Ok(()), |said| said.insert(&mut self.said, self.seg))?;
        self.names(line.names())?;
        Ok(Taken::Event(line.ts))
    }

    /// What was counted of the lines, to be kept once all are in.
    pub(super) fn counted(self) -> Counting {
        self.counting
    }

    /// Of an event that no row can be made of: whom it names is asked of every event.
    fn only_names(&mut self, line: &[u8]) -> rusqlite::Result<Taken> {
        if let Kind::Event(facts) = facts::of(line) {
            self.names(facts.pseudonyms().map(Code::name))?;
        }
        Ok(Taken::Unread)
    }

    fn names(&mut self, codes: impl Iterator<Item = Vec<u8>>) -> rusqlite::Result<()> {
        for code in codes {
            if self.named.is_new(&code) {
                self.name.execute(params![self.seg, code])?;
            }
        }
        Ok(())
    }
}
