//! What the trail says of how far the register of segments had come: without it whoever cuts a segment could cut the
//! register too.

use aios_core::Timestamp;

use super::entry::AuditAction;
use super::{AuditLog, newest};
use crate::{DataDir, StoreError, register};

/// Stands in each entry of a head, and in few others.
const MARK: &[u8] = b"\"action\":\"segments_head\"";

impl AuditLog {
    /// Puts on record how far the register of segments has come, if it has a line that is not; gives the last line that
    /// is on record. A register that ends before what is on record is an older one: it does not become the newest by
    /// that.
    ///
    /// # Errors
    /// As for [`Self::append`].
    pub(crate) fn witness_segments(&self, at: Timestamp) -> Result<u64, StoreError> {
        let Some((last_line, hash)) = register::head(self.dir())? else { return Ok(0) };
        let known = witnessed(self.dir())?.map_or(0, |(seq, _)| seq);
        if last_line <= known {
            return Ok(known);
        }
        self.append(at, self.actor(), AuditAction::SegmentsHead { last_line, hash })?;
        Ok(last_line)
    }
}

/// Number and hash of the last line that is on record; none if none is.
pub(crate) fn witnessed(dir: &DataDir) -> Result<Option<(u64, String)>, StoreError> {
    let found = newest::of(dir, MARK, |action| match action {
        AuditAction::SegmentsHead { last_line, hash } => Some((last_line, hash)),
        _ => None,
    })?;
    Ok(found.map(|found| found.value))
}
