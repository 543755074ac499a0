//! What is kept, class by class: how much, from when, and what is overdue.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use aios_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::back::{Back, BackLines};
use crate::control;
use crate::lines::{Lines, Place, Read};
use crate::retention::items;
use crate::segment::{Layout, extent};
use crate::{Age, Class, DataDir, Hold, Holds, Policy, Segments, StoreError, regular};

/// What is kept of one class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClassStats {
    /// The class.
    pub class: Class,
    /// Files that take records.
    pub n_open: usize,
    /// Sealed segments kept as text.
    pub n_hot: usize,
    /// Sealed segments kept compressed.
    pub n_cold: usize,
    /// Bytes on disk, sidecars included.
    pub bytes: u64,
    /// Events in sealed segments, by their footers.
    pub n_sealed_events: u64,
    /// When the oldest record happened.
    pub oldest: Option<Timestamp>,
    /// When the newest record happened.
    pub newest: Option<Timestamp>,
    /// Segments whose time is over and that are still there.
    pub n_overdue: usize,
    /// Those of them that a hold keeps.
    pub n_held: usize,
}

/// What is kept, and how much of it is overdue at `now`. Reads ends of files only.
///
/// # Errors
/// When something cannot be read.
pub fn stats(
    dir: &DataDir,
    policy: &Policy,
    now: Timestamp,
) -> Result<Vec<ClassStats>, StoreError> {
    Ok(vec![events(dir, policy, now)?, audit(dir, policy, now)?])
}

fn events(dir: &DataDir, policy: &Policy, now: Timestamp) -> Result<ClassStats, StoreError> {
    let (layout, infos, holds) = (Layout::of(dir), Segments::of(dir).list()?, known_holds(dir));
    let mut stats = ClassStats::empty(Class::Events);
    let term = policy.term(Class::Events);
    for (info, item) in infos.iter().zip(items(&infos)) {
        match info.age {
            Age::Hot => stats.n_hot += 1,
            Age::Cold => stats.n_cold += 1,
        }
        stats.bytes += info.file_bytes + size_of(&layout.sidecar(info.id));
        stats.n_sealed_events += item.n_events;
        stats.saw(item.first, item.last);
        let is_due = info.age == Age::Hot && term.is_cold(item.last, now);
        if term.is_over(item.last, now) {
            stats.n_overdue += 1;
            let is_held = holds.iter().any(|hold| hold.covers(item.first, item.last, now));
            stats.n_held += usize::from(is_held);
        } else if is_due {
            stats.n_overdue += 1;
        }
    }
    for path in [layout.late(), layout.active()].iter().filter(|path| regular::is_file(path)) {
        stats.n_open += 1;
        stats.bytes += size_of(path);
        let extent = extent::at(path).map_err(StoreError::io("read", path))?;
        extent.iter().for_each(|extent| stats.saw(extent.first, extent.last));
    }
    Ok(stats)
}

/// Where the holds cannot be read nothing is removed, and `aios logs verify` says why: what is kept is counted all
/// the same.
fn known_holds(dir: &DataDir) -> Vec<Hold> {
    let unknown =
        |error: StoreError| tracing::warn!(%error, "which segments a hold keeps is not known");
    Holds::of(dir).list().map_err(unknown).unwrap_or_default()
}

/// Audit records say when they happened in `ts`; what does not say it counts by bytes alone.
fn audit(dir: &DataDir, policy: &Policy, now: Timestamp) -> Result<ClassStats, StoreError> {
    let mut stats = ClassStats::empty(Class::Audit);
    for path in audit_files(dir)? {
        stats.n_open += 1;
        stats.bytes += size_of(&path);
        let ends = ends(&path).map_err(StoreError::io("read", &path))?;
        if let Some((first, last)) = ends {
            stats.saw(first, last);
            stats.n_overdue += usize::from(policy.term(Class::Audit).is_over(last, now));
        }
    }
    Ok(stats)
}

impl DataDir {
    /// Room that is left on the disk for whoever writes here.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn free_bytes(&self) -> Result<u64, StoreError> {
        fs4::available_space(self.path()).map_err(StoreError::io("measure", self.path()))
    }
}

impl ClassStats {
    fn empty(class: Class) -> Self {
        Self {
            class,
            n_open: 0,
            n_hot: 0,
            n_cold: 0,
            bytes: 0,
            n_sealed_events: 0,
            oldest: None,
            newest: None,
            n_overdue: 0,
            n_held: 0,
        }
    }

    fn saw(&mut self, first: Timestamp, last: Timestamp) {
        self.oldest = Some(self.oldest.map_or(first, |oldest| oldest.min(first)));
        self.newest = Some(self.newest.map_or(last, |newest| newest.max(last)));
    }
}

fn audit_files(dir: &DataDir) -> Result<Vec<PathBuf>, StoreError> {
    let audit = dir.path().join("audit");
    let mut files: Vec<_> = match fs::read_dir(&audit) {
        Ok(entries) => entries
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<_>>()
            .map_err(StoreError::io("list", &audit))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(StoreError::io("list", &audit)(error)),
    };
    files.extend(control::files(dir)?);
    files
        .retain(|path| path.extension().is_some_and(|it| it == "ndjson") && regular::is_file(path));
    Ok(files)
}

/// When the first and the last record of a file happened.
pub(crate) fn ends(path: &Path) -> io::Result<Option<(Timestamp, Timestamp)>> {
    let file = regular::open(path)?;
    let first = match Lines::new(io::BufReader::new(&file), Place::default()).next()? {
        Some(Read::Line { bytes, .. }) => time_of(bytes),
        Some(Read::TooLong { .. }) | None => None,
    };
    let last = match BackLines::new(&file)?.previous()? {
        Some(Back::Line { bytes, .. }) => time_of(bytes),
        Some(Back::TooLong { .. }) | None => None,
    };
    Ok(first.zip(last))
}

fn time_of(line: &[u8]) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Record {
        ts: Timestamp,
    }
    serde_json::from_slice::<Record>(line).ok().map(|record| record.ts)
}

fn size_of(path: &Path) -> u64 {
    fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file).map_or(0, |file| file.len())
}
