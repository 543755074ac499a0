//! How many stored pseudonyms were made under each version of the key.

use std::collections::BTreeMap;

use aios_privacy::Pseudonym;
use memchr::memchr_iter;

use super::registry::Treatment;
use super::scan;
use crate::{DataDir, StoreError};

/// Hexadecimal digits of a pseudonym.
const DIGITS: usize = 32;

/// Longest head of a pseudonym: its letter and its version.
const HEAD_MAX: usize = 6;

/// Pseudonyms in what is stored, by version. Proofs do not count: they are matched as they stand.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct KeyUse(BTreeMap<u16, u64>);

impl KeyUse {
    /// Reads everything that is stored.
    ///
    /// # Errors
    /// When a file cannot be read: then nobody knows what it holds.
    pub fn count(dir: &DataDir) -> Result<Self, StoreError> {
        let mut used = Self::default();
        for file in scan::files(dir.path())? {
            if file.store.is_some_and(|store| store.treatment == Treatment::Proof) {
                continue;
            }
            let overlap = HEAD_MAX + 1 + DIGITS;
            scan::each_window(&file.path, overlap, |window, seen| used.add(window, seen))
                .map_err(StoreError::io("read", &file.path))?;
        }
        Ok(used)
    }

    /// How many there are.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// How many were made under that version.
    #[must_use]
    pub fn of(&self, version: u16) -> u64 {
        self.0.get(&version).copied().unwrap_or(0)
    }

    fn add(&mut self, window: &[u8], seen: usize) {
        for at in memchr_iter(b'_', window) {
            let end = at + 1 + DIGITS;
            if end <= seen {
                continue;
            }
            let Some(version) = version_at(window, at, end) else { continue };
            *self.0.entry(version).or_default() += 1;
        }
    }
}

/// The version of the pseudonym whose `_` stands there, if there is one.
fn version_at(window: &[u8], at: usize, end: usize) -> Option<u16> {
    let head = window.get(at.saturating_sub(HEAD_MAX)..at)?;
    let n_digits = head.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let start = at.checked_sub(n_digits + 1)?;
    let text = std::str::from_utf8(window.get(start..end)?).ok()?;
    Some(Pseudonym::parse(text).ok()?.version())
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
}
