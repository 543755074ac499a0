//! What goes wrong while a segment is read in: with its text, or with the database.

use std::io;
use std::path::Path;

use super::database::failed;
use crate::{DataDir, StoreError};

/// Why a segment could not be read in.
pub(super) enum ReadError {
    Text(io::Error),
    Database(rusqlite::Error),
}

impl ReadError {
    pub(super) fn of(self, dir: &DataDir, path: &Path) -> StoreError {
        match self {
            Self::Text(error) => StoreError::io("read", path)(error),
            Self::Database(error) => failed(dir, "write", error),
        }
    }
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Text(error)
    }
}
