//! The data plane in one function: admit, read, identify, route, complete, record.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use aios_core::{ConversationSource, Operation, Route, RouteReason, Tier};
use aios_upstream::{Call, Edit, Failure, ModelSlot, Reply, RequestBody, Target};
use bytes::Bytes;
use futures_util::FutureExt;
use http::header::HeaderName;
use http::{HeaderMap, Request, Response};
use http_body::Body;
use tokio::time::Instant;

use super::cut::capture_max;
use super::errors::GatewayError;
use super::naming::{self, Asked};
use super::record::{Ending, Record};
use super::relay::ReplyBody;
use super::request::{self, Head};
use super::sinks::{ReplyFilter, Sinks};
use super::{Gateway, body, heavy, identity, memory, reply, steering};
use crate::trace::{TRACEPARENT, TRACESTATE, TraceContext};

/// Serves one request and records exactly one event for it, whatever the outcome.
pub(crate) async fn serve<B: Body<Data = Bytes> + Unpin>(
    gateway: Arc<Gateway>,
    operation: Operation,
    peer: SocketAddr,
    request: Request<B>,
) -> Response<ReplyBody> {
    let mut record = match admit(&gateway, operation, request.headers()).await {
        Ok(record) => record,
        Err(error) => return reply::refusal(&gateway, &request, &error),
    };
    // A panic in one request is that request's outcome, not the end of its connection.
    let answer = AssertUnwindSafe(answer(&mut record, peer, request)).catch_unwind().await;
    let answer = match answer {
        Ok(Ok(reply)) => reply::answered(record, reply),
        Ok(Err(error)) => reply::failed(record, &error),
        Err(_panic) => reply::panicked(record),
    };
    answer.settled().await
}

/// Lets a request in: its key, its key's limits, a place in the event log. From here on it leaves
/// an event.
async fn admit(
    gateway: &Arc<Gateway>,
    operation: Operation,
    headers: &HeaderMap,
) -> Result<Record, GatewayError> {
    let live = gateway.live.load_full();
    let meter = live.clients.authenticate(headers)?;
    let admission = meter.map(|meter| meter.admit(Instant::now())).transpose()?;
    let slot = gateway
        .store
        .reserve()
        .await
        .map_err(|error| GatewayError::EventLogFull { why: error.to_string() })?;
    Ok(Record::open(gateway, &live, slot, admission, operation, headers))
}

async fn answer<B: Body<Data = Bytes> + Unpin>(
    record: &mut Record,
    peer: SocketAddr,
    request: Request<B>,
) -> Result<Reply, GatewayError> {
    let (parts, incoming) = request.into_parts();
    record.facts_mut().steering = steering::read(&parts.headers, peer, record.admission())?;
    let live = Arc::clone(record.live());
    let deadline = record.admitted_at() + live.gateway.total_timeout;
    let body = body::read(&live.gateway, deadline, &parts.headers, incoming).await?;
    record.facts_mut().body_read_at = Some(Instant::now());
    let operation = record.facts().operation;
    let keys = &record.gateway().keys;
    let body = heavy::on(body.len(), || memory::without_own(keys, operation, body));
    let mut head = heavy::on(body.len(), || request::read(operation, &body))?;
    identify(record, &parts.headers, &head);
    let target = route(record, &head)?;
    if record.live().gateway.sequels && record.facts().steering.purpose.is_live() {
        follow(record, &head);
    }
    record.facts_mut().question = std::mem::take(&mut head.question);
    let remembered = remember(record, &parts.headers, &head, &body).await?;
    let whole;
    let (body, edits) = match (&live.sinks, remembered) {
        (None, remembered) => {
            let new = remembered.iter().map(|edit| edit.n_bytes() as u64);
            head.prompt_bytes += new.sum::<u64>();
            (&body, remembered.into_iter().collect())
        }
        (Some(sinks), None) => {
            (&body, heavy::on(body.len(), || filter(sinks, record, &head, &body))?)
        }
        // What the memory adds is on its way to a model as all else is.
        (Some(sinks), Some(remembered)) => {
            whole = memory::replaced(&body, vec![remembered]);
            head = heavy::on(whole.len(), || request::read(operation, &whole))?;
            (&whole, heavy::on(whole.len(), || filter(sinks, record, &head, &whole))?)
        }
    };
    let call = call(record, &head, body.clone(), target, &parts.headers, edits);
    let reply = live.upstreams.complete(&call, &mut record.attempts).await;
    reply.map_err(|failure| refused(record, failure))
}

/// What was said before, to be put into the body if that is wanted. `None` where the body stays as it is.
async fn remember(
    record: &mut Record,
    headers: &HeaderMap,
    head: &Head<'_>,
    body: &Bytes,
) -> Result<Option<Edit>, GatewayError> {
    let Some(mut wanted) = memory::wanted(record, headers, head, body)? else { return Ok(None) };
    // Boxed: what does not ask for it does not carry it along.
    let with_memory = Box::pin(memory::recall(record, &mut wanted, body)).await;
    record.facts_mut().memory = Some(wanted);
    Ok(with_memory)
}

