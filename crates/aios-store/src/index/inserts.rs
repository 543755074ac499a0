//! Which rows a line of the log makes.

use aios_core::Timestamp;
use aios_privacy::RedactionCounts;
use rusqlite::{Statement, Transaction, params};

use super::cells::Counting;
use super::database::Code;
use super::entry::Entry;
use super::line::{FeedbackLine, HypothesisLine, INSERT_SAID, IndexLine};
use super::names::Recent;
use super::packs::Packer;
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
    packer: Packer<'a>,
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
            packer: Packer::of(changes, seg)?,
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
        let (conv, subject) = line.names();
        self.row(&line.entry(offset, &conv, subject.as_deref()), &line.redactions)
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

    /// Of an event that no row can be made of: whom it names is asked of every event.
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
