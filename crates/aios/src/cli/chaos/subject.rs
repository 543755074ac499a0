//! The server that is tried: one of our own on simulated models, or the one that runs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aios_core::{Clock as _, EventId, Fault, Timestamp};
use aios_privacy::Secret;
use aios_server::api_url;
use aios_store::DataDir;
use aios_upstream::BreakerPolicy;
use anyhow::Context as _;
use bytes::Bytes;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::breaker;
use super::own::OwnServer;
use super::record::{self, OnRecord};
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

/// The same times as in [`CONFIG`]: however many faults there were, it is never open for longer.
const BREAKER: BreakerPolicy =
    BreakerPolicy { failures: 3, open: Duration::from_secs(2), open_max: Duration::from_secs(2) };

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
    breaker: BreakerPolicy,
    since: Timestamp,
    /// When it was started, as it says; null until it was asked.
    started_at: Value,
    /// Orders on their way. Whoever ends a trial drops what waits for one; the server has it all the same.
    orders: JoinSet<Answer>,
    /// A fault was ordered, and may be on.
    pub(super) is_faulty: bool,
    own: Option<Own>,
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
            breaker: BREAKER,
            since: SystemClock.now().as_stored(),
            orders: JoinSet::new(),
            is_faulty: false,
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
            breaker: config.upstream.breaker,
            since: SystemClock.now().as_stored(),
            orders: JoinSet::new(),
            is_faulty: false,
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

    /// After so long at most it tries main again, as things are now.
    pub(super) async fn probe_every(&self) -> Duration {
        breaker::probe_every(&self.breaker, self.status_in_time().await.as_ref())
    }

    /// Waits until main may be asked again, or for so long. Whoever is asked instead of it, which may be slow, would only
    /// hide when it was back; our own models answer at once.
    pub(super) async fn until_tried(&self, at_most: Duration) {
        if self.own.is_none() {
            let left = breaker::tried_in(self.status().await.as_ref());
            tokio::time::sleep(left.min(at_most)).await;
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
        tokio::task::spawn_blocking(move || record::flaws(&DataDir::read(&data_dir)?)).await?
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
        self.is_faulty = true;
        self.orders.spawn(post);
        let answer = self.orders.join_next().await.and_then(Result::ok).flatten();
        self.told(answer).map(drop)
    }

    /// Ends every fault, also one that is just being ordered.
    pub(super) async fn clear(&mut self) -> anyhow::Result<()> {
        while self.orders.join_next().await.is_some() {}
        let answer = self.post("/admin/v1/faults/clear", &json!({}))?.await;
        self.told(answer)?;
        self.is_faulty = false;
        Ok(())
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

    /// Whether somebody is told of this now; nothing where there is no book of alerts.
    pub(super) fn is_alerted(&self, about: &str) -> anyhow::Result<Option<bool>> {
        record::is_alerted(&DataDir::read(&self.data_dir)?, about)
    }

    /// The events of a trial that are on record.
    pub(super) fn events(&self) -> anyhow::Result<Vec<OnRecord>> {
        record::events(&DataDir::read(&self.data_dir)?, self.since())
    }

    /// The feedback that is.
    pub(super) fn feedback(&self) -> anyhow::Result<Vec<EventId>> {
        record::feedback(&DataDir::read(&self.data_dir)?, self.since())
    }

    /// Our own has nothing else on record, and perhaps a clock that was wrong.
    fn since(&self) -> Option<Timestamp> {
        self.own.is_none().then_some(self.since)
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
}
