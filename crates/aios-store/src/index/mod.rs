//! The index: narrow rows of every event in SQLite, so that windows of time and the segments of a
//! conversation are found without reading the log.
//!
//! The log is the truth and the index its shadow: written behind it by the keeper's thread, made from
//! the segments' own lines, and never asked for what only the log may answer. It remembers of each
//! segment how far it was read and which digest it had, so catching up reads what is new, and a segment
//! that was rewritten is read anew. A file that is missing, damaged or of another version is made anew.

mod catch_up;
mod cells;
mod cover;
mod database;
mod entry;
mod findings;
pub(crate) mod fresh;
mod inserts;
mod known;
mod latencies;
mod mark;
mod missing;
mod names;
mod open_files;
mod packs;
mod page;
mod read_error;
mod recent;
pub(crate) mod said;
mod seen;
mod stretch;
mod tail;
mod unread;
mod window;

#[cfg(test)]
mod tests;

pub use catch_up::CaughtUp;
pub use cells::{Cell, Counts, Span, WEIGHT_BARS};
pub use latencies::Latencies;
pub use page::{Budget, Cursor, Page, Search};
pub use recent::Recent;
pub use seen::{Seen, Sequels};
pub use window::Row;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aios_core::Progress;
use aios_privacy::Pseudonym;
use rusqlite::{Connection, OptionalExtension as _};

use crate::{DataDir, SegmentId, StoreError};
use database::Code;
use fresh::Fresh;
use mark::Mark;

/// The index of a data directory.
#[derive(Debug)]
pub struct Index {
    dir: DataDir,
    database: Connection,
    /// Of the file that it writes; none where it is only read, or a copy in memory. Let go of behind the database.
    mark: Option<Mark>,
    /// The sealed segments as of this generation and so many seals are in it.
    sealed_at: Option<(u64, u64)>,
    /// A sealed segment could not be read at the last look at them.
    has_left_out: bool,
    /// What its log's writer tells of what it writes.
    fresh: Arc<Fresh>,
}

impl Index {
    /// Opens the index for writing, made anew if need be. It is up to date after
    /// [`catch_up`](Self::catch_up).
    ///
    /// # Errors
    /// When this process does not own the directory or the file cannot be made.
    pub fn open(dir: &DataDir) -> Result<Self, StoreError> {
        let database = database::open(dir)?;
        let mark = Some(Mark::of(dir, &database)?);
        Ok(Self { mark, ..Self::of(dir, database) })
    }

    fn of(dir: &DataDir, database: Connection) -> Self {
        Self {
            dir: dir.clone(),
            database,
            mark: None,
            sealed_at: None,
            has_left_out: false,
            fresh: Arc::default(),
        }
    }

    /// Whether the file that has the index's name is still the one that this has open, as it has written it.
    pub(crate) fn is_in_its_file(&mut self) -> bool {
        self.mark.as_mut().is_none_or(|mark| mark.is_that_of(&self.dir, &self.database))
    }

    /// The same, told of what the log's writer writes.
    #[must_use]
    pub(crate) fn told_by(self, fresh: &Arc<Fresh>) -> Self {
        // Of which time an index before it was says nothing of this one.
        fresh.doubt();
        Self { fresh: Arc::clone(fresh), ..self }
    }

