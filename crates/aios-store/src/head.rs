//! How far a chain of hashes has come, in a file of its own.
//!
//! A chain does not show that its end was cut off: what is left of it is sound. So after each line its number and hash are
//! written beside it and signed, and a chain that does not come as far is one that lines were taken from. After a crash
//! the chain may be a line further than its head, never the other way round.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::chain::GENESIS;
use crate::sign::{self, Signer, is_signed};
use crate::{DataDir, StoreError, disk, fail};

/// Most bytes of the file; it has about 300.
const HEAD_MAX: u64 = 4096;

/// Why a head cannot be used.
const NOT_AS_WRITTEN: &str =
    "it is not as it was written, so nobody knows how far the chain has come";

/// Where a chain ends: the last line's number and hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChainEnd {
    pub(crate) seq: u64,
    pub(crate) h: String,
}

impl ChainEnd {
    /// Before the first line.
    pub(crate) fn nowhere() -> Self {
        Self { seq: 0, h: GENESIS.to_owned() }
    }
}

/// The last line that somebody was told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    /// Its number.
    pub(crate) seq: u64,
    /// Its hash.
    pub(crate) h: String,
    signature: String,
}

/// The chain that a head is of.
#[derive(Debug, Clone, Copy)]
pub(crate) enum HeadOf {
    /// Verdicts and decisions.
    Control,
    /// The audit trail.
    Audit,
}

impl HeadOf {
    /// Where the file is. That of the trail lies outside of it: whoever removes the trail has still to think of it. Its name
    /// sorts before the trail's, so that a copy of the directory that is made while entries come is not older than its head.
    pub(crate) fn path(self, dir: &DataDir) -> PathBuf {
        match self {
            Self::Control => dir.analytics_path().join("control.head"),
            Self::Audit => dir.analytics_path().join("audit.head"),
        }
    }

    /// The head, if there is one: before a chain was ever begun there is none. The inner error says why what is there
    /// cannot be used.
    pub(crate) fn read(
        self,
        dir: &DataDir,
    ) -> Result<Result<Option<Head>, &'static str>, StoreError> {
        let Some(text) = disk::read_bounded(&self.path(dir), HEAD_MAX)? else {
            return Ok(Ok(None));
        };
        let Ok(head) = serde_json::from_slice::<Head>(&text) else {
            return Ok(Err(NOT_AS_WRITTEN));
        };
        let key = dir
            .load_key(sign::KEY)
            .ok()
            .flatten()
            .map(|seed| Signer::new(&seed).public_key().to_owned());
        // Who may read the chain and not the key can still see that it is as long as its head says.
        let message = self.message(head.seq, &head.h);
        let is_ours = key.is_none_or(|key| is_signed(&key, message.as_bytes(), &head.signature));
        Ok(if is_ours { Ok(Some(head)) } else { Err(NOT_AS_WRITTEN) })
    }

    /// Says that the chain ends here, whole or not at all.
    pub(crate) fn write(
        self,
        dir: &DataDir,
        signer: &Signer,
        end: &ChainEnd,
    ) -> Result<(), StoreError> {
        let signature = signer.sign(self.message(end.seq, &end.h).as_bytes());
        let head = Head { seq: end.seq, h: end.h.clone(), signature };
        let path = self.path(dir);
        let text = serde_json::to_vec(&head).map_err(std::io::Error::from);
        let text = text.map_err(StoreError::io("write", &path))?;
        let (before, behind) = self.points();
        fail::point(before);
        disk::write_atomic(&path, &text)?;
        fail::point(behind);
        Ok(())
    }

    /// Whether what is on disk names a line so far on, as far as anybody knows.
    pub(crate) fn may_name(self, dir: &DataDir, seq: u64) -> bool {
        match self.read(dir) {
            Ok(Ok(head)) => head.is_some_and(|head| head.seq >= seq),
            Ok(Err(_)) | Err(_) => true,
        }
    }

    /// What is signed. The first words keep the signature from standing for anything else.
    fn message(self, seq: u64, h: &str) -> String {
        let of = match self {
            Self::Control => "control",
            Self::Audit => "audit",
        };
        format!("aios {of} head\n{seq}\n{h}\n")
    }

    /// Where a crash may break it off.
    const fn points(self) -> (&'static str, &'static str) {
        match self {
            Self::Control => ("control.before_head", "control.headed"),
            Self::Audit => ("audit.before_head", "audit.headed"),
        }
    }
}
