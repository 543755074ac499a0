//! Simulated models, so that everything runs and is tested without a GPU or a network.
//!
//! A simulated model answers the OpenAI-compatible API in process, or over HTTP through
//! [`SimModel::serve_request`]. The same seed and prompt always give the same answer. It answers
//! chat, completions, responses (each whole or streamed, with tools and structured output) and
//! embeddings. It does not think: answers are made of patterns and the prompt's key words.
//!
//! An endpoint whose URL is `sim://main` or `sim://embedder` is one. Settings stand in the query:
//!
//! | Key | Means | `main` | `embedder` |
//! |---|---|---|---|
//! | `seed` | all draws depend on it | 1 | 1 |
//! | `ttft_ms` | median time to the first token; single requests spread around it | 250 | 60 |
//! | `tps` | tokens of the answer per second | 60 | 150 |
//! | `prefill_tps` | tokens of the prompt per second, which adds to the first token's time, 3 s at most | 2500 | 10000 |
//! | `slots` | requests answered at the same time; others wait, first come, first served | 8 | 16 |
//! | `model` | name in `/models`, and where a request names none | `sim-main` | `sim-embedder` |
//! | `instant` | no delay and no slots | false | false |
//! | `echo` | answers with the request's own bytes, so that one sees what has come here | false | false |
//!
//! Faults, none by default; see [`FaultPlan`]:
//!
//! | Key | The model |
//! |---|---|
//! | `error_rate=0.1` | fails a tenth of the requests: by the other faults, or alone with status 500 |
//! | `status=503` | answers with this status and an error body |
//! | `refuse` | takes no connection |
//! | `hang` | never answers |
//! | `cut_after=3` | breaks the connection after three chunks |
//! | `no_done` | ends a stream without `[DONE]` |
//! | `garbage` | sends what is neither JSON nor an event |
//! | `error_in_200=3` | reports an error after three chunks of a reply with status 200 |
//! | `wrong_model` | names another model in the reply |
//! | `loading_ms=5000` | answers 503 "Loading model" at first |
//! | `slow_drip_ms=500` | waits before each chunk |
//! | `rate_limit=5` | takes five requests per second and answers 429 to more |
//!
//! Answers have 20 to 120 tokens, more for longer and more demanding prompts.

mod answer;
mod ask;
mod body;
mod chat;
mod embed;
mod error;
mod faults;
mod frames;
mod latency;
mod query;
mod random;
mod responses;
mod schema;
mod spec;
#[cfg(test)]
mod tests;
mod text;
mod vectors;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aios_core::Operation;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;

use answer::Answer;
use ask::Ask;
pub use body::{SimBody, SimCut};
use chat::Identity;
use error::SimError;
pub use faults::{FaultPlan, SimFaults};
use frames::Frames;
use latency::{Latency, RateLimit, Slots};
use random::hash;
pub use spec::{SimSpec, SimUrlError};

/// The moment at which every simulated model was made: 2026-01-01T00:00:00Z. Time inside a
/// simulation starts here, so that replies repeat to the byte.
const EPOCH_SECS: u64 = 1_767_225_600;

/// The name in replies when the model is to name another than was asked for.
const WRONG_MODEL: &str = "sim-wrong-model";

/// The simulated model took no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the simulated model refused the connection")]
pub struct SimRefused;

/// A simulated model.
#[derive(Debug)]
pub struct SimModel {
    spec: SimSpec,
    faults: Arc<SimFaults>,
    slots: Slots,
    rate_limit: RateLimit,
    n_requests: AtomicU64,
    started: Instant,
}

impl SimModel {
    /// A model by its description.
    #[must_use]
    pub fn new(spec: SimSpec) -> Self {
        Self {
            faults: Arc::new(SimFaults::new(spec.faults.clone())),
            slots: Slots::new(spec.slots),
            rate_limit: RateLimit::default(),
            n_requests: AtomicU64::new(0),
            started: Instant::now(),
            spec,
        }
    }

    /// A model by its URL.
    ///
    /// # Errors
    /// When the URL is not a `sim:` URL or holds something unknown.
    pub fn from_url(url: &str) -> Result<Self, SimUrlError> {
        SimSpec::from_url(url).map(Self::new)
    }

    /// What the model is like.
    #[must_use]
    pub const fn spec(&self) -> &SimSpec {
        &self.spec
    }

    /// The switch for its faults.
    #[must_use]
    pub fn faults(&self) -> Arc<SimFaults> {
        Arc::clone(&self.faults)
    }

    /// Answers one call. A stream's body comes at the model's pace; a whole reply comes when the
    /// model is done. Dropping the future or the body ends the work, as hanging up would.
    ///
    /// # Errors
    /// When the fault plan says that no connection is taken.
    pub async fn respond(
        &self,
        operation: Operation,
        body: Bytes,
    ) -> Result<Response<SimBody>, SimRefused> {
        let n = self.n_requests.fetch_add(1, Ordering::Relaxed);
        let faults = self.faults.for_request(self.spec.seed, n, Instant::now());
        if faults.refuse {
            return Err(SimRefused);
        }
        if faults.hang {
            std::future::pending::<()>().await;
        }
        Ok(match self.answer(operation, &body, &faults).await {
            Ok(response) => response,
            Err(error) => error_response(error),
        })
    }

