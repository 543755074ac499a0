//! The event log's housekeeping over HTTP: whoever owns the data directory is the one to do it.

use std::sync::Arc;

use aios_store::{Holds, NewHold, Rotate, StoreError};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::AdminState;
use super::guard::error;
use super::trail::off_the_loop;

/// How to rotate; what is left out is false.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RotateAsked {
    #[serde(default)]
    seal: bool,
    #[serde(default)]
    force: bool,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct ReleaseAsked {
    id: String,
}

pub(super) async fn rotate(
    State(state): State<AdminState>,
    Json(asked): Json<RotateAsked>,
) -> Response {
    let (store, now) = (Arc::clone(&state.gateway.store), state.gateway.clock.now());
    let RotateAsked { seal, force, dry_run } = asked;
    let rotate = Rotate { seal, force, dry_run };
    match off_the_loop(move || store.rotate(now, rotate)).await {
        Ok(rotated) => Json(rotated).into_response(),
        Err(response) => response,
    }
}

pub(super) async fn reindex(State(state): State<AdminState>) -> Response {
    let store = Arc::clone(&state.gateway.store);
    match off_the_loop(move || store.reindex()).await {
        Ok(caught_up) => Json(caught_up).into_response(),
        Err(response) => response,
    }
}

pub(super) async fn holds(State(state): State<AdminState>) -> Response {
    let dir = Arc::clone(&state.data_dir);
    match off_the_loop(move || Holds::of(&dir).list()).await {
        Ok(holds) => Json(json!({ "holds": holds })).into_response(),
        Err(response) => response,
    }
}

pub(super) async fn hold(State(state): State<AdminState>, Json(new): Json<NewHold>) -> Response {
    let (dir, now) = (Arc::clone(&state.data_dir), state.gateway.clock.now());
    match off_the_loop(move || Holds::of(&dir).add(new, now)).await {
        Ok(hold) => Json(hold).into_response(),
        Err(response) => response,
    }
}

pub(super) async fn release(
    State(state): State<AdminState>,
    Json(asked): Json<ReleaseAsked>,
) -> Response {
    let id = match asked.id.parse() {
        Ok(id) => id,
        Err(expected) => return error(StatusCode::BAD_REQUEST, "bad_hold", expected),
    };
    let dir = Arc::clone(&state.data_dir);
    let released = off_the_loop(move || match Holds::of(&dir).release(id) {
        Ok(hold) => Ok(Some(hold)),
        Err(StoreError::NoHold { .. }) => Ok(None),
        Err(error) => Err(error),
    });
    match released.await {
        Ok(Some(hold)) => Json(hold).into_response(),
        Ok(None) => error(StatusCode::NOT_FOUND, "no_hold", &format!("there is no hold {id}")),
        Err(response) => response,
    }
}
