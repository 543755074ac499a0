//! What operators and users do beside: reloads, erasures, rotations, feedback, looks at the dashboard.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aios_core::EventId;
use aios_privacy::Secret;
use aios_upstream::{Caller, Fetch as _, HttpFetch};
use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use hyper::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::asks::{Told, conversation_id};

/// The beat of everything that is done beside.
const BEAT: Duration = Duration::from_millis(250);

/// So many beats between two of each.
const RELOAD: u64 = 24;
const ERASE: u64 = 40;
const ROTATE: u64 = 140;
const VIEW: u64 = 28;

/// Longest wait for what an operator does: an erasure reads the whole log.
const DONE_MAX: Duration = Duration::from_secs(120);

/// So long a server may take to see that its configuration was changed.
const RELOAD_MAX: Duration = Duration::from_secs(10);

/// So many answers back there is one that is in the index, and whose conversation nobody has erased.
const BACK: usize = 500;

/// What was done.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Acted {
    pub(super) n_reloads: u64,
    pub(super) n_erasures: u64,
    pub(super) n_rotations: u64,
    pub(super) n_feedback: u64,
    pub(super) n_views: u64,
    /// Generations of the configuration that there were in the end.
    pub(super) generation: u64,
}

/// Who does it.
pub(super) struct Operator {
    admin: Caller,
    base: String,
    fetch: HttpFetch,
    config: PathBuf,
    /// The configuration as it was.
    text: String,
    told: Arc<Told>,
    /// The answer that feedback was given on last.
    said_of: Option<EventId>,
    acted: Acted,
}

impl Operator {
    pub(super) fn new(
        admin: &str,
        token: Option<Secret>,
        config: &Path,
        told: Arc<Told>,
    ) -> Result<Self> {
        let text = std::fs::read_to_string(config).context("the configuration cannot be read")?;
        Ok(Self {
            admin: Caller::new(&format!("{admin}/admin/v1"), token.as_ref())?,
            base: admin.to_owned(),
            fetch: HttpFetch::new().with_bearer(token),
            config: config.to_path_buf(),
            text,
            told,
            said_of: None,
            acted: Acted::default(),
        })
    }

    /// Does everything in turn until it is over.
    pub(super) async fn act(mut self, api: Caller, lasts: Duration) -> Result<Acted> {
        let (began, mut beat) = (Instant::now(), 0);
        while began.elapsed() < lasts {
            beat += 1;
            // What takes longer than a beat is caught up with: no beat is left out.
            sleep_until(began + BEAT * u32::try_from(beat).unwrap_or(u32::MAX)).await;
            self.say(&api).await?;
            let due = |every: u64| beat % every == 0;
            if due(RELOAD) {
                self.reload().await?;
            }
            if due(VIEW) {
                self.view().await?;
            }
            if due(ERASE) {
                self.erase().await?;
            }
            if due(ROTATE) {
                self.rotate().await?;
            }
        }
        self.acted.generation = self.generation().await?;
        Ok(self.acted)
    }

    /// Somebody says how good an answer was.
    async fn say(&mut self, api: &Caller) -> Result<()> {
        let about = {
            let sheet = self.told.sheet();
            let at = sheet.latest.len().checked_sub(BACK);
            at.and_then(|at| sheet.latest.get(at).copied())
        };
        // When no more is asked, the newest stays the newest: who has said what they think of it says no more.
        let about = about.filter(|(event_id, _)| self.said_of != Some(*event_id));
        let Some((event_id, conversation)) = about else { return Ok(()) };
        self.said_of = Some(event_id);
        let score = self.acted.n_feedback % 2;
        let body = json!({ "event_id": event_id, "score": score }).to_string().into_bytes();
        let reply =
            api.post("/feedback", body, DONE_MAX).await.context("feedback was not taken")?;
        let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        ensure!(reply.status == 200, "feedback got status {}: {answer}", reply.status);
        let id = EventId::parse(answer["id"].as_str().unwrap_or_default())
            .context("feedback has no event")?;
        self.acted.n_feedback += 1;
        self.told.sheet().events.push((id, conversation));
        Ok(())
    }

    /// Writes the configuration anew, a little different each time, and gives the server, which sees it by itself, its
    /// time: two that come close together would be one to it.
    async fn reload(&mut self) -> Result<()> {
        self.acted.n_reloads += 1;
        let total = 120 + self.acted.n_reloads % 2;
        let text = format!("{}\n[timeouts]\ntotal = \"{total}s\"\n", self.text);
        std::fs::write(&self.config, text).context("the configuration cannot be written")?;
        let written = Instant::now();
        while written.elapsed() < RELOAD_MAX && self.generation().await? <= self.acted.n_reloads {
            sleep_until(Instant::now() + BEAT).await;
        }
        Ok(())
    }

    /// Which configuration is in force; the one at the start is the first.
    async fn generation(&self) -> Result<u64> {
        let status: Value = serde_json::from_slice(&self.get("/status").await?)?;
        generation(&status).context("the status has no generation")
    }

    /// Erases the latest conversation that is over.
    async fn erase(&mut self) -> Result<()> {
        let Some(conversation) = self.told.over() else { return Ok(()) };
        let whose = json!({ "conv_id": conversation_id(conversation) });
        let asked = json!({ "whose": whose, "basis": "soak" });
        let plan = self.post("/erasures", &asked).await.context("an erasure is not planned")?;
        let (id, hash) = (&plan["id"], &plan["plan_hash"]);
        let path = format!("/erasures/{}/execute", id.as_str().context("a plan has an id")?);
        // From here on nothing of it may be expected, and when it is over nothing may be found.
        self.told.sheet().erased.push(conversation);
        let receipt = self.post(&path, &json!({ "plan_hash": hash, "whose": whose })).await;
        let receipt = receipt.context("an erasure is not executed")?;
        ensure!(receipt["state"] == "completed", "an erasure is not complete: {receipt}");
        self.acted.n_erasures += 1;
        Ok(())
    }

    async fn rotate(&mut self) -> Result<()> {
        self.post("/logs/rotate", &json!({ "seal": true })).await.context("nothing is rotated")?;
        self.acted.n_rotations += 1;
        Ok(())
    }

    async fn view(&mut self) -> Result<()> {
        self.get("/admin/v1/view/overview").await?;
        self.acted.n_views += 1;
        Ok(())
    }

    async fn get(&self, path: &str) -> Result<Bytes> {
        let url = format!("{}{path}", self.base);
        let answer = self.fetch.fetch(Method::GET, &url, Bytes::new()).await;
        let (status, body) = answer.with_context(|| format!("{path} does not answer"))?;
        ensure!(status == 200, "{path} answers with status {status}");
        Ok(body)
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let reply = self.admin.post(path, body.to_string().into_bytes(), DONE_MAX).await?;
        let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        ensure!(matches!(reply.status, 200 | 201), "{path}: status {}: {answer}", reply.status);
        Ok(answer)
    }
}

fn generation(status: &Value) -> Option<u64> {
    status["config"]["generation"].as_u64()
}