/// An endpoint's own words to the caller may repeat the request: they are a reply like any other.
fn refused(record: &mut Record, mut failure: Failure) -> GatewayError {
    let filter = record.facts_mut().reply_filter.take();
    if let (Some(mut filter), Some(reply)) = (filter, &mut failure.reply) {
        let filtered = heavy::on(reply.body.len(), || filter.whole(&reply.body));
        filter.report(&record.gateway().metrics);
        match filtered {
            Ok(body) => reply.body = body,
            Err(error) => return error,
        }
    }
    GatewayError::Upstream(Box::new(failure))
}

/// What models get in place of the request's texts; what is done with the reply stands in the record.
fn filter(
    sinks: &Arc<Sinks>,
    record: &mut Record,
    head: &Head<'_>,
    body: &[u8],
) -> Result<Vec<Edit>, GatewayError> {
    let gateway = Arc::clone(record.gateway());
    let key = || {
        let (conversation, _) = record.facts().conversation.as_ref().expect("it is identified");
        gateway.keys.pseudonyms.placeholder_key(conversation)
    };
    let body = std::str::from_utf8(body).expect("it was read as text");
    let sent = sinks.upstream(body, &head.own_places(), key, &gateway.metrics)?;
    // Vectors are no text.
    if record.facts().operation != Operation::Embeddings {
        let filter = ReplyFilter::new(sinks, sent.vault, head.wants_json);
        record.facts_mut().reply_filter = filter.map(Box::new);
    }
    Ok(sent.edits)
}

fn identify(record: &mut Record, headers: &HeaderMap, head: &Head<'_>) {
    let gateway = Arc::clone(record.gateway());
    let client = record.admission().map(|admission| Arc::clone(admission.meter()));
    let client = client.as_ref().map(|meter| meter.name());
    let of = |pseudonyms| {
        let conversation = identity::conversation(pseudonyms, client.unwrap_or(""), headers, head);
        (conversation, identity::subject(pseudonyms, client, head))
    };
    // Who was erased under an older key must not be kept again under the newest.
    let is_erased = |(conversation, subject): &(_, Option<_>)| {
        let (conversation, _): &(_, _) = conversation;
        std::iter::once(conversation).chain(subject).any(|one| gateway.store.refuses(one))
    };
    let erased = gateway.keys.older.iter().map(of).find(is_erased);
    let (conversation, subject) = erased.unwrap_or_else(|| of(&gateway.keys.pseudonyms));
    let facts = record.facts_mut();
    facts.conversation = Some(conversation);
    facts.subject = subject;
    facts.msg_id = head.n_user_messages;
    facts.stream = head.stream;
    facts.request_model.clone_from(&head.model);
}

/// Says in the record how the request goes on from the answer before it.
fn follow(record: &mut Record, head: &Head<'_>) {
    let gateway = Arc::clone(record.gateway());
    let facts = record.facts();
    let (conversation, source) = facts.conversation.as_ref().expect("it is identified");
    // A derived identity may be that of two people who ask the same.
    if *source != ConversationSource::Derived && facts.operation != Operation::Embeddings {
        let sequel = gateway.sequels.follow(conversation, &head.question, Instant::now());
        record.facts_mut().sequel = Some(sequel);
    }
}

/// Chooses the tier and says so in the record.
fn route(record: &mut Record, head: &Head<'_>) -> Result<Target, GatewayError> {
    let gateway = Arc::clone(record.gateway());
    let live = Arc::clone(record.live());
    let asked = naming::asked(&live, &head.model)?;
    let split = gateway.split();
    let facts = record.facts_mut();
    let conversation = facts.conversation.as_ref().expect("identified before it is routed");
    let dealt = aios_route::bucket_of(&gateway.keys.bucket, &conversation.0, split.treatment_pct);
    // The kill switch counts more than any wish.
    let bucket = facts.steering.bucket.filter(|_| !split.is_treatment_shut()).unwrap_or(dealt);
    let fixed = |tier, reason| Route::fixed(tier, bucket, &split, reason);
    let (route, target) = match asked {
        // Vectors of two models cannot be compared, so embeddings never change tier.
        Asked::Auto if facts.operation == Operation::Embeddings => (
            fixed(Tier::Embedder, RouteReason::Embeddings),
            Target::Tier { tier: Tier::Embedder, fallback: false },
        ),
        Asked::Auto => {
            let route =
                aios_route::route(&head.question, bucket, &gateway.routing.policy(&split), &split);
            // What AIOS learns of its traffic it learns of real traffic.
            if facts.steering.purpose.is_live() {
                gateway.routing.sample(route.raw);
            }
            let tier = route.tier;
            (route, Target::Tier { tier, fallback: true })
        }
        Asked::Tier(tier) => {
            (fixed(tier, RouteReason::PinnedTier), Target::Tier { tier, fallback: false })
        }
        Asked::Model(model) => {
            let tier = live.upstreams.tier_of(&model).unwrap_or(Tier::Main);
            (fixed(tier, RouteReason::PinnedModel), Target::Model(model))
        }
    };
    facts.route = Some(route);
    Ok(target)
}

