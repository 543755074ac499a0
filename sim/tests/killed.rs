//! What a simulation leaves behind that was killed: the next one removes it, and touches nobody else's.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Longest wait for a process to be at work.
const AT_WORK_MAX: Duration = Duration::from_secs(60);

fn simulation(base: &Path, n_seeds: u64) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aios-sim"));
    command.arg("--dir").arg(base).args(["--jobs", "1", "--seeds", &n_seeds.to_string()]);
    command.stdout(Stdio::null());
    command
}

/// A simulation that goes on until it is killed.
struct Endless(Child);

impl Endless {
    /// Starts one, and waits until it has a directory for a seed.
    fn start(base: &Path) -> Self {
        let mut it = Self(simulation(base, u64::MAX).spawn().unwrap());
        let started = Instant::now();
        while !it.has_left(base).iter().any(|name| is_filled(&base.join(name))) {
            assert_eq!(it.0.try_wait().unwrap(), None);
            assert!(started.elapsed() < AT_WORK_MAX, "it does nothing");
            thread::yield_now();
        }
        it
    }

    /// What there is of it.
    fn has_left(&self, base: &Path) -> Vec<String> {
        let prefix = format!("aios-sim-{}-", self.0.id());
        names(base).into_iter().filter(|name| name.starts_with(&prefix)).collect()
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn is_filled(dir: &Path) -> bool {
    fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some())
}

#[test]
fn the_next_one_removes_what_is_left_of_one_that_was_killed() {
    let base = tempfile::tempdir().unwrap();
    let base = base.path();
    let (mut living, mut killed) = (Endless::start(base), Endless::start(base));
    killed.kill();
    // A directory and its lock file.
    assert_eq!(killed.has_left(base).len(), 2);

    assert!(simulation(base, 1).status().unwrap().success());
    assert_eq!(killed.has_left(base), [""; 0]);
    assert_eq!(living.has_left(base).len(), 2);
    assert_eq!(names(base).len(), 2, "one that ends leaves nothing");
    assert_eq!(living.0.try_wait().unwrap(), None);
    assert!(living.has_left(base).iter().any(|name| base.join(name).is_dir()));

    living.kill();
    assert!(simulation(base, 1).status().unwrap().success());
    assert_eq!(names(base), [""; 0]);
}

#[test]
fn where_nothing_can_be_written_is_said() {
    let base = tempfile::tempdir().unwrap();
    let none = base.path().join("none");
    let output = simulation(&none, 1).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("no directory in") && said.contains("none"), "{said}");
}
