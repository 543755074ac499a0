//! `POST /v1/feedback`: what somebody says of an answer becomes an event in the answer's conversation.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aios_core::{Event, EventId, FeedbackEvent, FeedbackSource, ResponseEvent, SCHEMA_VERSION};
use aios_privacy::RedactionCounts;
use aios_store::Index;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::errors::GatewayError;
use super::relay::ReplyBody;
use super::{Gateway, body, malformed, reply};
use crate::live::{GatewayConfig, Live};

/// Where it is, below `/v1`.
pub(super) const PATH: &str = "/feedback";

/// Largest body, in bytes.
const BODY_MAX: usize = 64 * 1024;

/// Longest label and longest comment that are kept, in bytes.
const LABEL_MAX: usize = 64;
const COMMENT_MAX: usize = 4096;

/// An answer so young may not be on disk yet; how often and after which pause it is looked for.
const JUST_NOW: Duration = Duration::from_secs(10);
const LOOKS: usize = 10;
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Most words on one answer. The last one counts, so that more say nothing; they would only fill the log.
const WORDS_MAX: u32 = 8;

/// Answers whose words are counted; the oldest are forgotten first.
const COUNTED_MAX: usize = 16_384;

/// How often something was said of an answer.
#[derive(Debug)]
pub(crate) struct WordCounts {
    counts: Mutex<BTreeMap<EventId, u32>>,
    /// Turns for looking an answer up.
    look_ups: Semaphore,
}

impl Default for WordCounts {
    fn default() -> Self {
        Self { counts: Mutex::default(), look_ups: Semaphore::new(LOOK_UPS_MAX) }
    }
}

impl WordCounts {
    /// Counts one more word, after so many that are on record; not if there were enough.
    ///
    /// Once as many answers are counted as may be, nothing is taken on one that is older than all of them: it may
    /// be one that was forgotten, with all its words said.
    fn one_more(&self, about: EventId, on_record: u32) -> bool {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() == COUNTED_MAX && !counts.contains_key(&about) {
            // Ids begin with a time.
            if counts.first_key_value().is_some_and(|(oldest, _)| about < *oldest) {
                return false;
            }
            counts.pop_first();
        }
        let n = counts.entry(about).or_insert(on_record);
        if *n >= WORDS_MAX {
            return false;
        }
        *n += 1;
        true
    }

    fn knows(&self, about: EventId) -> bool {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&about)
    }
}

/// Most answers that are looked up at once: each may read a part of the log.
const LOOK_UPS_MAX: usize = 2;

/// Serves one request.
pub(super) async fn serve<B: Body<Data = Bytes> + Unpin>(
    gateway: &Arc<Gateway>,
    request: Request<B>,
) -> Response<ReplyBody> {
    if request.method() != Method::POST {
        let error = GatewayError::MethodNotAllowed { allowed: "POST" };
        return reply::refusal(gateway, &request, &error);
    }
    let (parts, incoming) = request.into_parts();
    match take(gateway, &parts.headers, incoming).await {
        Ok(event_id) => {
            let body = json!({ "object": "feedback", "id": event_id });
            reply::json(StatusCode::OK, body.to_string().into())
        }
        Err(error) => reply::refusal(gateway, &Request::from_parts(parts, ()), &error),
    }
}

async fn take<B: Body<Data = Bytes> + Unpin>(
    gateway: &Arc<Gateway>,
    headers: &http::HeaderMap,
    incoming: B,
) -> Result<EventId, GatewayError> {
    let live = gateway.live.load_full();
    let meter = live.clients.authenticate(headers)?;
    let _admission = meter.as_ref().map(|meter| meter.admit(Instant::now())).transpose()?;
    let config = GatewayConfig { body_max: BODY_MAX, ..live.gateway.clone() };
    let deadline = Instant::now() + config.total_timeout;
    let body = body::read(&config, deadline, headers, incoming).await?;
    let said = Said::read(&body)?;
    let client = meter.as_ref().map(|meter| meter.name());
    let answer = find(gateway, said.about).await?;
    // One client must not learn from another's answers, not even whether there are any.
    let is_theirs = answer.client.as_deref() == client && !gateway.store.refuses(&answer.conv_id);
    if !is_theirs {
        return Err(GatewayError::UnknownEvent);
    }
    let on_record = words_on_record(gateway, said.about).await?;
    if !gateway.words.one_more(said.about, on_record) {
        return Err(GatewayError::EnoughSaid { max: WORDS_MAX });
    }
    let is_good = said.score.is_some_and(|score| score >= live.objectives.quality_min);
    let kept = keep(gateway, &live, said, &answer, client).await?;
    if is_good {
        gateway.memory.confirmed(&answer, gateway.clock.now());
    }
    Ok(kept)
}

