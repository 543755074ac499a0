//! A trial under way: who is tried, what is asked of it, and what was found.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aios_core::{EventId, Fault, Tier};
use aios_upstream::{CallError, CallReply, Caller};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::subject::{OnRecord, Subject};
use crate::cli::output::say;

/// Longest wait for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// Longest that an event takes to its disk.
const ON_DISK_MAX: Duration = Duration::from_secs(5);

/// So old a fault is ordered anew: slow models take longer to answer than a fault lasts.
const ORDERED_MAX: Duration = Duration::from_secs(30);

/// Most tokens of an answer: nobody reads it, and a real model would write for minutes.
const TOKENS_MAX: u64 = 64;

/// Rounds of a scenario that has some.
const ROUNDS: u64 = 3;

/// Pause between two looks at what is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Belongs to main, wherever the boundary is.
const HARD: &str = "Two threads in my Rust server each hold a lock and wait for the other. How do I find and fix the \
                    deadlock, step by step, and how do I prove that it cannot come back?";

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) passed: bool,
    pub(super) detail: String,
}

/// A trial under way.
pub(super) struct Trial {
    pub(super) subject: Subject,
    pub(super) checks: Vec<Check>,
    /// Requests that were answered with their event's id.
    pub(super) answered: Vec<EventId>,
    /// How often what is done in rounds is done.
    pub(super) rounds: u64,
    /// The faults that are on, and when they were ordered.
    on: Option<(Vec<Fault>, Instant)>,
}

/// What came of a request.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) took: Duration,
    /// Who answered.
    pub(super) source: Option<Tier>,
    pub(super) event_id: Option<EventId>,
    /// Calls to endpoints that it took.
    pub(super) n_attempts: u64,
    pub(super) body: String,
    /// Why it is no answer, if it is none.
    pub(super) failed: Option<String>,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    Whole,
    Stream,
}

impl Trial {
    pub(super) fn new(subject: Subject, rounds: Option<u64>) -> Self {
        let rounds = rounds.unwrap_or(ROUNDS);
        Self { subject, checks: Vec::new(), answered: Vec::new(), rounds, on: None }
    }

    /// Keeps what was looked at, and says it at once.
    pub(super) fn check(&mut self, name: &'static str, passed: bool, detail: impl Into<String>) {
        let detail = detail.into();
        say(format_args!("{} {name}: {detail}", if passed { "ok  " } else { "FAIL" }));
        self.checks.push(Check { name, passed, detail });
    }

    pub(super) async fn order(&mut self, fault: Fault) -> anyhow::Result<()> {
        self.subject.order(fault.clone()).await?;
        let (mut faults, since) = self.on.take().unwrap_or((Vec::new(), Instant::now()));
        faults.push(fault);
        self.on = Some((faults, since));
        Ok(())
    }

    pub(super) async fn clear(&mut self) -> anyhow::Result<()> {
        self.on = None;
        self.subject.clear().await
    }

    /// What is on stays on for as long as it is needed.
    async fn renew(&mut self) -> anyhow::Result<()> {
        if let Some((faults, since)) = &mut self.on
            && since.elapsed() > ORDERED_MAX
        {
            *since = Instant::now();
            for fault in faults.clone() {
                self.subject.order(fault).await?;
            }
        }
        Ok(())
    }

    /// Asks main something hard.
    pub(super) async fn ask(&mut self, how: Ask) -> anyhow::Result<Seen> {
        self.renew().await?;
        let seen = ask(self.caller()?, how).await;
        self.answered.extend(seen.event_id);
        Ok(seen)
    }

    /// Asks so often, one after the other.
    pub(super) async fn ask_all(&mut self, n: usize, how: Ask) -> anyhow::Result<Vec<Seen>> {
        let mut all = Vec::new();
        for _ in 0..n {
            all.push(self.ask(how).await?);
        }
        Ok(all)
    }

    /// Asks so often at once; the answers come with the set.
    pub(super) fn ask_beside(&self, n: usize) -> anyhow::Result<JoinSet<Seen>> {
        let (mut beside, caller) = (JoinSet::new(), self.caller()?);
        for _ in 0..n {
            beside.spawn(ask(caller.clone(), Ask::Whole));
        }
        Ok(beside)
    }

    /// Waits for what was asked beside.
    pub(super) async fn join(&mut self, mut beside: JoinSet<Seen>) -> Vec<Seen> {
        let mut all = Vec::new();
        while let Some(seen) = beside.join_next().await {
            all.extend(seen.ok());
        }
        self.answered.extend(all.iter().filter_map(|seen| seen.event_id));
        all
    }

