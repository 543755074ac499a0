//! One call to one endpoint, up to its first event or its whole reply.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use aios_core::{AttemptOutcome, Faults, Operation};
use bytes::{Bytes, BytesMut};
use http::Response;
use http::header::{CONTENT_TYPE, HeaderMap};
use tokio::time::{Instant, timeout_at};

use crate::endpoint::Endpoint;
use crate::faulty;
use crate::quirks::lmstudio::{self, LOAD_TIMEOUT, Loader};
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
    /// What goes wrong on the way, where that may be ordered.
    pub(crate) faults: Option<&'a Faults>,
}

/// What a call has come to before anybody is told.
enum Opened {
    /// A stream's first event is there.
    Stream(Box<StreamReply>),
    /// The whole reply is there.
    Whole(Box<WholeReply>),
    /// The model has to be loaded first.
    NotLoaded,
}

/// Until when something must be done.
#[derive(Debug, Clone, Copy)]
struct Limit {
    at: Instant,
    after: Duration,
    /// What it is called that this passed.
    missed: AttemptOutcome,
    is_deadline: bool,
}

/// Calls the endpoint; tells its breaker how it went. `status` receives the reply's status.
pub(crate) async fn attempt(
    endpoint: &Arc<Endpoint>,
    call: &Call,
    rules: Rules<'_>,
    status: &mut Option<u16>,
) -> Result<Reply, Failure> {
    let mut visit = match timeout_at(call.deadline, Visit::begin(endpoint, call.operation)).await {
        Ok(Ok(visit)) => visit,
        Ok(Err(no_turn)) => return Err(queue_full(no_turn)),
        Err(_) => return Err(Failure::out_of_time()),
    };
    match open(endpoint, call, rules, status).await {
        Ok(Opened::Stream(mut stream)) => {
            stream.commit(visit);
            Ok(Reply::Stream(stream))
        }
        Ok(Opened::Whole(reply)) => {
            visit.answered(Instant::now());
            visit.succeeded(reply.observed.model_mismatch);
            Ok(Reply::Whole(reply))
        }
        Ok(Opened::NotLoaded) => {
            let failure = not_loaded();
            visit.failed(&failure);
            Err(failure)
        }
        Err(failure) => {
            visit.failed(&failure);
            Err(failure)
        }
    }
}

/// Exchanges messages; where the model is not loaded, has it loaded and tries once more.
async fn open(
    endpoint: &Endpoint,
    call: &Call,
    rules: Rules<'_>,
    status: &mut Option<u16>,
) -> Result<Opened, Failure> {
    let (allowed, missed) = match streams(call) {
        true => (rules.timeouts.first_token, AttemptOutcome::FirstTokenTimeout),
        false => (rules.timeouts.whole, AttemptOutcome::WholeTimeout),
    };
    let limit = |after| Limit::new(after, missed, call);
    // Pinned here and lent, because the exchange is some kilobytes large and would be moved otherwise.
    let opened = {
        let exchanged = pin!(exchange(endpoint, call, rules, status));
        within(limit(allowed), exchanged).await?
    };
    if !matches!(opened, Opened::NotLoaded) {
        return Ok(opened);
    }
    let loaded_first = async {
        within(limit(LOAD_TIMEOUT), pin!(load(endpoint, rules))).await?;
        within(limit(allowed), pin!(exchange(endpoint, call, rules, status))).await
    };
    Box::pin(loaded_first).await
}

async fn exchange(
    endpoint: &Endpoint,
    call: &Call,
    rules: Rules<'_>,
    status: &mut Option<u16>,
) -> Result<Opened, Failure> {
    let reply = send(endpoint, call, rules, status).await?;
    if !reply.status().is_success() {
        let refused = refusal(reply).await;
        return if refused.is_not_loaded() {
            Ok(Opened::NotLoaded)
        } else {
            Err(refused.failure())
        };
    }
    let model = endpoint.config.model.clone();
    let observer = Observer::new(call.operation, model, call.capture_max, call.strip_usage)
        .with_prompt_bytes(call.prompt_bytes);
    if streams(call) {
        open_stream(endpoint, reply, call, rules.timeouts, observer).await
    } else {
        read_whole(endpoint, reply, observer).await
    }
}

