//! Which segments there are.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::Serialize;

use super::footer::Footer;
use super::foreign;
use super::janitor;
use super::name::{FileKind, Layout, SegmentId};
use super::rewrite::{self, Keep, Look, Rewriting, Rewritten};
use super::salvage::{self, Salvaged};
use super::sidecar::Sidecar;
use super::text::Text;
use super::{compress, seal};
use crate::replace::remove;
use crate::{DataDir, StoreError, register, regular};

/// How a sealed segment is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Age {
    /// As text.
    Hot,
    /// Compressed.
    Cold,
}

impl Age {
    /// The file of a segment that is kept so.
    pub(crate) fn path(self, layout: &Layout, id: SegmentId) -> PathBuf {
        match self {
            Self::Hot => layout.hot(id),
            Self::Cold => layout.cold(id),
        }
    }
}

/// A sealed segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentInfo {
    /// Its id.
    pub id: SegmentId,
    /// How it is kept.
    pub age: Age,
    /// Its file.
    pub path: PathBuf,
    /// Bytes of its file.
    pub file_bytes: u64,
    /// What is in it; `None` while its sealing is not finished, or where a cold one has no sidecar.
    pub footer: Option<Footer>,
}

/// The sealed segments of a data directory. Reading needs no ownership of it, changing does.
#[derive(Debug, Clone, Copy)]
pub struct Segments<'a> {
    dir: &'a DataDir,
}

impl<'a> Segments<'a> {
    /// The segments in this directory.
    #[must_use]
    pub fn of(dir: &'a DataDir) -> Self {
        Self { dir }
    }

