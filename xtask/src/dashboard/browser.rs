//! Which browser the page is tried in.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::process;

/// Names a browser that no usual place has.
const VARIABLE: &str = "CHROMIUM";

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

/// The browser of this machine; where there is none, playwright fetches its own, and finds it again by itself.
pub(crate) fn find(modules: &Path) -> Result<Option<PathBuf>> {
    if let Some(named) = std::env::var_os(VARIABLE).map(PathBuf::from) {
        if !named.exists() {
            bail!("{VARIABLE} names {}, which is not there", named.display());
        }
        return Ok(Some(named));
    }
    if let Some(usual) = PLACES.iter().map(PathBuf::from).find(|place| place.exists()) {
        return Ok(Some(usual));
    }
    println!("no browser was found; playwright fetches one");
    let cli = modules.join("playwright-core").join("cli.js");
    let mut install = Command::new("node");
    install.arg(cli).args(["install", "--only-shell", "chromium"]);
    if let Err(why) = process::run(&mut install) {
        bail!(
            "no Chromium was found, and none could be fetched: {why:#}\nhint: install Chromium or Chrome, or name one in {VARIABLE}"
        );
    }
    Ok(None)
}
