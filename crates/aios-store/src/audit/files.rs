//! The files of the trail: one for each UTC day on which there was something to write.

use std::path::{Path, PathBuf};

use aios_core::Timestamp;

use crate::{StoreError, disk};

/// Characters of a day, as in `2027-01-15`.
const DAY_CHARS: usize = 10;

/// The day of a time. Days sort as text, for as long as years have four digits.
pub(crate) fn day(at: Timestamp) -> String {
    at.to_string().chars().take(DAY_CHARS).collect()
}

/// The file of a day.
pub(crate) fn path(audit: &Path, day: &str) -> PathBuf {
    audit.join(format!("{day}.ndjson"))
}

/// Days that have a file, the oldest first.
pub(crate) fn days(audit: &Path) -> Result<Vec<String>, StoreError> {
    let names = disk::names_in(audit)?;
    let of_name = |name: String| {
        let day = name.strip_suffix(".ndjson")?;
        let is_day = day.len() == DAY_CHARS
            && day.bytes().enumerate().all(|(n, byte)| match n {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        is_day.then(|| day.to_owned())
    };
    Ok(names.into_iter().filter_map(of_name).collect())
}
