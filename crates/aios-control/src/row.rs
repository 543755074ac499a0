//! What judging knows of a request: a narrow row, without a word of anybody's text.

use std::hash::{DefaultHasher, Hash, Hasher};

use aios_core::{Boundary, Bucket, MemoryUse, Outcome, ResponseEvent, Tier, Timestamp, Weight};

/// One request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// When it was admitted.
    pub ts: Timestamp,
    /// Its conversation: any number that is the same for the same one.
    pub conversation: u64,
    /// The conversation's bucket.
    pub bucket: Bucket,
    /// The tier that answered, if one did.
    pub tier: Option<Tier>,
    /// How it ended.
    pub outcome: Outcome,
    /// From admission to the last byte.
    pub latency_ms: f64,
    /// From admission to the first content.
    pub time_to_first_token_ms: Option<f64>,
    /// The boundary that was applied.
    pub boundary: Boundary,
    /// The message's weight, if it was weighed.
    pub weight: Option<Weight>,
    /// Whether fragments that the memory had found were put before the model, or withheld by chance; none
    /// where there were none.
    pub memory: Option<bool>,
    /// Tokens of the answer.
    pub output_tokens: Option<u64>,
    /// How good the answer was, 0 to 1, where feedback or a judge said so.
    pub quality: Option<f64>,
}

impl From<&ResponseEvent> for Row {
    /// An event does not say how good the answer was; whoever knows sets it.
    fn from(event: &ResponseEvent) -> Self {
        let mut conversation = DefaultHasher::new();
        event.conv_id.as_str().hash(&mut conversation);
        Self {
            ts: event.ts,
            conversation: conversation.finish(),
            bucket: event.bucket,
            tier: event.source,
            outcome: event.outcome,
            latency_ms: event.timings.latency_ms,
            time_to_first_token_ms: event.timings.time_to_first_token_ms,
            boundary: event.boundary,
            weight: event.weight,
            memory: event.memory.as_ref().and_then(MemoryUse::is_given),
            output_tokens: event.tokens.output_tokens,
            quality: None,
        }
    }
}

impl Row {
    /// Whether serving it failed. None where that was not ours to get right: the caller was at fault
    /// or left.
    #[must_use]
    pub const fn failed(&self) -> Option<bool> {
        failed(self.outcome)
    }
}

/// Whether a request that ended so failed by a fault of ours.
#[must_use]
pub const fn is_failure(outcome: Outcome) -> bool {
    matches!(failed(outcome), Some(true))
}

const fn failed(outcome: Outcome) -> Option<bool> {
    match outcome {
        Outcome::Ok => Some(false),
        Outcome::UpstreamError
        | Outcome::Timeout
        | Outcome::StreamCut
        | Outcome::Overloaded
        | Outcome::InternalError => Some(true),
        Outcome::CallerError | Outcome::ClientCancelled => None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A good answer at this second.
    pub(crate) fn row(second: i64) -> Row {
        Row {
            ts: Timestamp::from_micros(second * 1_000_000),
            conversation: u64::try_from(second).unwrap(),
            bucket: Bucket::Control,
            tier: Some(Tier::Main),
            outcome: Outcome::Ok,
            latency_ms: 1_000.0,
            time_to_first_token_ms: Some(200.0),
            boundary: aios_core::BOUNDARY_DEFAULT,
            weight: Some(Weight::new(0.7).unwrap()),
            memory: None,
            output_tokens: Some(100),
            quality: None,
        }
    }

    #[test]
    fn callers_own_faults_are_nobodys_failure() {
        let judged = Outcome::ALL.map(|outcome| Row { outcome, ..row(0) }.failed());
        assert_eq!(judged.iter().filter(|failed| failed.is_none()).count(), 2);
        assert_eq!(judged.iter().filter(|failed| **failed == Some(true)).count(), 5);
    }
}
