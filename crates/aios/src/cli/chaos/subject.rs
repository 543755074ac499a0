//! The server that is tried: one of our own on simulated models, or the one that runs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aios_core::{Clock as _, Event, EventId, Fault, Purpose, Timestamp};
use aios_privacy::Secret;
use aios_server::api_url;
use aios_store::{AuditVerdict, DataDir, Filter, query, verify, verify_audit};
use anyhow::Context as _;
use bytes::Bytes;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::own::OwnServer;
use crate::cli::output::Failure;
use crate::cli::{net, running};
use crate::clock::SystemClock;
use crate::config::Config;

/// How long a fault stays if nobody is left to clear it.
const FAULT_S: u64 = 120;

/// Longest wait for the admin API.
const ADMIN_MAX: Duration = Duration::from_secs(10);

/// Pause between two questions that are the same.
const ASK_EVERY: Duration = Duration::from_millis(100);

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
    /// When it was started, as it says; null until it was asked.
    started_at: Value,
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

/// A server of our own, and where everything is that it writes: when this is dropped it ends, and then all of that goes.
struct Own {
    server: OwnServer,
    place: TempDir,
}

impl Subject {
    /// Starts a server of our own. Who does not wait for its end leaves nothing behind.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let place = TempDir::with_prefix("aios-chaos-").context("cannot make a directory")?;
        std::fs::write(place.path().join("aios.toml"), CONFIG).context("cannot write into it")?;
        let server = OwnServer::start(place.path()).await?;
        let data_dir = place.path().join("data");
        Ok(Self {
            url: format!("{}/v1", server.api),
            admin: server.admin.clone(),
            token: token(&data_dir),
            key: None,
            data_dir,
            probe_every: PROBE_EVERY,
            since: SystemClock.now().as_stored(),
            orders: JoinSet::new(),
            started_at: Value::Null,
            own: Some(Own { server, place }),
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
            started_at: Value::Null,
            own: None,
        })
    }

    /// Whether it is our own, and nobody else asks it.
    pub(super) const fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// Kills it as the system would, without any warning, and starts it again on what it left.
    pub(super) async fn kill_and_restart(&mut self) -> anyhow::Result<()> {
        let Some(own) = self.own.as_mut() else { return Ok(()) };
        own.server.kill()?;
        let before = own.server.complaints();
        own.server = OwnServer::start(own.place.path()).await?;
        own.server.complained(before);
        (self.url, self.admin) = (format!("{}/v1", own.server.api), own.server.admin.clone());
        self.note_start().await;
        Ok(())
    }

    /// Takes down when it was started: one that is there in the end and was started since has ended in between.
    pub(super) async fn note_start(&mut self) {
        let status = self.status_in_time().await.unwrap_or_default();
        self.started_at = status["started_at"].clone();
    }

    /// What it says of itself, asked again for as long as an answer may take: one that is late is no crash.
    async fn status_in_time(&self) -> Option<Value> {
        let began = Instant::now();
        loop {
            let status = self.status().await;
            if status.is_some() || began.elapsed() > ADMIN_MAX {
                return status;
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// Whether its process has ended; nobody knows of a server that is not ours.
    pub(super) fn has_ended(&mut self) -> bool {
        self.own.as_mut().is_some_and(|own| own.server.has_ended())
    }

    /// Why it has not lasted, if it has not.
    pub(super) async fn why_gone(&mut self) -> Option<String> {
        if self.has_ended() {
            return Some("its process has ended".to_owned());
        }
        let status = self.status_in_time().await;
        why_gone(&self.started_at, status.as_ref())
    }

    /// What a server of our own has complained of since this was asked last.
    pub(super) fn complaints(&self) -> Vec<String> {
        self.own.as_ref().map(|own| own.server.complaints()).unwrap_or_default()
    }

    /// What is wrong with what it has written: with the event log, with the audit trail.
    pub(super) async fn flaws(&self) -> anyhow::Result<Vec<String>> {
        let data_dir = self.data_dir.clone();
        // Ctrl-C is heard meanwhile.
        tokio::task::spawn_blocking(move || flaws(&DataDir::read(&data_dir)?)).await?
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

fn token(data_dir: &Path) -> Option<Secret> {
    let dir = DataDir::read(data_dir).ok()?;
    dir.read_admin_token().ok().flatten()
}

/// Why a server that says this has not lasted since it was started then, if it has not.
fn why_gone(started_at: &Value, status: Option<&Value>) -> Option<String> {
    let Some(status) = status else {
        return Some("it does not answer at its admin address".to_owned());
    };
    let now = &status["started_at"];
    // Where it did not say then, only that it answers is known.
    let is_another = !started_at.is_null() && now != started_at;
    is_another.then(|| format!("it was started at {started_at}, and again at {now}"))
}

fn flaws(dir: &DataDir) -> anyhow::Result<Vec<String>> {
    let faults = verify(dir, false, &())?.faults;
    let mut flaws: Vec<_> = faults
        .into_iter()
        .map(|fault| format!("{}: {}", fault.path.display(), fault.why))
        .collect();
    flaws.extend(match verify_audit(dir, &[])? {
        AuditVerdict::Sound(_) => None,
        AuditVerdict::Bad(fault) => Some(format!("the audit trail: {fault}")),
        AuditVerdict::Headless(_) => Some("the audit trail has no head".to_owned()),
        AuditVerdict::NoData => Some("there is no audit trail".to_owned()),
    });
    Ok(flaws)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_started_again_has_not_lasted() {
        let [then, later] = ["2026-11-28T09:00:00Z", "2026-11-28T09:00:07Z"].map(Value::from);
        let status = |at: &Value| json!({ "started_at": at });
        assert_eq!(why_gone(&then, Some(&status(&then))), None);
        let again = why_gone(&then, Some(&status(&later))).unwrap();
        assert!(again.contains("09:00:00") && again.contains("09:00:07"), "{again}");
        assert_eq!(why_gone(&Value::Null, Some(&status(&later))), None);
        assert!(why_gone(&then, None).unwrap().contains("admin address"));
    }

    #[test]
    fn what_is_wrong_with_what_was_written_is_told() {
        let place = TempDir::new().unwrap();
        let dir = DataDir::open(place.path()).unwrap();
        std::fs::create_dir_all(dir.events_path().parent().unwrap()).unwrap();
        std::fs::write(dir.events_path(), "no event\n").unwrap();
        let flaws = flaws(&dir).unwrap();
        assert!(flaws[0].starts_with(&dir.events_path().display().to_string()), "{flaws:?}");
        assert!(flaws.len() == 2 && flaws[1].contains("there is no trail"), "{flaws:?}");
    }
}
