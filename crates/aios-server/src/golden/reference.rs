//! What golden reports of a data directory are held against.

use std::path::Path;

use aios_core::Timestamp;
use aios_eval::{BUILT_IN_SET, GoldenError, GoldenSet, Reference, Report};
use aios_store::{GoldenPaths, StoreError, read_document};

/// Nobody can tell what is in use.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// A file cannot be read.
    #[error(transparent)]
    Read(#[from] StoreError),
    /// The set is none.
    #[error("goldens/sample_set.json cannot be used: {0}; `aios golden lint` names every fault")]
    Set(GoldenError),
}

/// The golden set in use, which is the built-in one where there is none, and the baseline.
///
/// # Errors
/// When a file cannot be read, or the set is none. That the baseline cannot be used is part of the answer.
pub fn reference(data_dir: &Path, now: Timestamp) -> Result<Reference, ReferenceError> {
    let paths = GoldenPaths::of(data_dir);
    let set = read_document(&paths.set)?;
    let set = GoldenSet::parse(set.as_deref().unwrap_or(BUILT_IN_SET));
    let baseline = read_document(&paths.baseline)?.map(|text| Report::trusted(&text, now));
    Ok(Reference::new(set.map_err(ReferenceError::Set)?, baseline))
}