    /// Answers a request as it comes over HTTP: the path with or without `/v1`.
    ///
    /// # Errors
    /// When the fault plan says that no connection is taken: close it.
    pub async fn serve_request(
        &self,
        method: &Method,
        path: &str,
        body: Bytes,
    ) -> Result<Response<SimBody>, SimRefused> {
        let path = path.trim_end_matches('/');
        let path = path.strip_prefix("/v1").unwrap_or(path);
        let operation = Operation::ALL.into_iter().find(|operation| operation.path() == path);
        match operation {
            Some(operation) if method == Method::POST => self.respond(operation, body).await,
            Some(_) | None if self.faults.plan().refuse => Err(SimRefused),
            Some(_) | None => Ok(self.get(method, path).unwrap_or_else(error_response)),
        }
    }

    /// The entry of this model in `GET /models`.
    #[must_use]
    pub fn model_entry(&self) -> Value {
        json!({"id": self.spec.model, "object": "model", "created": EPOCH_SECS, "owned_by": "aios-simulated"})
    }

    fn get(&self, method: &Method, path: &str) -> Result<Response<SimBody>, SimError> {
        if method != Method::GET {
            return Err(SimError::not_found(path));
        }
        let body = match path {
            "/health" => json!({"status": "ok"}),
            "/models" => json!({"object": "list", "data": [self.model_entry()]}),
            _ => match path.strip_prefix("/models/") {
                Some(id) if id == self.spec.model => self.model_entry(),
                Some(id) => return Err(SimError::no_model(id)),
                None => return Err(SimError::not_found(path)),
            },
        };
        Ok(response(200, JSON, SimBody::ready(Frames::plain(body.to_string().into()))))
    }

    async fn answer(
        &self,
        operation: Operation,
        body: &[u8],
        faults: &FaultPlan,
    ) -> Result<Response<SimBody>, SimError> {
        self.check_faults(faults)?;
        match operation {
            Operation::Embeddings => {
                let (mut reply, n_tokens) = vectors::reply(body, &self.spec)?;
                if faults.wrong_model {
                    reply["model"] = json!(WRONG_MODEL);
                }
                let latency = Latency::new(&self.spec, n_tokens, body);
                self.send_whole(&reply, latency.first(), faults).await
            }
            Operation::Chat | Operation::Completions | Operation::Responses => {
                self.generate(operation, body, faults).await
            }
        }
    }

    fn check_faults(&self, faults: &FaultPlan) -> Result<(), SimError> {
        if !faults.loading.is_zero() {
            return Err(SimError::loading());
        }
        if let Some(limit) = faults.rate_limit {
            self.rate_limit.take(limit, Instant::now()).map_err(SimError::rate_limited)?;
        }
        faults.status.map_or(Ok(()), |status| Err(SimError::simulated(status)))
    }

    async fn generate(
        &self,
        operation: Operation,
        body: &[u8],
        faults: &FaultPlan,
    ) -> Result<Response<SimBody>, SimError> {
        let ask = Ask::read(operation, body)?;
        let answers = match self.spec.echo {
            true => vec![Answer::echo(body)],
            false => Answer::all(&ask, self.spec.seed),
        };
        let identity = self.identity(&ask, body, faults);
        let latency = Latency::new(&self.spec, ask.prompt_tokens, body);
        let chat = chat::Writer::new(operation, &identity, &ask, &answers);
        let answer = answers.first().expect("at least one choice is made");
        let responses = responses::Writer { identity: &identity, ask: &ask, answer };
        let is_responses = operation == Operation::Responses;
        if ask.stream {
            let frames = if is_responses { responses.stream(faults) } else { chat.stream(faults) };
            return self.send_stream(frames, latency, faults).await;
        }
        let reply = if is_responses { responses.whole() } else { chat.whole() };
        let n_tokens = answers.iter().map(Answer::n_tokens).max().unwrap_or(0);
        self.send_whole(&reply, latency.whole(n_tokens), faults).await
    }

    async fn send_stream(
        &self,
        frames: Frames,
        latency: Latency,
        faults: &FaultPlan,
    ) -> Result<Response<SimBody>, SimError> {
        let body = if self.spec.instant && faults.slow_drip.is_zero() {
            SimBody::ready(frames)
        } else {
            let slot = self.slots.take(&self.spec).await?;
            SimBody::paced(frames, latency.pace(faults.slow_drip), slot)
        };
        Ok(response(200, "text/event-stream", body))
    }

    async fn send_whole(
        &self,
        reply: &Value,
        takes: Duration,
        faults: &FaultPlan,
    ) -> Result<Response<SimBody>, SimError> {
        let frames = Frames::whole(reply, faults);
        if self.spec.instant && faults.slow_drip.is_zero() {
            return Ok(response(200, JSON, SimBody::ready(frames)));
        }
        let slot = self.slots.take(&self.spec).await?;
        tokio::time::sleep(takes).await;
        let pace = latency::drip(faults.slow_drip, self.spec.seed);
        Ok(response(200, JSON, SimBody::paced(frames, pace, slot)))
    }

    fn identity(&self, ask: &Ask, body: &[u8], faults: &FaultPlan) -> Identity {
        let own = || ask.model.clone().unwrap_or_else(|| self.spec.model.clone());
        Identity {
            id: format!("sim{:016x}", hash(self.spec.seed, &[b"id", body])),
            created: EPOCH_SECS + self.started.elapsed().as_secs(),
            model: if faults.wrong_model { WRONG_MODEL.to_owned() } else { own() },
        }
    }
}

const JSON: &str = "application/json";

fn error_response(error: SimError) -> Response<SimBody> {
    let mut reply = response(error.status, JSON, SimBody::ready(Frames::plain(error.body)));
    if let Some(wait) = error.retry_after {
        reply.headers_mut().insert(RETRY_AFTER, wait.as_secs().max(1).into());
    }
    reply
}

fn response(status: u16, content_type: &'static str, body: SimBody) -> Response<SimBody> {
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    response
}
