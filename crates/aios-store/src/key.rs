//! Key files: 256 random bits as 64 hexadecimal digits, made once and never overwritten.

use std::path::{Path, PathBuf};

use aios_privacy::{KeyMaterial, Secret};

use crate::{StoreError, disk, hex};

/// Bytes of a key.
const KEY_BYTES: usize = 32;

/// Most bytes of a key file: the digits and some white space around them.
const KEY_FILE_MAX: u64 = 256;

/// Versions stay below this; the largest number stands for no key.
const VERSION_MAX: u16 = u16::MAX - 1;

/// Where the key of that name is kept.
pub(crate) fn path(dir: &Path, name: &str) -> Result<PathBuf, StoreError> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    if name.is_empty() || !name.bytes().all(plain) {
        return Err(StoreError::KeyName { name: name.to_owned() });
    }
    Ok(dir.join("keys").join(format!("{name}.key")))
}

/// Begins every admin token, so that a leaked one is recognized.
const TOKEN_PREFIX: &str = "aios-admin-";

/// Where the admin token is kept.
pub(crate) fn token_path(dir: &Path) -> PathBuf {
    dir.join("keys").join("admin.token")
}

/// Reads the admin token; `None` if there is no file.
pub(crate) fn load_token(path: &Path) -> Result<Option<Secret>, StoreError> {
    let Some(text) = disk::read_text(path, KEY_FILE_MAX)? else { return Ok(None) };
    let token = text.trim();
    let digits = token.strip_prefix(TOKEN_PREFIX).unwrap_or_default();
    if parse(digits.as_bytes()).is_none() {
        return Err(StoreError::TokenCorrupt { path: path.to_owned() });
    }
    if disk::readable_by_others(path) {
        tracing::warn!(path = %path.display(), "the admin token can be read by others; `chmod 600` it");
    }
    Ok(Some(Secret::new(token.to_owned())))
}

/// Makes an admin token. The caller owns the directory and has seen that there is no file.
pub(crate) fn create_token(path: &Path) -> Result<Secret, StoreError> {
    let token = format!("{TOKEN_PREFIX}{}", hex::encode(&random(path)?));
    disk::write_atomic(path, format!("{token}\n").as_bytes())?;
    tracing::info!(path = %path.display(), "made an admin token");
    Ok(Secret::new(token))
}

/// The name of a version of a key. Version 1 bears the plain name: it was there before versions were.
pub(crate) fn versioned(name: &str, version: u16) -> String {
    if version == 1 { name.to_owned() } else { format!("{name}-{version}") }
}

/// The versions of a key that have a file, in order.
pub(crate) fn versions(dir: &Path, name: &str) -> Result<Vec<u16>, StoreError> {
    let keys = dir.join("keys");
    let version_of = |file: &str| {
        let stem = file.strip_suffix(".key")?.strip_prefix(name)?;
        let version = if stem.is_empty() { 1 } else { stem.strip_prefix('-')?.parse().ok()? };
        // A name that is written otherwise, such as `-02`, is no key of ours.
        let is_ours = format!("{}.key", versioned(name, version)) == file;
        (is_ours && version < VERSION_MAX).then_some(version)
    };
    let mut found = Vec::new();
    for file in disk::names_in(&keys)? {
        found.extend(version_of(&file));
    }
    found.sort_unstable();
    Ok(found)
}

/// Reads a key; `None` if there is no file.
pub(crate) fn load(path: &Path) -> Result<Option<KeyMaterial>, StoreError> {
    let Some(bytes) = disk::read_bounded(path, KEY_FILE_MAX)? else { return Ok(None) };
    let corrupt = || StoreError::KeyCorrupt { path: path.to_owned() };
    let key = parse(bytes.trim_ascii()).ok_or_else(corrupt)?;
    if disk::readable_by_others(path) {
        tracing::warn!(path = %path.display(), "the key file can be read by others; `chmod 600` it");
    }
    Ok(Some(KeyMaterial::new(key)))
}

/// Makes a key. The caller owns the directory and has seen that there is no file.
pub(crate) fn create(path: &Path) -> Result<KeyMaterial, StoreError> {
    let key = random(path)?;
    disk::write_atomic(path, print(&key).as_bytes())?;
    tracing::info!(path = %path.display(), "made a new key; back it up apart from the data");
    Ok(KeyMaterial::new(key))
}

