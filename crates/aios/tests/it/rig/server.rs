//! The real program, serving.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::sync::watch;

use super::{Client, Reply, Setup, chat, eventually, get, post, soon};
use crate::program::Place;

/// The event log, from the directory that a server is started in.
pub(crate) const EVENTS: &str = "data/analytics/hypotheses.ndjson";

/// A server of its own for one test; ends with it.
pub(crate) struct Server {
    place: Place,
    process: Process,
    api: String,
    admin: String,
}

/// The child process and what it has said so far. Ended and waited for when dropped.
struct Process {
    child: Child,
    said: Arc<Mutex<String>>,
}

impl Server {
    /// Starts the program and waits for its banner.
    pub(crate) async fn start(setup: &Setup) -> Self {
        Self::start_at(Place::new(), setup).await
    }

    /// The same with a variable in its environment.
    pub(crate) async fn start_with_env(setup: &Setup, name: &str, value: &str) -> Self {
        Self::start_at(Place::new().env(name, value), setup).await
    }

    async fn start_at(place: Place, setup: &Setup) -> Self {
        place.write("aios.toml", &setup.toml());
        Self::start_in(place).await
    }

    /// Starts the program on a data directory that is there already.
    pub(crate) async fn start_in(place: Place) -> Self {
        let (process, mut banner) = Process::start(&place);
        let banner = soon("the banner", banner.wait_for(|banner| banner.is_some())).await;
        let Ok(Some((api, admin))) = banner.map(|banner| banner.clone()) else {
            panic!("the server did not start:\n{}", process.said.lock().unwrap());
        };
        Self { place, process, api, admin }
    }

    /// The API's address.
    pub(crate) fn api(&self) -> &str {
        &self.api
    }

    /// The admin API's address.
    pub(crate) fn admin_address(&self) -> &str {
        &self.admin
    }

    /// Where it runs.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// A connection to the API.
    pub(crate) async fn client(&self) -> Client {
        Client::connect(&self.api).await
    }

    /// One request over a connection of its own.
    pub(crate) async fn ask(&self, request: &[u8]) -> Reply {
        let mut client = self.client().await;
        client.send(request).await;
        client.reply().await
    }

    /// One chat request, not streamed.
    pub(crate) async fn chat(&self, model: &str, text: &str) -> Reply {
        self.ask(&post(&chat(model, text, false))).await
    }

    /// `/status` as it is now.
    pub(crate) async fn status(&self) -> Value {
        let mut client = Client::connect(&self.admin).await;
        client.send(&get("/status")).await;
        client.reply().await.json()
    }

    /// One request to the admin address, each of its headers ending in CRLF.
    pub(crate) async fn admin(&self, method: &str, path: &str, headers: &str) -> Reply {
        self.admin_with(method, path, headers, "").await
    }

    /// The same with a body.
    pub(crate) async fn admin_with(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> Reply {
        let mut client = Client::connect(&self.admin).await;
        let (host, length) = (&self.admin, body.len());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n{body}"
        );
        client.send(request.as_bytes()).await;
        client.reply().await
    }

    /// The first line on stderr that holds `sign`.
    pub(crate) async fn said_line(&self, sign: &str) -> String {
        eventually(sign, async || {
            let said = self.process.said.lock().unwrap();
            said.lines().find(|line| line.contains(sign)).map(str::to_owned)
        })
        .await
    }

    /// A file in the data directory.
    pub(crate) fn read_data(&self, name: &str) -> String {
        self.place.read(&format!("data/{name}"))
    }

    /// The state of one endpoint.
    pub(crate) async fn endpoint(&self, name: &str) -> Value {
        let status = self.status().await;
        let mut endpoints = status["endpoints"].as_array().unwrap().iter();
        endpoints.find(|endpoint| endpoint["name"] == name).unwrap().clone()
    }

    /// Waits until nothing is under way anywhere: what is left for ever is leaked.
    pub(crate) async fn settled(&self) {
        let zero = |value: &Value| value.as_u64() == Some(0);
        eventually("nothing in flight", async || {
            let status = self.status().await;
            let idle = |endpoint: &Value| zero(&endpoint["in_flight"]) && zero(&endpoint["queued"]);
            let endpoints = status["endpoints"].as_array().unwrap();
            (zero(&status["requests_in_flight"]) && endpoints.iter().all(idle)).then_some(())
        })
        .await;
    }

    /// The events of the log, as they are now.
    pub(crate) fn log(&self) -> Vec<Value> {
        log(&self.place)
    }

    /// Waits for `n` events, stops the server, and makes sure that there were no more.
    #[track_caller]
    pub(crate) fn events(self, n: usize) -> impl Future<Output = Vec<Value>> {
        let caller = std::panic::Location::caller();
        async move {
            let what = format!("{n} events, at {caller}");
            eventually(&what, async || (self.log().len() >= n).then_some(())).await;
            let place = self.stop().await;
            let events = log(&place);
            assert_eq!(events.len(), n, "at {caller}: {events:#?}");
            events
        }
    }

