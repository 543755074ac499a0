//! Counts what is stored of somebody, store by store, without changing anything.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use aios_core::{Progress, Timestamp};
use aios_privacy::Pseudonym;
use serde::{Deserialize, Serialize};

use super::catalogue::Catalogue;
use super::count::Counter;
use super::judge::Judge;
use super::names::Names;
use super::reader::Reader;
use super::registry::{Store, Treatment};
use super::scan;
use super::target::EraseTarget;
use crate::{DataDir, Hold, Holds, MemoryStore, SegmentId, StoreError};

/// How closely it is looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// What is to be cut. A cold segment of which the index or the sidecar knows what is in it is believed, and
    /// what only the proof has to read is left out, so that a look costs what it finds and not what is stored.
    Catalogued,
    /// Every byte of every file is read, and no catalogue is asked.
    EveryByte,
}

/// What one store holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct StoreCount {
    /// The store.
    pub store: &'static str,
    /// Its files.
    pub n_files: u64,
    /// Bytes that were read, unpacked.
    pub n_bytes: u64,
    /// Lines that are the target's.
    pub n_records: u64,
    /// Bytes of these lines.
    pub n_bytes_held: u64,
    /// Lines of others that name the target.
    pub n_mentions: u64,
    /// Lines of proof that say whom it is about, as they are meant to.
    pub n_proofs: u64,
    /// Files without lines that name the target.
    pub n_files_naming: u64,
    /// What is found by pseudonym alone, and was there when it was planned: the same whoever looks.
    #[serde(skip)]
    pub(crate) by_pseudonym: Named,
}

/// Records, their bytes, and files without records that hold a pseudonym of the target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) n_records: u64,
    pub(crate) n_bytes: u64,
    pub(crate) n_files: u64,
}

/// A file that could not be read, or that nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// From the data directory.
    pub file: PathBuf,
    /// What is the matter.
    pub why: String,
}

/// What is stored of somebody.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Census {
    /// Events that are the target's.
    pub n_events: u64,
    /// Each store that has files.
    pub stores: Vec<StoreCount>,
    /// Files that could not be read: nobody knows what is in them.
    pub unreadable: Vec<Left>,
    /// Files of no known store that name the target.
    pub unknown: Vec<Left>,
    /// Files and directories whose names name the target.
    pub names: Vec<Left>,
    /// Those in whose names the id may be anybody's word or number.
    pub n_names_mentioning: u64,
    /// Other conversations and subjects that stand on the same lines.
    pub n_others: u64,
    /// Events by pseudonym.
    pub by_pseudonym: BTreeMap<String, u64>,
    /// Whether the id itself was searched for.
    pub raw_id_searched: bool,
    /// Holds that keep some of these events from being erased.
    pub held_by: Vec<Hold>,
    /// Those of the target's pseudonyms that have a record in some store.
    #[serde(skip)]
    pub named: BTreeSet<Pseudonym>,
    /// Names of clients that stand in the event log, as far as it was read.
    #[serde(skip)]
    pub clients: BTreeSet<String>,
    /// Where it is.
    #[serde(skip)]
    pub(crate) holding: Vec<Holding>,
    /// Cold segments that cannot be read to their ends.
    #[serde(skip)]
    pub(crate) damaged: Vec<SegmentId>,
}

/// A file that holds something of the target.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Holding {
    pub(crate) path: PathBuf,
    pub(crate) store: Option<&'static Store>,
    pub(crate) n_records: u64,
}

impl StoreCount {
    pub(super) fn add(&mut self, other: &Self) {
        self.n_files += other.n_files;
        self.n_bytes += other.n_bytes;
        self.n_records += other.n_records;
        self.n_bytes_held += other.n_bytes_held;
        self.n_mentions += other.n_mentions;
        self.n_proofs += other.n_proofs;
        self.n_files_naming += other.n_files_naming;
        self.by_pseudonym.n_records += other.by_pseudonym.n_records;
        self.by_pseudonym.n_bytes += other.by_pseudonym.n_bytes;
        self.by_pseudonym.n_files += other.by_pseudonym.n_files;
    }
}

