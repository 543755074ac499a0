//! What operators and users do beside: reloads, erasures, rotations, feedback, looks at the dashboard, each at its own
//! beat, so that each meets each of the others.

use std::cell::{RefCell, RefMut};
use std::collections::BTreeMap;
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
use tokio::time::{Instant, sleep, timeout};

use super::Course;
use super::asks::{Told, conversation_id};

/// The time between two of each. They meet: each third erasure begins with a reload, each seventh with a rotation.
const SAY: Duration = Duration::from_millis(250);
const RELOAD: Duration = Duration::from_secs(6);
const VIEW: Duration = Duration::from_secs(7);
const ERASE: Duration = Duration::from_secs(10);
const ROTATE: Duration = Duration::from_secs(35);

/// Pause between two looks whether a changed configuration was seen.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Longest wait for what an operator does: an erasure reads the whole log.
const DONE_MAX: Duration = Duration::from_secs(120);

/// So long a server may take to see that its configuration was changed.
const RELOAD_MAX: Duration = Duration::from_secs(10);

/// So many answers back there is one that is in the index, and whose conversation nobody has erased.
const BACK: usize = 500;

/// What was done.
#[derive(Debug, Clone, Default)]
pub(super) struct Acted {
    pub(super) n_reloads: u64,
    pub(super) n_erasures: u64,
    pub(super) n_rotations: u64,
    pub(super) n_feedback: u64,
    pub(super) n_views: u64,
    /// Generations of the configuration that there were in the end.
    pub(super) generation: u64,
    /// What failed, and how often.
    pub(super) failed: BTreeMap<String, u64>,
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
    said_of: RefCell<Option<EventId>>,
    acted: RefCell<Acted>,
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
            said_of: RefCell::default(),
            acted: RefCell::default(),
        })
    }

    /// Does everything, one beside the other, until it is over. What fails ends it: the rest would show nothing more.
    pub(super) async fn act(self, api: Caller, course: Arc<Course>) -> Acted {
        let course = &*course;
        tokio::join!(
            self.each(course, "feedback", SAY, async || self.say(&api).await),
            self.each(course, "reload", RELOAD, async || self.reload().await),
            self.each(course, "view", VIEW, async || self.view().await),
            self.each(course, "erasure", ERASE, async || self.erase().await),
            self.each(course, "rotation", ROTATE, async || self.rotate().await),
        );
        match self.generation().await {
            Ok(generation) => self.acted().generation = generation,
            Err(error) => self.fail("status", &error),
        }
        self.acted.into_inner()
    }

    /// Does one thing at its beat. A beat that comes while it is still being done is left out.
    async fn each(
        &self,
        course: &Course,
        what: &str,
        every: Duration,
        act: impl AsyncFn() -> Result<()>,
    ) {
        let mut at = every;
        while course.reaches(at).await {
            if let Err(error) = act().await {
                self.fail(what, &error);
                course.end();
            }
            while at <= course.elapsed() {
                at += every;
            }
        }
    }

    /// To be held for no longer than a statement.
    fn acted(&self) -> RefMut<'_, Acted> {
        self.acted.borrow_mut()
    }

    fn fail(&self, what: &str, error: &anyhow::Error) {
        *self.acted().failed.entry(format!("{what}: {error:#}")).or_default() += 1;
    }

    /// Somebody says how good an answer was.
    async fn say(&self, api: &Caller) -> Result<()> {
        let about = {
            let sheet = self.told.sheet();
            let at = sheet.latest.len().checked_sub(BACK);
            at.and_then(|at| sheet.latest.get(at).copied())
        };
        // When no more is asked, the newest stays the newest: who has said what they think of it says no more.
        let about = about.filter(|(event_id, _)| *self.said_of.borrow() != Some(*event_id));
        let Some((event_id, conversation)) = about else { return Ok(()) };
        self.said_of.replace(Some(event_id));
        let score = self.acted().n_feedback % 2;
        let body = json!({ "event_id": event_id, "score": score }).to_string().into_bytes();
        let reply =
            api.post("/feedback", body, DONE_MAX).await.context("feedback was not taken")?;
        let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        ensure!(reply.status == 200, "feedback got status {}: {answer}", reply.status);
        let id = EventId::parse(answer["id"].as_str().unwrap_or_default())
            .context("feedback has no event")?;
        self.acted().n_feedback += 1;
        self.told.sheet().events.push((id, conversation));
        Ok(())
    }

    /// Writes the configuration anew, a little different each time, and gives the server, which sees it by itself, its
    /// time: two that come close together would be one to it.
    async fn reload(&self) -> Result<()> {
        let n_reloads = {
            let mut acted = self.acted();
            acted.n_reloads += 1;
            acted.n_reloads
        };
        let total = 120 + n_reloads % 2;
        let text = format!("{}\n[timeouts]\ntotal = \"{total}s\"\n", self.text);
        // Whole at once: on a machine that stalls, a file that is written in place is empty for long enough to be refused.
        let next = self.config.with_extension("next");
        let put = std::fs::write(&next, text).and_then(|()| std::fs::rename(&next, &self.config));
        put.context("the configuration cannot be written")?;
        let written = Instant::now();
        while written.elapsed() < RELOAD_MAX && self.generation().await? <= n_reloads {
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Which configuration is in force; the one at the start is the first.
    async fn generation(&self) -> Result<u64> {
        let status: Value = serde_json::from_slice(&self.get("/status").await?)?;
        generation(&status).context("the status has no generation")
    }

    /// Erases the latest conversation that is over.
    async fn erase(&self) -> Result<()> {
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
        self.acted().n_erasures += 1;
        Ok(())
    }

    async fn rotate(&self) -> Result<()> {
        self.post("/logs/rotate", &json!({ "seal": true })).await.context("nothing is rotated")?;
        self.acted().n_rotations += 1;
        Ok(())
    }

    async fn view(&self) -> Result<()> {
        self.get("/admin/v1/view/overview").await?;
        self.acted().n_views += 1;
        Ok(())
    }

    async fn get(&self, path: &str) -> Result<Bytes> {
        let url = format!("{}{path}", self.base);
        let answer = timeout(DONE_MAX, self.fetch.fetch(Method::GET, &url, Bytes::new())).await;
        let (status, body) =
            answer.ok().flatten().with_context(|| format!("{path} does not answer"))?;
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
