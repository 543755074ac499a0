//! The memory in a request's path: what was said before is found, put before the model, and kept afterwards.
//!
//! A request that does not ask for it costs one look. One that does is searched for at once where all that it
//! needs is in memory, else on a thread of its own, for five milliseconds and no longer: whatever goes wrong, it
//! is served without. What was found goes in behind
//! all that a model may have cached, before the user's last turn, fenced as data ([`fence`]); the turns of
//! whoever asked are kept when the answer is out ([`keep`]). A small share of what is found is withheld by
//! chance, since nothing else can tell whether memory helps.

mod config;
mod embed;
mod fence;
mod keep;
mod local;
mod metrics;
mod recall;
mod turn;
mod vectors;
mod wanted;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aios_core::{ResponseEvent, Timestamp};
use aios_store::{DataDir, MemoryStore, StoreError};
use tokio::sync::{Notify, Semaphore};

use crate::gateway::Gateway;

pub use config::{MemoryConfig, MemoryMode, MemoryPlace};
pub(super) use fence::without_own;
pub(super) use keep::Exchange;
pub use local::LocalEmbedder;
pub(crate) use metrics::MemoryMetrics;
pub(super) use recall::recall;
pub(super) use turn::replaced;
pub(super) use wanted::{HEADER, Wanted, wanted};

use keep::Keeper;

/// Searches at once; one more goes without.
const SEARCHES_MAX: usize = 64;

/// The memory of a server.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) opened: Arc<Opened>,
    searches: Arc<Semaphore>,
    metrics: MemoryMetrics,
    keeper: Keeper,
    /// Work on other threads.
    busy: Arc<AtomicUsize>,
    /// Told when something was kept that has no vector yet.
    news: Arc<Notify>,
}

/// The store, which is opened when it is first asked for.
#[derive(Debug)]
pub(crate) struct Opened {
    dir: Arc<DataDir>,
    store: Mutex<Option<MemoryStore>>,
}

impl Memory {
    pub(crate) fn new(dir: Arc<DataDir>, metrics: MemoryMetrics) -> Self {
        let opened = Arc::new(Opened { dir, store: Mutex::default() });
        let news = Arc::new(Notify::new());
        Self {
            searches: Arc::new(Semaphore::new(SEARCHES_MAX)),
            busy: Arc::default(),
            keeper: Keeper::new(Arc::clone(&opened), metrics.clone(), Arc::clone(&news)),
            opened,
            metrics,
            news,
        }
    }

    /// Opens the store beside all else, so that the first search need not.
    pub(crate) fn open_ahead(&self) {
        let opened = Arc::clone(&self.opened);
        tokio::task::spawn_blocking(move || {
            if let Err(error) = opened.store() {
                tracing::error!(%error, "the memory cannot be opened; requests are served without");
            }
        });
    }

    /// Gives fragments their vectors until the gateway is gone.
    pub(crate) fn embed_beside(gateway: &Arc<Gateway>) {
        let news = Arc::clone(&gateway.memory.news);
        drop(tokio::spawn(vectors::run(Arc::downgrade(gateway), news)));
    }

    /// An answer was confirmed: what it used of the memory was of use. Nobody waits for that to be noted.
    pub(super) fn confirmed(&self, answer: &ResponseEvent, at: Timestamp) {
        if answer.memory_fragments.is_empty() {
            return;
        }
        let opened = Arc::clone(&self.opened);
        let whose: Vec<_> =
            std::iter::once(&answer.conv_id).chain(&answer.subject).cloned().collect();
        let (ids, busy) = (answer.memory_fragments.clone(), self.busy());
        drop(tokio::task::spawn_blocking(move || {
            let _busy = busy;
            let noted = opened.store().and_then(|store| store.confirm(&whose, &ids, at));
            if let Err(error) = noted {
                tracing::error!(%error, "use of the memory could not be noted");
            }
        }));
    }

    /// Whether nothing is under way on its threads, and nobody waits for them. For whoever has it work step by step.
    pub(crate) fn is_still(&self) -> bool {
        self.busy.load(Ordering::SeqCst) == 0 && self.metrics.queue_depth.get() == 0
    }

    /// Counts as work until it is dropped.
    fn busy(&self) -> Busy {
        self.busy.fetch_add(1, Ordering::SeqCst);
        Busy(Arc::clone(&self.busy))
    }

    /// Something was kept that has no vector yet.
    pub(crate) fn has_news(&self) {
        self.news.notify_one();
    }

    /// Has what was said kept, some time from now. If too much waits already, it is not.
    pub(super) fn keep(&self, exchange: Exchange) {
        self.keeper.take(exchange);
    }
}

/// Something is under way, or somebody waits for it.
struct Busy(Arc<AtomicUsize>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Opened {
    /// The store, if it is open already and nobody is about to open it.
    fn at_hand(&self) -> Option<MemoryStore> {
        self.store.try_lock().ok()?.clone()
    }

    /// The store; its database is made if it is not there. Waits for the disk.
    pub(crate) fn store(&self) -> Result<MemoryStore, StoreError> {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = &*store {
            return Ok(store.clone());
        }
        let opened = MemoryStore::open(&self.dir)?;
        *store = Some(opened.clone());
        Ok(opened)
    }
}