    /// Waits for `n` events and stops the server.
    pub(crate) async fn stop_after(self, n: usize) -> Place {
        eventually("events", async || (self.log().len() >= n).then_some(())).await;
        self.stop().await
    }

    /// Stops the server in an orderly way, where there is one.
    pub(crate) async fn stop(mut self) -> Place {
        #[cfg(unix)]
        {
            self.signal("TERM");
            let ended = self.process.ended().await;
            assert_eq!(ended.code(), Some(0), "{}", self.process.said.lock().unwrap());
        }
        self.kill()
    }

    /// Tells the server to stop until it does, whatever is under way; gives its exit code.
    #[cfg(unix)]
    pub(crate) async fn stop_at_once(mut self) -> (Option<i32>, Place) {
        let ended = eventually("the server's end", async || {
            self.signal("TERM");
            self.process.child.try_wait().unwrap()
        })
        .await;
        (ended.code(), self.kill())
    }

    /// Sends a signal to the server.
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let (signal, pid) = (format!("-{name}"), self.process.child.id().to_string());
        let sent = std::process::Command::new("kill").args([signal, pid]).status().unwrap();
        assert!(sent.success());
    }

    /// Ends the server without any warning (SIGKILL).
    pub(crate) fn kill(self) -> Place {
        drop(self.process);
        self.place
    }

    /// Waits for that generation of the configuration; gives what `/status` says of it.
    pub(crate) async fn taken_over(&self, generation: u64) -> Value {
        eventually("a generation", async || {
            let config = self.status().await["config"].clone();
            (config["generation"] == generation).then_some(config)
        })
        .await
    }

    /// Replaces the configuration file, in one go: half of it is never there to be read.
    pub(crate) fn configure(&self, text: &str) {
        self.place.write("aios.toml.new", text);
        let path = |name: &str| self.place.path().join(name);
        std::fs::rename(path("aios.toml.new"), path("aios.toml")).unwrap();
    }

    /// Writes a file into the data directory.
    pub(crate) fn write_data(&self, name: &str, text: &str) {
        self.place.write(&format!("data/{name}"), text);
    }

    /// Removes a file from the data directory.
    pub(crate) fn remove_data(&self, name: &str) {
        std::fs::remove_file(self.place.path().join("data").join(name)).unwrap();
    }
}

/// The events of the log in a place.
pub(crate) fn log(place: &Place) -> Vec<Value> {
    log_text(place).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The whole lines of the event log in a place; a line under way is not data yet.
pub(crate) fn log_text(place: &Place) -> String {
    let mut text = String::new();
    for path in segments(place) {
        let lines = std::fs::read_to_string(path).unwrap_or_default();
        let whole = lines.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let is_event = |line: &&str| !line.is_empty() && !line.contains("segment_footer");
        text.extend(whole.lines().filter(is_event).flat_map(|line| [line, "\n"]));
    }
    text
}

/// The files of the event log in a place, oldest first. A new one is begun with each full hour, in the midst of any test.
pub(crate) fn segments(place: &Place) -> Vec<PathBuf> {
    let active = place.path().join(EVENTS);
    let names = std::fs::read_dir(active.parent().unwrap()).into_iter().flatten();
    let paths = names.map(|entry| entry.unwrap().path()).filter(|path| *path != active);
    let is_segment = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("hypotheses.") && name.ends_with(".ndjson")
    };
    let mut sealed: Vec<_> = paths.filter(is_segment).collect();
    sealed.sort();
    sealed.into_iter().chain([active]).collect()
}

type Banner = watch::Receiver<Option<(String, String)>>;

impl Process {
    fn start(place: &Place) -> (Self, Banner) {
        let mut command = place.command(&[
            "serve",
            "--config",
            "aios.toml",
            "--data-dir",
            "data",
            "--listen",
            "127.0.0.1:0",
            "--admin-listen",
            "127.0.0.1:0",
        ]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let (found, banner) = watch::channel(None);
        let listening = Arc::clone(&said);
        std::thread::spawn(move || listen(stderr, &listening, &found));
        (Self { child, said }, banner)
    }

    #[cfg(unix)]
    async fn ended(&mut self) -> ExitStatus {
        eventually("the server's end", async || self.child.try_wait().unwrap()).await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Reads stderr to its end, so that the program never waits for us, and finds the addresses in it.
fn listen(
    stderr: ChildStderr,
    said: &Mutex<String>,
    found: &watch::Sender<Option<(String, String)>>,
) {
    let (mut api, mut admin) = (None, None);
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        let address = |name: &str| {
            let url = line.trim().strip_prefix(name)?.trim().strip_prefix("http://")?;
            Some(url.trim_end_matches("/v1").to_owned())
        };
        api = api.or_else(|| address("OpenAI API"));
        admin = admin.or_else(|| address("admin"));
        said.lock().unwrap().push_str(&format!("{line}\n"));
        if let (Some(api), Some(admin)) = (&api, &admin) {
            found.send_if_modified(|found| {
                found.is_none() && found.replace((api.clone(), admin.clone())).is_none()
            });
        }
    }
}
