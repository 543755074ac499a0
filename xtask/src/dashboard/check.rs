//! The page's own checks: its types and pure functions, and itself in a browser on a real server.

use std::process::Command;

use anyhow::Result;

use super::stand::Stand;
use super::{browser, build, home};
use crate::test::{Done, missing};
use crate::{process, workspace};

/// Builds the page, checks its types and tries its functions.
pub(crate) fn page() -> Result<Done> {
    if !build()? {
        return missing("node with npm");
    }
    let modules = home().join("node_modules");
    let types = modules.join("openapi-typescript").join("bin").join("cli.js");
    let checked = modules.join("svelte-check").join("bin").join("svelte-check");
    let node = |program| {
        let mut command = Command::new("node");
        command.arg(program).current_dir(home());
        command
    };
    process::run(node(types).args(["src/api/openapi.json", "-o", "src/api/schema.d.ts"]))?;
    process::run(node(checked).args(["--fail-on-warnings", "--output", "human"]))?;
    process::run(
        Command::new("node")
            .args(["--test", "--test-reporter", "spec", "test/unit.mjs"])
            .current_dir(home()),
    )?;
    Ok(Done::Passed)
}

/// Opens every tab in a browser, and acts.
pub(crate) fn run_browser() -> Result<Done> {
    if !build()? {
        return missing("node with npm");
    }
    let chromium = browser::find(&home().join("node_modules"))?;
    let shots = workspace::fresh_dir("dashboard/shots")?;
    let stand = Stand::start()?;
    let mut script = Command::new("node");
    script.args(["--test", "--test-reporter", "spec", "test/browser.mjs"]).current_dir(home());
    script.envs(stand.environment()).env("AIOS_SHOTS", shots);
    if let Some(chromium) = chromium {
        script.env("CHROMIUM", chromium);
    }
    process::run(&mut script)?;
    stand.stop()?;
    Ok(Done::Passed)
}
