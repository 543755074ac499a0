//! The segments that take events.

use std::fs::File;
use std::path::PathBuf;

use crate::StoreError;
use crate::segment::{Layout, extent};

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
        let opened = extent::open(&path).map_err(StoreError::io("open", &path))?;
        let Some(file) = opened else { continue };
        let extent = extent::of(&file).map_err(StoreError::io("read", &path))?;
        open.push(OpenFile { path, file, extent });
    }
    Ok(open)
}
