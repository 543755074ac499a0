//! The drill-down: which events there are, page by page, and one of them whole.

use std::ops::ControlFlow;
use std::time::Duration;

use aios_core::{
    Bucket, Event, EventId, Operation, Outcome, Purpose, ResponseEvent, RouteReason, Tier,
    Timestamp,
};
use aios_privacy::Pseudonym;
use aios_store::{Budget, Cursor, DataDir, Index, Row, Search, StoreError, find_event, read_rows};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::scene::Views;
use super::walk::Walk;
use super::words::{Time, Word};
use crate::admin::asked::Asked;
use crate::admin::guard::error;

/// Which events are wanted; what is left out does not matter.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventsAsked {
    /// Admitted at this time or later.
    #[schemars(with = "Option<Time>")]
    since: Option<Timestamp>,
    /// Admitted before this time.
    #[schemars(with = "Option<Time>")]
    until: Option<Timestamp>,
    /// The tier that answered.
    #[schemars(with = "Option<Word<Tier>>")]
    source: Option<Tier>,
    /// The tier that routing chose.
    #[schemars(with = "Option<Word<Tier>>")]
    tier: Option<Tier>,
    /// The conversation's bucket.
    #[schemars(with = "Option<Word<Bucket>>")]
    bucket: Option<Bucket>,
    /// How the request ended.
    #[schemars(with = "Option<Word<Outcome>>")]
    outcome: Option<Outcome>,
    /// What the request was made for.
    #[schemars(with = "Option<Word<Purpose>>")]
    purpose: Option<Purpose>,
    /// Took at least so long.
    latency_ms_min: Option<f64>,
    /// Took at most so long.
    latency_ms_max: Option<f64>,
    /// The conversation's pseudonym.
    conv_id: Option<String>,
    /// Part of question or answer as they are kept, in any letter case.
    text: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// At most so many.
    n: Option<usize>,
}

/// A page of events, the newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EventsPage {
    /// The events.
    events: Vec<EventRow>,
    /// To be sent as `cursor` for what is older; none where there is no more.
    next: Option<String>,
    /// Back to this time everything was looked at: a page may hold few events of a long time, and there may be more.
    #[schemars(with = "Option<Time>")]
    looked_back_to: Option<Timestamp>,
    /// So many events were looked at for it.
    n_looked: usize,
}

/// The narrow facts of one event.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct EventRow {
    /// The event.
    pub(super) event_id: String,
    /// When the request was admitted.
    #[schemars(with = "Time")]
    pub(super) ts: Timestamp,
    /// The conversation's pseudonym.
    pub(super) conv_id: String,
    /// Which API was called.
    #[schemars(with = "Word<Operation>")]
    pub(super) operation: Operation,
    /// The tier that routing chose.
    #[schemars(with = "Word<Tier>")]
    pub(super) tier: Tier,
    /// The tier that answered.
    #[schemars(with = "Option<Word<Tier>>")]
    pub(super) source: Option<Tier>,
    /// The conversation's bucket.
    #[schemars(with = "Word<Bucket>")]
    pub(super) bucket: Bucket,
    /// The boundary that was applied.
    pub(super) boundary: f64,
    /// The message's weight, if it was weighed.
    pub(super) weight: Option<f64>,
    /// How the request ended.
    #[schemars(with = "Word<Outcome>")]
    pub(super) outcome: Outcome,
    /// HTTP status the client got.
    pub(super) status: u16,
    /// From admission to the last byte.
    pub(super) latency_ms: f64,
    /// From admission to the first content.
    pub(super) time_to_first_token_ms: Option<f64>,
    /// Tokens of the prompt.
    pub(super) input_tokens: Option<u64>,
    /// Tokens of the answer.
    pub(super) output_tokens: Option<u64>,
    /// Cost in US dollars.
    pub(super) cost_usd: Option<f64>,
    /// The answer came from a built-in simulated model.
    pub(super) is_simulated: bool,
    /// What the request was made for.
    #[schemars(with = "Word<Purpose>")]
    pub(super) purpose: Purpose,
    /// The start of the question as it is kept, where it could be read at once.
    pub(super) question: Option<String>,
}