/// Whoever speaks of an answer at once is faster than the log: it is waited for a moment.
async fn find(gateway: &Arc<Gateway>, id: EventId) -> Result<ResponseEvent, GatewayError> {
    for _ in 0..LOOKS {
        match find_once(gateway, id).await {
            Err(GatewayError::UnknownEvent) if gateway.clock.now().since(id.at()) < JUST_NOW => {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            found => return found,
        }
    }
    Err(GatewayError::UnknownEvent)
}

/// Scores that were given before this process began to count.
async fn words_on_record(gateway: &Arc<Gateway>, about: EventId) -> Result<u32, GatewayError> {
    if about.at() >= gateway.started_at || gateway.words.knows(about) {
        return Ok(0);
    }
    let Ok(_turn) = gateway.words.look_ups.acquire().await else {
        return Err(GatewayError::Internal);
    };
    let looking = Arc::clone(gateway);
    let counted = tokio::task::spawn_blocking(move || {
        looking.store.catch_up_index()?;
        let index = Index::read(&looking.data_dir)?;
        index.map_or(Ok(0), |index| index.n_scores_by_client(about))
    });
    match counted.await {
        Ok(Ok(n)) => Ok(n),
        Ok(Err(error)) => {
            tracing::error!(%error, "what was said of an answer could not be counted");
            Err(GatewayError::Internal)
        }
        Err(_panicked) => Err(GatewayError::Internal),
    }
}

async fn find_once(gateway: &Arc<Gateway>, id: EventId) -> Result<ResponseEvent, GatewayError> {
    let Ok(_turn) = gateway.words.look_ups.acquire().await else {
        return Err(GatewayError::Internal);
    };
    let (dir, now) = (Arc::clone(&gateway.data_dir), gateway.clock.now());
    let found = tokio::task::spawn_blocking(move || aios_store::find_event(&dir, id, now)).await;
    match found {
        Ok(Ok(event)) => {
            event.as_ref().and_then(Event::response).cloned().ok_or(GatewayError::UnknownEvent)
        }
        Ok(Err(error)) => {
            tracing::error!(%error, "an answer could not be looked up");
            Err(GatewayError::Internal)
        }
        Err(_panicked) => Err(GatewayError::Internal),
    }
}

async fn keep(
    gateway: &Arc<Gateway>,
    live: &Live,
    said: Said,
    answer: &ResponseEvent,
    client: Option<&str>,
) -> Result<EventId, GatewayError> {
    let full = |why: String| GatewayError::EventLogFull { why };
    let slot = gateway.store.reserve().await.map_err(|error| full(error.to_string()))?;
    let mut counts = RedactionCounts::default();
    let mut redact = |text: &str, max: usize| {
        let redacted = live.redact(text, max);
        gateway.metrics.privacy.logged_text(&live.policy, text.len().min(max), &redacted);
        counts.merge(&redacted.counts);
        redacted.text
    };
    let (label, comment) = (redact(&said.label, LABEL_MAX), redact(&said.comment, COMMENT_MAX));
    let ts = gateway.clock.now();
    let event_id = EventId::new(ts, gateway.random());
    let commit = slot.append(Event::Feedback(Box::new(FeedbackEvent {
        schema_version: SCHEMA_VERSION.into(),
        event_id,
        ts,
        about: said.about,
        conv_id: answer.conv_id.clone(),
        subject: answer.subject.clone(),
        client: client.map(str::to_owned),
        source: FeedbackSource::Client,
        score: said.score,
        label,
        comment,
        tokens: None,
        redactions: counts,
    })));
    if commit.needs_wait() {
        let not_kept = |why: String| GatewayError::EventNotKept { why };
        commit.durable().await.map_err(|error| not_kept(error.to_string()))?;
    }
    Ok(event_id)
}

/// What was said.
#[derive(Debug, PartialEq)]
struct Said {
    about: EventId,
    score: Option<f64>,
    label: String,
    comment: String,
}

impl Said {
    fn read(body: &[u8]) -> Result<Self, GatewayError> {
        let invalid = |message: String| GatewayError::BadRequest {
            message,
            param: None,
            code: Some("invalid_json"),
        };
        let read = serde_json::from_slice(body);
        let fields: Map<String, Value> = read
            .map_err(|error| malformed::told(&error))
            .map_err(|why| invalid(format!("The request body is not a JSON object: {why}.")))?;
        const KNOWN: [&str; 4] = ["event_id", "score", "label", "comment"];
        // Not by its name, which may be anybody's words: clients write errors into their logs.
        if fields.keys().any(|name| !KNOWN.contains(&name.as_str())) {
            let known = KNOWN.join(", ");
            return Err(invalid(format!(
                "Unrecognized request argument supplied; {known} are known."
            )));
        }
        let about = event_id(text(&fields, "event_id", BODY_MAX)?)?;
        let label = text(&fields, "label", LABEL_MAX)?.unwrap_or_default().to_owned();
        let comment = text(&fields, "comment", COMMENT_MAX)?.unwrap_or_default().to_owned();
        let score = match score(&fields)? {
            None => score_of(&label),
            score => score,
        };
        if score.is_none() && label.is_empty() && comment.is_empty() {
            let message = "One of 'score', 'label' and 'comment' must say something.";
            return Err(GatewayError::bad_param(message, "score"));
        }
        Ok(Self { about, score, label, comment })
    }
}

/// What a label says where no score does.
fn score_of(label: &str) -> Option<f64> {
    match label {
        "good" => Some(1.0),
        "bad" => Some(0.0),
        _ => None,
    }
}

fn text<'a>(
    fields: &'a Map<String, Value>,
    name: &'static str,
    max: usize,
) -> Result<Option<&'a str>, GatewayError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.len() <= max => Ok(Some(text)),
        Some(Value::String(_)) => {
            Err(GatewayError::bad_param(format!("'{name}' is longer than {max} bytes."), name))
        }
        Some(_) => Err(GatewayError::bad_param(format!("'{name}' must be a string."), name)),
    }
}

