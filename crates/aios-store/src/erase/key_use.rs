//! How many stored pseudonyms were made under each version of the key.

use std::collections::{BTreeMap, BTreeSet};

use aios_privacy::{PSEUDONYM_MAX, pseudonyms_in};

use super::ledger::Ledger;
use super::reader::Reader;
use super::registry::Treatment;
use super::scan;
use crate::{DataDir, StoreError, key};

/// Pseudonyms in what is stored, by version. Proofs do not count: they are matched as they stand. But an
/// erased conversation is known again only by a version that its erasure names.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct KeyUse {
    stored: BTreeMap<u16, u64>,
    /// Of each erasure that binds, the versions by which its conversation is known.
    erased: Vec<BTreeSet<u16>>,
    live: BTreeSet<u16>,
}

impl KeyUse {
    /// Reads everything that is stored.
    ///
    /// # Errors
    /// When a file cannot be read: then nobody knows what it holds.
    pub fn count(dir: &DataDir) -> Result<Self, StoreError> {
        let mut used = Self {
            erased: Ledger::read(dir)?.binding_versions(),
            live: key::versions(dir.path(), "pseudonyms")?.into_iter().collect(),
            stored: BTreeMap::new(),
        };
        let mut reader = Reader::default();
        for file in scan::files(dir.path())? {
            let is_proof = |of: Treatment| matches!(of, Treatment::Proof | Treatment::Chain);
            if file.store.is_some_and(|store| is_proof(store.treatment)) {
                continue;
            }
            reader
                .each_window(&file.path, PSEUDONYM_MAX, |window, seen| used.add(window, seen))
                .map_err(StoreError::io("read", &file.path))?;
        }
        Ok(used)
    }

    /// How many there are.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.stored.values().sum()
    }

    /// How many were made under that version.
    #[must_use]
    pub fn of(&self, version: u16) -> u64 {
        self.stored.get(&version).copied().unwrap_or(0)
    }

    /// How many erased conversations no other live version knows.
    #[must_use]
    pub fn n_erased_by(&self, version: u16) -> u64 {
        let others = self.live.iter().filter(|other| **other != version);
        let others: BTreeSet<_> = others.copied().collect();
        let is_bound = |of: &&BTreeSet<u16>| of.contains(&version) && of.is_disjoint(&others);
        self.erased.iter().filter(is_bound).count() as u64
    }

    /// Why a version cannot be done without, if it cannot.
    #[must_use]
    pub fn needs(&self, version: u16) -> Option<String> {
        match (self.of(version), self.n_erased_by(version)) {
            (0, 0) => None,
            (0, n) => Some(format!(
                "{n} erased conversations are known by it alone, and without it would be recorded again"
            )),
            (n, _) => Some(format!("{n} stored pseudonyms were made under it")),
        }
    }

    fn add(&mut self, window: &[u8], seen: usize) {
        let new = pseudonyms_in(window).filter(|(place, _)| place.end > seen);
        new.for_each(|(_, name)| *self.stored.entry(name.version()).or_default() += 1);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn stored_pseudonyms_are_counted_by_version() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let pseudonym = |head: &str| format!("{head}_{}", "0f".repeat(16));
        let write = |name: &str, text: &str| {
            let path = temp.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let [one, subject, twelve] = ["c1", "s1", "c12"].map(pseudonym);
        write("analytics/hypotheses.ndjson", &format!("\"{one}\",\"{subject}\" x1_{twelve}"));
        write("analytics/quarantine/a.torn", &twelve);
        write("audit/2027-01-15.ndjson", &one);
        let used = KeyUse::count(&dir).unwrap();
        assert_eq!([1, 12, 2].map(|version| used.of(version)), [2, 2, 0]);
    }

    #[test]
    fn a_version_by_which_alone_somebody_erased_is_known_is_needed() {
        let check = |erased: &[&[u16]], live: &[u16], expect: [u64; 2]| {
            let erased = erased.iter().map(|of| of.iter().copied().collect()).collect();
            let live = live.iter().copied().collect();
            let used = KeyUse { stored: BTreeMap::new(), erased, live };
            assert_eq!([1, 2].map(|version| used.n_erased_by(version)), expect, "{used:?}");
        };
        check(&[], &[1, 2], [0, 0]);
        check(&[&[1], &[1, 2], &[2]], &[1, 2], [1, 1]);
        // Known by another version that is alive; one that is gone does not help.
        check(&[&[1, 2]], &[1, 2], [0, 0]);
        check(&[&[1, 3], &[1]], &[1, 2], [2, 0]);
    }
}
