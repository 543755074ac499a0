//! Which rows a line of the log makes.

use aios_core::{Event, Timestamp};
use aios_privacy::RedactionCounts;
use rusqlite::{CachedStatement, Transaction, params};

use super::cells::Counting;
use super::database::Code;
use super::entry::Entry;
use super::names::Recent;
use super::packs::Packer;
use super::said::{INSERT_SAID, Said};
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
    packer: Packer<'a>,
    said: CachedStatement<'a>,
    name: CachedStatement<'a>,
    finding: CachedStatement<'a>,
    named: Recent,
    counting: Counting,
}

impl<'a> Inserts<'a> {
    /// Prepared for the lines of segment number `seg`.
    pub(super) fn into(changes: &'a Transaction<'_>, seg: i64) -> rusqlite::Result<Self> {
        Ok(Self {
            seg,
            packer: Packer::of(changes, seg)?,
            said: changes.prepare_cached(INSERT_SAID)?,
            name: changes.prepare_cached("INSERT OR IGNORE INTO names VALUES (?1, ?2)")?,
            finding: changes
                .prepare_cached("INSERT OR REPLACE INTO findings VALUES (?1, ?2, ?3, ?4)")?,
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
                let conv = Code::name(event.conv_id.as_str());
                let subject = event.subject.as_ref().map(|id| Code::name(id.as_str()));
                let entry = Entry::of(&event, &conv, subject.as_deref());
                self.row(&Entry { offset, ..entry }, &event.redactions)
            }
            Ok(Event::Feedback(event)) => {
                if let Some(said) = Said::in_feedback(&event) {
                    said.insert(&mut self.said, self.seg, offset)?;
                }
                let ids = std::iter::once(&event.conv_id).chain(event.subject.as_ref());
                self.names(ids.map(|id| Code::name(id.as_str())))?;
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

    /// Takes in an event that was read already.
    pub(super) fn row(
        &mut self,
        entry: &Entry<'_>,
        redactions: &RedactionCounts,
    ) -> rusqlite::Result<Taken> {
        self.counting.take(entry, redactions)?;
        self.packer.take(entry)?;
        self.names(std::iter::once(entry.conv).chain(entry.subject))?;
        Ok(Taken::Event(entry.at()))
    }

    /// Puts in what was gathered of the lines, once all are taken.
    pub(super) fn finish(mut self, changes: &Transaction<'_>) -> rusqlite::Result<()> {
        self.packer.keep()?;
        self.counting.keep(changes, self.seg)
    }

    /// Of a line that is no event: whom it may be about is asked of every line.
    fn only_names(&mut self, line: &[u8]) -> rusqlite::Result<Taken> {
        if let Kind::Event(facts) = facts::of(line) {
            self.names(facts.pseudonyms().map(Code::name))?;
        }
        Ok(Taken::Unread)
    }

    fn names<C: AsRef<[u8]>>(&mut self, codes: impl Iterator<Item = C>) -> rusqlite::Result<()> {
        for code in codes {
            let code = code.as_ref();
            if self.named.is_new(code) {
                self.name.execute(params![self.seg, code])?;
            }
        }
        Ok(())
    }
}
