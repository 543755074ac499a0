//! What stands where in a cold segment, in a file beside it, so that one member can be found without
//! unpacking the others.
//!
//! The sidecar is made from the segment and never a witness of its own: one that is missing, or that is
//! about another state of the segment, is made anew.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::cold::{self, Member};
use super::footer::{Counts, DigestOf, Footer};
use super::name::{Layout, SegmentId};
use crate::disk::AT_ONCE;
use crate::replace::{Points, Replacement, points, remove};
use crate::{StoreError, regular};

const POINTS: Points = points!("sidecar");

/// What a segment that was changed by somebody is said to be.
pub(crate) const CHANGED: &str =
    "before lines were erased from it, its text was not what its footer's digest said";

/// Most bytes of a sidecar's first line.
const HEAD_MAX: u64 = 64 * 1024;

/// Bytes that are read at once of a sidecar of which only the head is wanted: as a rule all of it.
const HEAD_READ: usize = 1024;

/// The members of one cold segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sidecar {
    head: Head,
    /// The segment's members, the footer's own left out.
    pub(crate) members: Vec<Member>,
}

/// The first line: enough to know the segment by. Each line after it is a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    /// Length of the segment's file.
    len: u64,
    /// The last bytes of the segment's file.
    end: String,
    /// The segment's last line.
    footer: Footer,
    /// What unpacking the segment has shown to be wrong with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    flaw: Option<String>,
}

impl Sidecar {
    /// Describes the file as it is now.
    pub(crate) fn of(
        path: &Path,
        footer: Footer,
        members: Vec<Member>,
    ) -> Result<Self, StoreError> {
        let (len, end) = cold::seal_of(path).map_err(StoreError::io("read", path))?;
        let flaw = footer.flaw.clone();
        Ok(Self { head: Head { len, end, footer, flaw }, members })
    }

    /// What is wrong with the segment, as far as that is known.
    pub(crate) fn flaw(&self) -> Option<String> {
        let is_other = || {
            let footer = &self.head.footer;
            let is_proven = footer.sha256_of == DigestOf::Members;
            is_proven && cold::digest_of(&self.members) != footer.sha256
        };
        self.head.flaw.clone().or_else(|| is_other().then(|| CHANGED.to_owned()))
    }

    /// The segment's last line.
    pub(crate) fn footer(&self) -> &Footer {
        &self.head.footer
    }

    /// The footer alone; `None` as for [`load`](Self::load).
    pub(crate) fn load_footer(
        layout: &Layout,
        id: SegmentId,
    ) -> Result<Option<Footer>, StoreError> {
        let Some(mut file) = open(layout, id)? else { return Ok(None) };
        let mut line = Vec::with_capacity(HEAD_READ);
        let read = (&mut file).take(HEAD_READ as u64).read_to_end(&mut line).and_then(|_| {
            match memchr::memchr(b'\n', &line) {
                Some(end) => line.truncate(end),
                None => drop(BufReader::new(file).take(HEAD_MAX).read_until(b'\n', &mut line)?),
            }
            Ok(())
        });
        read.map_err(StoreError::io("read", &layout.sidecar(id)))?;
        Ok(true_head(layout, id, &line)?.map(|head| head.footer))
    }

    /// The sidecar of a segment; `None` if there is none that is about the segment as it is now.
    pub(crate) fn load(layout: &Layout, id: SegmentId) -> Result<Option<Self>, StoreError> {
        let Some(file) = open(layout, id)? else { return Ok(None) };
        let mut lines = BufReader::with_capacity(AT_ONCE, file);
        let mut line = Vec::new();
        let read = (&mut lines).take(HEAD_MAX).read_until(b'\n', &mut line);
        read.map_err(StoreError::io("read", &layout.sidecar(id)))?;
        let Some(head) = true_head(layout, id, &line)? else { return Ok(None) };
        let members = lines.lines().map(|line| Ok(serde_json::from_str(&line?)?));
        let Ok(members) = members.collect::<io::Result<Vec<Member>>>() else { return Ok(None) };
        // One that is cut off between two members looks whole.
        let counts = members.iter().map(|member| member.counts).reduce(Counts::and);
        let is_whole = counts.unwrap_or_default() == head.footer.counts();
        Ok(is_whole.then_some(Self { head, members }))
    }

    /// The same by unpacking the segment. Writes nothing.
    pub(crate) fn survey(layout: &Layout, id: SegmentId) -> Result<Self, StoreError> {
        let path = layout.cold(id);
        let file = regular::open(&path).map_err(StoreError::io("open", &path))?;
        let survey = cold::survey(BufReader::new(file)).map_err(StoreError::io("unpack", &path))?;
        let survey = survey.ok_or_else(|| StoreError::corrupt(&path, "it has no footer"))?;
        let is_sound = survey.is_sound();
        let mut sidecar = Self::of(&path, survey.footer, survey.members)?;
        if !is_sound {
            sidecar.head.flaw.get_or_insert_with(|| CHANGED.to_owned());
        }
        Ok(sidecar)
    }

    /// The sidecar, from its file if that is there and true, else from the segment.
    pub(crate) fn load_or_survey(layout: &Layout, id: SegmentId) -> Result<Self, StoreError> {
        Self::load(layout, id)?.map_or_else(|| Self::survey(layout, id), Ok)
    }

    pub(crate) fn write(&self, layout: &Layout, id: SegmentId) -> Result<(), StoreError> {
        let path = layout.sidecar(id);
        // Nothing can be put in its place, and without a sidecar the segment is unpacked.
        if regular::is_directory(&path) {
            return Ok(());
        }
        let mut file = Replacement::begin(&path)?;
        write_line(&mut file, &self.head)
            .and_then(|()| self.members.iter().try_for_each(|member| write_line(&mut file, member)))
            .map_err(StoreError::io("write", &path))?;
        file.commit(&POINTS)
    }

    /// Removes what stands in its place, but for a directory, which is none of ours.
    pub(super) fn remove(
        layout: &Layout,
        id: SegmentId,
        before: &'static str,
        done: &'static str,
    ) -> Result<(), StoreError> {
        let path = layout.sidecar(id);
        if regular::is_directory(&path) { Ok(()) } else { remove(&path, before, done) }
    }

    /// Whether a member may hold one of these pseudonyms.
    pub(crate) fn names(member: &Member, pseudonyms: &[&str]) -> bool {
        let holds = |wanted: &&str| {
            member.pseudonyms.binary_search_by(|id| id.as_str().cmp(wanted)).is_ok()
        };
        pseudonyms.iter().any(holds)
    }
}

/// The file of a sidecar; `None` if there is none.
fn open(layout: &Layout, id: SegmentId) -> Result<Option<File>, StoreError> {
    let path = layout.sidecar(id);
    match regular::open(&path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        // What a link leads to is no sidecar of ours.
        Err(error) if regular::is_irregular(&error) => Ok(None),
        Err(error) => Err(StoreError::io("open", &path)(error)),
    }
}

/// What stands on the first line, if it is about the segment as it is now.
fn true_head(layout: &Layout, id: SegmentId, line: &[u8]) -> Result<Option<Head>, StoreError> {
    let Ok(head) = serde_json::from_slice::<Head>(line) else { return Ok(None) };
    let path = layout.cold(id);
    let (len, end) = cold::seal_of(&path).map_err(StoreError::io("read", &path))?;
    let is_true = head.len == len && head.end == end && head.footer.segment == id;
    Ok(is_true.then_some(head))
}

fn write_line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}