fn call(
    record: &Record,
    head: &Head<'_>,
    body: Bytes,
    target: Target,
    headers: &HeaderMap,
    mut edits: Vec<Edit>,
) -> Call {
    let facts = record.facts();
    let (of_usage, strip_usage) = usage_edits(facts.operation, head);
    edits.extend(of_usage);
    Call {
        operation: facts.operation,
        target,
        body: RequestBody::new(body, ModelSlot::new(head.model_at.clone()), edits),
        stream: head.stream,
        strip_usage,
        headers: forwarded(headers, facts.request_id.as_str(), facts.trace.as_ref()),
        prompt_bytes: head.prompt_bytes,
        capture_max: capture_max(record.live().gateway.text_max),
        admitted_at: record.admitted_at(),
        deadline: record.admitted_at() + record.live().gateway.total_timeout,
    }
}

/// Streams are asked for their usage also where the client did not ask; the chunk that brings it is
/// then kept from the client, which may index `choices[0]` in every chunk.
fn usage_edits(operation: Operation, head: &Head<'_>) -> (Vec<Edit>, bool) {
    let streams_usage = matches!(operation, Operation::Chat | Operation::Completions);
    if !head.stream || !streams_usage {
        return (Vec::new(), false);
    }
    match &head.stream_options {
        Some(options) if options.include_usage => (Vec::new(), false),
        Some(options) => {
            let with_usage = options.with_usage.clone().unwrap_or_else(request::usage_options);
            (vec![Edit::replace(options.at.clone(), with_usage)], true)
        }
        None => {
            let at = head.model_at.end;
            let text = Bytes::from_static(br#","stream_options":{"include_usage":true}"#);
            (vec![Edit::replace(at..at, text)], true)
        }
    }
}

/// Headers that reach an endpoint. Everything else stays here, the client's key above all.
const FORWARDED: [HeaderName; 4] = [
    TRACEPARENT,
    TRACESTATE,
    HeaderName::from_static("openai-beta"),
    HeaderName::from_static("idempotency-key"),
];

/// With a `trace` of ours, endpoints are told of our span in it instead of the caller's.
fn forwarded(headers: &HeaderMap, request_id: &str, trace: Option<&TraceContext>) -> HeaderMap {
    let mut kept = HeaderMap::new();
    for name in &FORWARDED {
        if let Some(value) = headers.get(name) {
            kept.insert(name.clone(), value.clone());
        }
    }
    if let Ok(value) = request_id.parse() {
        kept.insert(HeaderName::from_static("x-request-id"), value);
    }
    if let Some(trace) = trace {
        if trace.parent_id.is_none() {
            // What came with a trace that was not valid belongs to no trace.
            kept.remove(TRACESTATE);
        }
        if let Some(value) = trace.traceparent() {
            kept.insert(TRACEPARENT, value);
        }
    }
    kept
}

impl From<&GatewayError> for Ending {
    fn from(error: &GatewayError) -> Self {
        Self::failed(error.outcome(), error.code())
    }
}

#[cfg(test)]
mod tests {
    use aios_core::{EventId, Timestamp};
    use http::HeaderValue;

    use super::*;

    /// What of a trace reaches an endpoint: its two headers.
    fn traced(traceparent: &str, observed: bool) -> [Option<String>; 2] {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, HeaderValue::from_str(traceparent).unwrap());
        headers.insert(TRACESTATE, HeaderValue::from_static("a=b"));
        headers.insert("authorization", HeaderValue::from_static("Bearer of-the-client"));
        let id = EventId::new(Timestamp::from_micros(0), [7; 10]);
        let trace = observed.then(|| TraceContext::of_request(id, &headers));
        let kept = forwarded(&headers, "req_1", trace.as_ref());
        assert!(!kept.contains_key("authorization"));
        [TRACEPARENT, TRACESTATE].map(|name| Some(kept.get(name)?.to_str().unwrap().to_owned()))
    }

    #[test]
    fn a_trace_is_passed_on_as_it_came_unless_it_is_observed() {
        const VALID: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        for traceparent in [VALID, "strange"] {
            let expected = [traceparent, "a=b"].map(|value| Some(value.to_owned()));
            assert_eq!(traced(traceparent, false), expected);
        }
        let ours = "00-4bf92f3577b34da6a3ce929d0e0e4736-8707070707070707-01".to_owned();
        assert_eq!(traced(VALID, true), [Some(ours), Some("a=b".to_owned())]);
        let [begun, state] = traced("strange", true);
        assert!(begun.unwrap().ends_with("-8707070707070707-01"));
        assert_eq!(state, None, "it belonged to a trace that is not gone on with");
    }
}
