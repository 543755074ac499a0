//! The test stand: an instant model and the load on one core, the subject on the other.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::talk;
use crate::model::{self, Model};
use crate::process::{READY, Server};
use crate::{cargo, http, process, workspace};

/// Core of the subject.
const SUBJECT_CORE: &str = "0";
/// Core of model and load.
const LOAD_CORE: &str = "1";
/// Conversations of the load, and turns in each.
pub(super) const CONVERSATIONS: usize = 64;
pub(super) const TURNS: usize = 200;
/// How often each second the kernel counts a process's time: fixed for user space on Linux.
const TICKS_PER_S: f64 = 100.0;

/// How often it is looked whether a server has done what it put off, and the share of a core that it takes at rest.
const SETTLE_LOOK: Duration = Duration::from_secs(1);
const SETTLED: f64 = 0.01;
const SETTLE_LOOKS_MAX: usize = 90;

/// The data directory, in the directory of builds.
const DATA: &str = "bench/data";

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// The bare proxy.
    Raw,
    /// The gateway with event log, redaction and metrics.
    Aios,
    /// The same, remembering: each connection's conversation has 200 turns already.
    Remembering,
}

/// The instant model, ready for subjects.
pub(super) struct Stand {
    dir: PathBuf,
    pinned: bool,
    model: Model,
    /// The gateway that is measured.
    aios: PathBuf,
}

impl Stand {
    /// Builds everything in release and starts the model, which answers at once.
    pub(super) fn new() -> Result<Self> {
        Self::with_model(Duration::ZERO)
    }

    /// The same with a model that takes its time for a whole answer.
    pub(super) fn with_model(wait: Duration) -> Result<Self> {
        println!("building (release)");
        cargo::run(&["build", "--quiet", "--release", "-p", "aios"])?;
        Self::of(workspace::program("release", "aios"), wait)
    }

    /// The same for a program that is there already, before a model that answers at once.
    pub(super) fn with_aios(aios: PathBuf) -> Result<Self> {
        Self::of(aios, Duration::ZERO)
    }

    fn of(aios: PathBuf, wait: Duration) -> Result<Self> {
        cargo::run(&["build", "--quiet", "--release", "-p", "aios-bench"])?;
        let dir = workspace::fresh_dir("bench")?;
        let pinned = can_pin();
        if !pinned {
            println!("not pinned: this needs Linux, taskset and two cores; figures are rough");
        }
        let wait_ms = wait.as_millis().to_string();
        let command = tool(pinned, LOAD_CORE, &["upstream", "--wait-ms", &wait_ms]);
        let model = Model::start(command, &dir.join("upstream.log"))?;
        Ok(Self { dir, pinned, model, aios })
    }

    /// Bytes of a subject's program, in MiB.
    pub(super) fn binary_mib(&self, subject: Subject) -> Option<f64> {
        let proxy = workspace::program("release", "aios-bench");
        let program = if subject == Subject::Raw { &proxy } else { &self.aios };
        Some(fs::metadata(program).ok()?.len() as f64 / (1024.0 * 1024.0))
    }

    /// Starts a subject afresh; returns it with the time until it answered.
    pub(super) fn start(&self, subject: Subject) -> Result<Running> {
        self.start_with(subject, "")
    }

    /// The same with more in the configuration of AIOS.
    pub(super) fn start_with(&self, subject: Subject, more: &str) -> Result<Running> {
        let (address, admin) = (http::free_address()?, http::free_address()?);
        let command = match subject {
            Subject::Raw => {
                let args = ["proxy", "--listen", &address, "--upstream", self.model.address()];
                tool(self.pinned, SUBJECT_CORE, &args)
            }
            Subject::Aios => self.aios(&address, &admin, more)?,
            Subject::Remembering => {
                let more = "[memory]\nmode = \"conversation\"\n";
                let command = self.aios(&address, &admin, more)?;
                self.remember(&Self::data_dir())?;
                command
            }
        };
        let started = Instant::now();
        let mut server = Server::start(command, &self.dir.join(format!("{subject:?}.log")))?;
        server.wait_ready(&address, subject.ready_path(), READY)?;
        Ok(Running { server, address, admin, pinned: self.pinned, start: started.elapsed() })
    }

