//! Checks what decides over the log: holds, what retention remembers, the ledger of erasures against the
//! audit trail, the register of segments against it, and the receipts.

use std::path::Path;

use crate::retention::check_memory;
use crate::{DataDir, Fault, Holds, StoreError, audit, erase, register};

/// What is wrong with them.
pub(crate) fn faults(dir: &DataDir) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut check = |path: &Path, checked: Result<(), StoreError>| {
        let fault = |why| Fault { path: path.to_owned(), line: None, why };
        faults.extend(checked.err().map(|error| fault(why(&error))));
    };
    check(&dir.holds_path(), Holds::of(dir).list().map(drop));
    check(&dir.retention_path(), check_memory(dir));
    check(&erase::ledger_path(dir), erase::check_ledger(dir));
    match audit::segments_witnessed(dir).and_then(|head| register::faults(dir, head)) {
        Ok(found) => {
            let path = register::path(dir);
            let fault = |(line, why)| Fault { path: path.clone(), line, why };
            faults.extend(found.into_iter().map(fault));
        }
        Err(error) => check(&register::path(dir), Err(error)),
    }
    match erase::discrepancies(dir) {
        Ok(found) => faults.extend(found),
        // What cannot be read is named above, or is `aios audit verify`'s to name.
        Err(error) => tracing::debug!(%error, "the ledger cannot be held against the trail"),
    }
    faults
}

/// Without the path, which stands before it.
fn why(error: &StoreError) -> String {
    match error {
        StoreError::Corrupt { why, .. } => format!("it is damaged: {why}"),
        StoreError::Io { operation, source, .. } => format!("cannot {operation} it: {source}"),
        other => other.to_string(),
    }
}
