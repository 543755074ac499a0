//! One call to one endpoint, up to its first event or its whole reply.

use std::sync::Arc;
use std::time::Duration;

use aios_core::{AttemptOutcome, Operation};
use bytes::{Bytes, BytesMut};
use http::Response;
use http::header::{CONTENT_TYPE, HeaderMap};
use tokio::time::{Instant, timeout_at};

use crate::endpoint::Endpoint;
use crate::quirks::lmstudio::Loader;
use crate::refusal::{self, Refused};
use crate::transport::{Outgoing, ReplySource, SourceLost};
use crate::turns::NoTurn;
use crate::visit::Visit;
use crate::{
    Call, Failure, HttpFetch, Observed, Observer, Reply, StreamReply, Timeouts, WholeReply,
};

/// Largest whole reply, in bytes.
const REPLY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most of an error reply that is read, in bytes.
const ERROR_BYTES_MAX: usize = 64 * 1024;

/// What an attempt needs besides the call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) timeouts: &'a Timeouts,
    pub(crate) loader: &'a Arc<Loader>,
}

/// Calls the endpoint; tells its breaker how it went. `status` receives the reply's status.
pub(crate) async fn attempt(
    endpoint: &Arc<Endpoint>,
    call: &Call,
    rules: Rules<'_>,
    status: &mut Option<u16>,
) -> Result<Reply, Failure> {
    let visit = match timeout_at(call.deadline, Visit::begin(endpoint)).await {
        Ok(Ok(visit)) => visit,
        Ok(Err(no_turn)) => return Err(queue_full(endpoint, no_turn)),
        Err(_) => return Err(out_of_time().at(&endpoint.config.name)),
    };
    let limit = (Instant::now() + rules.timeouts.first_token).min(call.deadline);
    let mut visit = Some(visit);
    let answer = timeout_at(limit, exchange(&mut visit, call, rules, status)).await;
    let failure = match answer {
        Ok(Ok(reply)) => return Ok(reply),
        Ok(Err(failure)) => failure,
        Err(_) if limit == call.deadline => out_of_time(),
        Err(_) => {
            let detail = format!("no answer began within {:?}", rules.timeouts.first_token);
            Failure::new(AttemptOutcome::FirstTokenTimeout, detail)
        }
    };
    let failure = failure.at(&endpoint.config.name);
    // A stream has taken the visit along, and has told how it failed.
    if let Some(visit) = visit {
        visit.failed(&failure);
    }
    Err(failure)
}

async fn exchange(
    visit: &mut Option<Visit>,
    call: &Call,
    rules: Rules<'_>,
    status: &mut Option<u16>,
) -> Result<Reply, Failure> {
    let Some(endpoint) = visit.as_ref().map(|visit| Arc::clone(visit.endpoint())) else {
        return Err(out_of_time());
    };
    let mut reply = send(&endpoint, call, rules, status).await?;
    if !reply.status().is_success() {
        let refused = refusal(reply).await;
        if !refused.is_not_loaded() {
            return Err(refused.failure());
        }
        load(&endpoint, rules).await?;
        reply = send(&endpoint, call, rules, status).await?;
        if !reply.status().is_success() {
            return Err(refusal(reply).await.failure());
        }
    }
    let observer = Observer::new(
        call.operation,
        endpoint.config.model.clone(),
        call.capture_max,
        call.strip_usage,
    )
    .with_prompt_bytes(call.body.len() as u64);
    if call.stream && call.operation != Operation::Embeddings {
        open_stream(reply, visit, call, rules.timeouts, observer).await
    } else {
        read_whole(reply, visit, observer).await
    }
}

async fn send(
    endpoint: &Endpoint,
    call: &Call,
    rules: Rules<'_>,
    status: &mut Option<u16>,
) -> Result<Response<ReplySource>, Failure> {
    let outgoing = Outgoing {
        operation: call.operation,
        stream: call.stream,
        headers: &call.headers,
        body: call.body.for_model(&endpoint.config.model),
    };
    let reply = endpoint.transport.send(outgoing, rules.timeouts.connect).await?;
    *status = Some(reply.status().as_u16());
    Ok(reply)
}

async fn refusal(reply: Response<ReplySource>) -> Refused {
    let (parts, source) = reply.into_parts();
    let body = read(source, ERROR_BYTES_MAX).await.unwrap_or_default();
    Refused::new(parts.status.as_u16(), &parts.headers, body)
}

