//! What was said, kept to be found again: one SQLite database, the only durable truth of it.
//!
//! Everything else is made from its rows: the arrays that a search scans are built when a scope is asked
//! for, kept while there is room, and added to after each commit. One thread writes, many turns with one
//! sync; any number of connections read. Nothing is ever searched without a scope, and what a search
//! returns was read from rows under that scope; if anything was erased meanwhile, it is read again.
//!
//! Erasure deletes rows, overwrites what they stood on, and empties the write-ahead log before it says that
//! it is done. Whoever is erased is refused from then on by the ledger's fence, as in the event log.

mod access;
mod cache;
mod copies;
mod database;
mod erase;
mod follow;
mod fragment;
mod insert;
mod list;
mod load;
mod ready;
mod rebuild;
mod revise;
mod search;
mod stats;
mod vectors;
mod writer;

#[cfg(test)]
mod tests;

use std::io;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use aios_memory::{Analyzer, Language, ModelId};
use aios_privacy::Pseudonym;

use crate::erase::{Fence, Ledger};
use crate::{DataDir, StoreError, regular};

use cache::Cache;
use database::Pool;
use writer::Writer;

pub use access::{Decayed, FragmentUse};
pub use copies::Deduplicated;
pub use fragment::{
    Added, FRAGMENT_ID_MAX, FRAGMENT_MAX, Home, NewFragment, Outcome, Recalled, RecalledFragment,
    Refusal, fragment_id,
};
pub use list::Listed;
pub use revise::Revised;
pub use search::MemoryScope;
pub use stats::MemoryStats;
pub use vectors::Worded;
pub use writer::Pending;

pub(crate) use erase::{rows_of, rows_with};

/// Most bytes of scopes that are kept ready.
pub const CACHE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// The memory of a data directory. Clones are the same.
#[derive(Debug, Clone)]
pub struct MemoryStore(Arc<Shared>);

/// One for each directory in a process, however often it is opened.
#[derive(Debug)]
pub(crate) struct Shared {
    dir: DataDir,
    pool: Arc<Pool>,
    cache: Arc<Mutex<Cache>>,
    /// How often all scopes were forgotten.
    n_forgotten: Arc<AtomicU64>,
    analyzer: Arc<RwLock<Arc<Analyzer>>>,
    fence: Arc<Fence>,
    /// The model whose vectors are compared; no others are read.
    model: Arc<RwLock<Option<ModelId>>>,
    /// None where another process owns the directory.
    writer: Option<Writer>,
}

impl MemoryStore {
    /// Opens the memory for reading and writing, and makes it if it is not there.
    ///
    /// # Errors
    /// When this process does not own the directory, or the database cannot be used.
    pub fn open(dir: &DataDir) -> Result<Self, StoreError> {
        let mut open = dir.open_memory()?;
        if let Some(shared) = open.upgrade() {
            return Ok(Self(shared));
        }
        let mut database = database::open(dir)?;
        let analyzer = rebuild::analyzer_in_force(dir, &mut database)?;
        let analyzer = Arc::new(RwLock::new(Arc::new(analyzer)));
        let fence = Arc::new(Fence::default());
        fence.add(&Ledger::read(dir)?.binding());
        let cache = Cache::new(CACHE_BYTES_MAX);
        let n_forgotten = cache.n_forgotten();
        let cache = Arc::new(Mutex::new(cache));
        let tools = writer::Tools {
            dir: dir.clone(),
            cache: Arc::clone(&cache),
            analyzer: Arc::clone(&analyzer),
            fence: Arc::clone(&fence),
            pool: Arc::new(Pool::new(dir)),
        };
        let pool = Arc::clone(&tools.pool);
        let writer = Some(Writer::start(database, tools)?);
        // Without its lock: a directory that held itself open would never be closed.
        let model = Arc::default();
        let dir = dir.clone();
        let shared = Shared { dir, pool, cache, n_forgotten, analyzer, fence, model, writer };
        let shared = Arc::new(shared);
        *open = Arc::downgrade(&shared);
        drop(open);
        Ok(Self(shared))
    }

    /// Opens the memory of a directory that another process may own. `None` if there is none.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub fn read(dir: &DataDir) -> Result<Option<Self>, StoreError> {
        // What may not be looked at, or is no file, is not the same as nothing.
        let path = dir.memory_path();
        match regular::open(&path) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::io("open", &path)(error)),
        }
        let pool = Arc::new(Pool::new(dir));
        let language = pool.with("open", database::language)?.unwrap_or_default();
        // Another process writes, and would not tell.
        let cache = Cache::new(0);
        Ok(Some(Self(Arc::new(Shared {
            dir: dir.clone(),
            pool,
            n_forgotten: cache.n_forgotten(),
            cache: Arc::new(Mutex::new(cache)),
            analyzer: Arc::new(RwLock::new(Arc::new(Analyzer::new(language)))),
            fence: Arc::new(Fence::default()),
            model: Arc::default(),
            writer: None,
        }))))
    }

    /// Keeps a fragment. It is on disk when the pending word is in; nobody need wait for that.
    ///
    /// # Errors
    /// When this process does not own the directory.
    pub fn add(&self, fragments: Vec<NewFragment>) -> Result<Pending<Vec<Added>>, StoreError> {
        self.keep(fragments, Vec::new())
    }

    /// The same, and with one sync notes that fragments of these numbers were given to a model, as often as they
    /// stand there.
    ///
    /// # Errors
    /// When this process does not own the directory.
    pub fn keep(
        &self,
        fragments: Vec<NewFragment>,
        given: Vec<i64>,
    ) -> Result<Pending<Vec<Added>>, StoreError> {
        self.writer("remember")?.add(fragments, given)
    }

    /// Deletes everything of these conversations and people, overwrites it, and refuses more of it from now
    /// on. Returns how many fragments there were, with the questions that asked for them. Done again it finds nothing.
    ///
    /// # Errors
    /// When the database fails; then it has to be done again.
    pub(crate) fn erase(&self, whose: &[Pseudonym]) -> Result<u64, StoreError> {
        self.0.fence.add(whose);
        let whose = whose.to_vec();
        self.writer("erase")?.alone(move |database, tools| {
            erase::erase(&tools.dir, database, &whose, || tools.forget_scopes())
        })
    }

    /// Makes all that is derived anew, with the words of a language. Returns how many fragments there are.
    ///
    /// # Errors
    /// When the database fails; then everything is as before.
    pub fn rebuild(&self, language: Language) -> Result<u64, StoreError> {
        self.writer("rebuild")?.alone(move |database, tools| {
            let analyzer = Arc::new(Analyzer::new(language));
            let n = rebuild::rebuild(&tools.dir, database, &analyzer)?;
            tools.set_analyzer(analyzer);
            tools.forget_scopes();
            Ok(n)
        })
    }

    /// What reads the words of texts here.
    #[must_use]
    pub fn analyzer(&self) -> Arc<Analyzer> {
        Arc::clone(&self.0.analyzer.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Bytes of the scopes that are kept ready.
    #[must_use]
    pub fn cached_bytes(&self) -> usize {
        self.0.cache.lock().unwrap_or_else(PoisonError::into_inner).n_bytes()
    }

    fn writer(&self, operation: &'static str) -> Result<&Writer, StoreError> {
        let read_only = || StoreError::ReadOnly { operation, dir: self.0.dir.path().to_owned() };
        self.0.writer.as_ref().ok_or_else(read_only)
    }
}
