//! Notices what somebody puts among the files while a server has them.
//!
//! Whoever puts a file back or edits one changes its length, its time, or which file it is. So a look costs a list of the directory, and
//! only what is not as it was when nothing erased was in it is read. An erasure reads all of it, so that what was known
//! before holds for whom it has erased, too.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::scan::{self, Found};
use crate::{StoreError, disk};

/// How the files were when nothing erased was in them.
#[derive(Debug, Default)]
pub(super) struct Watch {
    known: BTreeMap<PathBuf, State>,
}

/// A file that is not as it was.
#[derive(Debug)]
pub(super) struct Changed {
    pub(super) file: Found,
    /// Whether it is another file than the one of that name before, or none was known.
    pub(super) is_another: bool,
    /// How it was before it was read.
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    file: Option<(u64, u64)>,
    len: u64,
    modified: Option<SystemTime>,
    /// When anything about it changed, where that is known: nobody sets this time back.
    changed: (i64, i64),
}

impl Watch {
    /// The files that are not as they are known. Whatever changes after this is seen by the next look, even if it is read
    /// by now.
    pub(super) fn changed(&mut self, dir: &Path) -> Result<Vec<Changed>, StoreError> {
        let files: Vec<_> =
            scan::files(dir)?.into_iter().map(|file| (State::of(&file.path), file)).collect();
        let mut before = std::mem::take(&mut self.known);
        let mut changed = Vec::new();
        for (state, file) in files {
            match before.remove_entry(&file.path) {
                Some((path, known)) if known == state => drop(self.known.insert(path, known)),
                known => {
                    let is_another = known.is_none_or(|(_, known)| known.file != state.file);
                    changed.push(Changed { file, is_another, state });
                }
            }
        }
        Ok(changed)
    }

    /// Nothing erased is in these.
    pub(super) fn know<'a>(&mut self, files: impl IntoIterator<Item = &'a Changed>) {
        let known = files.into_iter().map(|changed| (changed.file.path.clone(), changed.state));
        self.known.extend(known);
    }
}

impl State {
    fn of(path: &Path) -> Self {
        // What cannot be looked at is read: then it is told why.
        let metadata = fs::symlink_metadata(path).ok();
        Self {
            file: disk::identity(path),
            len: metadata.as_ref().map_or(u64::MAX, fs::Metadata::len),
            changed: metadata.as_ref().map_or((0, 0), disk::changed_at),
            modified: metadata.and_then(|metadata| metadata.modified().ok()),
        }
    }
}
