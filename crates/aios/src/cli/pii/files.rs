//! The files that are meant by names of files and directories.

use std::fs;
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;

use super::input;
use crate::cli::output::{Failure, say};

/// How deep directories are walked.
const DEPTH_MAX: usize = 64;

/// Files, in the order of their names.
pub(super) struct Found {
    pub(super) files: Vec<PathBuf>,
    /// One file was named, and it is that.
    pub(super) is_one: bool,
    /// Directories that could not be read.
    pub(super) n_failed: usize,
}

/// The files that are named, and those in the directories that are. Links in them are not followed, so that
/// nothing is looked into twice, or that is elsewhere.
pub(super) fn find(named: &[PathBuf]) -> anyhow::Result<Found> {
    let is_one = matches!(named, [one] if !one.is_dir());
    let mut found = Found { files: Vec::new(), is_one, n_failed: 0 };
    for path in named {
        if input::is_stdin(path) || !path.is_dir() {
            found.files.push(path.clone());
        } else {
            found.walk(path, 0).map_err(|error| {
                let hint = "name a directory that you may read";
                Failure::new(format!("cannot read {}", path.display()), hint).because(error)
            })?;
        }
    }
    Ok(found)
}

/// A bar for the work on all of them.
pub(super) fn bar_of(files: &[PathBuf]) -> ProgressBar {
    if files.iter().any(|file| input::is_stdin(file)) {
        return input::bar(None);
    }
    input::bar(Some(
        files.iter().filter_map(|file| fs::metadata(file).ok()).map(|of| of.len()).sum(),
    ))
}

impl Found {
    fn walk(&mut self, dir: &Path, depth: usize) -> std::io::Result<()> {
        let mut entries = fs::read_dir(dir)?.collect::<Result<Vec<_>, _>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let (path, kind) = (entry.path(), entry.file_type()?);
            if kind.is_file() {
                self.files.push(path);
            } else if kind.is_dir() {
                let walked = if depth < DEPTH_MAX {
                    self.walk(&path, depth + 1)
                } else {
                    Err(std::io::Error::other("it is too deep"))
                };
                if let Err(error) = walked {
                    self.n_failed += 1;
                    say(format_args!("cannot read {}: {error}", path.display()));
                }
            }
        }
        Ok(())
    }
}
