//! Which files a look has seen, while a server seals and compresses what it looks at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::SegmentId;
use crate::segment::{FileKind, extent};

/// How often a file that is listed is not there before it is let be.
const TRIES_MAX: u32 = 3;

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    files: BTreeSet<PathBuf>,
    /// Segments by the folder that they lie in.
    segments: BTreeMap<PathBuf, BTreeSet<SegmentId>>,
    /// Files that were gone, and how often.
    gone: BTreeMap<PathBuf, u32>,
}

impl Seen {
    /// Looks at a file; `see` tells whether it was there.
    pub(super) fn look(&mut self, path: &Path, see: impl FnOnce() -> bool) {
        let before = segment_of(path);
        if !see() {
            *self.gone.entry(path.to_owned()).or_default() += 1;
            return;
        }
        self.files.insert(path.to_owned());
        // One that took events may have been sealed while it was opened, and what was seen be the next one.
        if let Some((folder, id)) = before.filter(|_| before == segment_of(path)) {
            match self.segments.get_mut(folder) {
                Some(ids) => drop(ids.insert(id)),
                None => drop(self.segments.insert(folder.to_owned(), BTreeSet::from([id]))),
            }
        }
    }

    /// Whether there is nothing in a file that is listed after a look that was not seen in it.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.files.contains(path)
            || self.gone.get(path).is_some_and(|n| *n >= TRIES_MAX)
            || segment_of(path).is_some_and(|(folder, id)| {
                self.segments.get(folder).is_some_and(|ids| ids.contains(&id))
            })
    }
}

/// The segment that a file is or, if it takes events, will be. Of one that is gone by now the name tells.
fn segment_of(path: &Path) -> Option<(&Path, SegmentId)> {
    let folder = path.parent()?;
    let id = match FileKind::of(path.file_name()?.to_str()?) {
        FileKind::Hot(id) | FileKind::Cold(id) => Some(id),
        FileKind::Active | FileKind::Late => extent::at(path).ok().flatten().map(|of| of.id),
        FileKind::Older | FileKind::Sidecar(_) | FileKind::Stray | FileKind::Other => None,
    };
    Some((folder, id?))
}
