//! Which rows a line of the log makes.

use aios_core::{Event, Timestamp};
use rusqlite::{Statement, Transaction, params};

use super::cells::Counting;
use super::database::Code;
use super::line::{self, INSERT, INSERT_SAID, Said};
use super::names::Recent;
use crate::lines;
use crate::segment::facts::{self, Kind, is_footer};

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
        match lines::event(bytes) {
            Ok(Event::Response(event)) => {
                self.counting.take(&event);
                line::insert(&event, &mut self.event, self.seg, offset)?;
                self.said(line::said_by(&event))?;
                self.names(line::names(&event.conv_id, event.subject.as_ref()))?;
                Ok(Taken::Event(event.ts))
            }
            Ok(Event::Feedback(event)) => {
                self.said(line::said_in(&event))?;
                self.names(line::names(&event.conv_id, event.subject.as_ref()))?;
                Ok(Taken::Event(event.ts))
            }
            Ok(Event::Hypothesis(event)) => {
                // It is no event of a request, and has no row.
                let text = std::str::from_utf8(bytes).unwrap_or_default();
                self.finding.execute(params![event.ts.as_micros(), self.seg, event.name, text])?;
                Ok(Taken::Aside)
            }
            Err(_) => self.only_names(bytes),
        }
    }

    /// What was counted of the lines, to be kept once all are in.
    pub(super) fn counted(self) -> Counting {
        self.counting
    }

    fn said(&mut self, said: Option<Said>) -> rusqlite::Result<()> {
        said.map_or(Ok(()), |said| said.insert(&mut self.said, self.seg))
    }

    /// Of a line that is no event: whom it may be about is asked of every line.
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
