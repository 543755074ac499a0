//! The official OpenAI clients, unchanged, against a real server over real sockets.

mod rig;

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::lack::Lack;
use crate::{npm, process, workspace};
use rig::Rig;

const HINT_PYTHON: &str = "install Python 3.10 or newer with its venv and ensurepip";
const HINT_PIP: &str = "pip fetches it once: call this again with the network there";

/// The official Python client.
pub(crate) fn python() -> Result<()> {
    let python =
        find_python().ok_or_else(|| Lack::new("python3 with venv was not found", HINT_PYTHON))?;
    let program = prepare_python(&python)?;
    check(Command::new(program).arg("-B").arg(scripts().join("conformance.py")))
}

/// The official npm client.
pub(crate) fn node() -> Result<()> {
    let dir = npm::install(&scripts(), "sdk")?;
    npm::copy(&scripts().join("conformance.mjs"), &dir)?;
    check(Command::new("node").arg(dir.join("conformance.mjs")))
}

/// Starts the servers, runs the script against them, stops them.
fn check(script: &mut Command) -> Result<()> {
    let rig = Rig::start()?;
    process::run(script.envs(rig.environment()))?;
    rig.stop()
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
    let wanted = npm::read(&scripts().join("requirements.txt"))?;
    npm::once(&dir, &wanted, |dir| {
        process::run(Command::new(python).args(["-m", "venv"]).arg(dir))?;
        let args = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
        process::run(Command::new(&program).args(args).arg(scripts().join("requirements.txt")))
            .map_err(|why| {
                Lack::because("the Python client could not be fetched", &why, HINT_PIP).into()
            })
    })?;
    Ok(program)
}
