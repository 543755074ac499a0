//! Checks what decides over the log: holds, what retention remembers, the ledger of erasures against the
//! audit trail, the register of segments against it, and the receipts.

use std::path::Path;

use crate::retention::check_memory;
use crate::{DataDir, Fault, Hold, Holds, StoreError, audit, erase, register, regular};

/// Where the holds and the ledger of erasures are not what audit trail and receipts say of them: something was removed, or
/// is of another day.
///
/// # Errors
/// When one of them cannot be read.
pub fn contradictions(dir: &DataDir) -> Result<Vec<Fault>, StoreError> {
    let mut faults = lost_holds(dir)?;
    faults.extend(erase::discrepancies(dir)?);
    Ok(faults)
}

fn lost_holds(dir: &DataDir) -> Result<Vec<Fault>, StoreError> {
    let lost = Holds::of(dir).lost()?;
    let fault = |hold: &Hold| {
        let Hold { id, expires_at, .. } = hold;
        let why = format!(
            "the hold {id} is on the audit record and not in here; it is kept to until {expires_at} all the same"
        );
        Fault::new(&dir.holds_path(), None, why)
    };
    Ok(lost.iter().map(fault).collect())
}

/// What is wrong with them.
pub(crate) fn faults(dir: &DataDir) -> Vec<Fault> {
    let mut faults = Vec::new();
    match lost_holds(dir) {
        Ok(lost) => faults.extend(lost),
        // What cannot be read is named as such below, or is `aios audit verify`'s to name.
        Err(error) => tracing::debug!(%error, "the holds cannot be held against the trail"),
    }
    let mut check = |path: &Path, checked: Result<(), StoreError>| {
        let fault = |why| Fault::new(path, None, why);
        faults.extend(checked.err().map(|error| fault(why(&error))));
    };
    check(&dir.holds_path(), Holds::of(dir).list().map(drop));
    check(&dir.retention_path(), check_memory(dir));
    check(&erase::ledger_path(dir), erase::check_ledger(dir));
    match audit::segments_witnessed(dir).and_then(|head| register::faults(dir, head)) {
        Ok(found) => {
            let path = register::path(dir);
            let fault = |(line, why)| Fault::new(&path, line, why);
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
        StoreError::Io { source, .. } if regular::is_irregular(source) => {
            "it is not a regular file, and is neither followed nor read; hint: put the file itself in its place".to_owned()
        }
        StoreError::Io { operation, source, .. } => format!("cannot {operation} it: {source}"),
        other => other.to_string(),
    }
}