/// Vectors come whole, whatever was asked for.
fn streams(call: &Call) -> bool {
    call.stream && call.operation != Operation::Embeddings
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
        body: call.body.for_model(&endpoint.model_name),
    };
    let connect = rules.timeouts.connect;
    let reply = match rules.faults {
        None => endpoint.transport.send(outgoing, connect).await?,
        Some(faults) => Box::pin(faulty::send(faults, endpoint, outgoing, connect, status)).await?,
    };
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
    let root = lmstudio::root_of(&endpoint.config.url);
    let fetch = Arc::new(HttpFetch::new().with_bearer(endpoint.config.api_key.clone()));
    let loaded = rules.loader.ensure_loaded(&fetch, root, &endpoint.config.model).await;
    loaded.map_err(|error| {
        // What the operator must know names the server; clients need not know it.
        endpoint.warn(error.to_string());
        not_loaded()
    })
}

async fn open_stream(
    endpoint: &Endpoint,
    reply: Response<ReplySource>,
    call: &Call,
    timeouts: &Timeouts,
    mut observer: Observer,
) -> Result<Opened, Failure> {
    let (parts, source) = reply.into_parts();
    if !is_event_stream(&parts.headers) {
        // Some servers report errors as plain JSON although a stream was asked for.
        let body = read(source, REPLY_BYTES_MAX).await.map_err(|error| error.failure())?;
        return Err(match observer.on_whole(&body) {
            Err(fault) => refusal::whole_fault(fault),
            Ok(()) => {
                Failure::new(AttemptOutcome::BadReply, "a stream was asked for and none came")
            }
        });
    }
    let answered = Arc::clone(&endpoint.answered);
    let mut stream =
        StreamReply::new(source, answered, call.operation, observer, *timeouts, call.deadline);
    stream.first_event().await.map_err(|failure| *failure)?;
    Ok(Opened::Stream(Box::new(stream)))
}

async fn read_whole(
    endpoint: &Endpoint,
    reply: Response<ReplySource>,
    mut observer: Observer,
) -> Result<Opened, Failure> {
    let (mut parts, source) = reply.into_parts();
    let body = read(source, REPLY_BYTES_MAX).await.map_err(|error| error.failure())?;
    observer.on_whole(&body).map_err(refusal::whole_fault)?;
    let observed = Observed { first_token_at: Some(Instant::now()), ..observer.into_observed() };
    Ok(Opened::Whole(Box::new(WholeReply {
        status: parts.status.as_u16(),
        content_type: parts.headers.remove(CONTENT_TYPE),
        body,
        observed,
        answered: Arc::clone(&endpoint.answered),
    })))
}

impl Limit {
    fn new(after: Duration, missed: AttemptOutcome, call: &Call) -> Self {
        let at = Instant::now() + after;
        Self { at: at.min(call.deadline), after, missed, is_deadline: call.deadline <= at }
    }
}

async fn within<T>(
    limit: Limit,
    work: Pin<&mut impl Future<Output = Result<T, Failure>>>,
) -> Result<T, Failure> {
    match timeout_at(limit.at, work).await {
        Ok(done) => done,
        Err(_) if limit.is_deadline => Err(Failure::out_of_time()),
        Err(_) => {
            let what = match limit.missed {
                AttemptOutcome::WholeTimeout => "whole answer",
                _ => "answer",
            };
            Err(Failure::new(limit.missed, format!("no {what} within {:?}", limit.after)))
        }
    }
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

fn queue_full(no_turn: NoTurn) -> Failure {
    let detail = match no_turn {
        NoTurn::Full => "its queue is full",
        NoTurn::TooLong => "its queue did not move in time",
    };
    let failure = Failure::new(AttemptOutcome::QueueFull, detail);
    Failure { retry_after: Some(Duration::from_secs(1)), ..failure }
}

fn not_loaded() -> Failure {
    let detail = "its model is not loaded and could not be loaded";
    let failure = Failure::new(AttemptOutcome::Loading, detail);
    Failure { retry_after: Some(Duration::from_secs(5)), ..failure }
}
