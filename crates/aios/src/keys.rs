//! The deployment's keys: which there are, and in which file of the data directory each stands.

use aios_privacy::{Keyring, Pseudonymizer};
use aios_route::BucketKey;
use aios_server::Keys;
use aios_store::{DataDir, KeyUse, StoreError};

/// Key of the pseudonyms.
pub const PSEUDONYMS: &str = "pseudonyms";

/// Key of the buckets; apart from the pseudonyms' key, so that neither says anything of the other.
pub const BUCKETS: &str = "buckets";

/// Both keys. The owner of the directory makes them if they are not there.
///
/// # Errors
/// When a key file cannot be read, or is not there and this process may not make it.
pub fn load(dir: &DataDir) -> Result<Keys, StoreError> {
    let ring = keyring(dir)?;
    Ok(Keys {
        pseudonyms: ring.current().clone(),
        older: ring.older().to_vec(),
        bucket: BucketKey::new(&dir.load_or_create_key(BUCKETS)?),
    })
}

/// What makes this deployment's pseudonyms: the newest version of the key.
///
/// # Errors
/// As for [`load`].
pub fn pseudonyms(dir: &DataDir) -> Result<Pseudonymizer, StoreError> {
    Ok(keyring(dir)?.current().clone())
}

/// The same, if there is a key.
///
/// # Errors
/// When a key file cannot be read.
pub fn live(dir: &DataDir) -> Result<Option<Keyring>, StoreError> {
    Ok(Keyring::new(&dir.key_versions(PSEUDONYMS)?))
}

/// Every version of the pseudonyms' key that is alive.
///
/// # Errors
/// As for [`load`].
pub fn keyring(dir: &DataDir) -> Result<Keyring, StoreError> {
    if let Some(ring) = live(dir)? {
        return Ok(ring);
    }
    // A new key would match nothing that is stored, and a search for it would find nothing of anybody.
    let n_stored = KeyUse::count(dir)?.total();
    if n_stored > 0 {
        let path = dir.path().join("keys").join(format!("{PSEUDONYMS}.key"));
        return Err(StoreError::KeyGone { path, n_stored });
    }
    let first = dir.load_or_create_key(PSEUDONYMS)?;
    Ok(Keyring::new(&[(1, first)]).expect("it holds one version"))
}
