//! Memory is off as configured, and what is stored of it can be read.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::{Checked, Fault, Subject};
use crate::config::MemoryMode;

pub(super) fn check(subject: &Subject) -> Checked {
    let config = subject.config()?;
    let MemoryMode::Off = config.memory;
    let dir = config.server.data_dir.join("memory");
    let n_files = n_readable(&dir).map_err(|error| {
        let detail =
            format!("memory is off, but what is in {} cannot be read: {error}", dir.display());
        Fault::new(detail, "give the user that runs aios read access to it")
    })?;
    Ok(match n_files {
        0 => "off (memory.mode), and nothing is stored".to_owned(),
        n => {
            format!("off (memory.mode); {n} files in {} are readable and left alone", dir.display())
        }
    })
}

/// How many files there are below `dir`; each is opened.
fn n_readable(dir: &Path) -> io::Result<usize> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let mut n = 0;
    for entry in entries {
        let entry = entry?;
        n += match entry.file_type()?.is_dir() {
            true => n_readable(&entry.path())?,
            false => File::open(entry.path()).map(|_| 1)?,
        };
    }
    Ok(n)
}
