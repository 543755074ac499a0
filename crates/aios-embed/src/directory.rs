//! Reads the files of a model, and digests all that it reads: that is the model's identity.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use crate::LoadError;

/// Longest file of settings.
const SETTINGS_BYTES_MAX: u64 = 1024 * 1024;

/// A model's directory.
pub(crate) struct Directory {
    path: PathBuf,
    digest: Sha256,
}

/// What one file held.
pub(crate) struct Contents {
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
}

impl Directory {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), digest: Sha256::new() }
    }

    /// A file that must be there.
    pub(crate) fn read(&mut self, name: &str, n_max: u64) -> Result<Contents, LoadError> {
        let path = self.path.join(name);
        let failed = |source| LoadError::Read { path: path.clone(), source };
        let file = File::open(&path).map_err(failed)?;
        let n_told = file.metadata().map_err(failed)?.len();
        if n_told > n_max {
            return Err(LoadError::TooLarge { path, n_max });
        }
        let mut bytes = Vec::with_capacity(usize::try_from(n_told).unwrap_or(0));
        // What a file is said to be is not always what it is.
        file.take(n_max + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > n_max {
            return Err(LoadError::TooLarge { path, n_max });
        }
        // Framed, so that no two sets of files come to the same.
        self.digest.update((name.len() as u64).to_le_bytes());
        self.digest.update(name);
        self.digest.update((bytes.len() as u64).to_le_bytes());
        self.digest.update(&bytes);
        Ok(Contents { path, bytes })
    }

    /// A file that may be missing.
    pub(crate) fn read_if_there(
        &mut self,
        name: &str,
        n_max: u64,
    ) -> Result<Option<Contents>, LoadError> {
        match self.read(name, n_max) {
            Err(LoadError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Ok(None)
            }
            read => read.map(Some),
        }
    }

    /// Settings that must be there, and the path they stand at.
    pub(crate) fn settings<T: DeserializeOwned>(
        &mut self,
        name: &str,
    ) -> Result<(T, PathBuf), LoadError> {
        let contents = self.read(name, SETTINGS_BYTES_MAX)?;
        Ok((contents.json()?, contents.path))
    }

    /// Settings that may be missing.
    pub(crate) fn settings_if_there<T: DeserializeOwned>(
        &mut self,
        name: &str,
    ) -> Result<Option<(T, PathBuf)>, LoadError> {
        let Some(contents) = self.read_if_there(name, SETTINGS_BYTES_MAX)? else { return Ok(None) };
        Ok(Some((contents.json()?, contents.path)))
    }

    /// The digest of all that was read, in hexadecimal digits.
    pub(crate) fn into_digest(self) -> String {
        self.digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Contents {
    /// As JSON of a known shape.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, LoadError> {
        serde_json::from_slice(&self.bytes).map_err(|error| self.malformed(error))
    }

    pub(crate) fn malformed(&self, why: impl ToString) -> LoadError {
        LoadError::Malformed { path: self.path.clone(), why: why.to_string() }
    }
}