    /// Asks again and again until an answer is as wanted; how long it took, if that was not too long: until it came, of a
    /// server of our own, whose models answer at once; until it was asked for, of one that runs, because what a real model
    /// takes to answer is not what it took to come back.
    pub(super) async fn ask_until(
        &mut self,
        at_most: Duration,
        mut wanted: impl FnMut(&Seen) -> bool,
    ) -> anyhow::Result<Option<Duration>> {
        let began = Instant::now();
        loop {
            let asked = began.elapsed();
            if asked > at_most {
                return Ok(None);
            }
            let seen = self.ask(Ask::Whole).await?;
            if wanted(&seen) {
                let took = back_after(asked, seen.took, self.subject.is_own());
                return Ok(Some(took).filter(|took| *took <= at_most));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Looks until somebody is told of this, or is not any more; how long that took, if it did not take too long.
    pub(super) async fn alerted(
        &mut self,
        about: &str,
        wanted: bool,
        at_most: Duration,
    ) -> anyhow::Result<Option<Duration>> {
        let began = Instant::now();
        while began.elapsed() <= at_most {
            if self.subject.is_alerted(about)? == wanted {
                return Ok(Some(began.elapsed()));
            }
            self.renew().await?;
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(None)
    }

    /// The server lives, says so, and was not started again in between.
    pub(super) async fn check_alive(&mut self) {
        let gone = self.subject.why_gone().await;
        let is_there = gone.is_none();
        let detail = gone.unwrap_or_else(|| "it runs, as it was started".to_owned());
        self.check("no crash", is_there, detail);
    }

    /// Everything that was answered is on record, once. What was answered a moment ago may not be on disk yet.
    pub(super) async fn check_events(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        let mut events = self.subject.events()?;
        while self.n_lost(&events) > 0 && began.elapsed() < ON_DISK_MAX {
            tokio::time::sleep(LOOK_EVERY).await;
            events = self.subject.events()?;
        }
        let (n_lost, n_doubled) = (self.n_lost(&events), n_doubled(&events));
        let n = self.answered.len();
        let n_more = events.len().saturating_sub(n);
        let more = match n_more {
            0 => String::new(),
            _ => format!("; {n_more} events of requests whose answer did not arrive"),
        };
        let detail = format!("{n} answers, {n_lost} lost, {n_doubled} doubled{more}");
        self.check("one event for each answer", n > 0 && n_lost == 0 && n_doubled == 0, detail);
        Ok(())
    }

    fn n_lost(&self, events: &[OnRecord]) -> usize {
        let on_record: BTreeSet<_> = events.iter().map(|event| event.event_id).collect();
        self.answered.iter().filter(|id| !on_record.contains(id)).count()
    }

    pub(super) fn caller(&self) -> anyhow::Result<Caller> {
        let purpose =
            (HeaderName::from_static("x-aios-purpose"), HeaderValue::from_static("loadtest"));
        Ok(Caller::new(&self.subject.url, self.subject.key.as_ref())?
            .with_headers(HeaderMap::from_iter([purpose])))
    }
}

/// When somebody was back who was asked then and took so long to answer.
fn back_after(asked: Duration, took: Duration, is_own: bool) -> Duration {
    if is_own { asked + took } else { asked }
}

/// Requests that are on record more than once, be it under other ids of events.
fn n_doubled(events: &[OnRecord]) -> usize {
    let mut n_each = BTreeMap::<_, usize>::new();
    events.iter().for_each(|event| *n_each.entry(&event.request_id).or_default() += 1);
    n_each.values().filter(|n| **n > 1).count()
}

pub(super) async fn ask(caller: Caller, how: Ask) -> Seen {
    let began = Instant::now();
    let stream = how == Ask::Stream;
    let body = json!({
        "model": "aios-auto", "stream": stream, "max_tokens": TOKENS_MAX,
        "messages": [{ "role": "user", "content": HARD }],
    });
    let body = body.to_string().into_bytes();
    let reply = caller.post("/chat/completions", body, ANSWER_MAX).await;
    Seen::of(reply, how, began.elapsed())
}

impl Seen {
    fn of(reply: Result<CallReply, CallError>, how: Ask, took: Duration) -> Self {
        let reply = match reply {
            Ok(reply) => reply,
            Err(error) => {
                let (source, event_id, n_attempts, body) = (None, None, 0, String::new());
                let failed = Some(error.to_string());
                return Self { took, source, event_id, n_attempts, body, failed };
            }
        };
        let header = |name: &str| reply.headers.get(name).and_then(|value| value.to_str().ok());
        let source = header("x-aios-route");
        let body = String::from_utf8_lossy(&reply.body).into_owned();
        let is_whole = how == Ask::Whole || body.trim_end().ends_with("data: [DONE]");
        let failed = match reply.status {
            200 if is_whole => None,
            200 => Some("the stream has no proper ending".to_owned()),
            status => Some(format!("status {status}")),
        };
        Self {
            took,
            source: Tier::ALL.into_iter().find(|tier| source == Some(tier.name())),
            event_id: header("x-aios-event-id").and_then(|id| EventId::parse(id).ok()),
            n_attempts: header("x-aios-attempts").and_then(|n| n.parse().ok()).unwrap_or(0),
            body,
            failed,
        }
    }

    pub(super) fn is_answered_by(&self, tier: Tier) -> bool {
        self.failed.is_none() && self.source == Some(tier)
    }
}

/// How many are answered, and the first reason why one is not.
pub(super) fn told(all: &[Seen]) -> String {
    let n = all.iter().filter(|seen| seen.failed.is_none()).count();
    let why = all.iter().find_map(|seen| seen.failed.as_deref());
    let why = why.map_or_else(String::new, |why| format!("; {why}"));
    format!("{n} of {} answered{why}", all.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_waits_in_our_own_server_counts_as_late() {
        let [asked, took] = [1, 30].map(Duration::from_secs);
        assert_eq!(back_after(asked, took, true), asked + took);
        assert_eq!(back_after(asked, took, false), asked);
    }
}
