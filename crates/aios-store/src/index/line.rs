//! What of a line goes into the index.

use aios_core::{
    Bucket, EventId, FeedbackEvent, FeedbackSource, MemoryUse, Operation, Outcome, Purpose,
    ResponseEvent, Tier, Timestamp,
};
use aios_privacy::Pseudonym;
use rusqlite::{Statement, params};

use super::database::Code;

/// Puts one event in.
pub(super) const INSERT: &str = "INSERT OR REPLACE INTO events VALUES
    (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22)";

/// Puts in what was said of an event.
pub(super) const INSERT_SAID: &str = "INSERT OR REPLACE INTO said VALUES (?1,?2,?3,?4,?5,?6)";

/// What one line says of how good an answer was.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said {
    about: EventId,
    ts: Timestamp,
    voice: Voice,
    score: f64,
}

/// Who says it; what stands first counts most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    Client,
    Judge,
    /// How the conversation went on. It is counted apart, and says nothing of how good the answer was.
    Sequel,
}

impl Voice {
    pub(super) const ALL: [Self; 3] = [Self::Client, Self::Judge, Self::Sequel];
}

impl Said {
    pub(super) fn insert(self, statement: &mut Statement<'_>, seg: i64) -> rusqlite::Result<()> {
        statement.execute(params![
            self.about.at().as_micros() / 1_000,
            self.about.as_bytes(),
            self.ts.as_micros(),
            seg,
            Code::place(&Voice::ALL, &self.voice),
            self.score,
        ])?;
        Ok(())
    }
}

/// The codes of those whose event it is.
pub(super) fn names<'a>(
    conv_id: &'a Pseudonym,
    subject: Option<&'a Pseudonym>,
) -> impl Iterator<Item = Vec<u8>> + 'a {
    std::iter::once(conv_id).chain(subject).map(|name| Code::name(name.as_str()))
}

/// What feedback says of its answer, if it has a figure for it.
pub(super) fn said_in(event: &FeedbackEvent) -> Option<Said> {
    let voice = match event.source {
        FeedbackSource::Client => Voice::Client,
        FeedbackSource::Judge => Voice::Judge,
    };
    event.score.map(|score| Said { about: event.about, ts: event.ts, voice, score })
}

/// Of the answer before it is kept that the conversation went on (1), or that the same was asked again (0).
pub(super) fn said_by(event: &ResponseEvent) -> Option<Said> {
    let score = if event.asked_again { 0.0 } else { 1.0 };
    event.previous.map(|about| Said { about, ts: event.ts, voice: Voice::Sequel, score })
}

/// Puts in the narrow facts of a request; its text is not among them.
pub(super) fn insert(
    event: &ResponseEvent,
    statement: &mut Statement<'_>,
    seg: i64,
    offset: u64,
) -> rusqlite::Result<()> {
    let count = |n: Option<u64>| n.map(|n| i64::try_from(n).unwrap_or(i64::MAX));
    statement.execute(params![
        event.ts.as_micros(),
        seg,
        count(Some(offset)),
        event.event_id.as_bytes(),
        Code::name(event.conv_id.as_str()),
        event.subject.as_ref().map(|subject| Code::name(subject.as_str())),
        Code::place(&Operation::ALL, &event.operation),
        Code::place(&Tier::ALL, &event.tier),
        event.source.map(|source| Code::place(&Tier::ALL, &source)),
        Code::place(&Bucket::ALL, &event.bucket),
        event.boundary.get(),
        event.weight.map(|weight| weight.get()),
        Code::place(&Outcome::ALL, &event.outcome),
        event.status,
        event.timings.latency_ms,
        event.timings.time_to_first_token_ms,
        count(event.tokens.input_tokens),
        count(event.tokens.output_tokens),
        event.cost_usd,
        event.simulated,
        event.memory.as_ref().and_then(MemoryUse::is_given),
        Code::place(&Purpose::ALL, &event.purpose),
    ])?;
    Ok(())
}
