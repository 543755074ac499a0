//! What was erased and is there again, because somebody has put files of a backup back.
//!
//! The index reads whatever segment it does not know, or knows by another digest. So what it says of names
//! that must stay erased shows at each start and each rotation, in the time of one look, whether there is
//! something to do. Documents and whatever else lies about have no index: they are read through for such names, and the
//! memory is asked. Between these looks the directory is listed every minute. What has not changed since a look that found
//! nothing in it is read by no look again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{MutexGuard, PoisonError};

use aios_core::Timestamp;
use aios_privacy::Pseudonym;

use super::census::Depth;
use super::earlier::Earlier;
use super::ledger::{ErasureState, LedgerEntry};
use super::reader::Reader;
use super::receipt::Receipt;
use super::registry::Treatment;
use super::resume::Resumed;
use super::run::Eraser;
use super::scan::Found;
use super::standing::Standing;
use super::stores;
use super::unfinished;
use super::watch::{Changed, Watch};
use crate::memory::rows_of;
use crate::segment::{FileKind, Layout};
use crate::{DataDir, EventStore as _, Index, MemoryStore, Segments, StoreError};

impl Eraser {
    /// Erases once more what the log holds although the ledger has it as erased. Blocks until the index has
    /// read what is new. What could not be erased whole is tried again when its time has come, whatever the index has of
    /// it: it does not read what is damaged.
    ///
    /// # Errors
    /// When the index cannot be asked.
    pub fn recheck(&self, now: Timestamp) -> Result<Resumed, StoreError> {
        self.again(false, |entry| entry.next_try().is_some_and(|at| at <= now))
    }

    /// The same at a start, for which nothing has to wait: somebody may have mended what was in the way.
    ///
    /// # Errors
    /// As for [`recheck`](Self::recheck).
    pub fn recheck_at_start(&self) -> Result<Resumed, StoreError> {
        self.again(true, |entry| entry.next_try().is_some())
    }

    /// Looks whether somebody has put back what is erased, and erases it once more if so. Costs a list of the directory,
    /// and reading what was changed since the last look. `None` if nothing is back.
    ///
    /// # Errors
    /// When the directory cannot be listed, or as for [`recheck`](Self::recheck).
    pub fn look_again(&self, now: Timestamp) -> Result<Option<Resumed>, StoreError> {
        MemoryStore::follow_in(&self.dir)?;
        let is_back = {
            // Not while files are rewritten.
            let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
            let changed = self.watch().changed(self.dir.path())?;
            let erased = self.ledger().finished();
            let is_back = self.is_any_in(&erased, &changed, now);
            if !is_back {
                self.watch().know(&changed);
            }
            is_back
        };
        if is_back { self.recheck(now).map(Some) } else { Ok(None) }
    }

    fn again(
        &self,
        is_start: bool,
        is_due: impl Fn(&LedgerEntry) -> bool,
    ) -> Result<Resumed, StoreError> {
        // What changes from here on is for the next look. At a start all is new, and of segments the index is asked alone.
        let mut changed = self.watch().changed(self.dir.path())?;
        if is_start {
            let unlisted = self.segments_with_other_lines()?;
            let is_listed = |file: &Found| is_segment(file) && !unlisted.contains(&file.path);
            let (segments, others): (Vec<_>, _) =
                changed.into_iter().partition(|one| is_listed(&one.file));
            self.watch().know(&segments);
            changed = others;
        }
        Segments::of(&self.dir).take_in()?;
        self.log.catch_up_index()?;
        let index = Index::read(&self.dir)?;
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let finished = self.ledger().finished();
        let (mut settled, mut due) = (Vec::new(), Vec::new());
        for entry in finished {
            match self.is_settled(&entry)? {
                true => settled.push(entry),
                false if is_due(&entry) => due.push(entry),
                false => {}
            }
        }
        if let Some(index) = index {
            let named = index.named_among(settled.iter().flat_map(|entry| &entry.target))?;
            let is_back =
                |entry: &mut LedgerEntry| entry.target.iter().any(|one| named.contains(one));
            due.extend(settled.extract_if(.., is_back));
        }
        let back = self.back_in_files(settled, &changed)?;
        self.know(&changed, &back);
        due.extend(back);
        let mut resumed = Resumed::default();
        for entry in due {
            let id = entry.id.clone();
            match self.once_more(entry) {
                Ok(Some(receipt)) => resumed.receipts.push(receipt),
                Ok(None) => resumed.n_waiting += 1,
                Err(error) => resumed.failed.push((id, error)),
            }
        }
        Ok(resumed)
    }