fn random(path: &Path) -> Result<[u8; KEY_BYTES], StoreError> {
    let mut bytes = [0; KEY_BYTES];
    getrandom::fill(&mut bytes)
        .map_err(|source| StoreError::NoRandom { path: path.to_owned(), source })?;
    Ok(bytes)
}

fn print(key: &[u8; KEY_BYTES]) -> String {
    hex::encode(key) + "\n"
}

fn parse(digits: &[u8]) -> Option<[u8; KEY_BYTES]> {
    hex::decode(digits)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;
    use crate::DataDir;

    #[test]
    fn a_key_is_made_once() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let key = dir.load_or_create_key("pseudonyms").unwrap();
        assert_eq!(dir.load_or_create_key("pseudonyms").unwrap().expose(), key.expose());
        assert_ne!(dir.load_or_create_key("buckets").unwrap().expose(), key.expose());
        let reader = DataDir::read(temp.path()).unwrap();
        assert_eq!(reader.load_or_create_key("pseudonyms").unwrap().expose(), key.expose());
    }

    #[test]
    fn a_key_is_rotated_and_its_old_versions_stay_until_they_are_retired() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let versions = || -> Vec<u16> {
            let all = dir.key_versions("pseudonyms").unwrap();
            all.iter().map(|(version, _)| *version).collect()
        };
        assert_eq!(versions(), [] as [u16; 0]);
        let first = dir.load_or_create_key("pseudonyms").unwrap();
        for expect in 2..=11 {
            assert_eq!(dir.rotate_key("pseudonyms").unwrap(), expect);
        }
        assert_eq!(versions(), (1..=11).collect::<Vec<_>>());
        let all = dir.key_versions("pseudonyms").unwrap();
        assert_eq!(all[0].1.expose(), first.expose());
        assert_ne!(all[1].1.expose(), first.expose());
        fs::write(temp.path().join("keys/pseudonyms-x.key"), "not one of ours").unwrap();
        dir.retire_key("pseudonyms", 2).unwrap();
        assert_eq!(versions()[..2], [1, 3]);
        // The newest is in use for new events, whatever is stored.
        assert!(dir.retire_key("pseudonyms", 11).is_err());
        // A version is never given out twice, or its pseudonyms would seem to be those of the new key.
        assert_eq!(dir.rotate_key("pseudonyms").unwrap(), 12);
    }

    #[test]
    fn a_corrupt_key_file_is_never_overwritten() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let path = path(temp.path(), "pseudonyms").unwrap();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        for content in [String::new(), "0".repeat(63), "0".repeat(66), "zz".repeat(32)] {
            fs::write(&path, &content).unwrap();
            let error = dir.load_or_create_key("pseudonyms").unwrap_err();
            assert!(matches!(error, StoreError::KeyCorrupt { .. }), "{error}");
            assert!(error.hint().unwrap().contains("backup"));
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
    }

    #[test]
    fn an_admin_token_is_made_once_for_its_owner_alone() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        assert_eq!(dir.read_admin_token().unwrap(), None);
        let token = dir.load_or_create_admin_token().unwrap();
        assert_eq!(token.expose().len(), TOKEN_PREFIX.len() + 64);
        assert_eq!(dir.load_or_create_admin_token().unwrap(), token);
        assert_eq!(DataDir::read(temp.path()).unwrap().read_admin_token().unwrap(), Some(token));
        let path = token_path(temp.path());
        assert!(!disk::readable_by_others(&path));
        for content in ["", "aios-admin-", "open sesame"] {
            fs::write(&path, content).unwrap();
            let error = dir.load_or_create_admin_token().unwrap_err();
            assert!(matches!(error, StoreError::TokenCorrupt { .. }), "{error}");
        }
    }

    #[test]
    fn a_key_name_cannot_leave_its_directory() {
        for name in ["", "../x", "a/b", "a\\b", "A", "a.b"] {
            assert!(
                matches!(path(Path::new("d"), name), Err(StoreError::KeyName { .. })),
                "{name}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(key: [u8; KEY_BYTES]) {
            prop_assert_eq!(parse(print(&key).trim_end().as_bytes()), Some(key));
        }
    }
}