    /// Opens the index for reading, also while another process writes it; `None` if there is none.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(dir: &DataDir) -> Result<Option<Self>, StoreError> {
        Ok(database::read(dir)?.map(|database| Self::of(dir, database)))
    }

    /// A copy in memory, brought to where the log is: for whoever may not write, or must not wait for the
    /// owner's index. The file stays as it is. Segments that take events are read anew: nobody has digested them yet, so
    /// only they themselves say what is in them by now.
    ///
    /// # Errors
    /// When the file or the log cannot be read.
    pub fn snapshot(dir: &DataDir) -> Result<Self, StoreError> {
        let mut database = database::copy(dir)?;
        catch_up::forget_open(dir, &mut database)?;
        let mut index = Self::of(dir, database);
        index.catch_up()?;
        Ok(index)
    }

    /// Reads what the log has and the index has not, and forgets what the log has no more.
    ///
    /// # Errors
    /// When the database cannot be written. A segment that cannot be read is left out until it can.
    pub fn catch_up(&mut self) -> Result<CaughtUp, StoreError> {
        self.catch_up_showing(&())
    }

    /// The same, for somebody who waits for it.
    ///
    /// # Errors
    /// As for [`catch_up`](Self::catch_up).
    pub fn catch_up_showing(&mut self, progress: &dyn Progress) -> Result<CaughtUp, StoreError> {
        self.catch_up_by(usize::MAX, progress)
    }

    /// The same, but stops after some milliseconds of work, so that serving, which has the same cores, is
    /// not held up for longer.
    ///
    /// # Errors
    /// As for [`catch_up`](Self::catch_up).
    pub(crate) fn catch_up_some(&mut self) -> Result<CaughtUp, StoreError> {
        self.catch_up_by(catch_up::TURN, &())
    }

    fn catch_up_by(
        &mut self,
        lines_max: usize,
        progress: &dyn Progress,
    ) -> Result<CaughtUp, StoreError> {
        // Before the look: what is changed during it is looked at again. Where no sealed segment was
        // changed since the last time, only the open ones can have more.
        let changes = self.dir.segments_changes();
        let sealed_at = (self.dir.segments_generation(), self.fresh.begin(changes));
        let with_sealed = self.sealed_at != Some(sealed_at);
        let (caught_up, has_left_out) = catch_up::run(
            (&self.dir, &self.fresh),
            (&mut self.database, self.mark.as_mut()),
            with_sealed,
            lines_max,
            progress,
        )?;
        if caught_up.n_forgotten > 0
            && let Some(mark) = &mut self.mark
        {
            // A copy from before has what was forgotten.
            let renewed = mark.renew_ours(&self.dir, &self.database);
            renewed.map_err(|error| database::failed(&self.dir, "mark", error))?;
        }
        if with_sealed {
            self.has_left_out = has_left_out;
        }
        // What others did is news to memory, too, and of what is left out nobody knows when it will be read.
        if caught_up.n_forgotten > 0 || self.has_left_out {
            self.fresh.doubt();
        }
        if !caught_up.is_behind {
            self.sealed_at = Some(sealed_at);
            self.settle_told()?;
        }
        Ok(caught_up)
    }

    /// Forgets everything; the next catching up reads the whole log.
    ///
    /// # Errors
    /// When the file cannot be made anew.
    pub fn rebuild(self) -> Result<Self, StoreError> {
        let (dir, fresh) = (self.dir.clone(), Arc::clone(&self.fresh));
        fresh.doubt();
        drop(self);
        Ok(Self::anew(&dir)?.told_by(&fresh))
    }

    /// Removes it, open nowhere.
    pub(crate) fn remove(dir: &DataDir) -> Result<(), StoreError> {
        database::remove(dir)
    }

    /// Opens an empty one in the place of the one that is there.
    pub(crate) fn anew(dir: &DataDir) -> Result<Self, StoreError> {
        database::remove(dir)?;
        Self::open(dir)
    }

    /// The segments that hold events of one of these, as far as the index has come. A hint, not a proof.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn segments_of(&self, pseudonyms: &[Pseudonym]) -> Result<Vec<SegmentId>, StoreError> {
        let searched = self.search(pseudonyms);
        searched.map_err(|error| database::failed(&self.dir, "search", error))
    }

    /// Whether a segment names any of these; `None` if the index has not read the segment to its end, or in
    /// another state than that of this digest. A hint, not a proof.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) fn is_any_named_in(
        &self,
        id: SegmentId,
        sha256: &str,
        pseudonyms: &[Pseudonym],
    ) -> Result<Option<bool>, StoreError> {
        let asked = self.names_any(id, sha256, pseudonyms);
        asked.map_err(|error| database::failed(&self.dir, "search", error))
    }

    fn names_any(
        &self,
        id: SegmentId,
        sha256: &str,
        pseudonyms: &[Pseudonym],
    ) -> rusqlite::Result<Option<bool>> {
        let find = "SELECT seg FROM segments WHERE id = ?1 AND sha256 = ?2";
        let mut find = self.database.prepare_cached(find)?;
        let seg =
            find.query_row((id.to_string(), sha256), |row| row.get::<_, i64>(0)).optional()?;
        let Some(seg) = seg else { return Ok(None) };
        let mut name =
            self.database.prepare_cached("SELECT 1 FROM names WHERE seg = ?1 AND name = ?2")?;
        for pseudonym in pseudonyms {
            if name.exists((seg, Code::name(pseudonym.as_str())))? {
                return Ok(Some(true));
            }
        }
        Ok(Some(false))
    }

    /// Which of these any segment names, as far as the index has come. A hint, not a proof.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn named_among<'a>(
        &self,
        pseudonyms: impl Iterator<Item = &'a Pseudonym>,
    ) -> Result<BTreeSet<Pseudonym>, StoreError> {
        let asked: BTreeMap<_, _> = pseudonyms.map(|one| (Code::name(one.as_str()), one)).collect();
        let named = self.names_in(&asked);
        named.map_err(|error| database::failed(&self.dir, "search", error))
    }

    /// One pass over all names: those that are asked for are many, and each could be anywhere.
    fn names_in(
        &self,
        asked: &BTreeMap<Vec<u8>, &Pseudonym>,
    ) -> rusqlite::Result<BTreeSet<Pseudonym>> {
        let mut named = BTreeSet::new();
        if asked.is_empty() {
            return Ok(named);
        }
        let mut statement = self.database.prepare("SELECT name FROM names")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let found = asked.get(row.get_ref(0)?.as_blob()?);
            named.extend(found.map(|one| (*one).clone()));
        }
        Ok(named)
    }

    fn search(&self, pseudonyms: &[Pseudonym]) -> rusqlite::Result<Vec<SegmentId>> {
        let mut statement = self.database.prepare(
            "SELECT id FROM segments WHERE EXISTS
             (SELECT 1 FROM names WHERE names.seg = segments.seg AND names.name = ?1)",
        )?;
        let mut found = Vec::new();
        for pseudonym in pseudonyms {
            let name = Code::name(pseudonym.as_str());
            for id in statement.query_map([name], |row| row.get::<_, String>(0))? {
                found.extend(SegmentId::parse(&id?));
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// How many events it holds.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn n_events(&self) -> Result<u64, StoreError> {
        self.number("SELECT coalesce(sum(n_events), 0) FROM segments")
    }

    /// How many of them are requests.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn n_requests(&self) -> Result<u64, StoreError> {
        self.number("SELECT coalesce(sum(n_rows), 0) FROM segments")
    }

    /// Bytes of sealed segments that it did not have at the last catching up, such as while it is made anew; 0 where it
    /// had everything.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn n_bytes_behind(&self) -> Result<u64, StoreError> {
        self.number("SELECT n_bytes FROM behind")
    }

    fn number(&self, select: &str) -> Result<u64, StoreError> {
        let number = self.database.query_row(select, [], |row| row.get::<_, i64>(0));
        let number = number.map_err(|error| database::failed(&self.dir, "count", error))?;
        Ok(u64::try_from(number).unwrap_or(0))
    }
}
