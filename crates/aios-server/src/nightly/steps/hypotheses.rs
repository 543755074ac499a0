//! Tests the hypotheses, and writes into the event log which of them has another finding than before: so the log
//! says when something came to be known. What did not change is written once in a while, so that it is never
//! searched for far back.
//!
//! Where lines of the traffic cannot be read, it might say something else: then nothing new goes on record, and the
//! step says so.

use std::collections::BTreeMap;
use std::time::Duration;

use aios_control::hypothesis::{Finished, Hypothesis};
use aios_core::{Event, EventId, EventType, Finding, HypothesisEvent, SCHEMA_VERSION, Timestamp};
use aios_store::{Filter, Index, StoreError, query};

use crate::judging::{self, Tested};
use crate::nightly::{Night, Outcome, Step};

pub(in crate::nightly) const STEP: Step = Step { name: "hypotheses", run };

/// How far back the last finding is looked for; one that stays is written again after it.
const RECENT: Duration = Duration::from_secs(14 * 24 * 60 * 60);

fn run(night: &Night) -> Result<Outcome, String> {
    let family = &night.work.hypotheses;
    if family.is_empty() {
        return Ok(Outcome::Skipped("there are none".to_owned()));
    }
    let since = judging::anchored(&night.data_dir, night.now, night.work.events_kept_for);
    let since = since.map_err(|error| error.to_string())?;
    let Tested { finished, unread } = test(night, since)?;
    if !unread.is_none() {
        let n = family.len();
        return Ok(Outcome::Violation(format!(
            "{n} tested, and nothing is put on record: {unread}"
        )));
    }
    let last = last_findings(night)?;
    let news = family.iter().zip(finished).filter_map(|(hypothesis, found)| {
        let before = last.get(&found.name).copied();
        (before != Some(found.finding)).then(|| event(night, since, hypothesis, found, before))
    });
    let news = news.collect::<Result<Vec<_>, String>>()?;
    let told = told(family.len(), &news);
    if !night.dry_run {
        append(night, news)?;
    }
    Ok(Outcome::Done(told))
}

fn test(night: &Night, since: Timestamp) -> Result<Tested, String> {
    let index = index(night).map_err(|error| error.to_string())?;
    let (family, quality_min) = (&night.work.hypotheses, night.objectives.quality_min);
    judging::tested(family, index.as_ref(), since, night.now, quality_min)
        .map_err(|error| error.to_string())
}

/// The server's own, which has seen every event since it was written; else the log itself is looked at.
fn index(night: &Night) -> Result<Option<Index>, StoreError> {
    if night.served.is_none() {
        return Index::snapshot(&night.data_dir).map(Some);
    }
    night.store.catch_up_index()?;
    Index::read(&night.data_dir)
}

/// The last finding of each hypothesis that is on record.
fn last_findings(night: &Night) -> Result<BTreeMap<String, Finding>, String> {
    let since = night.now.minus(RECENT);
    let filter =
        Filter { event_type: Some(EventType::Hypothesis), since: Some(since), ..Filter::default() };
    let events = query(&night.data_dir, &filter).map_err(|error| error.to_string())?;
    let mut last = BTreeMap::new();
    // A line that cannot be read is the scan's to name.
    for line in events.flatten() {
        if let Event::Hypothesis(event) = line.event {
            last.insert(event.name, event.finding);
        }
    }
    Ok(last)
}

fn event(
    night: &Night,
    since: Timestamp,
    hypothesis: &Hypothesis,
    found: Finished,
    before: Option<Finding>,
) -> Result<HypothesisEvent, String> {
    let mut random = [0; 10];
    getrandom::fill(&mut random).map_err(|error| format!("there is no randomness: {error}"))?;
    Ok(HypothesisEvent {
        schema_version: SCHEMA_VERSION.into(),
        event_id: EventId::new(night.now, random),
        ts: night.now,
        name: found.name,
        statement: hypothesis.statement.clone(),
        finding: found.finding,
        before,
        since,
        n_pairs: found.n_pairs,
        effect: found.effect,
        interval: found.interval,
        log_e_for: found.log_e_for,
        log_e_against: found.log_e_against,
        by_lot: found.by_lot,
    })
}

/// Appends them like the events of requests, and waits until they are kept.
fn append(night: &Night, news: Vec<HypothesisEvent>) -> Result<(), String> {
    // Its own runtime: the server's may end while a night is under way.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(async {
        for event in news {
            let slot = night.store.reserve().await.map_err(|error| error.to_string())?;
            let commit = slot.append(Event::Hypothesis(Box::new(event)));
            commit.durable().await.map_err(|error| error.to_string())?;
        }
        Ok(())
    })
}

fn told(n: usize, news: &[HypothesisEvent]) -> String {
    let changes: Vec<_> = news
        .iter()
        .filter(|event| event.before.is_some() || event.finding != Finding::NoData)
        .map(|event| {
            let before = event.before.unwrap_or(Finding::NoData);
            format!("{}: {before} -> {}", event.name, event.finding)
        })
        .collect();
    match changes.is_empty() {
        true => format!("{n} tested, none has changed"),
        false => format!("{n} tested; {}", changes.join(", ")),
    }
}
