//! The official OpenAI clients, unchanged, against a real server over real sockets.

mod rig;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::test::Done;
use crate::{process, workspace};
use rig::Rig;

/// The official Python client.
pub(crate) fn python() -> Result<Done> {
    let Some(python) = find_python() else { return missing("python3 with the venv module") };
    let program = prepare_python(&python)?;
    check(Command::new(program).arg("-B").arg(scripts().join("conformance.py")))
}

/// The official npm client.
pub(crate) fn node() -> Result<Done> {
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let found = [npm, "node"].iter().all(|tool| version(tool, &["--version"]).is_some());
    if !found {
        return missing("node with npm");
    }
    let dir = prepare_node(npm)?;
    check(Command::new("node").arg(dir.join("conformance.mjs")))
}

/// Starts the servers, runs the script against them, stops them.
fn check(script: &mut Command) -> Result<Done> {
    let rig = Rig::start()?;
    process::run(script.envs(rig.environment()))?;
    rig.stop()?;
    Ok(Done::Passed)
}

/// A machine without the tool may go on; CI may not.
fn missing(tool: &str) -> Result<Done> {
    let why = format!("{tool} was not found");
    if std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false") {
        bail!("{why}, and CI runs every check");
    }
    println!("skipped: {why}");
    Ok(Done::Skipped(why))
}

fn version(program: &str, args: &[&str]) -> Option<String> {
    process::output(Command::new(program).args(args))
}

/// On Windows `python3` may be a stub that opens the store; only a program that runs counts.
fn find_python() -> Option<String> {
    let probe = ["-c", "import sys, venv, ensurepip; assert sys.version_info >= (3, 10)"];
    let found = ["python3", "python"].into_iter().find(|name| version(name, &probe).is_some());
    found.map(str::to_owned)
}

fn scripts() -> PathBuf {
    workspace::root().join("tests").join("sdk")
}

/// Makes `target/sdk/venv` with the pinned client; an environment that fits is used again.
fn prepare_python(python: &str) -> Result<PathBuf> {
    let dir = workspace::target().join("sdk").join("venv");
    let program =
        if cfg!(windows) { dir.join("Scripts/python.exe") } else { dir.join("bin/python") };
    let wanted = read(&scripts().join("requirements.txt"))?;
    install_once(&dir, &wanted, |dir| {
        process::run(Command::new(python).args(["-m", "venv"]).arg(dir))?;
        let args = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
        process::run(Command::new(&program).args(args).arg(scripts().join("requirements.txt")))
    })?;
    Ok(program)
}

/// Makes `target/sdk/node` with the locked client and a copy of the script beside it, where Node looks.
fn prepare_node(npm: &str) -> Result<PathBuf> {
    let dir = workspace::target().join("sdk").join("node");
    let files = ["package.json", "package-lock.json"];
    let wanted =
        files.iter().map(|file| read(&scripts().join(file))).collect::<Result<String>>()?;
    install_once(&dir, &wanted, |dir| {
        for file in files {
            copy(file, dir)?;
        }
        let args = ["ci", "--no-audit", "--no-fund", "--silent"];
        process::run(Command::new(npm).args(args).current_dir(dir))
    })?;
    copy("conformance.mjs", &dir)?;
    Ok(dir)
}

/// Runs `install` in an empty `dir` unless the note left there says that `wanted` is installed.
fn install_once(dir: &Path, wanted: &str, install: impl Fn(&Path) -> Result<()>) -> Result<()> {
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

fn copy(file: &str, to: &Path) -> Result<()> {
    let from = scripts().join(file);
    fs::copy(&from, to.join(file)).with_context(|| format!("failed to copy {}", from.display()))?;
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Addresses in the lock would tie everybody to the registry of whoever wrote it.
    #[test]
    fn the_lock_names_versions_and_digests_but_no_addresses() {
        let lock = read(&scripts().join("package-lock.json")).unwrap();
        assert!(lock.contains("\"integrity\"") && !lock.contains("\"resolved\""));
    }
}
