//! The program, started in a directory of its own.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A directory in which the program is started; gone at the end.
pub(crate) struct Place {
    dir: TempDir,
    env: Vec<(String, String)>,
}

/// What a run printed.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A program that goes on until this is dropped.
pub(crate) struct Running {
    child: Child,
    pub(crate) first_line: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), env: Vec::new() }
    }

    /// With simulated models that answer at once, and admin and API addresses of its own. No night falls in it but when one
    /// is asked for, whatever time it is.
    pub(crate) fn simulated() -> Self {
        let place = Self::new();
        let text = format!(
            "[server]\nlisten = \"{}\"\nadmin_listen = \"{}\"\n\
             [tiers.main]\nendpoints = [{{ url = \"sim://main?instant\" }}]\n\
             [tiers.embedder]\nendpoints = [{{ url = \"sim://embedder?instant\" }}]\n\
             [nightly]\nenabled = false\n",
            free_address(),
            free_address(),
        );
        place.write("aios.toml", &text);
        place
    }

    /// For golden runs that are not about speed: ten times as slow is no regression in them. A machine that others use is that
    /// slow at times, and a model that answers at once would be it for nothing, so those of such a run take a little.
    pub(crate) fn unhurried(self) -> Self {
        self.env("AIOS_CANARY__GOLDEN_THRESHOLD", "10")
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The golden set that the report fixture is of, and the baseline that it was compared with.
    pub(crate) fn write_goldens(&self, data_dir: &str) {
        const SET: &str = include_str!("../../../../fixtures/golden/set_v1.json");
        const BASELINE: &str = include_str!("../../../../fixtures/golden/baseline_v1.json");
        self.write(&format!("{data_dir}/goldens/sample_set.json"), SET);
        self.write(&format!("{data_dir}/goldens/baseline_results.json"), BASELINE);
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.dir.path().join(name)).unwrap()
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.run_with_input(args, "")
    }

    pub(crate) fn run_with_input(&self, args: &[&str], input: &str) -> Ran {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Ran::of(child.wait_with_output().unwrap())
    }

    /// Starts the program; returns once it has printed its first line on stderr that holds `sign`.
    pub(crate) fn start(&self, args: &[&str], sign: &str) -> Running {
        Running::start(&mut self.command(args), sign)
    }

    /// The program with its arguments, not started yet.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.prepared(env!("CARGO_BIN_EXE_aios"));
        command.args(args);
        command
    }

    /// Any program, in this place and with its environment.
    pub(crate) fn prepared(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let strangers = std::env::vars().map(|(name, _)| name).filter(|name| {
            let own = ["AIOS_", "OTEL_"].iter().any(|start| name.starts_with(start));
            own || name.ends_with("_WEBHOOK_URL")
        });
        for name in strangers {
            command.env_remove(name);
        }
        // No configuration of whoever runs the tests.
        for name in ["XDG_CONFIG_HOME", "HOME", "APPDATA"] {
            command.env(name, self.path().join("home"));
        }
        command.envs(self.env.iter().cloned()).current_dir(self.path());
        command
    }
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Fails the test unless the program ended with this code.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}

impl Running {
    /// Starts a program that was prepared, as [`Place::start`] does.
    pub(crate) fn start(command: &mut Command, sign: &str) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let mut first_line = String::new();
        while !first_line.contains(sign) {
            first_line.clear();
            assert!(
                lines.read_line(&mut first_line).unwrap() > 0,
                "it ended before it said `{sign}`"
            );
        }
        // Somebody must read on, or a full pipe stops the program.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Self { child, first_line }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// An address for a server of a test; nobody listens at it before.
pub(crate) fn free_address() -> String {
    crate::ports::claim().unwrap().to_string()
}

/// Where a shell finds the program, and whatever else it finds.
pub(crate) fn path_with_program() -> std::ffi::OsString {
    let program = Path::new(env!("CARGO_BIN_EXE_aios")).parent().unwrap().to_owned();
    let others = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(program).chain(std::env::split_paths(&others))).unwrap()
}

/// Status and body of an HTTP answer.
pub(crate) fn http(address: &str, method: &str, path: &str, body: &str) -> (u16, String) {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    let length = body.len();
    write!(
        stream,
        "{head}content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let status = reply.split(' ').nth(1).unwrap().parse().unwrap();
    let body = reply.split_once("\r\n\r\n").unwrap().1.to_owned();
    (status, body)
}