fn event_id(text: Option<&str>) -> Result<EventId, GatewayError> {
    let id = text.and_then(|text| EventId::parse(text).ok());
    id.ok_or_else(|| {
        let message =
            "'event_id' must be the id in an answer's header x-aios-event-id, which is a UUID.";
        GatewayError::bad_param(message, "event_id")
    })
}

fn score(fields: &Map<String, Value>) -> Result<Option<f64>, GatewayError> {
    let value = match fields.get("score") {
        None | Some(Value::Null) => return Ok(None),
        Some(value) => value.as_f64().filter(|score| (0.0..=1.0).contains(score)),
    };
    let wrong = || GatewayError::bad_param("'score' must be a number from 0 to 1.", "score");
    value.map(Some).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_one_answer_enough_is_said_at_some_time() {
        let counts = WordCounts::default();
        let id = |n: i64| EventId::new(aios_core::Timestamp::from_micros(n * 1_000), [0; 10]);
        let n_taken = (0..20).filter(|_| counts.one_more(id(1), 0)).count();
        assert_eq!((n_taken, counts.one_more(id(2), 0)), (8, true));
        (3..=COUNTED_MAX as i64 + 2).for_each(|n| assert!(counts.one_more(id(n), 0)));
        let n_counted = || counts.counts.lock().unwrap().len();
        assert_eq!(n_counted(), COUNTED_MAX);
        // The first one is forgotten when one more comes; it has no word then, nor has one that is older still.
        assert!(counts.one_more(id(COUNTED_MAX as i64 + 3), 0));
        assert!(
            !counts.one_more(id(1), 0) && !counts.one_more(id(2), 0) && !counts.one_more(id(0), 0)
        );
        assert!(counts.one_more(id(COUNTED_MAX as i64 + 4), 0));
        assert_eq!(n_counted(), COUNTED_MAX);
    }

    const ID: &str = "0192f0c4-7b00-7000-8000-000000000001";

    fn check(fields: &str, expect: Result<Option<f64>, &str>) {
        let read = Said::read(format!("{{\"event_id\": \"{ID}\"{fields}}}").as_bytes());
        match (read, expect) {
            (Ok(said), Ok(score)) => assert_eq!(said.score, score, "{fields}"),
            (Err(error), Err(expect)) => {
                assert!(error.message().contains(expect), "{}", error.message());
            }
            (read, expect) => panic!("{fields}: {read:?}, not {expect:?}"),
        }
    }

    #[test]
    fn feedback_says_something_that_can_be() {
        check(r#", "score": 0.25"#, Ok(Some(0.25)));
        check(r#", "score": 1, "label": "bad""#, Ok(Some(1.0)));
        check(r#", "label": "bad""#, Ok(Some(0.0)));
        check(r#", "label": "too long""#, Ok(None));
        check(r#", "score": null, "comment": "It is Lyon.""#, Ok(None));
        check("", Err("must say something"));
        check(r#", "score": 1.5"#, Err("from 0 to 1"));
        check(r#", "score": "good""#, Err("from 0 to 1"));
        check(r#", "label": 7"#, Err("'label' must be a string"));
        check(&format!(r#", "label": "{}""#, "x".repeat(65)), Err("longer than 64 bytes"));
        check(
            r#", "rating": 5"#,
            Err(
                "Unrecognized request argument supplied; event_id, score, label, comment are known",
            ),
        );
        for body in ["", "[]", "{", "{\"event_id\": 7}", "{\"event_id\": \"x\", \"score\": 1}"] {
            assert!(Said::read(body.as_bytes()).is_err(), "{body}");
        }
    }
}
