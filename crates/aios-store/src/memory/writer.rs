//! The one thread that writes: as many fragments as are waiting, with one sync.

use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use aios_memory::Analyzer;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::access::note_given;
use super::cache::{Cache, Fresh};
use super::database::{Pool, failed};
use super::follow::Home;
use super::fragment::{Added, NewFragment};
use super::insert::insert;
use crate::erase::Fence;
use crate::{DataDir, StoreError, fail};

/// Jobs that wait, at most; whoever has one more waits with it.
const QUEUE_MAX: usize = 1024;

/// Fragments in one transaction, about.
const BATCH: usize = 1024;

/// What writing needs besides the database.
#[derive(Clone)]
pub(super) struct Tools {
    pub(super) dir: DataDir,
    pub(super) cache: Arc<Mutex<Cache>>,
    pub(super) analyzer: Arc<RwLock<Arc<Analyzer>>>,
    pub(super) fence: Arc<Fence>,
    pub(super) pool: Arc<Pool>,
}

impl Tools {
    pub(super) fn set_analyzer(&self, analyzer: Arc<Analyzer>) {
        *self.analyzer.write().unwrap_or_else(PoisonError::into_inner) = analyzer;
    }

    /// Forgets every scope that is kept ready, also those that are being read just now.
    pub(super) fn forget_scopes(&self) {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

type Alone = Box<dyn FnOnce(Result<&mut Connection, StoreError>, &Tools) + Send>;

/// What is kept together, or not at all.
struct Addition {
    new: Vec<NewFragment>,
    /// Numbers of fragments that a model was given.
    given: Vec<i64>,
    tell: oneshot::Sender<Result<Vec<Added>, StoreError>>,
}

enum Job {
    Add(Addition),
    /// Work in transactions of its own.
    Alone(Alone),
}

/// Word of what is being written.
#[derive(Debug)]
pub struct Pending<T> {
    word: oneshot::Receiver<Result<T, StoreError>>,
    dir: DataDir,
}

impl<T> Pending<T> {
    /// Waits until it is on disk.
    ///
    /// # Errors
    /// When it could not be written; then nothing of it was.
    pub async fn durable(self) -> Result<T, StoreError> {
        self.word.await.unwrap_or_else(|_| Err(ended(&self.dir)))
    }

    /// The same, blocking.
    ///
    /// # Errors
    /// As for [`Self::durable`].
    pub fn wait(self) -> Result<T, StoreError> {
        self.word.blocking_recv().unwrap_or_else(|_| Err(ended(&self.dir)))
    }
}

fn ended(dir: &DataDir) -> StoreError {
    failed(dir, "write", std::io::Error::other("its thread has ended"))
}

/// The thread, and the way to it.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
    dir: DataDir,
}

impl Writer {
    pub(super) fn start(database: Connection, tools: Tools) -> Result<Self, StoreError> {
        let (jobs, waiting) = sync_channel(QUEUE_MAX);
        let dir = tools.dir.clone();
        // Which file it is is asked now: until the thread runs, it may be another.
        let home = Home::of(&dir, database);
        let thread = std::thread::Builder::new()
            .name("memory".to_owned())
            .spawn(move || run(home, &tools, &waiting))
            .map_err(|error| failed(&dir, "start the thread of", error))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread), dir })
    }

    pub(super) fn add(
        &self,
        new: Vec<NewFragment>,
        given: Vec<i64>,
    ) -> Result<Pending<Vec<Added>>, StoreError> {
        let (tell, word) = oneshot::channel();
        self.send(Job::Add(Addition { new, given, tell }))?;
        Ok(Pending { word, dir: self.dir.clone() })
    }

    /// Has work done after all that waits already, and waits for it.
    pub(super) fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection, &Tools) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (tell, word) = sync_channel(1);
        let work: Alone = Box::new(move |database, tools| {
            let done = database.and_then(|database| work(database, tools));
            if tell.send(done).is_err() {
                tracing::trace!("nobody waits for it any more");
            }
        });
        self.send(Job::Alone(work))?;
        word.recv().unwrap_or_else(|_| Err(ended(&self.dir)))
    }

    fn send(&self, job: Job) -> Result<(), StoreError> {
        let sent = self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok());
        if sent { Ok(()) } else { Err(ended(&self.dir)) }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the memory's thread has panicked");
        }
    }
}

fn run(mut home: Home, tools: &Tools, waiting: &Receiver<Job>) {
    let mut next = waiting.recv().ok();
    while let Some(job) = next.take() {
        match job {
            Job::Alone(work) => work(home.follow(tools), tools),
            Job::Add(first) => {
                let mut n = first.new.len();
                let mut batch = vec![first];
                while n < BATCH {
                    match waiting.try_recv() {
                        Ok(Job::Add(one)) => {
                            n += one.new.len();
                            batch.push(one);
                        }
                        Ok(job @ Job::Alone(_)) => {
                            next = Some(job);
                            break;
                        }
                        Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
                    }
                }
                commit(home.follow(tools), tools, batch);
            }
        }
        next = next.or_else(|| waiting.recv().ok());
    }
}

/// Writes a batch whole or not at all, tells searches of it, then those who wait.
fn commit(database: Result<&mut Connection, StoreError>, tools: &Tools, batch: Vec<Addition>) {
    let written = database.and_then(|database| {
        write(database, tools, &batch).map_err(|error| failed(&tools.dir, "write to", error))
    });
    match written {
        Ok((all, fresh)) => {
            tools.cache.lock().unwrap_or_else(PoisonError::into_inner).add(fresh);
            for (one, added) in batch.into_iter().zip(all) {
                if one.tell.send(Ok(added)).is_err() {
                    tracing::trace!("nobody waits for it any more");
                }
            }
        }
        Err(error) => {
            tracing::error!(%error, "fragments could not be kept");
            for one in batch {
                let error =
                    failed(&tools.dir, "write to", std::io::Error::other(error.to_string()));
                if one.tell.send(Err(error)).is_err() {
                    tracing::trace!("nobody waits for it any more");
                }
            }
        }
    }
}

fn write(
    database: &mut Connection,
    tools: &Tools,
    batch: &[Addition],
) -> rusqlite::Result<(Vec<Vec<Added>>, Fresh)> {
    let analyzer = Arc::clone(&tools.analyzer.read().unwrap_or_else(PoisonError::into_inner));
    let making = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (mut all, mut fresh) = (Vec::with_capacity(batch.len()), Fresh::default());
    for Addition { new, .. } in batch {
        let mut of_job = Vec::with_capacity(new.len());
        for one in new {
            let inserted = insert(&making, &analyzer, &tools.fence, one)?;
            of_job.push(inserted.added.clone());
            fresh.note(one, inserted);
        }
        all.push(of_job);
    }
    note_given(&making, batch.iter().flat_map(|one| one.given.iter().copied()))?;
    fail::point("memory.before_commit");
    making.commit()?;
    fail::point("memory.committed");
    Ok((all, fresh))
}
