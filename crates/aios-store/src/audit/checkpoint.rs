//! Signed statements of how far the trail had come.
//!
//! A chain alone does not show that its end was cut off, or that all of it was written anew. A
//! checkpoint that lies elsewhere does.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use aios_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::sign::{Signer, is_signed};
use crate::{StoreError, disk, fail, regular};

/// Most bytes of a file of checkpoints: some 300 bytes each, 365 days.
const FILE_MAX: u64 = 256 * 1024 * 1024;

/// The trail's end at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    /// The last entry.
    pub(crate) seq: u64,
    /// Its hash.
    pub(crate) h: String,
    pub(crate) ts: Timestamp,
    /// Whose signature this is.
    pub(crate) public_key: String,
    pub(crate) signature: String,
}

impl Checkpoint {
    pub(crate) fn new(signer: &Signer, seq: u64, h: &str, ts: Timestamp) -> Self {
        let signature = signer.sign(message(seq, h, ts).as_bytes());
        let public_key = signer.public_key().to_owned();
        Self { seq, h: h.to_owned(), ts, public_key, signature }
    }

    pub(crate) fn is_signed_with(&self, public_key: &str) -> bool {
        let message = message(self.seq, &self.h, self.ts);
        is_signed(public_key, message.as_bytes(), &self.signature)
    }

    /// Appends it to a file and forces it to disk. Half a line, which a crash has left at the end, is cut
    /// off first.
    pub(crate) fn append_to(&self, path: &Path) -> io::Result<()> {
        let line = self.line()?;
        let mut file = regular::open_to_append(path)?;
        if !disk::ends_with_newline(&mut file)? {
            let bytes = std::fs::read(path)?;
            let end = memchr::memrchr(b'\n', &bytes).map_or(0, |at| at + 1);
            let torn = regular::open_to_cut(path)?;
            disk::cut(&torn, end as u64, "checkpoint.before_cut", "checkpoint.cut")?;
        }
        file.write_all(line.as_bytes())?;
        fail::point("checkpoint.before_sync");
        file.sync_all()?;
        fail::point("checkpoint.synced");
        Ok(())
    }

    /// Its line, with the newline.
    pub(crate) fn line(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string(self)? + "\n")
    }
}

/// What is signed. The first words keep the signature from standing for anything else.
fn message(seq: u64, h: &str, ts: Timestamp) -> String {
    format!("aios audit checkpoint\n{seq}\n{h}\n{ts}\n")
}

/// Where checkpoints are kept beside the trail.
pub(crate) fn path(audit: &Path) -> PathBuf {
    audit.join("checkpoints.ndjson")
}

/// The checkpoints of a file, and the numbers of lines that are none.
pub(crate) fn read(path: &Path) -> Result<(Vec<Checkpoint>, Vec<usize>), StoreError> {
    let bytes = regular::read_bounded(path, FILE_MAX)?.unwrap_or_default();
    let (mut checkpoints, mut bad) = (Vec::new(), Vec::new());
    // A line without its newline was torn by a crash, and the entries that it was for are there.
    let whole = memchr::memrchr(b'\n', &bytes).map_or(0, |at| at + 1);
    let lines = bytes.get(..whole).unwrap_or_default().split(|byte| *byte == b'\n');
    for (n, line) in lines.enumerate().filter(|(_, line)| !line.is_empty()) {
        match serde_json::from_slice(line) {
            Ok(checkpoint) => checkpoints.push(checkpoint),
            Err(_) => bad.push(n + 1),
        }
    }
    Ok((checkpoints, bad))
}