    /// Every sealed segment, oldest first.
    ///
    /// # Errors
    /// When the directory or a segment's end cannot be read.
    pub fn list(&self) -> Result<Vec<SegmentInfo>, StoreError> {
        let layout = self.layout();
        let mut infos = Vec::new();
        for (id, age) in ages(&layout)? {
            match info(&layout, id, age) {
                Ok(info) => infos.push(info),
                // Compressed or removed by the owner meanwhile. The next look sees it as it is then.
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(infos)
    }

    /// The text of a segment, with its footer: of a cold one unpacked on the way.
    ///
    /// # Errors
    /// [`StoreError::NoSegment`] when there is none, [`StoreError::Io`] when it cannot be opened.
    pub fn text(&self, id: SegmentId) -> Result<Text, StoreError> {
        Text::open(&self.layout(), id)?.ok_or_else(|| self.no_segment(id))
    }

    /// Passes every line of a segment to `keep`, without its newline, and takes out those that it drops.
    /// The lines that stay are the same bytes in the same order.
    ///
    /// Hot segments are written anew; in cold ones only members with dropped lines are, all others are
    /// copied as they are. A segment that nothing is left of is removed. Either the old segment is there or the new one, whenever the process dies;
    /// broken off, it can be called again. Waits while somebody else changes the segment.
    ///
    /// The active segment is none of these: see [`FileEventLog::seal`](crate::FileEventLog::seal).
    ///
    /// # Errors
    /// When this process does not own the directory, there is no such segment, or it cannot be read or
    /// written.
    pub fn rewrite(
        &self,
        id: SegmentId,
        look: Look<'_>,
        keep: &mut dyn FnMut(&[u8]) -> Keep,
    ) -> Result<Rewritten, StoreError> {
        let _lease = self.dir.lease_segment(id)?;
        let record = |left: Option<&Footer>| register::note_rewritten(self.dir, id, left);
        match self.settled_age(id)? {
            Age::Hot => {
                let old = self.finish_damaged(id)?;
                let known = Rewriting { record: &record, flaw: self.changed_since(id, &old)? };
                rewrite::hot(&self.layout(), id, known, keep)
            }
            Age::Cold => {
                let sidecar = Sidecar::load_or_survey(&self.layout(), id)?;
                let flaw = self.changed_since(id, sidecar.footer())?;
                rewrite::cold(
                    &self.layout(),
                    &sidecar,
                    look,
                    Rewriting { record: &record, flaw },
                    keep,
                )
            }
        }
    }

    /// Gives a segment its footer, if it has none.
    ///
    /// # Errors
    /// As for [`rewrite`](Self::rewrite).
    pub fn finish(&self, id: SegmentId) -> Result<Footer, StoreError> {
        self.finish_counted(id, None)
    }

    /// The same with the footer that whoever wrote the segment has made. It counts only if the segment is as
    /// long as it says.
    pub(crate) fn finish_counted(
        &self,
        id: SegmentId,
        counted: Option<Footer>,
    ) -> Result<Footer, StoreError> {
        let mut lease = self.dir.lease_segment(id)?;
        let footer = match self.settled_age(id)? {
            Age::Hot => self.finish_leased(id, counted.clone())?,
            Age::Cold => Sidecar::load_or_survey(&self.layout(), id)?.footer().clone(),
        };
        if counted.as_ref() == Some(&footer) {
            lease.holds_the_same();
        }
        Ok(footer)
    }

    /// Compresses a hot segment. One that is cold stays as it is.
    ///
    /// # Errors
    /// As for [`rewrite`](Self::rewrite).
    pub fn compress(&self, id: SegmentId) -> Result<(), StoreError> {
        let _lease = self.dir.lease_segment(id)?;
        match self.settled_age(id)? {
            Age::Hot => {
                let footer = self.finish_leased(id, None)?;
                compress::run(&self.layout(), id, &footer)
            }
            Age::Cold => Ok(()),
        }
    }

    /// Keeps what can be read of a damaged cold segment and puts the rest into the quarantine. `None` if
    /// nothing is wrong with it, or it is hot: there each line stands for itself.
    ///
    /// # Errors
    /// As for [`rewrite`](Self::rewrite).
    pub fn salvage(&self, id: SegmentId) -> Result<Option<Salvaged>, StoreError> {
        let _lease = self.dir.lease_segment(id)?;
        match self.age(id)? {
            Age::Hot => Ok(None),
            Age::Cold => {
                let record = |left: Option<&Footer>| register::note_rewritten(self.dir, id, left);
                salvage::cold(&self.layout(), id, &self.dir.quarantine_path(), &record)
            }
        }
    }

    /// Removes a segment. One that is not there is removed already.
    ///
    /// # Errors
    /// When this process does not own the directory or a file cannot be removed.
    pub fn remove(&self, id: SegmentId) -> Result<(), StoreError> {
        let _lease = self.dir.lease_segment(id)?;
        let layout = self.layout();
        register::note_rewritten(self.dir, id, None)?;
        // The sidecar last: without its segment it is a stray, which the next start removes.
        let paths = [layout.hot(id), layout.cold(id), layout.sidecar(id)];
        for path in paths.iter().filter(|path| regular::is_file(path)) {
            remove(path, "remove.before", "remove.done")?;
        }
        Ok(())
    }

    /// Finishes what a crash has broken off and removes what it has left half written. Runs when the
    /// event log is opened; the caller owns the directory and nobody writes.
    pub(crate) fn tidy(&self) -> Result<janitor::Tidied, StoreError> {
        janitor::tidy(*self)
    }

    /// Takes in what others have put among the segments while the log was open, such as files of a backup.
    pub(crate) fn take_in(&self) -> Result<(), StoreError> {
        janitor::take_in(*self)?;
        self.dir.doubt_segments();
        Ok(())
    }

    /// The same of one cold segment: no hot one may stand beside it, and what is in it has to be known.
    pub(super) fn take_in_cold(&self, id: SegmentId) -> Result<(), StoreError> {
        let _lease = self.dir.lease_segment(id)?;
        match self.settled_age(id)? {
            Age::Hot => self.finish_leased(id, None).map(drop),
            Age::Cold => Sidecar::survey(&self.layout(), id)?.write(&self.layout(), id),
        }
    }

    pub(super) fn dir(&self) -> &DataDir {
        self.dir
    }

    pub(super) fn quarantine(&self) -> PathBuf {
        self.dir.quarantine_path()
    }

    pub(crate) fn layout(&self) -> Layout {
        Layout::of(self.dir)
    }

    /// One that was sealed before and has lost events since is not sealed anew: its footer would say that it is whole.
    fn finish_leased(&self, id: SegmentId, counted: Option<Footer>) -> Result<Footer, StoreError> {
        let path = self.layout().hot(id);
        if let Some(footer) = seal::read_footer(&path)? {
            return Ok(footer);
        }
        if let Some(why) = self.lost_since(id)? {
            return Err(StoreError::corrupt(&path, why));
        }
        let footer = seal::finish(&path, id, &self.quarantine(), counted, None)?;
        register::note_sealed(self.dir, &footer)?;
        Ok(footer)
    }

    /// The same for an erasure, which must not be kept from what is left of it: the footer says what is wrong.
    fn finish_damaged(&self, id: SegmentId) -> Result<Footer, StoreError> {
        let path = self.layout().hot(id);
        let has_footer = seal::read_footer(&path)?.is_some();
        match self.lost_since(id)?.filter(|_| !has_footer) {
            None => self.finish_leased(id, None),
            flaw => seal::finish(&path, id, &self.quarantine(), None, flaw),
        }
    }

    /// What is wrong with a hot segment without a footer, if it was sealed before and is less than it was.
    fn lost_since(&self, id: SegmentId) -> Result<Option<String>, StoreError> {
        let states = register::states(self.dir, id)?;
        let Some(last) = states.last() else { return Ok(None) };
        let is_whole = seal::begins_as(&self.layout().hot(id), &states)?;
        Ok((!is_whole)
            .then(|| format!("it has lost its end: it was sealed with {} events", last.n_events)))
    }

    /// What is wrong with a segment whose footer says other things than when it was sealed.
    fn changed_since(&self, id: SegmentId, footer: &Footer) -> Result<Option<String>, StoreError> {
        let states = register::states(self.dir, id)?;
        let is_known = states.is_empty() || states.contains(&footer.into());
        Ok((!is_known).then(|| "its footer was another than when it was sealed".to_owned()))
    }

    /// How a leased segment is kept, once there is one file of it: a footer must not make a torn one count.
    fn settled_age(&self, id: SegmentId) -> Result<Age, StoreError> {
        janitor::leave_one(&self.layout(), id, &self.quarantine())?;
        self.age(id)
    }

    fn age(&self, id: SegmentId) -> Result<Age, StoreError> {
        let layout = self.layout();
        match (regular::is_file(&layout.hot(id)), regular::is_file(&layout.cold(id))) {
            (true, _) => Ok(Age::Hot),
            (false, true) => Ok(Age::Cold),
            (false, false) => Err(self.no_segment(id)),
        }
    }

    fn no_segment(&self, id: SegmentId) -> StoreError {
        StoreError::NoSegment { id, dir: self.layout().dir().to_owned() }
    }
}

/// Which segments there are, and how each is kept. Where a compression was broken off there are both,
/// and the hot one counts: it is whole, whatever became of the other.
pub(crate) fn ages(layout: &Layout) -> Result<BTreeMap<SegmentId, Age>, StoreError> {
    let mut ages = BTreeMap::new();
    foreign::each_entry(layout, |name, is_file| match FileKind::of(name) {
        FileKind::Hot(id) if is_file => drop(ages.insert(id, Age::Hot)),
        FileKind::Cold(id) if is_file => drop(ages.entry(id).or_insert(Age::Cold)),
        FileKind::Hot(_)
        | FileKind::Cold(_)
        | FileKind::Active
        | FileKind::Late
        | FileKind::Older
        | FileKind::Sidecar(_)
        | FileKind::Stray
        | FileKind::Other => {}
    })?;
    Ok(ages)
}

/// The names of the files in the log's directory; none if it is not there yet. Links and directories are none.
pub(crate) fn names(layout: &Layout) -> Result<Vec<String>, StoreError> {
    let mut names = Vec::new();
    foreign::each_entry(layout, |name, is_file| names.extend(is_file.then(|| name.to_owned())))?;
    Ok(names)
}

fn info(layout: &Layout, id: SegmentId, age: Age) -> Result<SegmentInfo, StoreError> {
    let path = age.path(layout, id);
    let file_bytes = fs::metadata(&path).map_err(StoreError::io("look at", &path))?.len();
    let footer = footer(layout, id, age)?;
    Ok(SegmentInfo { id, age, path, file_bytes, footer })
}

/// What a sealed segment says of itself; none where its sealing is not finished.
pub(crate) fn footer(
    layout: &Layout,
    id: SegmentId,
    age: Age,
) -> Result<Option<Footer>, StoreError> {
    match age {
        Age::Hot => seal::read_footer(&layout.hot(id)),
        Age::Cold => Sidecar::load_footer(layout, id),
    }
}
