//! A disk that fails when it is told to: for tests, simulations and exercises.
//!
//! Only what the writer does to its open segments fails. A write that fails leaves half of its bytes, as
//! one that a full disk cuts short does. What a power cut would leave of them is known: what was forced to the disk.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use super::segment::{Counted, Named, SegmentFile};
use crate::segment::footer::Tally;

/// Which operations fail, until told otherwise: the next so many of each kind.
#[derive(Debug, Default)]
pub struct DiskFaults {
    writes: AtomicU32,
    syncs: AtomicU32,
    cuts: AtomicU32,
    /// Syncs say that they are done and do nothing.
    lies: AtomicBool,
    /// Bytes of today's segment that are on the disk, and of the one for lines of days that are over.
    synced: [AtomicU64; 2],
}

/// A segment's file on such a disk.
pub(crate) struct Faulty<F> {
    file: F,
    faults: Arc<DiskFaults>,
    /// It is not today's.
    is_late: bool,
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

    /// From now on syncs do nothing, and do not say so.
    pub fn lie(&self) {
        self.lies.store(true, Ordering::SeqCst);
    }

    /// Bytes that outlive a power cut: of today's segment, and of the one for lines of days that are over. Of the others,
    /// which are sealed, all do.
    #[must_use]
    pub fn synced(&self) -> [u64; 2] {
        self.synced.each_ref().map(|len| len.load(Ordering::SeqCst))
    }

    /// Everything works again.
    pub fn heal(&self) {
        self.fail_writes(0);
        self.fail_syncs(0);
        self.fail_cuts(0);
    }
}

impl<F: SegmentFile> Faulty<F> {
    /// What is in it already is on the disk.
    pub(crate) fn new(file: F, faults: Arc<DiskFaults>) -> Self {
        Self::open(file, faults, false)
    }

    fn open(file: F, faults: Arc<DiskFaults>, is_late: bool) -> Self {
        let it = Self { file, faults, is_late };
        it.note_synced();
        it
    }

    fn synced(&self) -> &AtomicU64 {
        let [active, late] = &self.faults.synced;
        if self.is_late { late } else { active }
    }

    /// All that is in it outlives a power cut.
    fn note_synced(&self) {
        self.synced().store(self.file.len().unwrap_or(0), Ordering::SeqCst);
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
        if self.faults.lies.load(Ordering::SeqCst) {
            return Ok(());
        }
        self.file.sync()?;
        self.note_synced();
        Ok(())
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        take(&self.faults.cuts)?;
        self.file.truncate(len)?;
        self.synced().fetch_min(len, Ordering::SeqCst);
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn follow_name(&mut self) -> io::Result<Named> {
        let named = self.file.follow_name()?;
        if named != Named::Still {
            self.note_synced();
        }
        Ok(named)
    }

    fn mend(&mut self) -> io::Result<()> {
        self.file.mend()?;
        self.note_synced();
        Ok(())
    }

    fn counted(&self) -> io::Result<Counted> {
        self.file.counted()
    }

    fn tell_lost(&self, counted: Counted, n_lines: u64) {
        self.file.tell_lost(counted, n_lines);
    }

    fn seal(&mut self, counted: Option<Tally>) -> io::Result<()> {
        self.file.seal(counted)?;
        self.note_synced();
        Ok(())
    }

    fn seal_away(&mut self, counted: Option<Tally>) -> io::Result<()> {
        self.file.seal_away(counted)
    }

    fn late(&self) -> io::Result<Self> {
        Ok(Self::open(self.file.late()?, Arc::clone(&self.faults), true))
    }
}
