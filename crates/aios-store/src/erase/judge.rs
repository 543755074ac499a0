//! Whose a line is, also where it was written before there were pseudonyms.
//!
//! Logs of an older schema wait for `aios logs migrate`, lines that were no answers wait in the quarantine,
//! and an old log that was put in the place of the active segment is there until the next start. They hold
//! a conversation's id as the application sent it, or its old hash. So they are judged by the pseudonym
//! that they would get, under every live version of the key: an erasure that goes on after a crash, or that
//! was asked for by pseudonym, finds them too.

use std::io;
use std::path::{Path, PathBuf};

use aios_privacy::{Keyring, Pseudonym};

use super::target::{EraseTarget, Whose};
use crate::segment::{FileKind, facts};
use crate::{DataDir, StoreError, migrate};

/// Name of the pseudonyms' key.
pub(super) const PSEUDONYMS: &str = "pseudonyms";

/// Judges lines of one data directory.
#[derive(Debug)]
pub(super) struct Judge<'a> {
    pub(super) target: &'a EraseTarget,
    /// None where there is no key: then nothing was ever stored under one.
    ring: Option<Keyring>,
    analytics: PathBuf,
}

impl<'a> Judge<'a> {
    pub(super) fn new(dir: &DataDir, target: &'a EraseTarget) -> Result<Self, StoreError> {
        let ring = Keyring::new(&dir.key_versions(PSEUDONYMS)?);
        Ok(Self { target, ring, analytics: dir.analytics_path() })
    }

    /// Whether lines of a file may be of an older schema. Fails where their ids mean nothing, because the
    /// key is not there.
    pub(super) fn may_be_older(&self, path: &Path) -> io::Result<bool> {
        let is_in_place = path.parent() == Some(&self.analytics);
        if self.ring.is_none() && is_in_place && is_older(path) {
            let why = "it is of an older schema, and without the key nobody is known by its ids";
            return Err(io::Error::other(why));
        }
        Ok(path.starts_with(&self.analytics))
    }

    /// Whose a line is; without its newline.
    pub(super) fn line(&self, line: &[u8], may_be_older: bool) -> Whose {
        match self.target.judge(line, may_be_older) {
            Whose::Mention | Whose::Other if may_be_older && !self.owners(line).is_empty() => {
                Whose::Ours
            }
            whose => whose,
        }
    }

    /// Which of the target's pseudonyms a line of an older schema would get.
    pub(super) fn owners(&self, line: &[u8]) -> Vec<Pseudonym> {
        let Some(ring) = self.ring.as_ref().filter(|_| !facts::is_current(line)) else {
            return Vec::new();
        };
        let mut owners = migrate::owners(line, ring);
        owners.retain(|owner| self.target.is_ours(owner.as_str()));
        owners
    }
}

/// Whether a file of the log's directory is called as one of an older schema may be.
fn is_older(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    FileKind::of(name) == FileKind::Older || migrate::is_outside(name)
}