    /// A program that runs where the load does, and takes nothing from the subject.
    pub(super) fn beside(&self, program: &str) -> Command {
        pinned(self.pinned, LOAD_CORE, Path::new(program))
    }

    /// Where logs and configurations are.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where AIOS keeps what it keeps.
    pub(super) fn data_dir() -> PathBuf {
        workspace::target().join(DATA)
    }

    fn aios(&self, address: &str, admin: &str, more: &str) -> Result<Command> {
        let data_dir = workspace::fresh_dir(DATA)?;
        let config = self.dir.join("aios.toml");
        fs::write(&config, self.model.config() + model::QUIET + more)
            .context("failed to write the configuration")?;
        let mut command = pinned(self.pinned, SUBJECT_CORE, &self.aios);
        command.args(["serve", "--listen", address, "--admin-listen", admin]);
        command.arg("--data-dir").arg(data_dir).arg("--config").arg(config);
        process::without_settings(&mut command);
        Ok(command)
    }

    /// Puts 200 turns into the conversation of each connection that the load will open.
    fn remember(&self, data_dir: &Path) -> Result<()> {
        let turns = self.dir.join("turns.ndjson");
        fs::write(&turns, talk::turns(CONVERSATIONS, TURNS))
            .context("failed to write the turns")?;
        let mut command = Command::new(&self.aios);
        command.args(["memory", "import"]).arg(turns).arg("--data-dir").arg(data_dir);
        process::output(&mut command).context("the turns could not be imported").map(drop)
    }

    /// How many conversations the memory has turns of.
    pub(super) fn n_conversations(&self) -> Result<f64> {
        let mut command = Command::new(&self.aios);
        command.args(["memory", "stats", "--json", "--data-dir"]).arg(Self::data_dir());
        let stats = process::output(&mut command).context("the memory could not be looked at")?;
        figure(&stats, "n_conversations").context("its figures have no conversations")
    }
}

impl Subject {
    fn ready_path(self) -> &'static str {
        match self {
            Self::Raw => "/v1/models",
            Self::Aios | Self::Remembering => "/readyz",
        }
    }
}

/// A subject that runs.
pub(super) struct Running {
    server: Server,
    address: String,
    admin: String,
    pinned: bool,
    pub(super) start: Duration,
}

impl Running {
    /// Where it listens.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Where the page is, if the subject has one.
    pub(super) fn admin_url(&self) -> String {
        format!("http://{}", self.admin)
    }

    /// Sends load and returns what it saw.
    pub(super) fn load(&self, mode: &str, connections: usize, time: Duration) -> Result<Load> {
        let (connections, time) = (connections.to_string(), time.as_millis().to_string());
        let args = ["load", "--to", &self.address, "--mode", mode];
        let mut command = tool(self.pinned, LOAD_CORE, &args);
        command.args(["--connections", &connections, "--duration-ms", &time]);
        let before = [self.cpu_s(), self.keeping_s()];
        let report = process::output(&mut command).context("the load generator failed")?;
        let after = [self.cpu_s(), self.keeping_s()];
        let used = |n: usize| after[n].zip(before[n]).map(|(after, before)| after - before);
        Ok(Load { cpu_s: used(0), keeping_s: used(1), report })
    }

    /// Waits until the server has done what it puts off while it is busy, such as the index: no phase pays for the one
    /// before. Gives the processor time that it took, as far as it can be told.
    pub(super) fn settle(&self) -> Option<f64> {
        let before = self.cpu_s()?;
        let mut used = before;
        for _ in 0..SETTLE_LOOKS_MAX {
            process::pause(SETTLE_LOOK);
            let now = self.cpu_s()?;
            if now - used < SETTLED * SETTLE_LOOK.as_secs_f64() {
                return Some(now - before);
            }
            used = now;
        }
        None
    }

    fn proc(&self, file: &str) -> Option<String> {
        fs::read_to_string(Path::new("/proc").join(self.server.id().to_string()).join(file)).ok()
    }

