//! Locked npm packages, installed where the build puts everything else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{process, workspace};

/// Installs once what `package-lock.json` in `from` says, into `target/NAME/node`; `None` without Node and npm.
pub(crate) fn install(from: &Path, name: &str) -> Result<Option<PathBuf>> {
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let is_there = |tool: &str| process::output(Command::new(tool).arg("--version")).is_some();
    if !is_there(npm) || !is_there("node") {
        return Ok(None);
    }
    let dir = workspace::target().join(name).join("node");
    let files = ["package.json", "package-lock.json"].map(|file| from.join(file));
    let wanted = files.iter().map(|file| read(file)).collect::<Result<String>>()?;
    once(&dir, &wanted, |dir| {
        files.iter().try_for_each(|file| copy(file, dir))?;
        let args = ["ci", "--no-audit", "--no-fund", "--silent"];
        process::run(Command::new(npm).args(args).current_dir(dir))
    })?;
    Ok(Some(dir))
}

/// Runs `install` in an empty `dir` unless the note left there says that `wanted` is installed.
pub(crate) fn once(dir: &Path, wanted: &str, install: impl Fn(&Path) -> Result<()>) -> Result<()> {
    let note = dir.join("installed.txt");
    if fs::read_to_string(&note).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    if dir.exists() {
        fs::remove_dir_all(dir).with_context(|| format!("failed to empty {}", dir.display()))?;
    }
    fs::create_dir_all(dir).with_context(|| format!("failed to create {}", dir.display()))?;
    install(dir)?;
    fs::write(&note, wanted).with_context(|| format!("failed to write {}", note.display()))
}

/// Copies a file into a directory, under its name.
pub(crate) fn copy(file: &Path, to: &Path) -> Result<()> {
    let name = file.file_name().unwrap_or_default();
    fs::copy(file, to.join(name)).with_context(|| format!("failed to copy {}", file.display()))?;
    Ok(())
}

/// A file's text.
pub(crate) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Addresses in a lock would tie everybody to the registry of whoever wrote it.
    #[test]
    fn locks_name_versions_and_digests_but_no_addresses() {
        for project in ["sdk", "workflows"] {
            let dir = workspace::root().join("tests").join(project);
            let lock = read(&dir.join("package-lock.json")).unwrap();
            assert!(lock.contains("\"integrity\"") && !lock.contains("\"resolved\""), "{project}");
        }
    }
}
