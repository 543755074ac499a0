//! A model's word on live answers: some are drawn by lot, and a judge is asked about each, one at a time.
//!
//! It is off unless it is wanted, since it costs what a request costs. It reads the event log behind the data plane, so no
//! request waits for it; what it sees of an answer is what is kept of it, masked once more. The score becomes
//! feedback (`source` `judge`), which counts where the client said nothing. Whatever goes wrong is no score: no
//! answer is good or bad because its judge was away.

mod ask;
mod budget;
mod draw;
mod metrics;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use aios_core::{
    Event, EventId, FeedbackEvent, FeedbackSource, ResponseEvent, SCHEMA_VERSION, Tier,
};
use aios_privacy::Pseudonym;
use aios_store::{DataDir, Filter, Follow, FollowFrom, ReadError};
use tokio::time::MissedTickBehavior;

use crate::gateway::Gateway;
use ask::Asked;
use budget::Budget;
pub(crate) use metrics::{JudgeCollector, JudgeMetrics};

/// How often it is looked for new answers, and most often that a judge is asked.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Answers that may wait for their judge; more are passed over.
const WAITING_MAX: usize = 100;

/// Longest reason that is kept, in bytes.
const REASON_MAX: usize = 512;

/// What is wanted of the judge.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgeSettings {
    /// The tier whose model judges.
    pub tier: Tier,
    /// Share of answers that are judged.
    pub share: f64,
    /// Most answers in a day (UTC).
    pub per_day_max: u64,
    /// Most tokens in a day.
    pub tokens_per_day_max: u64,
    /// Longest wait for a verdict.
    pub timeout: Duration,
    /// What makes an answer good.
    pub rubric: String,
}

/// Asks the judge.
pub(crate) struct LiveJudge {
    gateway: Arc<Gateway>,
    data_dir: Arc<DataDir>,
    /// Where connections to models live: they are shared with requests and must not depend on this thread.
    data_plane: tokio::runtime::Handle,
    metrics: Arc<JudgeMetrics>,
    /// None while nobody wants a judge.
    work: Option<Work>,
}

/// What was drawn and waits, and what may still be spent.
struct Work {
    follow: Follow,
    waiting: VecDeque<Box<ResponseEvent>>,
    budget: Budget,
}

impl LiveJudge {
    pub(crate) fn new(
        gateway: Arc<Gateway>,
        data_dir: Arc<DataDir>,
        data_plane: tokio::runtime::Handle,
        metrics: Arc<JudgeMetrics>,
    ) -> Self {
        let mut judge = Self { gateway, data_dir, data_plane, metrics, work: None };
        // Before anybody is served, so that the first answer is not passed over.
        judge.work = judge.begin();
        judge
    }

