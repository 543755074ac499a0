//! Keeps what was said, after the answer is out: masked and written by a thread that no request waits for.
//!
//! Nor does it take the processor from those that are being answered: it rests after each batch, so that it
//! works a tenth of the time. What comes meanwhile is kept together, with one sync; what comes faster than
//! that for longer than the queue lasts is not kept, and counted.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use aios_core::Timestamp;
use aios_memory::Kind;
use aios_privacy::{Pseudonym, Remembered, Sink};
use aios_store::{Home, NewFragment};

use tokio::sync::Notify;

use super::config::MemoryConfig;
use super::{MemoryMetrics, Opened};
use crate::sink_metrics::PrivacyMetrics;

/// Exchanges that wait, at most: more are not kept.
const QUEUE_MAX: usize = 1024;

/// Exchanges that are kept with one sync.
const BATCH: usize = 256;

/// How much longer the thread rests than it has worked.
const REST: u32 = 9;

/// Its longest rest: a disk that takes its time to sync is no work.
const REST_MAX: Duration = Duration::from_millis(200);

/// What was said in one request, as it was said, each text no longer than a fragment may be.
pub(in crate::gateway) struct Exchange {
    pub(super) config: Arc<MemoryConfig>,
    pub(super) home: Home,
    pub(super) subject: Option<Pseudonym>,
    /// The user's turn, if it is a new one.
    pub(super) question: Option<String>,
    /// The model's, if it said something.
    pub(super) answer: Option<String>,
    pub(super) asked_at: Timestamp,
    pub(super) answered_at: Timestamp,
    /// Numbers of the fragments that the model was given.
    pub(super) given: Vec<i64>,
}

/// The thread, and the way to it. It is started with the first exchange.
#[derive(Debug)]
pub(super) struct Keeper {
    opened: Arc<Opened>,
    metrics: MemoryMetrics,
    news: Arc<Notify>,
    running: OnceLock<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    exchanges: SyncSender<Exchange>,
    thread: JoinHandle<()>,
    is_ending: Arc<AtomicBool>,
}

impl Keeper {
    pub(super) fn new(opened: Arc<Opened>, metrics: MemoryMetrics, news: Arc<Notify>) -> Self {
        Self { opened, metrics, news, running: OnceLock::new() }
    }

    pub(super) fn take(&self, exchange: Exchange) {
        let running = self.running.get_or_init(|| self.start());
        let sent =
            running.as_ref().is_some_and(|running| running.exchanges.try_send(exchange).is_ok());
        if sent {
            self.metrics.queue_depth.inc();
        } else {
            self.metrics.dropped.inc();
        }
    }

    fn start(&self) -> Option<Running> {
        let (exchanges, waiting) = sync_channel(QUEUE_MAX);
        let is_ending = Arc::new(AtomicBool::new(false));
        let work = Work {
            opened: Arc::clone(&self.opened),
            metrics: self.metrics.clone(),
            news: Arc::clone(&self.news),
            is_ending: Arc::clone(&is_ending),
        };
        let thread = std::thread::Builder::new()
            .name("memory-turns".to_owned())
            .spawn(move || work.run(&waiting));
        match thread {
            Ok(thread) => Some(Running { exchanges, thread, is_ending }),
            Err(error) => {
                tracing::error!(%error, "nothing is remembered: the thread for it cannot be started");
                None
            }
        }
    }
}

impl Drop for Keeper {
    /// What waits is kept before the server ends.
    fn drop(&mut self) {
        let Some(Some(Running { exchanges, thread, is_ending })) = self.running.take() else {
            return;
        };
        is_ending.store(true, Ordering::SeqCst);
        drop(exchanges);
        thread.thread().unpark();
        if thread.join().is_err() {
            tracing::error!("the thread that keeps turns has panicked");
        }
    }
}

/// What the thread works with.
struct Work {
    opened: Arc<Opened>,
    metrics: MemoryMetrics,
    news: Arc<Notify>,
    is_ending: Arc<AtomicBool>,
}

impl Work {
    fn run(&self, waiting: &Receiver<Exchange>) {
        while let Ok(first) = waiting.recv() {
            let begun = Instant::now();
            let batch: Vec<Exchange> =
                std::iter::once(first).chain(waiting.try_iter().take(BATCH - 1)).collect();
            let n = batch.len();
            keep(batch, &self.opened, &self.metrics);
            self.news.notify_one();
            self.metrics.queue_depth.dec_by(i64::try_from(n).unwrap_or(i64::MAX));
            self.rest((begun.elapsed() * REST).min(REST_MAX));
        }
    }

    /// Until the time is over, or the server is about to end.
    fn rest(&self, time: Duration) {
        let begun = Instant::now();
        while !self.is_ending.load(Ordering::SeqCst) {
            let left = time.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return;
            }
            std::thread::park_timeout(left);
        }
    }
}

fn keep(batch: Vec<Exchange>, opened: &Opened, metrics: &MemoryMetrics) {
    let given: Vec<i64> = batch.iter().flat_map(|one| one.given.iter().copied()).collect();
    let turns = |exchange| turns(exchange, &metrics.privacy);
    let fragments: Vec<NewFragment> = batch.iter().flat_map(turns).collect();
    let kept = opened.store().and_then(|store| store.keep(fragments, given)?.wait());
    match kept {
        Ok(added) => added.iter().for_each(|one| metrics.stored(one.outcome)),
        Err(error) => {
            metrics.failed_to_keep(batch.len());
            tracing::error!(%error, "what was said could not be remembered");
        }
    }
}

/// The turns of an exchange, as far as the policy lets them be kept.
fn turns(exchange: &Exchange, metrics: &PrivacyMetrics) -> Vec<NewFragment> {
    let kept = |text: &str| kept(&exchange.config, text, metrics);
    let turn = |speaker: &str, text: &Option<String>, ts| {
        let text = kept(text.as_deref()?)?;
        Some(NewFragment {
            home: exchange.home.clone(),
            subject: exchange.subject.clone(),
            id: None,
            session: 0,
            kind: Kind::Turn,
            speaker: kept(speaker),
            text,
            ts,
            valid: aios_memory::Validity::default(),
            source: "gateway",
        })
    };
    let question = turn("user", &exchange.question, exchange.asked_at);
    let answer = turn("assistant", &exchange.answer, exchange.answered_at);
    question.into_iter().chain(answer).collect()
}

/// A scanner that fails lets nothing be kept.
fn kept(config: &MemoryConfig, text: &str, metrics: &PrivacyMetrics) -> Option<Remembered> {
    catch_unwind(AssertUnwindSafe(|| config.kept(text, metrics))).unwrap_or_else(|_panic| {
        metrics.failed(Sink::Memory, text.len());
        None
    })
}
