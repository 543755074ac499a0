//! How much room there is, and what takes it.

use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::{DataDir, StoreError};

/// The disk of a data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DiskRoom {
    /// Bytes that may still be written.
    pub free_bytes: u64,
    /// Bytes of the whole.
    pub all_bytes: u64,
}

/// What one part of a data directory takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The folder or file.
    pub name: String,
    /// Its bytes.
    pub bytes: u64,
}

/// The room on the disk of a data directory; none where the system does not say.
#[must_use]
pub fn disk_room(dir: &DataDir) -> Option<DiskRoom> {
    let free_bytes = dir.free_bytes().ok()?;
    let all_bytes = fs4::total_space(dir.path()).ok()?;
    Some(DiskRoom { free_bytes, all_bytes })
}

/// What lies in a data directory, the largest first.
///
/// # Errors
/// When it cannot be listed. What vanishes meanwhile is left out.
pub fn parts(dir: &DataDir) -> Result<Vec<Part>, StoreError> {
    let entries = fs::read_dir(dir.path()).map_err(StoreError::io("list", dir.path()))?;
    let part = |entry: fs::DirEntry| Part {
        name: entry.file_name().to_string_lossy().into_owned(),
        bytes: bytes_of(&entry.path()),
    };
    let mut parts: Vec<_> = entries.flatten().map(part).collect();
    parts.sort_by(|one, other| other.bytes.cmp(&one.bytes).then(one.name.cmp(&other.name)));
    Ok(parts)
}

fn bytes_of(path: &Path) -> u64 {
    let Ok(about) = fs::symlink_metadata(path) else { return 0 };
    if !about.is_dir() {
        return about.len();
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| bytes_of(&entry.path())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_counted_with_all_that_is_in_them() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        fs::create_dir_all(dir.path().join("deep/er")).unwrap();
        fs::write(dir.path().join("deep/er/file"), [0; 500]).unwrap();
        fs::write(dir.path().join("deep/file"), [0; 200]).unwrap();
        let parts = parts(&dir).unwrap();
        assert_eq!(parts[0], Part { name: "deep".into(), bytes: 700 });
        let room = disk_room(&dir).unwrap();
        assert!(room.free_bytes <= room.all_bytes && room.all_bytes > 0, "{room:?}");
    }
}
