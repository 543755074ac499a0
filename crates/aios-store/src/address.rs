//! Where the server that owns a data directory can be asked.
//!
//! It says so in a file, so that commands find a server that was told another address than theirs. The
//! file counts as long as the directory has an owner; each new owner removes what an older one has left.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::data_dir::LOCK_FILE;
use crate::{DataDir, StoreError, disk, regular};

/// Name of the file.
pub(crate) const FILE: &str = "admin.address";

/// Most bytes of it.
const FILE_MAX: u64 = 256;

impl DataDir {
    /// Says where the admin API listens.
    ///
    /// # Errors
    /// When this process does not own the directory or the file cannot be written.
    pub fn publish_admin_address(&self, address: SocketAddr) -> Result<(), StoreError> {
        self.must_own("say where the server is")?;
        disk::write_atomic(&path(self.path()), format!("{address}\n").as_bytes())
    }

    /// The server is going.
    ///
    /// # Errors
    /// When this process does not own the directory or the file cannot be removed.
    pub fn withdraw_admin_address(&self) -> Result<(), StoreError> {
        self.must_own("say where the server is")?;
        withdraw(self.path())
    }

    /// Where the server that owns the directory can be asked from this machine; `None` if nobody owns it or
    /// the owner has not said.
    ///
    /// # Errors
    /// When the file cannot be read or holds no address.
    pub fn admin_address(&self) -> Result<Option<SocketAddr>, StoreError> {
        let path = path(self.path());
        let Some(bytes) = regular::read_bounded(&path, FILE_MAX)? else { return Ok(None) };
        if !has_owner(self.path()) {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&bytes);
        let address = text.trim().parse().map(from_here);
        address.map(Some).map_err(|_| StoreError::corrupt(&path, "it holds no address"))
    }
}

/// Removes what an owner before has left.
pub(crate) fn withdraw(dir: &Path) -> Result<(), StoreError> {
    disk::remove(&path(dir))
}

fn path(dir: &Path) -> PathBuf {
    dir.join(FILE)
}

/// Whether somebody holds the lock. A lock that cannot be asked is believed to be held: then whoever asks
/// the address finds out.
fn has_owner(dir: &Path) -> bool {
    regular::open(&dir.join(LOCK_FILE)).is_ok_and(|file| file.try_lock_shared().is_err())
}

/// Who listens everywhere listens here.
fn from_here(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_counts_as_long_as_its_owner_does() {
        let temp = tempfile::tempdir().unwrap();
        let owner = DataDir::open(temp.path()).unwrap();
        let reader = DataDir::read(temp.path()).unwrap();
        assert_eq!(reader.admin_address().unwrap(), None);
        let address: SocketAddr = "127.0.0.1:4711".parse().unwrap();
        owner.publish_admin_address(address).unwrap();
        assert_eq!(reader.admin_address().unwrap(), Some(address));
        assert!(reader.publish_admin_address(address).is_err());
        drop(owner);
        assert_eq!(reader.admin_address().unwrap(), None, "stale");
        let owner = DataDir::open(temp.path()).unwrap();
        assert_eq!(reader.admin_address().unwrap(), None, "somebody else's");
        for (said, asked) in [("0.0.0.0:7", "127.0.0.1:7"), ("[::]:7", "[::1]:7")] {
            owner.publish_admin_address(said.parse().unwrap()).unwrap();
            assert_eq!(reader.admin_address().unwrap(), Some(asked.parse().unwrap()));
        }
        owner.withdraw_admin_address().unwrap();
        assert_eq!(reader.admin_address().unwrap(), None);
        std::fs::write(temp.path().join(FILE), "nowhere").unwrap();
        assert!(matches!(reader.admin_address(), Err(StoreError::Corrupt { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_in_the_locks_place_is_not_waited_for() {
        let temp = tempfile::tempdir().unwrap();
        std::fs::write(temp.path().join(FILE), "127.0.0.1:4711").unwrap();
        let pipe = temp.path().join(LOCK_FILE);
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_eq!(DataDir::read(temp.path()).unwrap().admin_address().unwrap(), None);
    }
}
