//! What of a line goes into the index.

use std::borrow::Cow;

use aios_core::{
    Bucket, EventId, FeedbackSource, MemoryUse, Operation, Outcome, Purpose, Tier, Timestamp,
};
use aios_privacy::RedactionCounts;
use rusqlite::{Statement, params};
use serde::Deserialize;

use super::database::Code;

/// Puts one event in.
pub(super) const INSERT: &str = "INSERT OR REPLACE INTO events VALUES
    (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22)";

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
    pub(super) tier: Tier,
    pub(super) source: Option<Tier>,
    pub(super) bucket: Bucket,
    pub(super) boundary: f64,
    pub(super) weight: Option<f64>,
    pub(super) outcome: Outcome,
    status: u16,
    pub(super) latency_ms: f64,
    #[serde(default)]
    time_to_first_token_ms: Option<f64>,
    #[serde(default)]
    pub(super) input_tokens: Option<u64>,
    #[serde(default)]
    pub(super) output_tokens: Option<u64>,
    #[serde(default)]
    pub(super) cost_usd: Option<f64>,
    #[serde(default)]
    pub(super) simulated: bool,
    #[serde(default)]
    pub(super) purpose: Purpose,
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

impl FeedbackLine<'_> {
    pub(super) fn names(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        names(&self.conv_id, self.subject.as_deref())
    }

    pub(super) fn said(&self) -> Option<Said> {
        let voice = match self.source {
            FeedbackSource::Client => Voice::Client,
            FeedbackSource::Judge => Voice::Judge,
        };
        self.score.map(|score| Said { about: self.about, ts: self.ts, voice, score })
    }
}

fn names<'a>(conv_id: &'a str, subject: Option<&'a str>) -> impl Iterator<Item = Vec<u8>> + 'a {
    std::iter::once(conv_id).chain(subject).map(Code::name)
}

impl IndexLine<'_> {
    /// The codes of those whose event it is.
    pub(super) fn names(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        names(&self.conv_id, self.subject.as_deref())
    }

    /// Of the answer before it is kept that the conversation went on (1), or that the same was asked again (0).
    pub(super) fn said(&self) -> Option<Said> {
        let score = if self.asked_again { 0.0 } else { 1.0 };
        self.previous.map(|about| Said { about, ts: self.ts, voice: Voice::Sequel, score })
    }

    pub(super) fn insert(
        &self,
        statement: &mut Statement<'_>,
        seg: i64,
        offset: u64,
    ) -> rusqlite::Result<()> {
        let count = |n: Option<u64>| n.map(|n| i64::try_from(n).unwrap_or(i64::MAX));
        statement.execute(params![
            self.ts.as_micros(),
            seg,
            count(Some(offset)),
            self.event_id.as_bytes(),
            Code::name(&self.conv_id),
            self.subject.as_deref().map(Code::name),
            Code::place(&Operation::ALL, &self.operation),
            Code::place(&Tier::ALL, &self.tier),
            self.source.map(|source| Code::place(&Tier::ALL, &source)),
            Code::place(&Bucket::ALL, &self.bucket),
            self.boundary,
            self.weight,
            Code::place(&Outcome::ALL, &self.outcome),
            self.status,
            self.latency_ms,
            self.time_to_first_token_ms,
            count(self.input_tokens),
            count(self.output_tokens),
            self.cost_usd,
            self.simulated,
            self.memory.as_ref().and_then(MemoryUse::is_given),
            Code::place(&Purpose::ALL, &self.purpose),
        ])?;
        Ok(())
    }
}