/// One event in full.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EventView {
    /// The event as the log has it: see `docs/event-log.md`.
    event: Value,
    /// Why it went where it went, in a sentence.
    why: String,
    /// What somebody said of the answer since, 0 to 1.
    quality: Option<f64>,
}

pub(crate) async fn list(State(views): State<Views>, Asked(asked): Asked<EventsAsked>) -> Response {
    match asked.read() {
        Ok(wanted) => views.show(move |dir, _| wanted.find(dir)).await,
        Err(what) => error(StatusCode::BAD_REQUEST, "bad_query", &what),
    }
}

pub(crate) async fn one(State(views): State<Views>, Path(id): Path<String>) -> Response {
    let Ok(id) = EventId::parse(&id) else {
        return error(StatusCode::BAD_REQUEST, "bad_id", "that is no id of an event");
    };
    let found = views.read(move |dir, scene| {
        let Some(event) = find_event(dir, id, scene.now)? else { return Ok(None) };
        let mut quality = None;
        if let Some(index) = Index::read(dir)? {
            let at = event.at();
            index.seen(at..at.plus(Duration::from_millis(1)), |seen| {
                if seen.event_id == id {
                    quality = seen.quality;
                }
            })?;
        }
        let why = event.response().map(why).unwrap_or_default();
        Ok(Some(EventView { event: json!(event), why, quality }))
    });
    match found.await {
        Ok(Some(view)) => Json(view).into_response(),
        Ok(None) => error(StatusCode::NOT_FOUND, "no_event", "no event of this id is kept"),
        Err(response) => response,
    }
}

/// A search that can be understood.
struct Wanted {
    search: Search,
    /// In lower case.
    text: Option<String>,
    before: Option<Cursor>,
    n: usize,
}

impl EventsAsked {
    fn read(self) -> Result<Wanted, String> {
        let conv = self.conv_id.map(|id| Pseudonym::parse(&id)).transpose();
        let conv = conv.map_err(|_| "conv_id is no pseudonym, such as c1_…".to_owned())?;
        let before = self.cursor.as_deref().map(cursor).transpose()?;
        Ok(Wanted {
            search: Search {
                since: self.since,
                until: self.until,
                tier: self.tier,
                source: self.source,
                bucket: self.bucket,
                outcome: self.outcome,
                purpose: self.purpose,
                latency_ms_min: self.latency_ms_min,
                latency_ms_max: self.latency_ms_max,
                conv,
            },
            text: self.text.filter(|text| !text.is_empty()).map(|text| text.to_lowercase()),
            before,
            n: self.n.unwrap_or(N_DEFAULT).clamp(1, N_MAX),
        })
    }
}

impl Wanted {
    fn find(&self, dir: &DataDir) -> Result<EventsPage, StoreError> {
        let mut budget = Budget::default();
        let none = EventsPage { events: vec![], next: None, looked_back_to: None, n_looked: 0 };
        let Some(index) = Index::read(dir)? else { return Ok(none) };
        let (events, next) = match &self.text {
            None => {
                let page = index.page(&self.search, self.before, self.n, &mut budget)?;
                let events = read_rows(dir, &page.rows, true)?;
                (page.rows.into_iter().zip(events).collect(), page.next)
            }
            Some(text) => self.with_text(dir, &index, text, &mut budget)?,
        };
        let at = |Cursor(ts, _, _): Cursor| Timestamp::from_micros(ts);
        Ok(EventsPage {
            looked_back_to: next.map(at).or(self.search.since),
            next: next.map(|Cursor(ts, seg, offset)| format!("{ts}.{seg}.{offset}")),
            events: events.into_iter().map(row_of).collect(),
            n_looked: budget.n_looked(),
        })
    }

