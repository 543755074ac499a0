//! What of a line goes into the index.

use std::borrow::Cow;

use aios_core::{
    Bucket, EventId, FeedbackSource, MemoryUse, Operation, Outcome, Purpose, Tier, Timestamp,
};
use aios_privacy::RedactionCounts;
use rusqlite::{Statement, params};
use serde::Deserialize;

use super::database::Code;
use super::entry::Entry;

/// Puts in what was said of an event.
pub(super) const INSERT_SAID: &str = "INSERT OR REPLACE INTO said VALUES (?1,?2,?3,?4,?5,?6)";

/// The narrow facts of an event; its text is not among them.
#[derive(Debug, Deserialize)]
pub(super) struct IndexLine<'a> {
    event_id: EventId,
    pub(super) ts: Timestamp,
    #[serde(borrow)]
    conv_id: Cow<'a, str>,
    #[serde(borrow, default)]
    subject: Option<Cow<'a, str>>,
    operation: Operation,
    tier: Tier,
    source: Option<Tier>,
    bucket: Bucket,
    boundary: f64,
    weight: Option<f64>,
    outcome: Outcome,
    status: u16,
    latency_ms: f64,
    #[serde(default)]
    time_to_first_token_ms: Option<f64>,
    #[serde(default)]
    input_tokens: Option<u64>,
    #[serde(default)]
    output_tokens: Option<u64>,
    #[serde(default)]
    cost_usd: Option<f64>,
    #[serde(default)]
    simulated: bool,
    #[serde(default)]
    purpose: Purpose,
    #[serde(default)]
    memory: Option<MemoryUse>,
    #[serde(default)]
    previous: Option<EventId>,
    #[serde(default)]
    asked_again: bool,
    #[serde(default)]
    pub(super) redactions: RedactionCounts,
}

/// The narrow facts of feedback.
#[derive(Debug, Deserialize)]
pub(super) struct FeedbackLine<'a> {
    pub(super) ts: Timestamp,
    #[serde(borrow)]
    conv_id: Cow<'a, str>,
    #[serde(borrow, default)]
    subject: Option<Cow<'a, str>>,
    about: EventId,
    source: FeedbackSource,
    #[serde(default)]
    score: Option<f64>,
}

/// What is looked for of a hypothesis.
#[derive(Debug, Deserialize)]
pub(super) struct HypothesisLine<'a> {
    pub(super) ts: Timestamp,
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
}

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
}

impl Voice {
    pub(super) const ALL: [Self; 2] = [Self::Client, Self::Judge];
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

impl FeedbackLine<'_> {
    pub(super) fn names(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        std::iter::once(&*self.conv_id).chain(self.subject.as_deref()).map(Code::name)
    }

    pub(super) fn said(&self) -> Option<Said> {
        let voice = match self.source {
            FeedbackSource::Client => Voice::Client,
            FeedbackSource::Judge => Voice::Judge,
        };
        self.score.map(|score| Said { about: self.about, ts: self.ts, voice, score })
    }
}

impl IndexLine<'_> {
    /// The codes of those whose event it is: the conversation's, and the person's.
    pub(super) fn names(&self) -> (Vec<u8>, Option<Vec<u8>>) {
        (Code::name(&self.conv_id), self.subject.as_deref().map(Code::name))
    }

    /// Its row; the codes are those of its names.
    pub(super) fn entry<'a>(
        &self,
        offset: u64,
        conv: &'a [u8],
        subject: Option<&'a [u8]>,
    ) -> Entry<'a> {
        Entry {
            ts: self.ts.as_micros(),
            offset,
            event_id: *self.event_id.as_bytes(),
            conv,
            subject,
            operation: Code::byte(&Operation::ALL, &self.operation),
            tier: Code::byte(&Tier::ALL, &self.tier),
            source: self.source.map(|source| Code::byte(&Tier::ALL, &source)),
            bucket: Code::byte(&Bucket::ALL, &self.bucket),
            boundary: self.boundary,
            weight: self.weight,
            outcome: Code::byte(&Outcome::ALL, &self.outcome),
            status: self.status,
            latency_ms: self.latency_ms,
            first_ms: self.time_to_first_token_ms,
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            cost_usd: self.cost_usd,
            simulated: self.simulated,
            memory: self.memory.as_ref().and_then(MemoryUse::is_given),
            purpose: Code::byte(&Purpose::ALL, &self.purpose),
            previous_ms: self.previous.map(|about| about.at().as_micros().div_euclid(1_000)),
            asked_again: self.asked_again,
        }
    }
}