    /// Goes on until it is aborted. While nobody wants a judge, nothing is read.
    pub(crate) async fn run(mut self) {
        let mut work = self.work.take();
        let judge = Arc::new(self);
        let mut tick = tokio::time::interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let Some(settings) = judge.gateway.live.load().judge.clone() else {
                work = None;
                continue;
            };
            work = judge.look(work.take(), &settings).await;
            if let Some(work) = &mut work {
                judge.judge_next(work, &settings).await;
            }
        }
    }

    /// Reads on where `work` is, or begins. Reading the log blocks, and this thread has the kill switch to serve.
    async fn look(
        self: &Arc<Self>,
        work: Option<Work>,
        settings: &Arc<JudgeSettings>,
    ) -> Option<Work> {
        let (judge, settings) = (Arc::clone(self), Arc::clone(settings));
        let looked = aside(move || {
            let mut work = work.or_else(|| judge.begin())?;
            judge.draw(&mut work, &settings);
            Some(work)
        });
        looked.await.flatten()
    }

    /// From now on: what was answered before is passed over. None if nobody wants a judge.
    fn begin(&self) -> Option<Work> {
        let settings = self.gateway.live.load().judge.clone()?;
        let budget = match Budget::of_today(&self.data_dir, self.gateway.clock.now()) {
            Ok(budget) => budget,
            // Without knowing what was spent today, nothing may be.
            Err(error) => {
                tracing::error!(%error, "the judge cannot begin");
                return None;
            }
        };
        let follow = Follow::new(&self.data_dir, FollowFrom::Last(0), &Filter::default());
        let mut work = Work { follow, waiting: VecDeque::new(), budget };
        // The first look finds the end of the log.
        self.draw(&mut work, &settings);
        Some(work)
    }

    /// Takes in what was answered since the last look.
    fn draw(&self, work: &mut Work, settings: &JudgeSettings) {
        loop {
            match work.follow.poll_new() {
                Ok(Some(line)) => {
                    let Event::Response(event) = line.event else { continue };
                    if draw::is_eligible(&event) && draw::is_drawn(event.event_id, settings.share) {
                        if work.waiting.len() == WAITING_MAX {
                            self.metrics.passed_over();
                        } else {
                            work.waiting.push_back(event);
                        }
                    }
                }
                Ok(None) => return,
                // The night's scan names it.
                Err(ReadError::Bad(_)) => {}
                Err(error) => return tracing::error!(%error, "the judge cannot read the event log"),
            }
        }
    }

    async fn judge_next(&self, work: &mut Work, settings: &Arc<JudgeSettings>) {
        let Some(answer) = work.waiting.pop_front() else { return };
        let live = self.gateway.live.load_full();
        let redactor = Arc::clone(&live.redactor);
        let masked = aside(move || {
            let masked = |text: &str| redactor.redact(text).text.as_str().to_owned();
            (masked(answer.question.as_str()), masked(answer.response.as_str()), answer)
        });
        let Some((question, said, answer)) = masked.await else { return };
        let needed = ask::tokens_needed(&question, &said, settings);
        if !work.budget.has_room(self.gateway.clock.now(), needed, settings) {
            return self.metrics.passed_over();
        }
        // At the last moment: it may have waited long, and its words cannot be called back.
        if is_erased(&answer, |pseudonym| self.gateway.store.refuses(pseudonym)) {
            return;
        }
        let (gateway, data_plane) = (&self.gateway, &self.data_plane);
        let asked = ask::ask(gateway, &live, data_plane, question, said, settings).await;
        work.budget.spend(asked.tokens());
        self.metrics.judged(&asked);
        if let Err(why) = self.keep(&answer, &asked).await {
            tracing::error!(why, "a verdict could not be kept");
        }
    }

    /// A verdict is kept, and so is what was no verdict but has cost something: the budget is counted from it.
    async fn keep(&self, answer: &ResponseEvent, asked: &Asked) -> Result<(), String> {
        let (score, label, reason, tokens) = match asked {
            Asked::Scored { verdict, tokens } => {
                (Some(verdict.score), "", verdict.reason.as_str(), *tokens)
            }
            Asked::NoScore { why, tokens } => (None, NO_SCORE, why.as_str(), *tokens),
            Asked::NoReply { why, tokens } => {
                tracing::debug!(why, "the judge did not answer");
                if *tokens == 0 {
                    return Ok(());
                }
                (None, NO_SCORE, why.as_str(), *tokens)
            }
        };
        let gateway = &self.gateway;
        let live = gateway.live.load_full();
        let redact = |text: &str| {
            let redacted = live.redact(text, REASON_MAX);
            let n_bytes = text.len().min(REASON_MAX);
            gateway.metrics.privacy.logged_text(&live.policy, n_bytes, &redacted);
            redacted
        };
        let (label, comment) = (redact(label), redact(reason));
        let slot = gateway.store.reserve().await.map_err(|error| error.to_string())?;
        let ts = gateway.clock.now();
        let commit = slot.append(Event::Feedback(Box::new(FeedbackEvent {
            schema_version: SCHEMA_VERSION.into(),
            event_id: EventId::new(ts, gateway.random()),
            ts,
            about: answer.event_id,
            conv_id: answer.conv_id.clone(),
            subject: answer.subject.clone(),
            client: answer.client.clone(),
            source: FeedbackSource::Judge,
            score,
            label: label.text,
            redactions: comment.counts,
            comment: comment.text,
            tokens: Some(tokens),
        })));
        commit.durable().await.map_err(|error| error.to_string())
    }
}

/// Does what takes its time on a thread that nobody waits for. None if it panicked.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.inspect_err(|error| tracing::error!(%error, "the judge has failed")).ok()
}

/// Whether the conversation, or whoever it is with, was erased.
fn is_erased(answer: &ResponseEvent, refuses: impl Fn(&Pseudonym) -> bool) -> bool {
    refuses(&answer.conv_id) || answer.subject.as_ref().is_some_and(refuses)
}

/// Label of what was no verdict.
const NO_SCORE: &str = "no_score";

#[cfg(test)]
mod tests {
    use super::*;

    /// On a runtime of one thread, as the control plane's is.
    #[tokio::test]
    async fn what_takes_its_time_holds_up_nobody() {
        let (told, hears) = std::sync::mpsc::channel();
        let waits = aside(move || hears.recv().is_ok());
        let (waited, ()) = tokio::join!(waits, async move { told.send(()).unwrap() });
        assert_eq!(waited, Some(true));
        let panicked = aside(|| -> () { panic!("on purpose") });
        assert_eq!(panicked.await, None);
    }

    #[test]
    fn whoever_was_erased_is_not_judged() {
        let pseudonym = |n: u32| Pseudonym::parse(&format!("c1_{n:032x}")).unwrap();
        let answer = ResponseEvent {
            conv_id: pseudonym(1),
            subject: Some(pseudonym(2)),
            ..draw::tests::event()
        };
        let check = |erased: u32, expect: bool| {
            assert_eq!(is_erased(&answer, |one| *one == pseudonym(erased)), expect, "{erased}");
        };
        check(1, true);
        check(2, true);
        check(3, false);
    }
}
