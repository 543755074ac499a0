//! What of a line goes into the index.

use std::borrow::Cow;

use aios_core::{Bucket, EventId, Operation, Outcome, Tier, Timestamp};
use rusqlite::{Statement, params};
use serde::Deserialize;

use super::database::Code;
use super::names::Names;

/// Puts one event in.
pub(super) const INSERT: &str = "INSERT OR REPLACE INTO events VALUES
    (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20)";

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
}

impl<'a> IndexLine<'a> {
    /// Reads a line; `None` if it is no event. Its encoding is checked once, not text by text.
    pub(super) fn read(line: &'a [u8]) -> Option<Self> {
        serde_json::from_str(std::str::from_utf8(line).ok()?).ok()
    }

    pub(super) fn names(&self) -> Names {
        Names { conv: Code::name(&self.conv_id), subject: self.subject.as_deref().map(Code::name) }
    }

    pub(super) fn insert(
        &self,
        statement: &mut Statement<'_>,
        names: &Names,
        seg: i64,
        offset: u64,
    ) -> rusqlite::Result<()> {
        let count = |n: Option<u64>| n.map(|n| i64::try_from(n).unwrap_or(i64::MAX));
        statement.execute(params![
            self.ts.as_micros(),
            seg,
            count(Some(offset)),
            self.event_id.as_bytes(),
            names.conv,
            names.subject,
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
        ])?;
        Ok(())
    }
}
