//! Looks at what files and directories are called: a name may say whose something is, and outlives what is in it.
//!
//! Only the proof looks, and nothing is renamed: what depends on a name is not known here. So what is found is told, for
//! somebody to remove or rename it.

use std::path::{Path, PathBuf};

use super::census::Left;
use super::scan;
use super::target::EraseTarget;
use crate::{DataDir, StoreError};

/// What of the names in a data directory is the target's.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Those that name it.
    pub(super) found: Vec<Left>,
    /// Those in which the id may be anybody's word or number.
    pub(super) n_mentions: u64,
}

impl Names {
    pub(super) fn of(dir: &DataDir, target: &EraseTarget) -> Result<Self, StoreError> {
        let mut names = Self::default();
        for (file, name) in all(dir.path())? {
            if target.names_in(&name) || target.is_unmistakable_in(&name) {
                names.found.push(Left { file, why: "its name names the target".to_owned() });
            } else {
                names.n_mentions += u64::from(target.raw_in(&name));
            }
        }
        Ok(names)
    }
}

/// Every file and directory, from the data directory, with its own name.
pub(super) fn all(dir: &Path) -> Result<impl Iterator<Item = (PathBuf, Vec<u8>)>, StoreError> {
    let entries = scan::entries(dir)?;
    let dir = dir.to_owned();
    Ok(entries.into_iter().map(move |entry| {
        let name = entry.path.file_name().unwrap_or_default().as_encoded_bytes().to_vec();
        (entry.path.strip_prefix(&dir).unwrap_or(&entry.path).to_owned(), name)
    }))
}
