//! How far the chain has come, in a file of its own: `analytics/control.head`.
//!
//! A chain of hashes does not show that its end was cut off: what is left of it is sound. So after each line its number
//! and hash are written beside it and signed, and a chain that does not come as far is one that lines were taken from.
//! After a crash the chain may be a line further than its head, never the other way round.
//!
//! A chain that was begun anew goes on counting where the one before ended, though it begins with no hash. So whoever
//! remembers a number of a line, as the audit trail does, can tell an older chain from a newer one.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ChainEnd;
use crate::chain::GENESIS;
use crate::sign::{self, Signer, is_signed};
use crate::{DataDir, StoreError, disk, fail};

/// Most bytes of the file; it has about 300.
const HEAD_MAX: u64 = 4096;

/// Why a head cannot be used.
const NOT_AS_WRITTEN: &str =
    "it is not as it was written, so nobody knows how far the chain has come";

/// The last line that somebody was told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    /// Its number.
    pub(super) seq: u64,
    /// Its hash.
    pub(super) h: String,
    signature: String,
}

impl Head {
    /// Where the file is.
    pub(super) fn path(dir: &DataDir) -> PathBuf {
        dir.analytics_path().join("control.head")
    }

    /// The head, if there is one: before a chain was ever begun there is none. The inner error says why what is there
    /// cannot be used.
    pub(super) fn read(dir: &DataDir) -> Result<Result<Option<Self>, &'static str>, StoreError> {
        let Some(text) = disk::read_bounded(&Self::path(dir), HEAD_MAX)? else {
            return Ok(Ok(None));
        };
        let Ok(head) = serde_json::from_slice::<Self>(&text) else {
            return Ok(Err(NOT_AS_WRITTEN));
        };
        let key = dir
            .load_key(sign::KEY)
            .ok()
            .flatten()
            .map(|seed| Signer::new(&seed).public_key().to_owned());
        // Who may read the chain and not the key can still see that it is as long as its head says.
        let is_ours =
            key.is_none_or(|key| is_signed(&key, head.message().as_bytes(), &head.signature));
        Ok(if is_ours { Ok(Some(head)) } else { Err(NOT_AS_WRITTEN) })
    }

    /// Says that the chain ends here, whole or not at all.
    pub(super) fn write(dir: &DataDir, signer: &Signer, end: &ChainEnd) -> Result<(), StoreError> {
        let mut head = Self { seq: end.seq, h: end.h.clone(), signature: String::new() };
        head.signature = signer.sign(head.message().as_bytes());
        let text = serde_json::to_vec(&head).map_err(std::io::Error::from);
        let path = Self::path(dir);
        let text = text.map_err(StoreError::io("write", &path))?;
        fail::point("control.before_head");
        disk::write_atomic(&path, &text)?;
        fail::point("control.headed");
        Ok(())
    }

    /// Where a chain begins that has no line yet, and before which there was another.
    pub(super) fn begun_anew(&self) -> Option<ChainEnd> {
        (self.h == GENESIS).then(|| ChainEnd { seq: self.seq, h: self.h.clone() })
    }

    /// Whether what is on disk names a line so far on, as far as anybody knows.
    pub(super) fn may_name(dir: &DataDir, seq: u64) -> bool {
        match Self::read(dir) {
            Ok(Ok(head)) => head.is_some_and(|head| head.seq >= seq),
            Ok(Err(_)) | Err(_) => true,
        }
    }

    /// What is signed. The first words keep the signature from standing for anything else.
    fn message(&self) -> String {
        format!("aios control head\n{}\n{}\n", self.seq, self.h)
    }
}
