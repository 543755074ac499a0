//! Lines in a chain of hashes.
//!
//! A line is a JSON object that ends with its hash: `{"seq":…,"prev":"…", … ,"h":"…"}`. The hash is
//! SHA-256 over the 32 bytes of `prev` and the line without its `,"h":"…"`, byte for byte as it stands,
//! so that it can be checked without knowing how we write JSON.

use sha2::{Digest, Sha256};

use crate::hex;

/// The hash before the first line.
pub(crate) const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What stands between the hashed part of a line and its hash.
const HASH_MARK: &str = ",\"h\":\"";

/// The line of an object, with its newline, and its hash. The object holds `prev` itself.
pub(crate) fn seal(prev: &str, body: &str) -> (String, String) {
    let hash = hash(prev, body);
    let open = body.strip_suffix('}').unwrap_or(body);
    (format!("{open}{HASH_MARK}{hash}\"}}\n"), hash)
}

/// The object that stands in a line, and the hash that stands behind it. Whether they belong together
/// says [`hash`].
pub(crate) fn open(line: &str) -> Result<(String, &str), &'static str> {
    let (open, rest) = line.rsplit_once(HASH_MARK).ok_or("it has no hash")?;
    let hash = rest.strip_suffix("\"}").ok_or("it does not end with its hash")?;
    Ok((format!("{open}}}"), hash))
}

/// The hash of an object after this one.
pub(crate) fn hash(prev: &str, body: &str) -> String {
    let mut hasher = Sha256::new();
    // What is no hash cannot be continued: the check of the chain then names this line.
    hasher.update(hex::decode::<32>(prev.as_bytes()).unwrap_or_default());
    hasher.update(body.as_bytes());
    hex::encode(&hasher.finalize())
}
