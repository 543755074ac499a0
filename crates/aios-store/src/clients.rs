//! The names of the clients that there are or have been.
//!
//! A conversation's pseudonym is made of the client's name and the application's id, so that two clients
//! which both count from 1 do not meet. Whoever is asked about an id later must therefore know every name
//! that it may have been sent under, also of a client that was removed or renamed since. The log tells the
//! names of its events; this list outlives them, because golden cases and memory outlive events too.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{DataDir, StoreError, disk, regular};

/// Most names.
const NAMES_MAX: usize = 10_000;

/// Most bytes of the file.
const FILE_MAX: u64 = 8 * 1024 * 1024;

#[derive(Debug, Default, Serialize, Deserialize)]
struct Clients {
    clients: BTreeSet<String>,
}

impl DataDir {
    /// Every name that a client ever had here.
    ///
    /// # Errors
    /// When the list cannot be read: without it, who is asked about would be found in part.
    pub fn known_clients(&self) -> Result<BTreeSet<String>, StoreError> {
        let path = self.clients_path();
        let Some(bytes) = regular::read_bounded(&path, FILE_MAX)? else {
            return Ok(BTreeSet::new());
        };
        let read = serde_json::from_slice::<Clients>(&bytes);
        let clients = read.map_err(|error| StoreError::corrupt(&path, error.to_string()))?;
        Ok(clients.clients)
    }

    /// Puts names on the list. Has to be done before a request is admitted under one.
    ///
    /// # Errors
    /// When the list cannot be read or written, or is full.
    pub fn remember_clients<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), StoreError> {
        self.must_own("remember the names of clients")?;
        let known = self.known_clients()?;
        let mut clients = known.clone();
        clients.extend(names.into_iter().map(str::to_owned));
        if clients == known {
            return Ok(());
        }
        let path = self.clients_path();
        if clients.len() > NAMES_MAX {
            return Err(StoreError::TooManyClients { path, max: NAMES_MAX });
        }
        let json = serde_json::to_vec(&Clients { clients }).expect("its keys are text");
        disk::write_atomic(&path, &json)
    }

    fn clients_path(&self) -> PathBuf {
        self.path().join("clients.json")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn dir() -> (tempfile::TempDir, DataDir) {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        (temp, dir)
    }

    #[test]
    fn a_name_is_never_forgotten() {
        let (_temp, dir) = dir();
        dir.remember_clients(["b", "a"]).unwrap();
        dir.remember_clients(["c"]).unwrap();
        dir.remember_clients([]).unwrap();
        assert_eq!(dir.known_clients().unwrap(), ["a", "b", "c"].map(str::to_owned).into());
    }

    #[test]
    fn no_clients_leave_no_file() {
        let (_temp, dir) = dir();
        dir.remember_clients([]).unwrap();
        assert!(!dir.clients_path().exists());
        let reader = DataDir::read(dir.path()).unwrap();
        assert!(matches!(reader.remember_clients(["a"]), Err(StoreError::ReadOnly { .. })));
    }

    #[test]
    fn a_damaged_list_is_not_taken_for_an_empty_one() {
        let (_temp, dir) = dir();
        fs::write(dir.clients_path(), "{\"clients\":").unwrap();
        assert!(matches!(dir.known_clients(), Err(StoreError::Corrupt { .. })));
        assert!(matches!(dir.remember_clients(["a"]), Err(StoreError::Corrupt { .. })));
    }

    #[test]
    fn the_list_is_bounded() {
        let (_temp, dir) = dir();
        let names: Vec<_> = (0..=NAMES_MAX).map(|n| n.to_string()).collect();
        let error = dir.remember_clients(names.iter().map(String::as_str)).unwrap_err();
        assert!(matches!(error, StoreError::TooManyClients { .. }));
        assert!(dir.known_clients().unwrap().is_empty());
    }
}
