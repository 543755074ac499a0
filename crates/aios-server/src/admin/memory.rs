//! The memory over HTTP: whoever owns the data directory is the one to change it.
//!
//! Ids and questions come in bodies, so that they stand in no address and no log.

use std::sync::Arc;

use aios_core::Timestamp;
use aios_memory::{Language, Query, Unit};
use aios_store::{Added, MemoryStore, Recalled, Revised, StoreError};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::AdminState;
use super::asked::Body;
use super::guard::error;
use super::shape::{Word, memory as shape};
use super::trail::off_the_loop;
use crate::given::{Given, Part, keep_masked};

/// Fragments that are to be kept.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ToKeep {
    /// Each of them.
    fragments: Vec<Given>,
}

/// A question.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Question {
    /// What is asked.
    question: String,
    #[serde(flatten)]
    part: Part,
    /// At most so many results.
    #[serde(default = "five")]
    k: usize,
    /// Single fragments, without the turns around them.
    #[serde(default)]
    turns: bool,
    /// At most so many words in all results together; without it 950, and no bound with `turns`.
    #[serde(default)]
    words_max: Option<usize>,
}

const fn five() -> usize {
    5
}

/// Whether it is to be done, or only shown.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Execute {
    /// It is done; else it is only looked at.
    #[serde(default)]
    execute: bool,
}

/// The language whose words are read; without it the one in force.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    /// Its name.
    #[serde(default)]
    language: Option<String>,
}

/// Whether a fragment stays whatever its age.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct ToPin {
    #[serde(flatten)]
    part: Part,
    /// The fragment, by the caller's id or by `m` and its number.
    id: String,
    /// It stays.
    stays: bool,
}

/// A fragment that has taken another's place.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct ToSupersede {
    #[serde(flatten)]
    part: Part,
    /// The one that is found no more.
    earlier: String,
    /// The one that has taken its place.
    later: String,
}

/// What became of fragments.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FragmentsKept {
    /// Of each, in their order.
    #[schemars(with = "Vec<shape::Added>")]
    added: Vec<Added>,
}

/// What was found.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FragmentsFound {
    /// The best first.
    #[schemars(with = "Vec<shape::Recalled>")]
    results: Vec<Recalled>,
}

/// Fragments that had been put away are found again.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Restored {
    /// How many.
    n_restored: usize,
}

/// What is derived from texts was made anew.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Rebuilt {
    /// Fragments.
    n_fragments: u64,
    /// The language of the words.
    language: &'static str,
    /// How often it was made by now.
    generation: u64,
}

/// What was said of a fragment.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FragmentRevised {
    /// What came of it.
    #[schemars(with = "Word<Revised>")]
    revised: Revised,
}

pub(super) async fn add(State(state): State<AdminState>, Body(asked): Body<ToKeep>) -> Response {
    let (ring, config) =
        (Arc::clone(&state.keyring), Arc::clone(&state.gateway.live.load().memory));
    let metrics = Arc::clone(&state.gateway.metrics);
    let keep = move |memory: &MemoryStore, now| {
        let mask = |text: &str| config.kept(text, &metrics.privacy);
        Ok(FragmentsKept { added: keep_masked(memory, &ring, mask, now, asked.fragments)? })
    };
    let gateway = Arc::clone(&state.gateway);
    let kept = state.remembering(keep).await;
    gateway.memory.has_news();
    kept
}

pub(super) async fn search(
    State(state): State<AdminState>,
    Body(asked): Body<Question>,
) -> Response {
    let Some(scope) = asked.part.scope(&state.keyring) else { return no_part() };
    let find = move |memory: &MemoryStore, now| {
        let mut query = memory.query(&asked.question, now);
        query.k = asked.k;
        let (unit, words) = match asked.turns {
            true => (Unit::Turn, usize::MAX),
            false => (Unit::Span, Query::WORDS_MAX),
        };
        (query.unit, query.words_max) = (unit, asked.words_max.unwrap_or(words));
        Ok(FragmentsFound { results: memory.search(&scope, &query)? })
    };
    state.remembering(find).await
}

pub(super) async fn stats(State(state): State<AdminState>) -> Response {
    state.remembering(|memory, _| memory.stats()).await
}

pub(super) async fn dedup(State(state): State<AdminState>, Body(asked): Body<Execute>) -> Response {
    let work = move |memory: &MemoryStore, _| match asked.execute {
        true => memory.merge_copies(),
        false => memory.find_copies(),
    };
    state.remembering(work).await
}

pub(super) async fn decay(State(state): State<AdminState>, Body(asked): Body<Execute>) -> Response {
    let work = move |memory: &MemoryStore, now| match asked.execute {
        true => memory.archive_idle(now),
        false => memory.find_idle(now),
    };
    state.remembering(work).await
}

pub(super) async fn restore(State(state): State<AdminState>) -> Response {
    let work = |memory: &MemoryStore, _| Ok(Restored { n_restored: memory.restore_archived()? });
    state.remembering(work).await
}

pub(super) async fn rebuild(State(state): State<AdminState>, Body(asked): Body<Words>) -> Response {
    let language = match asked.language.as_deref().map(|name| (name, Language::of_name(name))) {
        None => None,
        Some((_, Some(language))) => Some(language),
        Some((name, None)) => {
            let why = format!("there are no words of \"{name}\" here");
            return error(StatusCode::BAD_REQUEST, "bad_language", &why);
        }
    };
    let work = move |memory: &MemoryStore, _| {
        let language = language.unwrap_or_else(|| memory.analyzer().language());
        let n_fragments = memory.rebuild(language)?;
        let generation = memory.stats()?.generation;
        Ok(Rebuilt { n_fragments, language: language.name(), generation })
    };
    state.remembering(work).await
}

pub(super) async fn pin(State(state): State<AdminState>, Body(asked): Body<ToPin>) -> Response {
    let Some(scope) = asked.part.scope(&state.keyring) else { return no_part() };
    let work = move |memory: &MemoryStore, _| {
        Ok(FragmentRevised { revised: memory.pin(&scope, &asked.id, asked.stays)? })
    };
    state.remembering(work).await
}

pub(super) async fn supersede(
    State(state): State<AdminState>,
    Body(asked): Body<ToSupersede>,
) -> Response {
    let Some(scope) = asked.part.scope(&state.keyring) else { return no_part() };
    let work = move |memory: &MemoryStore, _| {
        Ok(FragmentRevised { revised: memory.supersede(&scope, &asked.earlier, &asked.later)? })
    };
    state.remembering(work).await
}

fn no_part() -> Response {
    let why = "name exactly one of conv_id, subject and shared";
    error(StatusCode::BAD_REQUEST, "not_one", why)
}

impl AdminState {
    /// Works with the memory where it holds up nobody.
    async fn remembering<T: Serialize + Send + 'static>(
        self,
        work: impl FnOnce(&MemoryStore, Timestamp) -> Result<T, StoreError> + Send + 'static,
    ) -> Response {
        let (opened, now) = (Arc::clone(&self.gateway.memory.opened), self.gateway.clock.now());
        match off_the_loop(move || work(&opened.store()?, now)).await {
            Ok(done) => Json(done).into_response(),
            Err(response) => response,
        }
    }
}
