//! Locked npm packages, installed where the build puts everything else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{process, workspace};

/// Installs once what `package-lock.json` in `from` says, into `target/NAME/node`; `None` without Node and npm.
pub(crate) fn install(from: &Path, name: &str) -> Result<Option<PathBuf>> {
    if !is_there() {
        return Ok(None);
    }
    let dir = workspace::target().join(name).join("node");
    once(&dir, &wanted(from)?, |dir| {
        files(from).iter().try_for_each(|file| copy(file, dir))?;
        clean_install(dir)
    })?;
    Ok(Some(dir))
}

/// The same beside the lock, where builds and editors look for it; `false` without Node and npm.
pub(crate) fn install_beside(lock: &Path) -> Result<bool> {
    if !is_there() {
        return Ok(false);
    }
    once(&lock.join("node_modules"), &wanted(lock)?, |_| clean_install(lock))?;
    Ok(true)
}

fn is_there() -> bool {
    let runs = |tool: &str| process::output(Command::new(tool).arg("--version")).is_some();
    runs(npm()) && runs("node")
}

const fn npm() -> &'static str {
    if cfg!(windows) { "npm.cmd" } else { "npm" }
}

fn files(project: &Path) -> [PathBuf; 2] {
    ["package.json", "package-lock.json"].map(|file| project.join(file))
}

fn wanted(project: &Path) -> Result<String> {
    files(project).iter().map(|file| read(file)).collect()
}

fn clean_install(dir: &Path) -> Result<()> {
    let args = ["ci", "--no-audit", "--no-fund", "--silent"];
    process::run(Command::new(npm()).args(args).current_dir(dir))
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
        for project in ["tests/sdk", "tests/workflows", "dashboard"] {
            let dir = workspace::root().join(project);
            let lock = read(&dir.join("package-lock.json")).unwrap();
            assert!(lock.contains("\"integrity\"") && !lock.contains("\"resolved\""), "{project}");
        }
    }
}