    /// Processor time so far, user and system; none where there is no `/proc`.
    ///
    /// By the scheduler's nanoseconds where it keeps them: in ticks of 10 ms, a short phase of
    /// streams is a handful of them.
    fn cpu_s(&self) -> Option<f64> {
        let all = self.threads_s(|_| true);
        all.or_else(|| Some(cpu_ticks(&self.proc("stat")?)? / TICKS_PER_S))
    }

    /// The same of the threads that keep what is said.
    fn keeping_s(&self) -> Option<f64> {
        self.threads_s(|name| name.starts_with("memory"))
    }

    fn threads_s(&self, is_counted: impl Fn(&str) -> bool) -> Option<f64> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.server.id())).ok()?;
        let on_cpu_s = |thread: std::io::Result<fs::DirEntry>| {
            let thread = thread.ok()?.path();
            let name = fs::read_to_string(thread.join("comm")).ok()?;
            if is_counted(&name) { on_cpu_s(&thread) } else { Some(0.0) }
        };
        threads.map(on_cpu_s).sum()
    }

    /// Resident memory now.
    pub(super) fn rss_mib(&self) -> Option<f64> {
        status_mib(&self.proc("status")?, "VmRSS:")
    }

    /// Resident memory at its highest.
    pub(super) fn peak_mib(&self) -> Option<f64> {
        status_mib(&self.proc("status")?, "VmHWM:")
    }

    /// Ends it.
    pub(super) fn stop(self) -> Result<()> {
        self.server.stop().map(drop)
    }
}

/// One run of the load generator.
pub(super) struct Load {
    report: String,
    pub(super) cpu_s: Option<f64>,
    /// What of that went into keeping what was said.
    pub(super) keeping_s: Option<f64>,
}

impl Load {
    /// One figure of the report.
    pub(super) fn figure(&self, name: &str) -> Result<f64> {
        figure(&self.report, name).with_context(|| format!("the load's report has no {name}"))
    }
}

/// Reads a number out of a flat JSON object.
pub(crate) fn figure(report: &str, name: &str) -> Option<f64> {
    let (_, rest) = report.split_once(&format!("\"{name}\":"))?;
    rest.split([',', '}']).next()?.trim().parse().ok()
}

/// A thread's time on a processor: the first field of `schedstat`, in nanoseconds.
fn on_cpu_s(thread: &Path) -> Option<f64> {
    let stat = fs::read_to_string(thread.join("schedstat")).ok()?;
    Some(stat.split(' ').next()?.parse::<f64>().ok()? / 1e9)
}

/// `utime` and `stime`: the 12th and 13th field after the name, which may itself hold spaces.
fn cpu_ticks(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11).map_while(|field| field.parse::<f64>().ok());
    Some(fields.next()? + fields.next()?)
}

fn status_mib(status: &str, key: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib / 1024.0)
}

fn can_pin() -> bool {
    cfg!(target_os = "linux")
        && std::thread::available_parallelism().is_ok_and(|n| n.get() >= 2)
        && process::output(Command::new("taskset").args(["-c", LOAD_CORE, "true"])).is_some()
}

/// `taskset` replaces itself by the program, so the process id is the program's.
fn pinned(pin: bool, core: &str, program: &Path) -> Command {
    if !pin {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["-c", core]).arg(program);
    command
}

fn tool(pin: bool, core: &str, args: &[&str]) -> Command {
    let mut command = pinned(pin, core, &workspace::program("release", "aios-bench"));
    command.args(args);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_by_their_whole_name() {
        let report = r#"{"requests":12,"rps":3.5,"gap_us_max":7}"#;
        assert_eq!(figure(report, "rps"), Some(3.5));
        assert_eq!(figure(report, "gap_us_max"), Some(7.0));
        assert_eq!(figure(report, "us_max"), None);
    }

    #[test]
    fn processor_time_is_found_behind_a_name_with_spaces() {
        let stat = "42 (a b) c) S 1 42 42 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 3 0";
        assert_eq!(cpu_ticks(stat), Some(200.0));
    }

    #[test]
    fn memory_is_read_in_mib() {
        let status = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(status_mib(status, "VmHWM:"), Some(2.0));
        assert_eq!(status_mib(status, "VmRSS:"), Some(1.0));
    }
}
