//! The page's own checks: its types and pure functions, and itself in a browser on a real server.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::stand::{Site, Stand};
use super::{browser, build, home};
use crate::process::{READY, Server};
use crate::{process, workspace};

/// Builds the page, checks its types and tries its functions.
pub(crate) fn page() -> Result<()> {
    build()?;
    let modules = home().join("node_modules");
    let types = modules.join("openapi-typescript").join("bin").join("cli.js");
    let checked = modules.join("svelte-check").join("bin").join("svelte-check");
    let node = |program| {
        let mut command = Command::new("node");
        command.arg(program).current_dir(home());
        command
    };
    // As `npm run types` does: what has a default need not be given.
    let made =
        ["src/api/openapi.json", "--default-non-nullable=false", "-o", "src/api/schema.d.ts"];
    process::run(node(types).args(made))?;
    process::run(node(checked).args(["--fail-on-warnings", "--output", "human"]))?;
    process::run(
        Command::new("node")
            .args(["--test", "--test-reporter", "spec", "test/unit.mjs"])
            .current_dir(home()),
    )
}

/// Opens every tab in a browser, and acts.
pub(crate) fn run_browser() -> Result<()> {
    build()?;
    let shots = workspace::fresh_dir("dashboard/shots")?;
    let mut script = with_browser(&["--test", "--test-reporter", "spec", "test/browser.mjs"])?;
    let stand = Stand::start()?;
    process::run(script.envs(stand.environment()).env("AIOS_SHOTS", shots))?;
    stand.stop()
}

/// Starts a server on nothing, and stops it: what it needs is then in `dir/name`.
pub(crate) fn make_keys(dir: &Path, name: &str, profile: &str) -> Result<()> {
    Site::start(dir, name, profile)?.stop()
}

/// Measures the page on the data in `dir/name`; false where a bar was missed.
pub(crate) fn measure(dir: &Path, name: &str, profile: &str) -> Result<bool> {
    let mut script = with_browser(&["test/bench.mjs"])?;
    let site = Site::start(dir, name, profile)?;
    let status = script.envs(site.environment()).status().context("failed to start node")?;
    site.stop()?;
    match status.code() {
        Some(0) => Ok(true),
        Some(MISSED) => Ok(false),
        _ => bail!("node ended with {status}"),
    }
}

/// Opens a page on each of `tabs` by `node`; they stay open until what is returned is stopped. Their log goes into `dir`.
pub(crate) fn open(
    node: Command,
    dir: &Path,
    admin: &str,
    data: &Path,
    tabs: &[&str],
) -> Result<Server> {
    let mut script = knowing_browser(node, &["test/ten.mjs"])?;
    script.env("AIOS_ADMIN", admin).env("AIOS_DATA", data).env("AIOS_TABS", tabs.join(","));
    let mut pages = Server::start(script, &dir.join("pages.log"))?;
    let n_open = pages.wait_line("open ", READY)?;
    if n_open != tabs.len().to_string() {
        bail!("{n_open} pages are open instead of {}", tabs.len());
    }
    Ok(pages)
}

/// What the script ends with where a bar was missed.
const MISSED: i32 = 2;

/// Node with a script of the page's, which knows its browser.
fn with_browser(args: &[&str]) -> Result<Command> {
    knowing_browser(Command::new("node"), args)
}

fn knowing_browser(mut node: Command, args: &[&str]) -> Result<Command> {
    node.args(args).current_dir(home());
    node.envs([browser::find(&home().join("node_modules"))?.environment()]);
    Ok(node)
}
