//! The server that is tried: one of our own on simulated models, or the one that runs.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use aios_core::{Clock as _, Event, EventId, Fault, Purpose, Timestamp};
use aios_privacy::Secret;
use aios_server::api_url;
use aios_store::{DataDir, Filter, query};
use anyhow::Context as _;
use bytes::Bytes;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::cli::output::Failure;
use crate::cli::{net, running};
use crate::clock::SystemClock;
use crate::config::Config;

/// Longest wait for a server to say where it is.
const START_MAX: Duration = Duration::from_secs(60);

/// How long a fault stays if nobody is left to clear it.
const FAULT_S: u64 = 120;

/// Longest wait for the admin API.
const ADMIN_MAX: Duration = Duration::from_secs(10);

/// What stands in the way of a trial, or wakes people: the server of our own does without.
const NOT_INHERITED: [&str; 2] = ["SLACK_WEBHOOK_URL", "ALERT_WEBHOOK_URL"];

/// Simulated models that answer at once, breakers that try again soon, and an event log that loses nothing.
const CONFIG: &str = r#"
[tiers.main]
endpoints = [{ url = "sim://main?instant" }]
[tiers.embedder]
endpoints = [{ url = "sim://embedder?instant" }]
[breaker]
open = "2s"
open_max = "2s"
[events]
sync = "always"
[nightly]
enabled = false
[chaos]
faults = true
"#;

/// The same period as in [`CONFIG`].
const PROBE_EVERY: Duration = Duration::from_secs(2);

/// A server that is tried.
pub(super) struct Subject {
    /// Base URL of its API.
    pub(super) url: String,
    admin: String,
    token: Option<Secret>,
    /// The client key, where it wants one.
    pub(super) key: Option<Secret>,
    /// Where it keeps what it writes.
    data_dir: PathBuf,
    /// After so long at most a breaker tries an endpoint again.
    pub(super) probe_every: Duration,
    since: Timestamp,
    /// Orders on their way. Whoever ends a trial drops what waits for one; the server has it all the same.
    orders: JoinSet<Answer>,
    own: Option<Own>,
}

/// An event of a trial.
#[derive(Debug)]
pub(super) struct OnRecord {
    pub(super) event_id: EventId,
    pub(super) request_id: String,
    pub(super) at: Timestamp,
}

/// Status and body of what the admin API answers; none where it does not.
type Answer = Option<(u16, Bytes)>;

/// A server of our own. It ends, and everything that it wrote goes, when this is dropped.
struct Own {
    child: Child,
    place: TempDir,
}

impl Drop for Own {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Subject {
    /// Starts a server of our own.
    pub(super) fn start() -> anyhow::Result<Self> {
        let place = TempDir::with_prefix("aios-chaos-").context("cannot make a directory")?;
        std::fs::write(place.path().join("aios.toml"), CONFIG).context("cannot write into it")?;
        let (child, api, admin) = spawn(place.path())?;
        let data_dir = place.path().join("data");
        Ok(Self {
            url: format!("{api}/v1"),
            admin,
            token: token(&data_dir),
            key: None,
            data_dir,
            probe_every: PROBE_EVERY,
            since: SystemClock.now().as_stored(),
            orders: JoinSet::new(),
            own: Some(Own { child, place }),
        })
    }

    /// The server that runs under this configuration.
    pub(super) fn running(config: &Config, key: Option<Secret>) -> anyhow::Result<Self> {
        let hint = "start it with `aios serve`, or leave --running out";
        running::find(config)?.ok_or_else(|| Failure::new("no server runs", hint))?;
        Ok(Self {
            url: api_url(config.server.listen),
            admin: format!("http://{}", running::address(config)),
            token: running::token(config),
            key,
            data_dir: config.server.data_dir.clone(),
            probe_every: config.upstream.breaker.open_max,
            since: SystemClock.now().as_stored(),
            orders: JoinSet::new(),
            own: None,
        })
    }

    /// Whether it is our own, and nobody else asks it.
    pub(super) const fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// Kills it as the system would, without any warning, and starts it again on what it left.
    pub(super) fn kill_and_restart(&mut self) -> anyhow::Result<()> {
        let Some(own) = self.own.as_mut() else { return Ok(()) };
        own.child.kill().context("cannot kill the server")?;
        own.child.wait().context("cannot wait for the server's end")?;
        let (child, api, admin) = spawn(own.place.path())?;
        own.child = child;
        (self.url, self.admin) = (format!("{api}/v1"), admin);
        Ok(())
    }

    /// Whether its process has ended; never for a server that is not ours.
    pub(super) fn has_ended(&mut self) -> bool {
        self.own.as_mut().is_some_and(|own| !matches!(own.child.try_wait(), Ok(None)))
    }

    /// Refuses a server that has faults already: this trial would end another one's, and judge by both. One that allows no
    /// faults is refused, too, before it is asked anything.
    pub(super) async fn must_be_free(&self) -> anyhow::Result<()> {
        let url = format!("{}/admin/v1/faults", self.admin);
        let told = self.told(net::get(&url, self.token.clone()).await)?;
        let faults = told["faults"].as_array().map_or(&[][..], Vec::as_slice);
        let Some(longest) = faults.iter().map(|it| it["left_ms"].as_u64().unwrap_or(0)).max()
        else {
            return Ok(());
        };
        let n = faults.len();
        let hint = format!(
            "wait for it: they end by themselves within {} s. If nobody tries anything, POST /admin/v1/faults/clear ends them",
            longest.div_ceil(1_000)
        );
        Err(Failure::new(format!("another trial is under way there ({n} faults are on)"), hint)
            .into())
    }

