//! The golden set can be read, and its cases can be told apart.

use std::path::Path;

use aios_core::Clock as _;
use aios_eval::{BUILT_IN_SET, GoldenSet, Report};
use aios_store::read_document;

use super::{Checked, Fault, Subject};
use crate::clock::SystemClock;
use crate::config::Config;

pub(super) fn check(subject: &Subject) -> Checked {
    let config = subject.config()?;
    let (set, place) = golden_set(config)?;
    let baseline = config.server.data_dir.join("goldens").join("baseline_results.json");
    let baseline = match read(&baseline)?.map(|text| Report::trusted(&text, SystemClock.now())) {
        None => "no baseline is recorded yet",
        Some(Ok(_)) => "a baseline is recorded",
        Some(Err(error)) => {
            let detail = format!("the baseline {} cannot be used: {error}", baseline.display());
            return Err(Fault::new(detail, "record it anew, or remove the file"));
        }
    };
    Ok(format!("{} cases with different ids, {place}; {baseline}", set.cases().len()))
}

/// The deployment's golden set, else the built-in one; and which of the two.
pub(super) fn golden_set(config: &Config) -> Result<(GoldenSet, String), Fault> {
    let path = config.server.data_dir.join("goldens").join("sample_set.json");
    let (text, place) = match read(&path)? {
        Some(text) => (text, path.display().to_string()),
        None => (BUILT_IN_SET.to_owned(), "built in".to_owned()),
    };
    let set = GoldenSet::parse(&text).map_err(|error| {
        Fault::new(format!("{error} ({place})"), "correct the case in that file")
    })?;
    Ok((set, place))
}

/// A file's text; `None` if there is no file.
fn read(path: &Path) -> Result<Option<String>, Fault> {
    Ok(read_document(path)?)
}
