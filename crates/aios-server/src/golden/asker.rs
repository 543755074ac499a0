//! Asks one question and sees what comes of it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aios_core::{Bucket, Tier};
use aios_eval::{Expectation, GoldenCase, Observation};
use aios_privacy::Secret;
use aios_upstream::{CallError, CallReply, Caller};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::measure;

/// Takes questions to a gateway.
pub trait Post: fmt::Debug + Send + Sync {
    /// Posts JSON to a path below that of the API, and waits for the whole answer.
    fn post<'a>(
        &'a self,
        path: &'a str,
        json: Vec<u8>,
        at_most: Duration,
    ) -> BoxFuture<'a, Result<CallReply, CallError>>;
}

/// Over HTTP, as anybody else.
impl Post for Caller {
    fn post<'a>(
        &'a self,
        path: &'a str,
        json: Vec<u8>,
        at_most: Duration,
    ) -> BoxFuture<'a, Result<CallReply, CallError>> {
        Self::post(self, path, json, at_most).boxed()
    }
}

/// Asks a gateway.
#[derive(Debug, Clone)]
pub struct Asker {
    pub(super) post: Arc<dyn Post>,
    /// Policy that is asked for.
    pub(super) bucket: Bucket,
    /// Longest wait for one answer.
    pub(super) timeout: Duration,
    pub(super) judge: Judge,
    model: Model,
}

/// Who judges answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judge {
    /// The model's name.
    pub model: String,
    /// How many times it is asked about one answer.
    pub votes: u64,
}

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Model {
    /// Whom routing chooses.
    Auto,
    /// A tier, whatever routing would choose.
    Tier(Tier),
}

impl Model {
    const fn name(self) -> &'static str {
        match self {
            Self::Auto => "aios-auto",
            Self::Tier(Tier::Main) => "aios-main",
            Self::Tier(Tier::Embedder) => "aios-embedder",
        }
    }
}

impl Default for Judge {
    fn default() -> Self {
        Self { model: "aios-main".to_owned(), votes: 1 }
    }
}

impl Asker {
    /// Asks the gateway at `url`, with a client key if it needs one.
    ///
    /// # Errors
    /// When the address or the key cannot be used.
    pub fn new(
        url: &str,
        key: Option<&Secret>,
        bucket: Bucket,
        timeout: Duration,
        judge: Judge,
    ) -> Result<Self, CallError> {
        let caller = Caller::new(url, key)?.with_headers(Self::headers(bucket));
        Ok(Self::through(Arc::new(caller), bucket, timeout, judge))
    }

    /// Asks a gateway that somebody else takes the questions to, with these [`headers`](Self::headers).
    #[must_use]
    pub fn through(post: Arc<dyn Post>, bucket: Bucket, timeout: Duration, judge: Judge) -> Self {
        Self { post, bucket, timeout, judge, model: Model::Auto }
    }

    /// What says of a question that it is no live traffic, and which policy is asked.
    #[must_use]
    pub fn headers(bucket: Bucket) -> HeaderMap {
        let header = |name: &'static str, value: &'static str| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let headers = [header("x-aios-purpose", "golden"), header("x-aios-bucket", bucket.name())];
        HeaderMap::from_iter(headers)
    }

    /// Asks this tier, whatever routing would choose.
    #[must_use]
    pub fn of_tier(mut self, tier: Tier) -> Self {
        self.model = Model::Tier(tier);
        self
    }

    /// Asks once. Whatever goes wrong is what was seen.
    pub(super) async fn ask(&self, case: &GoldenCase) -> Observation {
        let body = serde_json::to_vec(&self.body(case)).unwrap_or_default();
        let reply = self.post.post("/chat/completions", body, self.timeout).await;
        let mut seen = match reply {
            Ok(reply) => self.seen(&reply),
            Err(error) => Observation::failed(error.to_string(), 0.0),
        };
        if seen.is_answered() {
            self.measure(case, &mut seen).await;
        }
        seen
    }

    fn body(&self, case: &GoldenCase) -> Value {
        let mut messages = Vec::new();
        if let Some(system) = &case.system {
            messages.push(json!({ "role": "system", "content": system }));
        }
        messages.push(json!({ "role": "user", "content": case.question }));
        let mut body = case.request.clone();
        body.insert("model".to_owned(), self.model.name().into());
        body.insert("messages".to_owned(), messages.into());
        body.into()
    }

    fn seen(&self, reply: &CallReply) -> Observation {
        let latency_ms = reply.took.as_secs_f64() * 1e3;
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        if reply.status != 200 {
            let why = body["error"]["message"].as_str().unwrap_or("no reason given");
            return Observation::failed(format!("status {}: {why}", reply.status), latency_ms);
        }
        let header = |name: &str| reply.headers.get(name).and_then(|value| value.to_str().ok());
        // Answers of another policy are not what was asked about.
        if let Some(other) = header("x-aios-bucket").filter(|name| *name != self.bucket.name()) {
            let why = format!(
                "it was answered in {other}, not in {}: is routing switched off?",
                self.bucket
            );
            return Observation::failed(why, latency_ms);
        }
        let Some(answer) = answer(&body) else {
            return Observation::failed("the answer is no chat completion", latency_ms);
        };
        let source = header("x-aios-route").and_then(tier);
        let has_fallen_back = header("x-aios-fallback") == Some("true");
        Observation {
            error: None,
            answer,
            latency_ms,
            tier: source.map(|tier| if has_fallen_back { tier.other() } else { tier }),
            source,
            model: header("x-aios-model").or_else(|| body["model"].as_str()).map(str::to_owned),
            weight: header("x-aios-weight").and_then(|weight| weight.parse().ok()),
            event_id: header("x-aios-event-id").map(str::to_owned),
            cost_usd: header("x-aios-cost-usd").and_then(|usd| usd.parse().ok()),
            simulated: header("x-aios-simulated") == Some("true"),
            similarity: None,
            judged: None,
        }
    }

    /// What cannot be seen of an answer alone.
    async fn measure(&self, case: &GoldenCase, seen: &mut Observation) {
        for expectation in &case.expectations {
            match expectation {
                Expectation::Similar(similar) => {
                    seen.similarity =
                        Some(measure::similarity(self, &similar.text, &seen.answer).await);
                }
                Expectation::Judge(judged) => {
                    let asked = measure::judge(self, case, &judged.rubric, &seen.answer).await;
                    seen.judged = Some(asked);
                }
                Expectation::Tier(_)
                | Expectation::Source(_)
                | Expectation::Equals(_)
                | Expectation::Contains(_)
                | Expectation::NotContains(_)
                | Expectation::Regex(_)
                | Expectation::Schema(_)
                | Expectation::LatencyMax(_)
                | Expectation::CostMax(_) => {}
            }
        }
    }
}

/// The text of a chat completion; that of a call to a tool is what it is called with.
fn answer(body: &Value) -> Option<String> {
    let message = body["choices"].get(0)?.get("message")?;
    let text = message["content"].as_str();
    let called = || message["tool_calls"][0]["function"]["arguments"].as_str();
    text.filter(|text| !text.is_empty()).or_else(called).or(text).map(str::to_owned)
}

fn tier(name: &str) -> Option<Tier> {
    Tier::ALL.into_iter().find(|tier| tier.name() == name)
}
