//! Notices what somebody puts among the files while a server has them.
//!
//! Whoever puts a file back changes its length or its time. So a look costs a list of the directory, and only what has
//! changed since the last one is read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::scan::{self, Found};
use crate::StoreError;

/// How the files were at the last look.
#[derive(Debug, Default)]
pub(super) struct Watch {
    seen: BTreeMap<PathBuf, State>,
}

#[derive(Debug, PartialEq, Eq)]
struct State {
    len: u64,
    modified: Option<SystemTime>,
}

impl Watch {
    /// The files that are not as they were, and how they are from now on. Whatever changes after this is seen by the
    /// next look, even if it is read by now.
    pub(super) fn changed(&mut self, dir: &Path) -> Result<Vec<Found>, StoreError> {
        let files = scan::files(dir)?;
        let before = std::mem::take(&mut self.seen);
        let is_new = |file: &Found| {
            let state = State::of(&file.path);
            let is_new = before.get(&file.path) != Some(&state);
            self.seen.insert(file.path.clone(), state);
            is_new
        };
        Ok(files.into_iter().filter(is_new).collect())
    }
}

impl State {
    fn of(path: &Path) -> Self {
        // What cannot be looked at is read: then it is told why.
        let metadata = fs::symlink_metadata(path).ok();
        Self {
            len: metadata.as_ref().map_or(u64::MAX, fs::Metadata::len),
            modified: metadata.and_then(|metadata| metadata.modified().ok()),
        }
    }
}
