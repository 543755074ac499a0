//! Ends the servers of a command that was itself killed.
//!
//! The standard library cannot catch a signal, and a destructor does not run when one comes. So the
//! first server starts a second copy of this program, in a process group of its own where Ctrl-C does
//! not reach it. It reads the servers' ids from a pipe. The pipe closes when we end, in whatever way;
//! then it ends what is left.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::process;

/// The hidden command.
pub(crate) const NAME: &str = "guard-servers";
/// How long a server may drain before it is killed.
const GRACE: Duration = Duration::from_secs(5);

static GUARD: Mutex<Option<Child>> = Mutex::new(None);

/// Has `id` ended with us.
pub(crate) fn watch(id: u32) -> Result<()> {
    let mut guard = GUARD.lock().unwrap_or_else(PoisonError::into_inner);
    if guard.is_none() {
        *guard = Some(start()?);
    }
    tell(guard.as_mut(), '+', id).context("failed to reach the guard of the servers")
}

/// `id` has ended.
pub(crate) fn release(id: u32) {
    let mut guard = GUARD.lock().unwrap_or_else(PoisonError::into_inner);
    // Without a guard there is nobody to mistake the id for a running server.
    tell(guard.as_mut(), '-', id).ok();
}

fn tell(guard: Option<&mut Child>, sign: char, id: u32) -> std::io::Result<()> {
    match guard.and_then(|child| child.stdin.as_mut()) {
        Some(stdin) => writeln!(stdin, "{sign}{id}"),
        None => Ok(()),
    }
}

fn start() -> Result<Child> {
    let mut command = Command::new(itself().context("failed to find our own program")?);
    command.arg(NAME).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    detach(&mut command);
    command.spawn().context("failed to start the guard of the servers")
}

/// This program as it runs, also where another build has taken its place since.
fn itself() -> std::io::Result<PathBuf> {
    if cfg!(target_os = "linux") {
        return Ok(PathBuf::from("/proc/self/exe"));
    }
    std::env::current_exe()
}

#[cfg(unix)]
fn detach(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(windows)]
fn detach(command: &mut Command) {
    /// A group of its own, as Windows names it.
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
    std::os::windows::process::CommandExt::creation_flags(command, CREATE_NEW_PROCESS_GROUP);
}

/// The guard's whole life.
pub(crate) fn run() -> ExitCode {
    let mut ids = BTreeSet::new();
    for line in std::io::stdin().lines().map_while(Result::ok) {
        note(&mut ids, &line);
    }
    for id in &ids {
        terminate(*id);
    }
    let tick = Duration::from_millis(100);
    for _ in 0..GRACE.as_millis() / tick.as_millis() {
        ids.retain(|id| is_alive(*id));
        if ids.is_empty() {
            return ExitCode::SUCCESS;
        }
        process::pause(tick);
    }
    for id in &ids {
        kill(*id);
    }
    ExitCode::SUCCESS
}

fn note(ids: &mut BTreeSet<u32>, line: &str) {
    match (line.strip_prefix('+').map(str::parse), line.strip_prefix('-').map(str::parse)) {
        (Some(Ok(id)), _) => ids.insert(id),
        (_, Some(Ok(id))) => ids.remove(&id),
        _ => false,
    };
}

/// Asks a process to end.
pub(crate) fn terminate(id: u32) {
    if cfg!(windows) {
        quiet("taskkill", &["/T", "/F", "/PID", &id.to_string()]);
    } else {
        signal("TERM", id);
    }
}

fn kill(id: u32) {
    if cfg!(windows) {
        terminate(id);
    } else {
        signal("KILL", id);
    }
}

/// On Windows `terminate` is final. Elsewhere an ended process may be listed until its parent looks.
fn is_alive(id: u32) -> bool {
    let ended = || {
        std::fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| stat.contains(") Z "))
    };
    cfg!(unix) && signal("0", id) && !ended()
}

/// The shell's own `kill`: small systems have no program of that name.
fn signal(name: &str, id: u32) -> bool {
    quiet("sh", &["-c", &format!("kill -{name} {id}")])
}

fn quiet(program: &str, args: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_servers_that_were_not_released_are_left() {
        let mut ids = BTreeSet::new();
        for line in ["+7", "+8", "-7", "nonsense", "-9", "+"] {
            note(&mut ids, line);
        }
        assert_eq!(ids, BTreeSet::from([8]));
    }
}