    /// Those in which there may be lines of an older schema, which the index does not read.
    fn segments_with_other_lines(&self) -> Result<BTreeSet<PathBuf>, StoreError> {
        let sealed = Segments::of(&self.dir).list()?.into_iter();
        let sealed = sealed.filter(|info| info.footer.as_ref().is_none_or(|it| it.n_bad > 0));
        let older = Layout::of(&self.dir).older();
        Ok(sealed.map(|info| info.path).chain([older]).collect())
    }

    /// Whether there is nothing to try again as long as nothing comes back: it is whole, or the id alone is missing.
    fn is_settled(&self, entry: &LedgerEntry) -> Result<bool, StoreError> {
        let is_missing_id = || {
            let left = Earlier::of(&self.dir, &entry.id)?.in_the_way();
            Ok(left.is_some_and(|left| left.is_empty()))
        };
        if entry.state == ErasureState::Completed { Ok(true) } else { is_missing_id() }
    }

    /// Whether one of these is named in files that have changed, other than those that are written all the time.
    fn is_any_in(&self, erased: &[LedgerEntry], changed: &[Changed], now: Timestamp) -> bool {
        let settled = erased.iter().filter(|entry| self.is_settled(entry).unwrap_or(true));
        let names = settled.flat_map(|entry| &entry.target).collect();
        let names = Standing::of(&self.dir, names);
        let mut read = changed.iter().filter(|one| self.is_read(&one.file));
        let mut reader = Reader::default();
        !names.names.is_empty()
            && read.any(|one| !self.named_in(&mut reader, one, &names, now).is_empty())
    }

    /// Whether a look reads a file: not what is written all the time, or is made of what it reads.
    fn is_read(&self, file: &Found) -> bool {
        is_without_index(file) || (is_segment(file) && !is_written_on(&self.dir, file))
    }

    /// Which of these names stand in a file. A memory that is the one it was is asked, for it is written all the time.
    fn named_in(
        &self,
        reader: &mut Reader,
        changed: &Changed,
        names: &Standing<'_>,
        now: Timestamp,
    ) -> BTreeSet<Pseudonym> {
        let file = &changed.file;
        let is_database = file.store.is_some_and(|store| store.treatment == Treatment::Database);
        match is_database {
            // What SQLite keeps beside it is a part of what it answers.
            true if file.path != self.dir.memory_path() => BTreeSet::new(),
            true if !changed.is_another => self.remembered(&names.names, now),
            true | false => names.within(reader, file),
        }
    }

    fn remembered(&self, names: &BTreeSet<&Pseudonym>, now: Timestamp) -> BTreeSet<Pseudonym> {
        let is_there = |name: &&&Pseudonym| {
            let rows = rows_of(&self.dir, std::slice::from_ref(**name), now);
            if let Err(error) = &rows {
                tracing::warn!(%error, "nobody knows whether the memory holds what was erased");
            }
            rows.is_ok_and(|rows| rows.n > 0)
        };
        names.iter().filter(is_there).map(|name| (*name).clone()).collect()
    }

    /// What holds nothing of these need not be read until it changes.
    fn know(&self, changed: &[Changed], back: &[LedgerEntry]) {
        let names = back.iter().flat_map(|entry| &entry.target).collect();
        let names = Standing::of(&self.dir, names);
        let mut reader = Reader::default();
        let is_clean = |one: &&Changed| {
            names.names.is_empty()
                || !self.is_read(&one.file)
                || names.within(&mut reader, &one.file).is_empty()
        };
        let clean: Vec<_> = changed.iter().filter(is_clean).collect();
        self.watch().know(clean);
    }

    fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those of which a file that has changed holds something again. One that only names them, in what is
    /// another's, is left as it is.
    fn back_in_files(
        &self,
        completed: Vec<LedgerEntry>,
        changed: &[Changed],
    ) -> Result<Vec<LedgerEntry>, StoreError> {
        let now = self.now();
        let names = completed.iter().flat_map(|one| &one.target).collect();
        let names = Standing::of(&self.dir, names);
        let files = changed.iter().filter(|one| self.is_read(&one.file));
        let mut reader = Reader::default();
        let named: BTreeSet<_> = match names.names.is_empty() {
            true => BTreeSet::new(),
            false => files.flat_map(|file| self.named_in(&mut reader, file, &names, now)).collect(),
        };
        let mut back = Vec::new();
        for entry in completed {
            let is_named = entry.target.iter().any(|one| named.contains(one));
            if is_named && !self.look(&self.target_of(&entry)?, Depth::Catalogued)?.is_clean() {
                back.push(entry);
            }
        }
        Ok(back)
    }

    /// How many erasures there are in each state.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<ErasureState, u64> {
        self.ledger().counts()
    }

    /// `None` if a hold stands in its way. The ledger goes on having it as erased, not as waiting: so the fence
    /// stands after a restart too, and the next look comes back to it.
    fn once_more(&self, mut entry: LedgerEntry) -> Result<Option<Receipt>, StoreError> {
        if !self.held_by(&entry)?.is_empty() {
            tracing::warn!(
                id = entry.id,
                "an erasure has to be done once more, and waits for a hold"
            );
            return Ok(None);
        }
        tracing::error!(
            id = entry.id,
            "an erasure is not whole, or its events are in the log again, as from a backup; it is done once more"
        );
        entry.n_tries += u32::from(entry.state == ErasureState::Incomplete);
        self.step(&mut entry, ErasureState::Ledgered)?;
        self.on_record(&entry)?;
        let target = self.target_of(&entry)?;
        let receipt = self.go_on(entry, &target)?;
        self.tell(&receipt);
        Ok(Some(receipt))
    }

    /// Names what is in the way of one that is not whole, for somebody to do something about it.
    fn tell(&self, receipt: &Receipt) {
        let id = &receipt.id;
        let Some(entry) = self.state(id).filter(|_| receipt.state == ErasureState::Incomplete)
        else {
            return;
        };
        let why = match receipt.verified.left.as_slice() {
            [] => receipt.note.unwrap_or_default().to_owned(),
            left => unfinished::told(left),
        };
        match entry.next_try() {
            Some(at) => tracing::error!(%id, why, next_try = %at, "an erasure is not whole"),
            None => {
                tracing::error!(%id, why, "an erasure is not whole and is not tried again; mend it and erase anew")
            }
        }
    }
}

/// Whether the event log's own thread writes there, behind the fence.
fn is_written_on(dir: &DataDir, file: &Found) -> bool {
    let name = file.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    file.path.parent() == Some(dir.analytics_path().as_path())
        && matches!(FileKind::of(name), FileKind::Active | FileKind::Late)
}

fn is_segment(file: &Found) -> bool {
    file.store.is_some_and(|store| *store == stores::EVENTS_HOT || *store == stores::EVENTS_COLD)
}

/// What the index tells of, what is made of that, and what stays, need not be read. Of all lines it follows
/// those of the event log alone.
fn is_without_index(file: &Found) -> bool {
    file.store.is_none_or(|store| match store.treatment {
        Treatment::Lines => *store != stores::EVENTS_HOT && *store != stores::EVENTS_COLD,
        Treatment::Derived
        | Treatment::Database
        | Treatment::Records
        | Treatment::Scraps
        | Treatment::Names => true,
        Treatment::Catalogue
        | Treatment::Indexed
        | Treatment::Proof
        | Treatment::Chain
        | Treatment::Apart => false,
    })
}
