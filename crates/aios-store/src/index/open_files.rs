//! The segments that take events.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use crate::segment::{Layout, extent};
use crate::{StoreError, regular};

/// One of them.
#[derive(Debug)]
pub(super) struct OpenFile {
    pub(super) path: PathBuf,
    pub(super) file: File,
    /// What it will be called, and of what time it is; none where no event is at its beginning.
    pub(super) extent: Option<extent::Extent>,
}

/// Those that there are.
pub(super) fn open_files(layout: &Layout) -> Result<Vec<OpenFile>, StoreError> {
    let mut open = Vec::new();
    for path in [layout.late(), layout.active()] {
        let file = match regular::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(StoreError::io("open", &path)(error)),
        };
        let extent = extent::of(&file).map_err(StoreError::io("read", &path))?;
        open.push(OpenFile { path, file, extent });
    }
    Ok(open)
}
