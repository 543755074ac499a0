//! Every byte that is kept, and the lines of the event log among them.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::read::MultiGzDecoder;

/// The files of a data directory as they are now.
pub(crate) struct Files(Vec<(PathBuf, Vec<u8>)>);

impl Files {
    /// Reads them all; what is compressed as what it stands for.
    pub(crate) fn read(dir: &Path) -> Result<Self> {
        let mut files = Vec::new();
        read_into(dir, &mut files)?;
        files.sort();
        Ok(Self(files))
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&Path, &[u8])> {
        self.0.iter().map(|(path, bytes)| (path.as_path(), bytes.as_slice()))
    }

    /// Lines of the event log, whole ones only.
    pub(crate) fn events(&self) -> impl Iterator<Item = &[u8]> {
        let logs = self.all().filter(|(path, _)| is_event_log(path));
        logs.flat_map(|(_, bytes)| bytes.split_inclusive(|byte| *byte == b'\n'))
            .filter(|line| line.ends_with(b"\n"))
    }
}

impl Files {
    /// Whether another directory holds the same.
    pub(crate) fn is_same(&self, here: &Path, other: &Self, there: &Path) -> bool {
        let of = |files: &Self, root: &Path| -> Vec<(PathBuf, Vec<u8>)> {
            let name = |path: &Path| path.strip_prefix(root).unwrap_or(path).to_path_buf();
            files.all().map(|(path, bytes)| (name(path), bytes.to_vec())).collect()
        };
        of(self, here) == of(other, there)
    }

    /// What is kept of the canary.
    pub(crate) fn control(&self) -> impl Iterator<Item = &[u8]> {
        let is_control =
            |path: &Path| path.file_name().is_some_and(|name| name == "control.ndjson");
        self.all().filter(move |(path, _)| is_control(path)).map(|(_, bytes)| bytes)
    }
}

/// The active segment, the one for late lines and all that are sealed.
fn is_event_log(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.parent().is_some_and(|parent| parent.ends_with("analytics"))
        && name.starts_with("hypotheses")
        && (name.ends_with(".ndjson") || name.ends_with(".gz"))
}

fn read_into(dir: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) -> Result<()> {
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            read_into(&path, files)?;
            continue;
        }
        match bytes_of(&path) {
            Ok(bytes) => files.push((path, bytes)),
            // The index's own files come and go.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        }
    }
    Ok(())
}

fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    match path.extension().is_some_and(|extension| extension == "gz") {
        true => MultiGzDecoder::new(file).read_to_end(&mut bytes)?,
        false => io::BufReader::new(file).read_to_end(&mut bytes)?,
    };
    Ok(bytes)
}
