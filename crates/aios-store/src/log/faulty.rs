//! A disk that fails when it is told to: for tests, simulations and exercises.
//!
//! Only what the writer does to its open segments fails. A write that fails leaves half of its bytes, as
//! one that a full disk cuts short does.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::segment::{Counted, Named, SegmentFile};
use crate::segment::footer::Tally;

/// Which operations fail, until told otherwise: the next so many of each kind.
#[derive(Debug, Default)]
pub struct DiskFaults {
    writes: AtomicU32,
    syncs: AtomicU32,
    cuts: AtomicU32,
}

/// A segment's file on such a disk.
pub(crate) struct Faulty<F> {
    file: F,
    faults: Arc<DiskFaults>,
}

impl DiskFaults {
    /// The next `n` writes fail half-way.
    pub fn fail_writes(&self, n: u32) {
        self.writes.store(n, Ordering::SeqCst);
    }

    /// The next `n` syncs fail.
    pub fn fail_syncs(&self, n: u32) {
        self.syncs.store(n, Ordering::SeqCst);
    }

    /// The next `n` times that a torn line is cut off fail.
    pub fn fail_cuts(&self, n: u32) {
        self.cuts.store(n, Ordering::SeqCst);
    }

    /// Everything works again.
    pub fn heal(&self) {
        self.fail_writes(0);
        self.fail_syncs(0);
        self.fail_cuts(0);
    }
}

impl<F> Faulty<F> {
    pub(crate) const fn new(file: F, faults: Arc<DiskFaults>) -> Self {
        Self { file, faults }
    }
}

fn take(n_bad: &AtomicU32) -> io::Result<()> {
    let one_less = |n: u32| n.checked_sub(1);
    match n_bad.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less) {
        Ok(_) => Err(io::ErrorKind::StorageFull.into()),
        Err(_) => Ok(()),
    }
}

impl<F: SegmentFile> SegmentFile for Faulty<F> {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Err(error) = take(&self.faults.writes) {
            let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
            self.file.append(half)?;
            return Err(error);
        }
        self.file.append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        take(&self.faults.syncs)?;
        self.file.sync()
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        take(&self.faults.cuts)?;
        self.file.truncate(len)
    }

    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn follow_name(&mut self) -> io::Result<Named> {
        self.file.follow_name()
    }

    fn mend(&mut self) -> io::Result<()> {
        self.file.mend()
    }

    fn counted(&self) -> io::Result<Counted> {
        self.file.counted()
    }

    fn tell_lost(&self, counted: Counted, n_lines: u64) {
        self.file.tell_lost(counted, n_lines);
    }

    fn seal(&mut self, counted: Option<Tally>) -> io::Result<()> {
        self.file.seal(counted)
    }

    fn seal_away(&mut self, counted: Option<Tally>) -> io::Result<()> {
        self.file.seal_away(counted)
    }

    fn late(&self) -> io::Result<Self> {
        Ok(Self { file: self.file.late()?, faults: Arc::clone(&self.faults) })
    }
}
