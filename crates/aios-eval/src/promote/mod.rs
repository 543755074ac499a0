//! Which live cases should become golden ones, and why.
//!
//! Looked at are live chat questions of a conversation's first turn: what a later turn means depends on what was
//! said before it, which the log does not keep. Cases with reasons are taken in turns, the strongest of each
//! reason first, so that many errors of one kind do not crowd out the rest; and only after what is known already was
//! left out is the list cut. The live answer is never what is expected: it may be what was wrong.

mod near;

use std::collections::BTreeMap;

use aios_core::{Operation, Outcome, ResponseEvent, Tier, Weight};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::golden::{GoldenSet, Origin};
use crate::hex;

pub(crate) use near::{is_near, normal};

/// How near to the boundary a weight must be to be on the edge.
const EDGE: f64 = 0.03;
/// Longest question that becomes a case, in characters.
const QUESTION_MAX: usize = 8_000;

/// Why a live case should become a golden one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It was not answered.
    Error,
    /// Somebody said that the answer was bad.
    BadFeedback,
    /// It took longer than the service level allows.
    Slow,
    /// Another tier answered than was chosen.
    TierMismatch,
    /// Its weight is hardly above or below the boundary.
    Edge,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 5] =
        [Self::Error, Self::BadFeedback, Self::Slow, Self::TierMismatch, Self::Edge];

    /// Name in cases and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::BadFeedback => "bad_feedback",
            Self::Slow => "slow",
            Self::TierMismatch => "tier_mismatch",
            Self::Edge => "edge",
        }
    }
}

/// A live case that should become a golden one.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Made of its question alone, so that the same question is the same case.
    pub id: String,
    /// The question, redacted.
    pub question: String,
    /// Why, the strongest first, each with how strong it is.
    pub reasons: Vec<(Reason, f64)>,
    /// The tier that it was routed to, which is expected only where another one answered.
    pub tier: Tier,
    /// Where it comes from.
    pub origin: Origin,
}

/// What was looked at, and what was not taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Looked {
    /// Live questions that were looked at.
    pub n_events: usize,
    /// Later turns of a conversation.
    pub n_later_turns: usize,
    /// Empty or too long.
    pub n_unusable: usize,
    /// Known to the set, or like another one.
    pub n_duplicates: usize,
}

/// What makes a case worth asking again, without what was said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Facts {
    /// How the request ended.
    pub outcome: Outcome,
    /// How long it took.
    pub latency_ms: f64,
    /// The tier that was chosen.
    pub tier: Tier,
    /// The tier that answered.
    pub source: Option<Tier>,
    /// The message's weight, if it was weighed.
    pub weight: Option<f64>,
    /// The boundary that it was held against.
    pub boundary: f64,
    /// How good somebody found the answer, 0 to 1.
    pub quality: Option<f64>,
}

impl Facts {
    fn of(event: &ResponseEvent, quality: Option<f64>) -> Self {
        Self {
            outcome: event.outcome,
            latency_ms: event.timings.latency_ms,
            tier: event.tier,
            source: event.source,
            weight: event.weight.map(Weight::get),
            boundary: event.boundary.get(),
            quality,
        }
    }
}

/// Collects candidates from events.
#[derive(Debug)]
pub struct Promoter {
    slow_ms: f64,
    found: BTreeMap<String, Candidate>,
    looked: Looked,
}

impl Promoter {
    /// What takes longer than `slow_ms` is slow.
    #[must_use]
    pub fn new(slow_ms: f64) -> Self {
        Self { slow_ms, found: BTreeMap::new(), looked: Looked::default() }
    }

    /// Whether a request with these facts is worth being looked at.
    #[must_use]
    pub fn is_worth(&self, facts: &Facts) -> bool {
        !self.reasons(facts).is_empty()
    }

    /// Looks at an event. `quality` is how good somebody found the answer, 0 to 1; `redact` masks once more, with
    /// the rules of today.
    pub fn look(
        &mut self,
        event: &ResponseEvent,
        quality: Option<f64>,
        redact: impl FnOnce(&str) -> String,
    ) {
        if !event.purpose.is_live() || event.operation != Operation::Chat {
            return;
        }
        self.looked.n_events += 1;
        let reasons = self.reasons(&Facts::of(event, quality));
        if reasons.is_empty() {
            return;
        }
        if event.msg_id > 1 {
            self.looked.n_later_turns += 1;
            return;
        }
        let Some(question) = usable(redact(event.question.as_str().trim())) else {
            self.looked.n_unusable += 1;
            return;
        };
        self.take(candidate(event, question, reasons));
    }

