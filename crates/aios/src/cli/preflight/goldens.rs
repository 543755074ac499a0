//! The golden set can be read, and its cases can be told apart.

use std::fs;
use std::io;
use std::path::Path;

use aios_eval::{BUILT_IN_SET, GoldenSet};

use super::{Checked, Fault, Subject};
use crate::config::Config;

/// Largest golden file that is read, in bytes.
const FILE_MAX: u64 = 64 << 20;

pub(super) fn check(subject: &Subject) -> Checked {
    let config = subject.config()?;
    let (set, place) = golden_set(config)?;
    let baseline = config.server.data_dir.join("goldens").join("baseline_results.json");
    let baseline =
        match read(&baseline)?.map(|text| serde_json::from_str::<serde_json::Value>(&text)) {
            None => "no baseline is recorded yet",
            Some(Ok(_)) => "a baseline is recorded",
            Some(Err(error)) => {
                let detail = format!("the baseline {} is not JSON: {error}", baseline.display());
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
    let text = match fs::metadata(path) {
        Ok(meta) if meta.len() > FILE_MAX => Err(io::Error::other("it is too large")),
        Ok(_) => fs::read_to_string(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => Err(error),
    };
    text.map(Some).map_err(|error| {
        let detail = format!("cannot read {}: {error}", path.display());
        Fault::new(detail, "give the user that runs aios read access, or remove the file")
    })
}
