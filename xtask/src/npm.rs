//! Locked npm packages, installed where the build puts everything else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::lack::Lack;
use crate::{process, workspace};

const HINT_NODE: &str = "install Node, 20.19 or newer of its long-term releases, with npm";
const HINT_PACKAGES: &str = "npm fetches them once: call this again with the network there";

/// Installs once what `package-lock.json` in `from` says, into `target/NAME/node`.
pub(crate) fn install(from: &Path, name: &str) -> Result<PathBuf> {
    need_node()?;
    let dir = workspace::target().join(name).join("node");
    once(&dir, &wanted(from)?, |dir| {
        files(from).iter().try_for_each(|file| copy(file, dir))?;
        clean_install(dir)
    })?;
    Ok(dir)
}

/// The same beside the lock, where builds and editors look for it.
pub(crate) fn install_beside(lock: &Path) -> Result<()> {
    need_node()?;
    once(&lock.join("node_modules"), &wanted(lock)?, |_| clean_install(lock))
}

/// Node with npm, new enough for the page's packages.
fn need_node() -> Result<(), Lack> {
    let version = |tool: &str| process::output(Command::new(tool).arg("--version"));
    let (node, npm) = (version("node"), version(npm()));
    fits(node.as_deref(), npm.as_deref())
}

fn fits(node: Option<&str>, npm: Option<&str>) -> Result<(), Lack> {
    let (Some(node), Some(_)) = (node, npm) else {
        return Err(Lack::new("node with npm was not found", HINT_NODE));
    };
    if is_new_enough(node) {
        return Ok(());
    }
    Err(Lack::new(format!("node {} is too old", node.trim_start_matches('v')), HINT_NODE))
}

/// As the bundler has it: 20.19, 22.12, or anything later. What cannot be read may be newer than these words.
fn is_new_enough(version: &str) -> bool {
    let mut parts = version.trim_start_matches('v').split('.').map(str::parse::<u32>);
    let (Some(Ok(major)), Some(Ok(minor))) = (parts.next(), parts.next()) else { return true };
    matches!((major, minor), (20, 19..) | (22, 12..) | (23.., _))
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

/// What npm has fetched before needs no network. It says itself what went wrong.
fn clean_install(dir: &Path) -> Result<()> {
    let args = ["ci", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel", "error"];
    process::run(Command::new(npm()).args(args).current_dir(dir)).map_err(|why| {
        Lack::because("packages of npm are not here and could not be fetched", &why, HINT_PACKAGES)
            .into()
    })
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
    use crate::lack::is_lack;

    /// Addresses in a lock would tie everybody to the registry of whoever wrote it.
    #[test]
    fn locks_name_versions_and_digests_but_no_addresses() {
        for project in ["tests/sdk", "tests/workflows", "dashboard"] {
            let dir = workspace::root().join(project);
            let lock = read(&dir.join("package-lock.json")).unwrap();
            assert!(lock.contains("\"integrity\"") && !lock.contains("\"resolved\""), "{project}");
        }
    }

    #[test]
    fn what_is_missing_of_node_is_named() {
        let check = |node: Option<&str>, npm: Option<&str>, expect: &str| {
            let said = fits(node, npm).map_or_else(|lack| lack.to_string(), |()| "fits".to_owned());
            assert!(said.starts_with(expect), "{node:?} {npm:?}: {said}");
            assert_eq!(said.contains("install Node"), expect != "fits", "{said}");
        };
        for node in ["v20.19.0", "v20.20.2", "v22.12.0", "v23.0.0", "v24.1.0", "vX"] {
            check(Some(node), Some("11.0.0"), "fits");
        }
        for node in ["18.19.1", "20.18.3", "21.7.3", "22.11.0"] {
            let said = format!("node {node} is too old");
            check(Some(&format!("v{node}")), Some("11.0.0"), &said);
        }
        check(None, Some("11.0.0"), "node with npm was not found");
        check(Some("v24.1.0"), None, "node with npm was not found");
    }

    /// A manifest that cannot be read fails as packages that cannot be fetched do, and asks nobody.
    #[test]
    fn packages_that_cannot_be_installed_are_a_lack_and_no_end() {
        let dir = workspace::fresh_dir("npm-lack").unwrap();
        files(&dir).iter().for_each(|file| fs::write(file, "{").unwrap());
        let error = install_beside(&dir).unwrap_err();
        assert!(is_lack(&error), "{error:#}");
        assert!(!dir.join("node_modules").join("installed.txt").exists());
    }
}
