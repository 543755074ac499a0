//! `cargo xtask dashboard`: builds the page that the admin address serves. The next build of `aios` has it inside.

mod browser;
mod check;
mod stand;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

pub(crate) use check::{make_keys, measure, open, page, run_browser};

use crate::{Usage, npm, process, workspace};

/// What the page is made of.
const SOURCES: &[&str] = &[
    "src",
    "public",
    "index.html",
    "package.json",
    "package-lock.json",
    "svelte.config.js",
    "tsconfig.json",
    "vite.config.ts",
];

/// Made of the sources by the checks, and part of no page: what is made is not what it is made of.
const MADE: &str = "schema.d.ts";

/// Written when all of it is there, with the digest of what it was made of.
const NOTE: &str = "built.txt";

/// The command.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    if !args.is_empty() {
        bail!(Usage("usage: cargo xtask dashboard".to_owned()));
    }
    build()?;
    println!("dashboard/dist holds the page; the next build of aios has it inside");
    Ok(ExitCode::SUCCESS)
}

/// Where the page's sources are.
fn home() -> PathBuf {
    workspace::root().join("dashboard")
}

/// Builds the page for somebody who can go on without it, and is told what there is in its place.
pub(crate) fn build_if_possible() {
    if let Err(why) = build() {
        println!("{}: {why:#}", in_its_place(is_there()));
    }
}

fn in_its_place(is_there: bool) -> &'static str {
    if is_there {
        "with the dashboard as it was built before"
    } else {
        "without the dashboard: its address will say how to build it"
    }
}

/// Whether a page was built, of whatever.
fn is_there() -> bool {
    home().join("dist").join("index.html").exists()
}

/// Builds the page, unless it is built of what is there now.
pub(crate) fn build() -> Result<()> {
    let home = home();
    npm::install_beside(&home)?;
    let note = workspace::target().join("dashboard").join(NOTE);
    let made_of = digest(&home, SOURCES)?;
    if is_there() && fs::read_to_string(&note).is_ok_and(|noted| noted == made_of) {
        return Ok(());
    }
    let vite = home.join("node_modules").join("vite").join("bin").join("vite.js");
    let args = ["build", "--logLevel", "warn"];
    process::run(Command::new("node").arg(vite).args(args).current_dir(&home))?;
    if let Some(dir) = note.parent() {
        fs::create_dir_all(dir).with_context(|| format!("failed to create {}", dir.display()))?;
    }
    fs::write(&note, made_of).with_context(|| format!("failed to write {}", note.display()))
}

/// A digest of files and folders, whatever the order in which the system lists them.
fn digest(root: &Path, parts: &[&str]) -> Result<String> {
    let mut files = Vec::new();
    for part in parts {
        list(&root.join(part), &mut files)?;
    }
    files.sort();
    let mut digest = Sha256::new();
    for file in &files {
        let bytes = fs::read(file).with_context(|| format!("failed to read {}", file.display()))?;
        let name = file.strip_prefix(root).unwrap_or(file).to_string_lossy();
        // Lengths keep a name apart from what follows it.
        digest.update((name.len() as u64).to_le_bytes());
        digest.update(name.as_bytes());
        digest.update((bytes.len() as u64).to_le_bytes());
        digest.update(bytes);
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A file, or all files under a folder.
fn list(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if !path.is_dir() {
        if path.file_name().is_none_or(|name| name != MADE) {
            files.push(path.to_owned());
        }
        return Ok(());
    }
    let entries =
        fs::read_dir(path).with_context(|| format!("failed to list {}", path.display()))?;
    for entry in entries {
        list(&entry?.path(), files)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_name_and_another_text_are_another_page() {
        let dir = workspace::fresh_dir("dashboard-digest").unwrap();
        let write = |name: &str, text: &str| {
            let file = dir.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        let after = |name: &str, text: &str| {
            write(name, text);
            digest(&dir, &["src", "a.json"]).unwrap()
        };
        write("a.json", "{}");
        let first = after("src/one.ts", "1");
        assert_eq!(after("src/one.ts", "1"), first);
        assert_ne!(after("src/one.ts", "2"), first);
        write("src/one.ts", "1");
        assert_eq!(after("other/two.ts", "1"), first, "it is made of nothing else");
        assert_eq!(after("src/api/schema.d.ts", "types"), first, "the checks make it anew");
        assert_ne!(after("src/deep/two.ts", ""), first);
    }
}
