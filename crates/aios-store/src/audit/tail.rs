//! The newest entries, read from the end.

use std::collections::VecDeque;

use super::{AuditEntry, entry, files};
use crate::back::{Back, BackLines};
use crate::{DataDir, StoreError, regular};

/// The last `n` entries, the oldest first. What is read is the end of the trail, as far as they reach back, and the
/// first line of each file.
///
/// # Errors
/// When a file cannot be read. Lines that are no entries are left to [`verify_audit`](super::verify_audit).
pub fn audit_tail(dir: &DataDir, n: usize) -> Result<Vec<AuditEntry>, StoreError> {
    let audit = dir.audit_path();
    let mut last = VecDeque::new();
    for file in files::in_order(&audit)?.into_iter().rev() {
        if last.len() >= n {
            break;
        }
        let path = file.path(&audit);
        let failed = || StoreError::io("read the audit trail", &path);
        let mut lines = regular::open(&path).and_then(BackLines::new).map_err(failed())?;
        while last.len() < n
            && let Some(line) = lines.previous().map_err(failed())?
        {
            let Back::Line { bytes, .. } = line else { continue };
            if let Ok(read) = entry::read(&String::from_utf8_lossy(bytes)) {
                last.push_front(read.entry);
            }
        }
    }
    Ok(last.into())
}
