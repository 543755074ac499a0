//! Counts what is stored of somebody, store by store, without changing anything.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use aios_core::Timestamp;
use serde::Serialize;

use super::registry::{STORES, Store, Treatment};
use super::scan::{self, Found};
use super::target::{EraseTarget, Whose};
use crate::lines::LINE_MAX;
use crate::segment::Layout;
use crate::segment::facts::{self, Kind};
use crate::segment::name::FileKind;
use crate::segment::sidecar::Sidecar;
use crate::{DataDir, Hold, Holds, StoreError};

/// Most pseudonyms of others that are told apart.
const OTHERS_MAX: usize = 100_000;

/// How closely it is looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// A cold segment whose sidecar knows what is in it is believed.
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
    /// Files without lines that name the target.
    pub n_files_naming: u64,
}

/// A file that could not be read, or that nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
    /// Other conversations and subjects that stand on the same lines.
    pub n_others: u64,
    /// Events by pseudonym.
    pub by_pseudonym: BTreeMap<String, u64>,
    /// Whether the id itself was searched for.
    pub raw_id_searched: bool,
    /// Holds that keep some of these events from being erased.
    pub held_by: Vec<Hold>,
    /// Where it is.
    #[serde(skip)]
    pub(crate) holding: Vec<Holding>,
}

/// A file that holds something of the target.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Holding {
    pub(crate) path: PathBuf,
    pub(crate) store: Option<&'static Store>,
    pub(crate) n_records: u64,
}

impl Census {
    /// Looks through everything that is stored.
    ///
    /// # Errors
    /// When the data directory cannot be listed or the holds cannot be read. Any other file that cannot
    /// be read does not end it.
    pub fn take(
        dir: &DataDir,
        target: &EraseTarget,
        depth: Depth,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let mut counter = Counter::new(dir, target, depth);
        counter.holds = Holds::of(dir).list()?;
        counter.holds.retain(|hold| !hold.is_expired(now));
        for file in scan::files(dir.path())? {
            counter.look(&file);
        }
        Ok(counter.end())
    }

    /// Whether nothing is stored of the target, and everything could be read.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.holding.is_empty() && self.unknown.is_empty()
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

struct Counter<'a> {
    dir: &'a DataDir,
    target: &'a EraseTarget,
    depth: Depth,
    counts: BTreeMap<&'static str, StoreCount>,
    others: BTreeSet<String>,
    /// Holds that are in force and hold nothing of the target so far.
    holds: Vec<Hold>,
    census: Census,
}

impl<'a> Counter<'a> {
    fn new(dir: &'a DataDir, target: &'a EraseTarget, depth: Depth) -> Self {
        let census = Census { raw_id_searched: target.has_raw_id(), ..Census::default() };
        Self {
            dir,
            target,
            depth,
            counts: BTreeMap::new(),
            others: BTreeSet::new(),
            holds: Vec::new(),
            census,
        }
    }

