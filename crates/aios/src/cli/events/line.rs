//! An event on one line, for people.

use aios_core::{Event, FeedbackEvent, HypothesisEvent, ResponseEvent};

use crate::cli::table;

/// Characters of the question that are shown.
const QUESTION_CHARS: usize = 60;

/// Time, outcome, tier, bucket, weight, latency, time to first token and the question's start.
pub(super) fn of(event: &Event) -> String {
    match event {
        Event::Response(event) => of_response(event),
        Event::Feedback(event) => of_feedback(event),
        Event::Hypothesis(event) => of_hypothesis(event),
    }
}

fn of_response(event: &ResponseEvent) -> String {
    let timings = &event.timings;
    let first = timings.time_to_first_token_ms.map(|ms| format!("{ms:.0} ms"));
    let weight = event.weight.map(|weight| format!("{:.2}", weight.get()));
    format!(
        "{}  {:<16}  {:<13}  {:<9}  {:>4}  {:>9}  {:>9}  {}",
        event.ts,
        event.outcome.name(),
        way(event),
        event.bucket.name(),
        weight.as_deref().unwrap_or("-"),
        format!("{:.0} ms", timings.latency_ms),
        first.as_deref().unwrap_or("-"),
        table::one_line(event.question.as_str(), QUESTION_CHARS),
    )
}

/// Who said what of which answer.
fn of_feedback(event: &FeedbackEvent) -> String {
    let score = event.score.map(|score| format!("{score:.2}"));
    format!(
        "{}  {:<16}  {:<13}  {:<9}  {:>4}  of {}  {}",
        event.ts,
        "feedback",
        event.source.name(),
        "",
        score.as_deref().unwrap_or("-"),
        event.about,
        table::one_line(event.comment.as_str(), QUESTION_CHARS),
    )
}

/// What is found of which hypothesis.
fn of_hypothesis(event: &HypothesisEvent) -> String {
    let HypothesisEvent { ts, name, finding, before, n_pairs, .. } = event;
    let before = before.map_or_else(String::new, |before| format!(", was {before}"));
    format!("{ts}  {:<16}  {finding}{before}: {name}, {n_pairs} pairs", "hypothesis")
}

/// The heads of the columns.
pub(super) fn head() -> String {
    format!(
        "{:<24}  {:<16}  {:<13}  {:<9}  {:>4}  {:>9}  {:>9}  question",
        "time", "outcome", "tier", "bucket", "wght", "latency", "first"
    )
}

/// The tier that was chosen, and the one that answered in its place.
fn way(event: &ResponseEvent) -> String {
    match event.source {
        Some(source) if source == event.tier => event.tier.to_string(),
        Some(source) => format!("{}>{source}", event.tier),
        None => format!("{}>none", event.tier),
    }
}