    fn with_text(
        &self,
        dir: &DataDir,
        index: &Index,
        text: &str,
        budget: &mut Budget,
    ) -> Result<Found, StoreError> {
        let mut found = Vec::new();
        let take = |row, event: Option<Event>| {
            if event.as_ref().is_some_and(|event| says(event, text)) {
                found.push((row, event));
            }
            if found.len() < self.n { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let walk = Walk { dir, index, search: &self.search };
        let next = walk.back(self.before, budget, |_| true, take)?;
        Ok((found, next))
    }
}

/// Events with their lines, as far as they were read, and where to go on.
type Found = (Vec<(Row, Option<Event>)>, Option<Cursor>);

/// Events where nobody says how many, and most at once.
const N_DEFAULT: usize = 100;
const N_MAX: usize = 500;

/// Characters of a question in a row.
const QUESTION_MAX: usize = 200;

fn cursor(text: &str) -> Result<Cursor, String> {
    let numbers: Vec<i64> = text.split('.').filter_map(|number| number.parse().ok()).collect();
    match numbers[..] {
        [ts, seg, offset] => Ok(Cursor(ts, seg, offset)),
        _ => Err("cursor is not the `next` of a page".to_owned()),
    }
}

fn says(event: &Event, lower_case: &str) -> bool {
    let Some(event) = event.response() else { return false };
    let texts = [&event.question, &event.response];
    texts.iter().any(|text| text.as_str().to_lowercase().contains(lower_case))
}

/// Rows with the start of their questions, where that can be read at once.
pub(super) fn with_questions(dir: &DataDir, rows: Vec<Row>) -> Result<Vec<EventRow>, StoreError> {
    let events = read_rows(dir, &rows, true)?;
    Ok(rows.into_iter().zip(events).map(row_of).collect())
}

fn row_of((row, event): (Row, Option<Event>)) -> EventRow {
    let question =
        |event: &ResponseEvent| event.question.as_str().chars().take(QUESTION_MAX).collect();
    EventRow { question: event.as_ref().and_then(Event::response).map(question), ..row.into() }
}

impl From<Row> for EventRow {
    fn from(row: Row) -> Self {
        Self {
            event_id: row.event_id.to_string(),
            ts: row.ts,
            conv_id: row.conv.to_string(),
            operation: row.operation,
            tier: row.tier,
            source: row.source,
            bucket: row.bucket,
            boundary: row.boundary,
            weight: row.weight,
            outcome: row.outcome,
            status: row.status,
            latency_ms: row.latency_ms,
            time_to_first_token_ms: row.time_to_first_token_ms,
            input_tokens: row.input_tokens,
            output_tokens: row.output_tokens,
            cost_usd: row.cost_usd,
            is_simulated: row.simulated,
            purpose: row.purpose,
            question: None,
        }
    }
}

fn why(event: &ResponseEvent) -> String {
    let ResponseEvent { tier, bucket, boundary, .. } = event;
    let weight = event.weight.map_or(0.0, aios_core::Weight::get);
    let chosen = match event.route_reason {
        RouteReason::AtOrAboveBoundary => {
            format!("its weight {weight:.3} is at or above {bucket}'s boundary {boundary}: {tier}")
        }
        RouteReason::BelowBoundary => {
            format!("its weight {weight:.3} is below {bucket}'s boundary {boundary}: {tier}")
        }
        RouteReason::PinnedTier => format!("the client asked for {tier}"),
        RouteReason::PinnedModel => format!("the client asked for a model of {tier}"),
        RouteReason::Embeddings => format!("embeddings are made by {tier}"),
        RouteReason::NotRouted => "it came to no routing".to_owned(),
    };
    match event.source {
        Some(source) if source != *tier => format!("{chosen}; {source} answered in its place"),
        Some(_) => chosen,
        None => format!("{chosen}; nobody answered"),
    }
}
