//! The memory over HTTP: whoever owns the data directory is the one to change it.
//!
//! Ids and questions come in bodies, so that they stand in no address and no log.

use std::sync::Arc;

use aios_core::Timestamp;
use aios_memory::{Language, Query, Unit};
use aios_store::{MemoryStore, Revised, StoreError};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::AdminState;
use super::asked::Body;
use super::guard::error;
use super::trail::off_the_loop;
use crate::given::{Given, Part, keep_given};

/// Fragments that are to be kept.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToKeep {
    fragments: Vec<Given>,
}

/// A question.
#[derive(Debug, Deserialize)]
pub(super) struct Question {
    question: String,
    #[serde(flatten)]
    part: Part,
    #[serde(default = "five")]
    k: usize,
    /// Single fragments, without the turns around them.
    #[serde(default)]
    turns: bool,
    #[serde(default)]
    words_max: Option<usize>,
}

const fn five() -> usize {
    5
}

/// Whether it is to be done, or only shown.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Execute {
    #[serde(default)]
    execute: bool,
}

/// The language whose words are read; without it the one in force.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    #[serde(default)]
    language: Option<String>,
}

/// Whether a fragment stays whatever its age.
#[derive(Debug, Deserialize)]
pub(super) struct ToPin {
    #[serde(flatten)]
    part: Part,
    id: String,
    stays: bool,
}

/// A fragment that has taken another's place.
#[derive(Debug, Deserialize)]
pub(super) struct ToSupersede {
    #[serde(flatten)]
    part: Part,
    earlier: String,
    later: String,
}

pub(super) async fn add(State(state): State<AdminState>, Body(asked): Body<ToKeep>) -> Response {
    let (ring, config) =
        (Arc::clone(&state.keyring), Arc::clone(&state.gateway.live.load().memory));
    let keep = move |memory: &MemoryStore, now| {
        Ok(json!({ "added": keep_given(memory, &ring, &config, now, asked.fragments)? }))
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
        Ok(json!({ "results": memory.search(&scope, &query)? }))
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
    let work = |memory: &MemoryStore, _| Ok(json!({ "n_restored": memory.restore_archived()? }));
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
        let n = memory.rebuild(language)?;
        let generation = memory.stats()?.generation;
        Ok(json!({ "n_fragments": n, "language": language.name(), "generation": generation }))
    };
    state.remembering(work).await
}

pub(super) async fn pin(State(state): State<AdminState>, Body(asked): Body<ToPin>) -> Response {
    let Some(scope) = asked.part.scope(&state.keyring) else { return no_part() };
    state.remembering(move |memory, _| revised(memory.pin(&scope, &asked.id, asked.stays)?)).await
}

pub(super) async fn supersede(
    State(state): State<AdminState>,
    Body(asked): Body<ToSupersede>,
) -> Response {
    let Some(scope) = asked.part.scope(&state.keyring) else { return no_part() };
    let work = move |memory: &MemoryStore, _| {
        revised(memory.supersede(&scope, &asked.earlier, &asked.later)?)
    };
    state.remembering(work).await
}

fn revised(revised: Revised) -> Result<serde_json::Value, StoreError> {
    Ok(json!({ "revised": revised }))
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