    fn look(&mut self, file: &Found) {
        let looked = match file.store {
            Some(store) if store.treatment == Treatment::Lines => self.lines(file, store),
            store => self.bytes(file, store),
        };
        match looked {
            Ok(()) => {}
            // Gone since it was listed: compressed, rewritten or past its time.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let left = self.left(&file.path, error.to_string());
                self.census.unreadable.push(left);
            }
        }
    }

    fn lines(&mut self, file: &Found, store: &'static Store) -> io::Result<()> {
        if self.depth == Depth::Catalogued && self.is_ruled_out(&file.path) {
            self.count(store).n_files += 1;
            return Ok(());
        }
        let mut seen = StoreCount { store: store.name, n_files: 1, ..StoreCount::default() };
        let is_event_store = store.name.starts_with("events");
        each_line(&file.path, |line| {
            seen.n_bytes += line.len() as u64;
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            match self.target.judge(text) {
                Whose::Ours => {
                    seen.n_records += 1;
                    seen.n_bytes_held += line.len() as u64;
                    self.ours(text, is_event_store);
                }
                Whose::Mention => seen.n_mentions += 1,
                Whose::Other => {}
            }
        })?;
        if seen.n_records > 0 {
            self.hold(file, seen.n_records);
        }
        self.count(store).add(&seen);
        Ok(())
    }

    fn ours(&mut self, line: &[u8], is_event_store: bool) {
        if is_event_store {
            self.census.n_events += 1;
            for pseudonym in self.target.named_by(line) {
                *self.census.by_pseudonym.entry(pseudonym.to_string()).or_default() += 1;
            }
        }
        let Kind::Event(facts) = facts::of(line) else { return };
        let holds = self.holds.extract_if(.., |hold| hold.keeps(facts.ts));
        self.census.held_by.extend(holds);
        for id in facts.pseudonyms().filter(|id| !self.target.is_ours(id)) {
            if self.others.len() < OTHERS_MAX {
                self.others.insert(id.to_owned());
            }
        }
    }

    /// Files whose lines are not known: it only matters whether the target is in them.
    fn bytes(&mut self, file: &Found, store: Option<&'static Store>) -> io::Result<()> {
        let target = self.target;
        let is_proof = store.is_some_and(|store| store.treatment == Treatment::Proof);
        // A database keeps the digits as bytes.
        let is_packed = store.is_some_and(|store| {
            matches!(store.treatment, Treatment::Derived | Treatment::Indexed)
        });
        let (mut is_named, mut is_wrapped) = (false, false);
        let overlap = target.len_max() + 1;
        let n_bytes = scan::each_window(&file.path, overlap, |window, seen| {
            is_wrapped |= seen == 0 && scan::is_wrapped(window);
            // Proof of an erasure names whom it was about, by pseudonym and by nothing else.
            is_named |= (!is_proof && target.names_in(window))
                || target.raw_in(window)
                || (is_packed && target.packed_in(window));
        })?;
        if is_named {
            self.hold(file, 0);
        }
        if is_wrapped {
            return Err(io::Error::other("it is packed in a way that cannot be looked into"));
        }
        match store {
            Some(store) => {
                let count = self.count(store);
                count.n_files += 1;
                count.n_bytes += n_bytes;
                count.n_files_naming += u64::from(is_named);
            }
            None if is_named => {
                let why = "it belongs to no store that AIOS knows, and names the target";
                let left = self.left(&file.path, why.to_owned());
                self.census.unknown.push(left);
            }
            None => {}
        }
        Ok(())
    }

    /// Whether the sidecar of a cold segment says that the target is not in it.
    fn is_ruled_out(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        match FileKind::of(name) {
            FileKind::Cold(id) => {
                let layout = Layout::of(self.dir);
                // What cannot be read, or is about another state of the segment, rules out nothing; and
                // lines that are no events stand in no catalogue.
                let footer = Sidecar::load_footer(&layout, id).ok().flatten();
                footer.is_some_and(|footer| footer.n_bad == 0)
                    && self.names_nobody(&layout.sidecar(id))
            }
            FileKind::Active
            | FileKind::Late
            | FileKind::Hot(_)
            | FileKind::Sidecar(_)
            | FileKind::Stray
            | FileKind::Other => false,
        }
    }

    fn names_nobody(&self, path: &Path) -> bool {
        let mut is_named = false;
        let looked = scan::each_window(path, self.target.len_max(), |window, _| {
            is_named |= self.target.names_in(window);
        });
        looked.is_ok() && !is_named
    }

    fn hold(&mut self, file: &Found, n_records: u64) {
        self.census.holding.push(Holding { path: file.path.clone(), store: file.store, n_records });
    }

    fn left(&self, path: &Path, why: String) -> Left {
        let file = path.strip_prefix(self.dir.path()).unwrap_or(path).to_owned();
        Left { file, why }
    }

    fn count(&mut self, store: &'static Store) -> &mut StoreCount {
        self.counts
            .entry(store.name)
            .or_insert_with(|| StoreCount { store: store.name, ..StoreCount::default() })
    }

    fn end(mut self) -> Census {
        let in_order = STORES.iter().filter_map(|store| self.counts.remove(store.name));
        self.census.stores = in_order.collect();
        self.census.n_others = self.others.len() as u64;
        self.census
    }
}

impl StoreCount {
    fn add(&mut self, other: &Self) {
        self.n_files += other.n_files;
        self.n_bytes += other.n_bytes;
        self.n_records += other.n_records;
        self.n_bytes_held += other.n_bytes_held;
        self.n_mentions += other.n_mentions;
        self.n_files_naming += other.n_files_naming;
    }
}

/// Shows every line of a file with its newline, unpacked; the last one also if it has none. A line over
/// the bound is shown in pieces.
pub(super) fn each_line(path: &Path, mut see: impl FnMut(&[u8])) -> io::Result<()> {
    let mut reader = scan::open(path)?;
    let mut line = Vec::new();
    while reader.by_ref().take(LINE_MAX as u64).read_until(b'\n', &mut line)? > 0 {
        see(&line);
        line.clear();
    }
    Ok(())
}
