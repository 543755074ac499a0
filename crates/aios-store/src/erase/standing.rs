//! Which names that must stay erased stand in the bytes of a file.
//!
//! Under what is kept of the event log there may be lines of an older schema, as in the quarantine of a migration or a log
//! of a backup. They have an id as the application sent it, or its old hash, and are somebody's by the pseudonym that they
//! would get. See [`judge`](super::judge), which goes by lines; this one only says whether a look is worth while.

use std::collections::BTreeSet;
use std::io::ErrorKind;

use aios_privacy::{Keyring, PSEUDONYM_MAX, Pseudonym, pseudonyms_in};

use super::judge::PSEUDONYMS;
use super::reader::Reader;
use super::scan::Found;
use crate::{DataDir, migrate};

/// Longest id of an older line that is surely seen, with its key.
const OLDER_MAX: usize = 4096;

/// Names, and what tells older lines of theirs.
#[derive(Debug)]
pub(super) struct Standing<'a> {
    dir: &'a DataDir,
    pub(super) names: BTreeSet<&'a Pseudonym>,
    /// None where there is no key: then nothing was ever stored under one.
    ring: Option<Keyring>,
}

impl<'a> Standing<'a> {
    pub(super) fn of(dir: &'a DataDir, names: BTreeSet<&'a Pseudonym>) -> Self {
        let versions = if names.is_empty() { Ok(Vec::new()) } else { dir.key_versions(PSEUDONYMS) };
        let versions = versions.unwrap_or_else(|error| {
            tracing::warn!(%error, "nobody knows whether erased data is in lines of an older schema");
            Vec::new()
        });
        Self { dir, names, ring: Keyring::new(&versions) }
    }

    /// Those that stand in a file.
    pub(super) fn within(&self, reader: &mut Reader, file: &Found) -> BTreeSet<Pseudonym> {
        let ring = self.ring.as_ref();
        let ring = ring.filter(|_| file.path.starts_with(self.dir.analytics_path()));
        let overlap = if ring.is_some() { OLDER_MAX } else { PSEUDONYM_MAX };
        let is_ours = |name: &Pseudonym| self.names.contains(name);
        let mut named = BTreeSet::new();
        let read = reader.each_window(&file.path, overlap, |window, _| {
            named.extend(pseudonyms_in(window).map(|(_, name)| name).filter(is_ours));
            if let Some(ring) = ring {
                named.extend(migrate::owners_in(window, ring).filter(is_ours));
            }
        });
        // What has gone since the directory was listed is looked at under the name that it has now.
        if let Err(error) = read
            && error.kind() != ErrorKind::NotFound
        {
            let file = file.path.display();
            tracing::warn!(%file, %error, "nobody knows whether erased data is in a file");
        }
        named
    }
}