/// LM Studio has the model but has not loaded it.
async fn load(endpoint: &Endpoint, rules: Rules<'_>) -> Result<(), Failure> {
    let root = crate::quirks::lmstudio::root_of(&endpoint.config.url);
    let fetch = Arc::new(HttpFetch::new().with_bearer(endpoint.config.api_key.clone()));
    let loaded = rules.loader.ensure_loaded(&fetch, root, &endpoint.config.model).await;
    loaded.map_err(|error| {
        let failure = Failure::new(AttemptOutcome::Loading, error.to_string());
        Failure { retry_after: Some(Duration::from_secs(5)), ..failure }
    })
}

async fn open_stream(
    reply: Response<ReplySource>,
    visit: &mut Option<Visit>,
    call: &Call,
    timeouts: &Timeouts,
    mut observer: Observer,
) -> Result<Reply, Failure> {
    let (parts, source) = reply.into_parts();
    if !is_event_stream(&parts.headers) {
        // Some servers report errors as plain JSON although a stream was asked for.
        let body = read(source, REPLY_BYTES_MAX).await.map_err(|error| error.failure())?;
        return Err(match observer.on_whole(&body) {
            Err(fault) => refusal::whole_fault(&fault),
            Ok(()) => {
                Failure::new(AttemptOutcome::BadReply, "a stream was asked for and none came")
            }
        });
    }
    let Some(visit) = visit.take() else { return Err(out_of_time()) };
    let (operation, deadline) = (call.operation, call.deadline);
    let mut stream = StreamReply::new(source, visit, operation, observer, *timeouts, deadline);
    stream.first_event().await.map_err(|failure| *failure)?;
    Ok(Reply::Stream(Box::new(stream)))
}

async fn read_whole(
    reply: Response<ReplySource>,
    visit: &mut Option<Visit>,
    mut observer: Observer,
) -> Result<Reply, Failure> {
    let (mut parts, source) = reply.into_parts();
    let body = read(source, REPLY_BYTES_MAX).await.map_err(|error| error.failure())?;
    observer.on_whole(&body).map_err(|fault| refusal::whole_fault(&fault))?;
    let now = Instant::now();
    let Some(visit) = visit.take() else { return Err(out_of_time()) };
    let observed = Observed { first_token_at: Some(now), ..observer.observed() };
    let answered = Arc::clone(&visit.endpoint().answered);
    visit.answered(now);
    visit.succeeded(observed.model_mismatch);
    Ok(Reply::Whole(WholeReply {
        status: parts.status.as_u16(),
        content_type: parts.headers.remove(CONTENT_TYPE),
        body,
        observed,
        answered,
    }))
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    const TYPE: &[u8] = b"text/event-stream";
    let value = headers.get(CONTENT_TYPE).map(http::HeaderValue::as_bytes);
    let start = value.and_then(|value| value.get(..TYPE.len()));
    start.is_some_and(|start| start.eq_ignore_ascii_case(TYPE))
}

/// Why a body could not be read.
enum ReadError {
    Lost,
    TooLarge(usize),
}

impl ReadError {
    fn failure(&self) -> Failure {
        match self {
            Self::Lost => {
                let detail = "the connection broke in the middle of the reply";
                Failure::new(AttemptOutcome::ConnectionLost, detail)
            }
            Self::TooLarge(max) => {
                let detail = format!("the reply is larger than {max} bytes");
                Failure::new(AttemptOutcome::BadReply, detail)
            }
        }
    }
}

/// Reads a body to its end. One that comes in one piece is not copied.
async fn read(mut source: ReplySource, max: usize) -> Result<Bytes, ReadError> {
    let expected = source.len().unwrap_or(0);
    if expected > max {
        return Err(ReadError::TooLarge(max));
    }
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(piece) = std::future::poll_fn(|cx| source.poll_data(cx)).await {
        let piece = piece.map_err(|SourceLost| ReadError::Lost)?;
        if first.len().max(rest.len()) + piece.len() > max {
            return Err(ReadError::TooLarge(max));
        }
        if first.is_empty() {
            first = piece;
            continue;
        }
        if rest.is_empty() {
            rest.reserve(expected.max(first.len() + piece.len()));
            rest.extend_from_slice(&first);
        }
        rest.extend_from_slice(&piece);
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

fn queue_full(endpoint: &Endpoint, no_turn: NoTurn) -> Failure {
    let detail = match no_turn {
        NoTurn::Full => "its queue is full",
        NoTurn::TooLong => "its queue did not move in time",
    };
    let failure = Failure::new(AttemptOutcome::QueueFull, detail).at(&endpoint.config.name);
    Failure { retry_after: Some(Duration::from_secs(1)), ..failure }
}

fn out_of_time() -> Failure {
    Failure::new(AttemptOutcome::TotalTimeout, "the deadline of the request passed")
}
