//! Opens an address in this user's browser.

use std::collections::BTreeMap;
use std::io;
use std::process::{Command, Stdio};

/// What is around this program.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around<'a> {
    /// Somebody sits before the output.
    pub(super) is_terminal: bool,
    pub(super) env: &'a BTreeMap<String, String>,
}

impl Around<'_> {
    /// Whether somebody is there who would see it. Without a screen the system's opener may start a browser in the
    /// terminal itself.
    pub(super) fn has_browser(self) -> bool {
        let is_set = |name: &str| self.env.get(name).is_some_and(|value| !value.is_empty());
        let has_screen = !NEEDS_SCREEN
            || ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"].into_iter().any(is_set);
        self.is_terminal && !is_set("CI") && has_screen
    }
}

/// Whether the screen is something that a session may lack.
const NEEDS_SCREEN: bool = cfg!(not(any(windows, target_os = "macos")));

/// Has the system open an address, and does not wait for it.
///
/// # Errors
/// When the system's opener cannot be started.
pub(super) fn open(url: &str) -> io::Result<()> {
    let (program, args) = opener();
    let mut command = Command::new(program);
    command.args(args).arg(url);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map(drop)
}

#[cfg(target_os = "macos")]
const fn opener() -> (&'static str, &'static [&'static str]) {
    ("open", &[])
}

/// Not `start`, which is the shell's and would take `&` in an address for an end.
#[cfg(windows)]
const fn opener() -> (&'static str, &'static [&'static str]) {
    ("rundll32", &["url.dll,FileProtocolHandler"])
}

#[cfg(not(any(windows, target_os = "macos")))]
const fn opener() -> (&'static str, &'static [&'static str]) {
    ("xdg-open", &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_where_somebody_sees_it() {
        let check = |is_terminal: bool, env: &[(&str, &str)], expect: bool| {
            let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            let env = env.iter().map(pair).collect();
            assert_eq!(Around { is_terminal, env: &env }.has_browser(), expect, "{env:?}");
        };
        let screen = ("DISPLAY", ":0");
        check(true, &[screen], true);
        check(false, &[screen], false);
        check(true, &[screen, ("CI", "true")], false);
        check(true, &[screen, ("CI", "")], true);
        check(true, &[("DISPLAY", "")], !NEEDS_SCREEN);
    }
}
