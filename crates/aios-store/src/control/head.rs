//! How far control's chain has come: `analytics/control.head`.
//!
//! A chain that was begun anew goes on counting where the one before ended, though it begins with no hash. So whoever
//! remembers a number of a line, as the audit trail does, can tell an older chain from a newer one.

use std::path::PathBuf;

use crate::chain::GENESIS;
pub(super) use crate::head::Head;
use crate::head::{ChainEnd, HeadOf};
use crate::sign::Signer;
use crate::{DataDir, StoreError};

const HEAD: HeadOf = HeadOf::Control;

/// Where the file is.
pub(super) fn path(dir: &DataDir) -> PathBuf {
    HEAD.path(dir)
}

/// The head, as [`HeadOf::read`].
pub(super) fn read(dir: &DataDir) -> Result<Result<Option<Head>, &'static str>, StoreError> {
    HEAD.read(dir)
}

/// Says that the chain ends here.
pub(super) fn write(dir: &DataDir, signer: &Signer, end: &ChainEnd) -> Result<(), StoreError> {
    HEAD.write(dir, signer, end)
}

/// Whether what is on disk names a line so far on, as far as anybody knows.
pub(super) fn may_name(dir: &DataDir, seq: u64) -> bool {
    HEAD.may_name(dir, seq)
}

/// Where a chain begins that has no line yet, and before which there was another.
pub(super) fn begun_anew(head: &Head) -> Option<ChainEnd> {
    (head.h == GENESIS).then(|| ChainEnd { seq: head.seq, h: head.h.clone() })
}
