//! A day of traffic, for whoever looks at it afterwards.
//!
//! It is made up, but not even: a day has a busy half, answers have a tail, failures have several names. What is looked
//! at should look like what it will be.

use std::f64::consts::TAU;
use std::path::Path;
use std::time::Duration;

use aios_core::{Bucket, Event, EventId, Outcome, ResponseEvent, Tier, Timestamp, Weight};
use aios_privacy::{PiiKind, Pseudonym};
use aios_store::{DataDir, EventLogConfig, EventStore as _, FileEventLog, Index};
use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use crate::store;

const DAY: Duration = Duration::from_secs(86_400);

/// Turns of a conversation.
const TURNS: u64 = 5;

/// How far the busy half of the day is from the quiet one; below 1/τ, or time would run backwards.
const SWING: f64 = 0.09;

/// What goes wrong: once in so many requests, with which status, and whether a tier has answered all the same.
const FAILURES: [(u64, Outcome, u16, bool); 5] = [
    (223, Outcome::UpstreamError, 502, false),
    (307, Outcome::CallerError, 400, true),
    (401, Outcome::ClientCancelled, 499, true),
    (563, Outcome::Timeout, 504, false),
    (1_201, Outcome::Overloaded, 503, false),
];

/// What is masked, and once in so many requests.
const MASKED: [(u64, PiiKind); 4] =
    [(11, PiiKind::Email), (23, PiiKind::Phone), (61, PiiKind::Ipv4), (173, PiiKind::CreditCard)];

const QUESTIONS: [&str; 8] = [
    "How do I keep a log of many days in files that are small enough to be rewritten?",
    "Summarize the minutes of the meeting in five points.",
    "Write to [EMAIL_1] that the delivery moves to Thursday.",
    "Why is this query slow, and which index would help?",
    "thanks, that did it",
    "Translate the second paragraph into French, and keep its tone.",
    "Compare optimistic and pessimistic locking for a booking system with many readers.",
    "What is the capital of Norway?",
];

/// Fills a log in an empty directory with events of the day before `until`, and brings the index up to it.
pub(crate) fn fill(dir: &Path, n_events: u64, until: Timestamp) -> Result<()> {
    let dir = DataDir::open(dir)?;
    let log = FileEventLog::open(&dir, EventLogConfig::default())?;
    let templates = templates()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        for (n, template) in (0..n_events).zip(templates.iter().cycle()) {
            let past = moment(n as f64 / n_events as f64);
            let event = event(template, n, until.minus(DAY.mul_f64(1.0 - past)))?;
            drop(log.reserve().await?.append(event));
        }
        let report = log.close(store::CLOSE_MAX).await;
        ensure!(report.complete && report.lost == 0, "events were lost: {report:?}");
        Ok(())
    })?;
    drop(log);
    Index::open(&dir)?.catch_up()?;
    Ok(())
}

fn templates() -> Result<Vec<Event>> {
    let mut line = serde_json::to_value(store::template_event()?)?;
    let asked = |question| {
        line["question"] = json!(question);
        Ok(serde_json::from_value(line.clone())?)
    };
    QUESTIONS.into_iter().map(asked).collect()
}

/// When so much of a day's traffic has passed, as a share of the day.
fn moment(traffic: f64) -> f64 {
    traffic + SWING * ((TAU * traffic).cos() - 1.0)
}

/// The `n`-th event: of either tier and bucket, faster and slower, and now and then a failure.
fn event(template: &Event, n: u64, at: Timestamp) -> Result<Event> {
    let mut event = template.clone();
    let Event::Response(response) = &mut event else { bail!("the template is no response") };
    let [a, b, c, d, e, f, g, h] = n.to_be_bytes();
    response.ts = at;
    response.event_id = EventId::new(at, [1, 1, a, b, c, d, e, f, g, h]);
    let talk = chance(n / TURNS, 0);
    response.conv_id = Pseudonym::parse(&format!("c1_{:032x}", (talk * 1e18) as u128))?;
    response.bucket = if talk < 0.25 { Bucket::Treatment } else { Bucket::Control };
    // Some six of ten lie above a boundary of a half.
    let weight = (chance(n, 1).powf(0.74) * 100.0).round() / 100.0;
    response.weight = Some(Weight::new(weight).context("it is a weight")?);
    response.tier = if weight >= 0.5 { Tier::Main } else { Tier::Embedder };
    response.source = Some(response.tier);
    let (typical_ms, dollars_per_token) = match response.tier {
        Tier::Main => (2_600.0, 2e-6),
        Tier::Embedder => (420.0, 1e-7),
    };
    response.timings.latency_ms = typical_ms * bell(n).exp();
    let n_tokens = (120.0 * bell(n + 1).exp()) as u64;
    response.tokens.input_tokens = Some(n_tokens * 2);
    response.tokens.output_tokens = Some(n_tokens);
    response.cost_usd = Some(n_tokens as f64 * dollars_per_token);
    spoil(response, n);
    Ok(event)
}

/// What is wrong with it, and what was masked.
fn spoil(response: &mut ResponseEvent, n: u64) {
    let due = |every: u64| n % every == every / 2;
    for (_, kind) in MASKED.into_iter().filter(|(every, _)| due(*every)) {
        response.redactions.add(kind);
    }
    if let Some((_, outcome, status, answered)) =
        FAILURES.into_iter().find(|(every, ..)| due(*every))
    {
        (response.outcome, response.status) = (outcome, status);
        response.source = response.source.filter(|_| answered);
    }
}

/// From 0 to 1, always the same for the same two numbers: SplitMix64.
fn chance(n: u64, salt: u64) -> f64 {
    let mut z = (n * 16 + salt + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) as f64 / u64::MAX as f64
}

/// Around zero, rarely beyond one: half the sum of a few chances.
fn bell(n: u64) -> f64 {
    (2..8).map(|salt| chance(n, salt) - 0.5).sum::<f64>() * 0.7
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_and_ends_where_it_should_and_never_runs_backwards() {
        let times: Vec<f64> = (0..=1_000).map(|n| moment(f64::from(n) / 1e3)).collect();
        assert!(times[0].abs() < 1e-9 && (times[1_000] - 1.0).abs() < 1e-9, "{times:?}");
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
