//! Which browser the page is tried in.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::lack::Lack;
use crate::{process, workspace};

/// Names a browser that no usual place has; the page's scripts read it too.
const VARIABLE: &str = "CHROMIUM";

/// Where playwright puts what it fetches, and looks for it.
const FETCHED: &str = "PLAYWRIGHT_BROWSERS_PATH";

const HINT: &str = "install Chromium, Chrome or Edge, or name one in CHROMIUM";

/// Where systems put it.
const PLACES: &[&str] = &[
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/usr/bin/google-chrome-stable",
    "/snap/bin/chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
    "C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe",
    "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
];

/// A browser, by its program or by the folder in which playwright finds its own.
#[derive(Debug, PartialEq)]
pub(super) enum Browser {
    Program(PathBuf),
    Fetched(PathBuf),
}

impl Browser {
    /// What tells the page's scripts of it.
    pub(super) fn environment(self) -> (&'static str, PathBuf) {
        match self {
            Self::Program(path) => (VARIABLE, path),
            Self::Fetched(dir) => (FETCHED, dir),
        }
    }
}

/// The browser of this machine; where there is none, one that playwright fetches, into `target/`.
pub(super) fn find(modules: &Path) -> Result<Browser> {
    let named = std::env::var_os(VARIABLE).map(PathBuf::from);
    choose(named, PLACES, |dir| fetch(modules, dir))
}

fn choose(
    named: Option<PathBuf>,
    places: &[&str],
    fetch: impl Fn(&Path) -> Result<()>,
) -> Result<Browser> {
    if let Some(named) = named {
        if !named.exists() {
            bail!("{VARIABLE} names {}, which is not there", named.display());
        }
        return Ok(Browser::Program(named));
    }
    if let Some(usual) = places.iter().map(PathBuf::from).find(|place| place.exists()) {
        return Ok(Browser::Program(usual));
    }
    let dir = workspace::target().join("dashboard").join("browsers");
    fetch(&dir).map_err(|why| {
        Lack::because("no Chromium was found, and none could be fetched", &why, HINT)
    })?;
    Ok(Browser::Fetched(dir))
}

/// Does nothing where it was done before.
fn fetch(modules: &Path, into: &Path) -> Result<()> {
    println!("no browser was found: playwright fetches one into {}", into.display());
    let cli = modules.join("playwright-core").join("cli.js");
    let mut install = Command::new("node");
    install.arg(cli).args(["install", "--only-shell", "chromium"]).env(FETCHED, into);
    process::run(&mut install)
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;
    use crate::lack::is_lack;

    #[test]
    fn a_machine_without_a_browser_gets_one_of_its_own_or_is_told_how() {
        let found = choose(None, &["/nowhere/chromium"], |_| Ok(())).unwrap();
        let (name, dir) = found.environment();
        assert_eq!(name, FETCHED);
        assert!(dir.starts_with(workspace::target()), "nothing outside is touched: {dir:?}");
        let offline = |_: &Path| Err(anyhow!("node ended with exit status: 1"));
        let error = choose(None, &[], offline).unwrap_err();
        assert!(is_lack(&error) && error.to_string().contains(HINT), "{error:#}");
    }

    #[test]
    fn what_is_named_comes_before_what_is_usual() {
        let here = workspace::root().join("Cargo.toml");
        let usual = here.to_string_lossy().into_owned();
        let none = |_: &Path| Err(anyhow!("nothing has to be fetched"));
        let found = choose(None, &["/nowhere/chromium", &usual], none).unwrap();
        assert_eq!(found, Browser::Program(here.clone()));
        assert_eq!(choose(Some(here.clone()), &[], none).unwrap().environment(), (VARIABLE, here));
        let error = choose(Some("/nowhere/chromium".into()), &[&usual], none).unwrap_err();
        assert!(!is_lack(&error), "a wrong name is a mistake, and no lack: {error:#}");
    }
}
