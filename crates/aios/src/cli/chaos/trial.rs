//! A trial under way: who is tried, what is asked of it, and what was found.

use std::time::Duration;

use aios_core::{EventId, Fault};
use aios_upstream::Caller;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::record::{Acknowledged, OnRecord};
use super::seen::{Ask, Seen, ask};
use super::subject::Subject;
use crate::cli::output::say;

/// Longest that an event takes to its disk.
const ON_DISK_MAX: Duration = Duration::from_secs(5);

/// So old a fault is ordered anew: slow models take longer to answer than a fault lasts.
const ORDERED_MAX: Duration = Duration::from_secs(30);

/// Rounds of a scenario that has some.
const ROUNDS: u64 = 3;

/// Pause between two looks at what is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(100);

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
    /// What must be on record in the end.
    pub(super) acknowledged: Acknowledged,
    /// How often what is done in rounds is done.
    pub(super) rounds: u64,
    /// The faults that are on, and when they were ordered.
    on: Option<(Vec<Fault>, Instant)>,
}

impl Trial {
    pub(super) fn new(subject: Subject, rounds: Option<u64>) -> Self {
        let rounds = rounds.unwrap_or(ROUNDS);
        let acknowledged = Acknowledged::default();
        Self { subject, checks: Vec::new(), acknowledged, rounds, on: None }
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
        let seen = ask(&self.caller()?, how).await;
        self.acknowledged.note(&seen);
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
            let caller = caller.clone();
            beside.spawn(async move { ask(&caller, Ask::Whole).await });
        }
        Ok(beside)
    }

    /// What was asked beside and has ended by now.
    pub(super) fn ended(&mut self, beside: &mut JoinSet<Seen>) -> Vec<Seen> {
        let mut all = Vec::new();
        while let Some(seen) = beside.try_join_next() {
            all.extend(seen.ok());
        }
        all.iter().for_each(|seen| self.acknowledged.note(seen));
        all
    }

    /// Waits for what was asked beside.
    pub(super) async fn join(&mut self, mut beside: JoinSet<Seen>) -> Vec<Seen> {
        let mut all = Vec::new();
        while let Some(seen) = beside.join_next().await {
            all.extend(seen.ok());
        }
        all.iter().for_each(|seen| self.acknowledged.note(seen));
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
            self.subject.until_tried(at_most.saturating_sub(began.elapsed())).await;
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

    /// Looks until somebody is told of this, or is not any more; how long that took, if it did not take too long. Without a
    /// book of alerts it is neither.
    pub(super) async fn alerted(
        &mut self,
        about: &str,
        wanted: bool,
        at_most: Duration,
    ) -> anyhow::Result<Option<Duration>> {
        let began = Instant::now();
        while began.elapsed() <= at_most {
            if self.subject.is_alerted(about)? == Some(wanted) {
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
        let (mut events, mut feedback) = self.on_record()?;
        while self.acknowledged.n_lost(&events, &feedback) > 0 && began.elapsed() < ON_DISK_MAX {
            tokio::time::sleep(LOOK_EVERY).await;
            (events, feedback) = self.on_record()?;
        }
        let (passed, detail) = self.acknowledged.verdict(&events, &feedback);
        self.check("one event for each answer", passed, detail);
        Ok(())
    }

    fn on_record(&self) -> anyhow::Result<(Vec<OnRecord>, Vec<EventId>)> {
        let feedback = match self.acknowledged.has_feedback() {
            true => self.subject.feedback()?,
            false => Vec::new(),
        };
        Ok((self.subject.events()?, feedback))
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
