//! `cargo xtask dist`: the program as it is shipped, laid out by what it does under load.
//!
//! It is built with counters, put under load, and built again so that what is often run stands together and what is
//! not stays out of the way (profile-guided optimization, <https://doc.rust-lang.org/rustc/profile-guided-optimization.html>).
//! The load is that of `aios loadtest`, not that of `cargo xtask bench`: what is measured is not what was practised.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::bench::stand::figure;
use crate::lack::Lack;
use crate::model::Model;
use crate::process::{self, READY, Server};
use crate::{Usage, cargo, http, workspace};

/// How long each kind of load lasts.
const PRACTICE: &str = "6s";
/// Requests under way, prompts and the share of streams, in percent.
const LOADS: &[[&str; 3]] = &[["64", "mixed", "0"], ["64", "long", "30"], ["8", "short", "50"]];
const HINT_TOOLS: &str = "`rustup component add llvm-tools` installs what reads its counts";
/// Where the counts are.
const COUNTS: &str = "dist/counts";
/// The component that has it.
const TOOLS: &str = "llvm-tools";

/// The command.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    if let Some(arg) = args.first() {
        bail!(Usage(format!("`{arg}` is not understood")));
    }
    println!("{}", make()?.display());
    Ok(ExitCode::SUCCESS)
}

/// Builds the program, unless nothing has changed since it was.
pub(crate) fn make() -> Result<PathBuf> {
    let host = cargo::host()?;
    let merge = profdata(&host)?;
    println!(
        "building the program as it is shipped, a quarter of an hour where it is new: with counters"
    );
    let counts = workspace::target().join(COUNTS);
    let practised =
        build(&host, "dist/practice", &format!("-Cprofile-generate={}", plain(&counts)?))?;
    let program = workspace::program("dist", "aios");
    let (stamp, made_of) = (program.with_extension("of"), recipe(&practised)?);
    if program.is_file() && fs::read_to_string(&stamp).is_ok_and(|it| it == made_of) {
        return Ok(program);
    }
    workspace::fresh_dir(COUNTS)?;
    println!("under load");
    practise(&practised)?;
    let profile = counts.join("merged.profdata");
    let mut command = Command::new(merge);
    process::run(command.arg("merge").arg("-o").arg(&profile).arg(&counts))?;
    println!("by what was counted");
    let built = build(&host, "dist/build", &format!("-Cprofile-use={}", plain(&profile)?))?;
    let beside = program.with_extension("new");
    fs::copy(&built, &beside)
        .and_then(|_| fs::rename(&beside, &program))
        .and_then(|()| fs::write(&stamp, made_of))
        .context("failed to put the program in its place")?;
    Ok(program)
}

/// What the program is made of: another practised one, or other practice, is another program.
fn recipe(practised: &Path) -> Result<String> {
    let about = fs::metadata(practised).and_then(|it| Ok((it.len(), it.modified()?)));
    let (len, written) = about.context("failed to look at the practised program")?;
    Ok(format!("{} {len} {written:?} {PRACTICE} {LOADS:?}", practised.display()))
}

/// The tool beside the compiler, installed if need be: another version does not read its counts.
fn profdata(host: &str) -> Result<PathBuf> {
    let root = process::output(Command::new("rustc").args(["--print", "sysroot"]));
    let bin = Path::new(&root.context("rustc does not run")?).join("lib/rustlib").join(host);
    let tool = bin.join("bin").join(format!("llvm-profdata{}", std::env::consts::EXE_SUFFIX));
    if !tool.is_file() {
        let mut install = Command::new("rustup");
        let installed = process::run(install.args(["component", "add", TOOLS]));
        installed.map_err(|why| Lack::because("there is no llvm-profdata", &why, HINT_TOOLS))?;
    }
    if tool.is_file() {
        Ok(tool)
    } else {
        Err(Lack::new("there is no llvm-profdata", HINT_TOOLS).into())
    }
}

/// As it can stand among the flags, which spaces part.
fn plain(path: &Path) -> Result<&str> {
    let text = path.to_str().filter(|text| !text.contains(' '));
    text.with_context(|| format!("{} has a space in it: set CARGO_TARGET_DIR", path.display()))
}

/// The platform is named to cargo so that the flags reach no build script.
fn build(host: &str, dir: &str, flags: &str) -> Result<PathBuf> {
    let dir = workspace::target().join(dir);
    let args = ["build", "--quiet", "--release", "--target", host, "-p", "aios"];
    process::run(cargo::cargo(&args).env("RUSTFLAGS", flags).env("CARGO_TARGET_DIR", &dir))?;
    let name = format!("aios{}", std::env::consts::EXE_SUFFIX);
    Ok(dir.join(host).join("release").join(name))
}

/// Puts a server under load. It counts until it ends, and must end by itself to write its counts down.
fn practise(program: &Path) -> Result<()> {
    let dir = workspace::fresh_dir("dist/run")?;
    cargo::run(&["build", "--quiet", "--release", "-p", "aios-bench"])?;
    let mut model = Command::new(workspace::program("release", "aios-bench"));
    model.arg("upstream");
    let model = Model::start(model, &dir.join("model.log"))?;
    let config = dir.join("aios.toml");
    fs::write(&config, model.config()).context("failed to write the configuration")?;
    let (gateway, admin) = (http::free_address()?, http::free_address()?);
    let mut command = Command::new(program);
    command.args(["serve", "--listen", &gateway, "--admin-listen", &admin]);
    command.arg("--data-dir").arg(dir.join("data")).arg("--config").arg(&config);
    let mut server = Server::start(command, &dir.join("aios.log"))?;
    server.wait_ready(&gateway, "/readyz", READY)?;
    for [concurrency, mix, stream_pct] in LOADS {
        let mut load = Command::new(program);
        load.args(["loadtest", "--json", "--url", &format!("http://{gateway}/v1")]);
        load.args(["--concurrency", concurrency, "--mix", mix, "--stream-pct", stream_pct]);
        load.args(["--duration", PRACTICE, "--prompts", "200"]).current_dir(&dir);
        let report = load.output().context("failed to start the load")?;
        let report = String::from_utf8_lossy(&report.stdout);
        // Where requests go is not what is tried here, so the verdict is of no interest.
        if figure(&report, "n_failed") != Some(0.0) {
            bail!("requests failed under load; the server's log is in {}", dir.display());
        }
    }
    let ended = server.stop()?;
    if ended.success() { Ok(()) } else { bail!("the server ended with {ended}") }
}