    /// The same question is one candidate, with the strongest reason of all and with everybody who asked it.
    fn take(&mut self, mut candidate: Candidate) {
        if let Some(mut known) = self.found.remove(&candidate.id) {
            self.looked.n_duplicates += 1;
            if known.reasons[0].1 >= candidate.reasons[0].1 {
                std::mem::swap(&mut known, &mut candidate);
            }
            candidate.origin.join(known.origin);
        }
        self.found.insert(candidate.id.clone(), candidate);
    }

    /// The candidates that `set` does not know, at most so many.
    #[must_use]
    pub fn candidates(mut self, set: &GoldenSet, max: usize) -> (Vec<Candidate>, Looked) {
        let mut known: Vec<String> =
            set.cases().iter().map(|case| normal(&case.question)).collect();
        let mut taken = Vec::new();
        let mut left: Vec<Candidate> = std::mem::take(&mut self.found).into_values().collect();
        left.sort_by(|a, b| {
            b.reasons[0].1.total_cmp(&a.reasons[0].1).then_with(|| a.id.cmp(&b.id))
        });
        while taken.len() < max && !left.is_empty() {
            for reason in Reason::ALL {
                let of_reason = |one: &Candidate| one.reasons[0].0 == reason;
                while let Some(at) = left.iter().position(of_reason) {
                    let candidate = left.remove(at);
                    let normal = normal(&candidate.question);
                    if known.iter().any(|other| is_near(other, &normal)) {
                        self.looked.n_duplicates += 1;
                        continue;
                    }
                    known.push(normal);
                    taken.push(candidate);
                    break;
                }
            }
        }
        taken.truncate(max);
        (taken, self.looked)
    }

    fn reasons(&self, facts: &Facts) -> Vec<(Reason, f64)> {
        let mut reasons = Vec::new();
        let is_failure = matches!(
            facts.outcome,
            Outcome::UpstreamError | Outcome::Timeout | Outcome::StreamCut | Outcome::InternalError
        );
        if is_failure {
            reasons.push((Reason::Error, 1.0));
        }
        if let Some(quality) = facts.quality.filter(|quality| *quality < 0.5) {
            reasons.push((Reason::BadFeedback, 1.0 - quality));
        }
        if facts.latency_ms > self.slow_ms {
            reasons.push((Reason::Slow, 1.0 - self.slow_ms / facts.latency_ms));
        }
        if facts.source.is_some_and(|source| source != facts.tier) {
            reasons.push((Reason::TierMismatch, 0.5));
        }
        if let Some(distance) = facts.weight.map(|weight| (weight - facts.boundary).abs())
            && distance < EDGE
        {
            reasons.push((Reason::Edge, 0.5 * (1.0 - distance / EDGE)));
        }
        reasons.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        reasons
    }
}

/// A question that can be asked again: not empty, whole, and not too long.
fn usable(question: String) -> Option<String> {
    let is_usable = !question.trim().is_empty()
        && !question.ends_with('…')
        && question.chars().count() <= QUESTION_MAX;
    is_usable.then_some(question)
}

fn candidate(event: &ResponseEvent, question: String, reasons: Vec<(Reason, f64)>) -> Candidate {
    let digest = hex::of(&Sha256::digest(normal(&question)));
    let names = reasons.iter().map(|(reason, _)| reason.name().to_owned()).collect();
    Candidate {
        id: format!("live-{}", digest.chars().take(12).collect::<String>()),
        question,
        reasons,
        tier: event.tier,
        origin: Origin {
            event_id: event.event_id.to_string(),
            conv_id: event.conv_id.to_string(),
            subject: event.subject.as_ref().map(ToString::to_string),
            promoted_at: event.ts.to_string(),
            reasons: names,
            also: Vec::new(),
        },
    }
}

impl Candidate {
    /// A question that somebody chose, whatever came of it; none if it can be no case.
    pub fn chosen(event: &ResponseEvent, redact: impl FnOnce(&str) -> String) -> Option<Self> {
        let question = usable(redact(event.question.as_str().trim()))?;
        let mut candidate = candidate(event, question, Vec::new());
        candidate.origin.reasons = vec!["chosen".to_owned()];
        Some(candidate)
    }

    /// As a case of the golden set.
    #[must_use]
    pub fn case(&self, promoted_at: &str) -> Map<String, Value> {
        let origin = Origin { promoted_at: promoted_at.to_owned(), ..self.origin.clone() };
        let mut case = Map::new();
        case.insert("id".to_owned(), json!(self.id));
        case.insert("question".to_owned(), json!(self.question));
        case.insert("trait".to_owned(), json!("live"));
        case.insert("status".to_owned(), json!("candidate"));
        if self.reasons.iter().any(|(reason, _)| *reason == Reason::TierMismatch) {
            case.insert("expected_tier".to_owned(), json!(self.tier.name()));
        }
        case.insert("origin".to_owned(), serde_json::to_value(origin).unwrap_or_default());
        case
    }
}

#[cfg(test)]
mod tests;