impl Census {
    /// Looks through everything that is stored. What is shown are the bytes of the files as they lie on disk.
    ///
    /// # Errors
    /// When the data directory cannot be listed, or the holds or a key cannot be read. Any other file that cannot
    /// be read does not end it.
    pub fn take(
        dir: &DataDir,
        target: &EraseTarget,
        depth: Depth,
        now: Timestamp,
        progress: &dyn Progress,
    ) -> Result<Self, StoreError> {
        Self::as_of(dir, target, depth, (now, now), progress)
    }

    /// The same as of `now`; events after `planned_at` are found like all others, but are no change of a plan: a
    /// conversation may go on while its erasure is decided.
    pub(crate) fn as_of(
        dir: &DataDir,
        target: &EraseTarget,
        depth: Depth,
        (now, planned_at): (Timestamp, Timestamp),
        progress: &dyn Progress,
    ) -> Result<Self, StoreError> {
        let judge = Judge::new(dir, target)?;
        let mut holds = Holds::of(dir).list()?;
        holds.retain(|hold| !hold.is_expired(now));
        let catalogue = match depth {
            Depth::Catalogued => Some(Catalogue::of(dir, target)),
            Depth::EveryByte => None,
        };
        // What is counted is the memory that is there, not one that has lost its name while it was open.
        let followed = MemoryStore::follow_in(dir);
        let mut counter = Counter::new(dir, &judge, catalogue, holds, planned_at);
        let mut reader = Reader::default();
        scan::each_file(dir.path(), progress, |file| counter.look(&mut reader, file))?;
        let mut census = counter.end();
        if let Err(error) = followed {
            let file = dir.memory_path().strip_prefix(dir.path()).map(PathBuf::from);
            let (file, why) = (file.unwrap_or_default(), error.to_string());
            census.unreadable.push(Left { file, why });
        }
        if depth == Depth::EveryByte {
            let names = Names::of(dir, target)?;
            (census.names, census.n_names_mentioning) = (names.found, names.n_mentions);
        }
        Ok(census)
    }

    /// Whether nothing is stored of the target, and everything could be read.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.holding.is_empty() && self.unknown.is_empty() && self.names.is_empty()
    }

    /// Whether everything could be read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.unreadable.is_empty()
    }

    /// Lines in all stores.
    #[must_use]
    pub fn n_records(&self) -> u64 {
        self.stores.iter().map(|store| store.n_records).sum()
    }

    /// Lines of others that name the target.
    #[must_use]
    pub fn n_mentions(&self) -> u64 {
        self.stores.iter().map(|store| store.n_mentions).sum()
    }

    /// What an erasure does not leave: what still names the target, and what could not be read. `failed` are files that
    /// could not be cut, and why.
    #[must_use]
    pub fn left(&self, dir: &DataDir, failed: &BTreeMap<PathBuf, String>) -> Vec<Left> {
        let still = self.holding.iter().map(|holding| {
            let file = holding.path.strip_prefix(dir.path()).unwrap_or(&holding.path).to_owned();
            let store = holding.store.map_or("no known store", |store| store.name);
            let why = format!("it still names the target ({store})");
            let why =
                failed.get(&holding.path).map_or(why.clone(), |failed| format!("{why}: {failed}"));
            Left { file, why }
        });
        still.chain(self.names.iter().cloned()).chain(self.unreadable.iter().cloned()).collect()
    }

    /// Where it is, and by whose hold it stays there.
    pub(crate) fn held(&self) -> impl Iterator<Item = (PathBuf, String)> {
        let ids = self.held_by.iter().map(|hold| format!("hold {} of {}", hold.id, hold.owner));
        let why = ids.collect::<Vec<_>>().join(", ");
        self.holding.iter().map(move |holding| (holding.path.clone(), why.clone()))
    }

    /// Whether the index names the target.
    pub(crate) fn is_indexed(&self) -> bool {
        let is_index = |store: &'static Store| store.treatment == Treatment::Indexed;
        self.holding.iter().any(|holding| holding.store.is_some_and(is_index))
    }

    /// Files and bytes that were read.
    #[must_use]
    pub fn n_read(&self) -> (u64, u64) {
        self.stores
            .iter()
            .fold((0, 0), |(files, bytes), store| (files + store.n_files, bytes + store.n_bytes))
    }
}