    /// Orders a fault, which ends by itself in any case. Ordered again, it lasts longer.
    pub(super) async fn order(&mut self, fault: Fault) -> anyhow::Result<()> {
        let order = json!({ "fault": fault, "for_s": FAULT_S });
        let post = self.post("/admin/v1/faults/order", &order)?;
        self.orders.spawn(post);
        let answer = self.orders.join_next().await.and_then(Result::ok).flatten();
        self.told(answer).map(drop)
    }

    /// Ends every fault, also one that is just being ordered.
    pub(super) async fn clear(&mut self) -> anyhow::Result<()> {
        while self.orders.join_next().await.is_some() {}
        let answer = self.post("/admin/v1/faults/clear", &json!({}))?.await;
        self.told(answer).map(drop)
    }

    fn post(
        &self,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<impl Future<Output = Answer> + use<>> {
        let (url, body) = (format!("{}{path}", self.admin), serde_json::to_vec(body)?);
        let token = self.token.clone();
        Ok(async move { net::post(&url, token, body, ADMIN_MAX).await })
    }

    /// What the admin API says, if that is no refusal.
    fn told(&self, answer: Answer) -> anyhow::Result<Value> {
        let Some((status, body)) = answer else {
            let hint = "look whether the server runs; faults end by themselves";
            return Err(Failure::new(format!("nobody answers at {}", self.admin), hint).into());
        };
        let told: Value = serde_json::from_slice(&body).unwrap_or_default();
        if status == 200 {
            return Ok(told);
        }
        let why = told["error"]["message"].as_str().unwrap_or("no reason given");
        let hint = match status {
            401 | 403 => {
                "run it as who may read the admin token in the server's data directory, and name that with --data-dir"
            }
            409 => "set chaos.faults = true in its configuration, and restart it",
            _ => "its log says more; faults end by themselves",
        };
        Err(Failure::new(format!("the server refused ({status}): {why}"), hint).into())
    }

    /// Seals what is open, and removes what is past its time; what came of it.
    pub(super) async fn rotate(&self) -> anyhow::Result<Value> {
        let answer = self.post("/admin/v1/logs/rotate", &json!({ "seal": true }))?.await;
        self.told(answer)
    }

    /// What it says of itself; none if it does not.
    pub(super) async fn status(&self) -> Option<Value> {
        let url = format!("{}/status", self.admin);
        let (status, body) = net::get(&url, self.token.clone()).await?;
        (status == 200).then(|| serde_json::from_slice(&body).ok()).flatten()
    }

    /// Whether somebody is told of this now.
    pub(super) fn is_alerted(&self, about: &str) -> anyhow::Result<bool> {
        let book = DataDir::read(&self.data_dir)?.read_alerts()?.unwrap_or_default();
        let book: Value = serde_json::from_str(&book).unwrap_or_default();
        let mut episodes = book["episodes"].as_array().into_iter().flatten();
        Ok(episodes.any(|episode| episode["about"] == about))
    }

    /// The events of a trial that are on record.
    pub(super) fn events(&self) -> anyhow::Result<Vec<OnRecord>> {
        let mut events = Vec::new();
        // Our own has nothing else on record, and perhaps a clock that was wrong.
        let since = self.own.is_none().then_some(self.since);
        let filter = Filter { purpose: Some(Purpose::Loadtest), since, ..Filter::default() };
        for line in query(&DataDir::read(&self.data_dir)?, &filter)? {
            if let Event::Response(event) = line?.event {
                let (event_id, at) = (event.event_id, event.ts);
                events.push(OnRecord { event_id, at, request_id: event.request_id.to_string() });
            }
        }
        Ok(events)
    }
}

fn spawn(place: &Path) -> anyhow::Result<(Child, String, String)> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let mut command = Command::new(program);
    let ours = std::env::vars_os().filter(|(name, _)| {
        name.to_str().is_some_and(|name| name.starts_with("AIOS_") || NOT_INHERITED.contains(&name))
    });
    for (name, _) in ours {
        command.env_remove(name);
    }
    command
        .current_dir(place)
        .args(["serve", "--config", "aios.toml", "--data-dir", "data"])
        .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        // It ends with us, also where nobody can stop it any more.
        .arg("--until-stdin-ends")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().context("cannot start a server")?;
    let addresses = child.stderr.take().map(listen);
    let found = addresses.and_then(|addresses| {
        let api = addresses.recv_timeout(START_MAX).ok()?;
        Some((api, addresses.recv_timeout(START_MAX).ok()?))
    });
    let Some((api, admin)) = found else {
        drop(child.kill());
        drop(child.wait());
        let hint = "`aios serve` on its own says why";
        return Err(Failure::new("the server did not start", hint).into());
    };
    Ok((child, api, admin))
}

/// The addresses of API and admin in what a server says; its stderr is read to its end, so that it never waits for us.
fn listen(stderr: ChildStderr) -> Receiver<String> {
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            for name in ["OpenAI API", "admin "] {
                let url = line.trim().strip_prefix(name).map(str::trim);
                if let Some(url) = url.filter(|url| url.starts_with("http://")) {
                    // Whoever has heard both listens no more.
                    drop(tell.send(url.trim_end_matches("/v1").to_owned()));
                }
            }
        }
    });
    told
}

fn token(data_dir: &Path) -> Option<Secret> {
    let dir = DataDir::read(data_dir).ok()?;
    dir.read_admin_token().ok().flatten()
}
