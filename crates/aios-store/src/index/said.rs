//! What is said of answers.

use aios_core::{EventId, FeedbackEvent, FeedbackSource, Timestamp};
use rusqlite::{Statement, params};

use super::database::Code;

/// Puts in what was said of an event.
pub(super) const INSERT_SAID: &str = "INSERT OR REPLACE INTO said VALUES (?1,?2,?3,?4,?5,?6,?7)";

/// What one line says of how good an answer was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Said {
    pub(super) about: EventId,
    /// As exact as its line.
    pub(super) ts: Timestamp,
    pub(super) voice: Voice,
    pub(super) score: f64,
}

/// Who says it; what stands first counts most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    Client,
    Judge,
}

impl Voice {
    pub(super) const ALL: [Self; 2] = [Self::Client, Self::Judge];
}

impl Said {
    /// What feedback says of its answer, if it has a figure for it.
    pub(crate) fn in_feedback(event: &FeedbackEvent) -> Option<Self> {
        let voice = match event.source {
            FeedbackSource::Client => Voice::Client,
            FeedbackSource::Judge => Voice::Judge,
        };
        let ts = event.ts.as_stored();
        event.score.map(|score| Self { about: event.about, ts, voice, score })
    }

    /// Puts it in; `offset` is where its line begins: much may be said within one millisecond.
    pub(super) fn insert(
        self,
        statement: &mut Statement<'_>,
        seg: i64,
        offset: u64,
    ) -> rusqlite::Result<()> {
        statement.execute(params![
            self.about.at().as_micros() / 1_000,
            self.about.as_bytes(),
            self.ts.as_micros(),
            seg,
            Code::place(&Voice::ALL, &self.voice),
            self.score,
            i64::try_from(offset).unwrap_or(i64::MAX),
        ])?;
        Ok(())
    }
}
