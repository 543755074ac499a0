//! Keeps what was said, after the answer is out: masked and written by a thread that no request waits for.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use aios_core::Timestamp;
use aios_memory::Kind;
use aios_privacy::{Pseudonym, Remembered};
use aios_store::{Home, NewFragment};

use tokio::sync::Notify;

use super::config::MemoryConfig;
use super::{MemoryMetrics, Opened};

/// Exchanges that wait, at most: more are not kept.
const QUEUE_MAX: usize = 1024;

/// Exchanges that are kept with one sync.
const BATCH: usize = 256;

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
        let (opened, metrics) = (Arc::clone(&self.opened), self.metrics.clone());
        let news = Arc::clone(&self.news);
        let thread = std::thread::Builder::new()
            .name("memory-turns".to_owned())
            .spawn(move || run(&waiting, &opened, &metrics, &news));
        match thread {
            Ok(thread) => Some(Running { exchanges, thread }),
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
        let Some(Some(Running { exchanges, thread })) = self.running.take() else { return };
        drop(exchanges);
        if thread.join().is_err() {
            tracing::error!("the thread that keeps turns has panicked");
        }
    }
}

fn run(waiting: &Receiver<Exchange>, opened: &Opened, metrics: &MemoryMetrics, news: &Notify) {
    while let Ok(first) = waiting.recv() {
        let batch: Vec<Exchange> =
            std::iter::once(first).chain(waiting.try_iter().take(BATCH - 1)).collect();
        let n = batch.len();
        keep(batch, opened, metrics);
        news.notify_one();
        metrics.queue_depth.dec_by(i64::try_from(n).unwrap_or(i64::MAX));
    }
}

fn keep(batch: Vec<Exchange>, opened: &Opened, metrics: &MemoryMetrics) {
    let given: Vec<i64> = batch.iter().flat_map(|one| one.given.iter().copied()).collect();
    let fragments: Vec<NewFragment> = batch.iter().flat_map(turns).collect();
    let kept = opened.store().and_then(|store| {
        let added = store.add(fragments)?.wait()?;
        store.note_injected(given)?;
        Ok(added)
    });
    match kept {
        Ok(added) => added.iter().for_each(|one| metrics.stored(one.outcome)),
        Err(error) => {
            metrics.failed_to_keep(batch.len());
            tracing::error!(%error, "what was said could not be remembered");
        }
    }
}

/// The turns of an exchange, as far as the policy lets them be kept.
fn turns(exchange: &Exchange) -> Vec<NewFragment> {
    let turn = |speaker: &str, text: &Option<String>, ts| {
        let text = remembered(&exchange.config, text.as_deref()?)?;
        Some(NewFragment {
            home: exchange.home.clone(),
            subject: exchange.subject.clone(),
            id: None,
            session: 0,
            kind: Kind::Turn,
            speaker: remembered(&exchange.config, speaker),
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
fn remembered(config: &MemoryConfig, text: &str) -> Option<Remembered> {
    catch_unwind(AssertUnwindSafe(|| config.remembered(text))).unwrap_or(None)
}
