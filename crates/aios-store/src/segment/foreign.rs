//! What stands under a name of the log's and is no file of ours: a link, a directory, a pipe.
//!
//! Whoever can write the directory can put it there, or has moved a segment to another disk and left a link.
//! What a link leads to may be anybody's, so it is neither read nor changed, and takes no part in anything:
//! the log is what the other files hold. `aios logs verify` names it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::name::{FileKind, Layout, SegmentId};
use crate::{StoreError, regular};

const SEGMENT: &str = "a segment";

/// Something that is no file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Foreign {
    pub(crate) path: PathBuf,
    /// What it is, and what to do.
    pub(crate) why: String,
}

/// All of it in the log's directory, in order.
pub(crate) fn foreign(layout: &Layout) -> Result<Vec<Foreign>, StoreError> {
    let mut others = Vec::new();
    each_entry(layout, |name, is_file| {
        if let Some(place) = place_of(name).filter(|_| !is_file) {
            let path = layout.dir().join(name);
            let why = why(&path, place);
            others.push(Foreign { path, why });
        }
    })?;
    others.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(others)
}

/// Shows each name in it, and whether a file stands there.
pub(super) fn each_entry(
    layout: &Layout,
    mut see: impl FnMut(&str, bool),
) -> Result<(), StoreError> {
    let failed = |error| StoreError::io("list", layout.dir())(error);
    let entries = match fs::read_dir(layout.dir()) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        see(&entry.file_name().to_string_lossy(), is_file);
    }
    Ok(())
}

/// Whose place it takes.
fn place_of(name: &str) -> Option<&'static str> {
    match FileKind::of(name) {
        FileKind::Active | FileKind::Late => Some("the segment that takes events"),
        FileKind::Hot(_) | FileKind::Cold(_) => Some(SEGMENT),
        FileKind::Sidecar(_) => Some("a segment's sidecar"),
        FileKind::Stray => Some("what is being written"),
        FileKind::Older => Some("a log of an older schema"),
        FileKind::Other => None,
    }
}

fn why(path: &Path, place: &str) -> String {
    let kind = fs::symlink_metadata(path).map(|there| there.file_type());
    let (what, hint) = match kind {
        Ok(kind) if kind.is_symlink() => (
            "a link",
            "it is not followed, and what it leads to is no part of the log; hint: remove it, or put the file itself in its place",
        ),
        Ok(kind) if kind.is_dir() => {
            ("a directory", "nothing in it is part of the log; hint: move it to another place")
        }
        Ok(_) | Err(_) => ("no regular file", "it is not read; hint: remove it"),
    };
    format!("{what} stands where {place} belongs: {hint}")
}

/// What is no file and stands in a segment's place; none where a file or nothing does.
pub(crate) fn in_place_of(layout: &Layout, id: SegmentId) -> Option<Foreign> {
    let paths = [layout.hot(id), layout.cold(id)];
    let path = paths.into_iter().find(|path| regular::is_barred(path))?;
    let why = why(&path, SEGMENT);
    Some(Foreign { path, why })
}

/// Says it in the log of whoever opens the event log; it is left as it is.
pub(super) fn warn(layout: &Layout) -> Result<(), StoreError> {
    for Foreign { path, why } in foreign(layout)? {
        tracing::error!(path = %path.display(), "{why}");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
