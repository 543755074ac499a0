//! Replaces a file whole: after a crash there is the old one or the new one, and at most a temporary
//! file beside it, which the next start removes.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::disk::AT_ONCE;
use crate::{StoreError, disk, fail};

/// The fail points of one kind of replacement.
pub(crate) struct Points {
    pub(crate) before_sync: &'static str,
    pub(crate) before_rename: &'static str,
    pub(crate) after_rename: &'static str,
    pub(crate) done: &'static str,
}

/// Makes the four names of a replacement's fail points.
macro_rules! points {
    ($name:literal) => {
        $crate::replace::Points {
            before_sync: concat!($name, ".before_sync"),
            before_rename: concat!($name, ".before_rename"),
            after_rename: concat!($name, ".after_rename"),
            done: concat!($name, ".done"),
        }
    };
}
pub(crate) use points;

/// A file that takes another's place when it is whole; dropped before, it is gone.
#[derive(Debug)]
pub(crate) struct Replacement {
    path: PathBuf,
    temporary: PathBuf,
    out: Option<BufWriter<File>>,
}

impl Replacement {
    pub(crate) fn begin(path: &Path) -> Result<Self, StoreError> {
        let temporary = disk::temporary_beside(path);
        // Also what an earlier crash has left: it may hold what must not be kept.
        let file = disk::create_anew(&temporary).map_err(StoreError::io("create", &temporary))?;
        let out = Some(BufWriter::with_capacity(AT_ONCE, file));
        Ok(Self { path: path.to_owned(), temporary, out })
    }

    /// Whose place it takes.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Has it take the place of another file of the same directory.
    pub(crate) fn to(mut self, path: &Path) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// Forces the file to disk and puts it in its place.
    pub(crate) fn commit(self, points: &Points) -> Result<(), StoreError> {
        self.commit_checked(points, |_| Ok(()))
    }

    /// As [`commit`](Self::commit), if `check` agrees with what stands in the temporary file.
    pub(crate) fn commit_checked(
        mut self,
        points: &Points,
        check: impl FnOnce(&Path) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        fail::point(points.before_sync);
        let out = self.out.take().expect("a replacement is committed once");
        let synced = out
            .into_inner()
            .map_err(io::IntoInnerError::into_error)
            .and_then(|file| file.sync_all())
            .map_err(StoreError::io("write", &self.temporary));
        let renamed = synced.and_then(|()| check(&self.temporary)).and_then(|()| {
            fail::point(points.before_rename);
            fs::rename(&self.temporary, &self.path).map_err(StoreError::io("write", &self.path))
        });
        if renamed.is_err() {
            self.discard();
            return renamed;
        }
        fail::point(points.after_rename);
        disk::sync_dir(self.path.parent().unwrap_or_else(|| Path::new(".")))?;
        fail::point(points.done);
        Ok(())
    }

    fn discard(&mut self) {
        self.out = None;
        // If this fails the file goes at the next start.
        drop(fs::remove_file(&self.temporary));
    }
}

impl Write for Replacement {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.as_mut().map_or(Ok(bytes.len()), |out| out.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if self.out.is_some() {
            self.discard();
        }
    }
}

/// Removes a file for good; one that is not there is removed already.
pub(crate) fn remove(
    path: &Path,
    before: &'static str,
    done: &'static str,
) -> Result<(), StoreError> {
    fail::point(before);
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(StoreError::io("remove", path)(error));
        }
        Ok(()) | Err(_) => {}
    }
    disk::sync_dir(path.parent().unwrap_or_else(|| Path::new(".")))?;
    fail::point(done);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINTS: Points = points!("test");

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_replacement_takes_the_files_place() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a");
        fs::write(&path, "old").unwrap();
        // What a crash in an earlier one has left.
        fs::write(disk::temporary_beside(&path), "half").unwrap();
        let mut replacement = Replacement::begin(&path).unwrap();
        replacement.write_all(b"new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        replacement.commit(&POINTS).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(names(temp.path()), ["a"]);
    }

    #[test]
    fn one_that_is_given_up_or_refused_leaves_nothing() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a");
        fs::write(&path, "old").unwrap();
        drop(Replacement::begin(&path).unwrap());
        let mut replacement = Replacement::begin(&path).unwrap();
        replacement.write_all(b"new").unwrap();
        let refuse = |written: &Path| {
            assert_eq!(fs::read_to_string(written).unwrap(), "new");
            Err(StoreError::Missing { dir: written.to_owned() })
        };
        replacement.commit_checked(&POINTS, refuse).unwrap_err();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(temp.path()), ["a"]);
    }

    #[test]
    fn what_is_not_there_is_removed_already() {
        let temp = tempfile::tempdir().unwrap();
        remove(&temp.path().join("none"), "a", "b").unwrap();
    }
}
