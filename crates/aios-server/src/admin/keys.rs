//! The pseudonyms' key over HTTP.

use std::sync::Arc;

use aios_store::{KeyUse, StoreError};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::AdminState;
use super::guard::error;
use super::trail::off_the_loop;

/// Name of the pseudonyms' key.
const PSEUDONYMS: &str = "pseudonyms";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Retired {
    version: u16,
}

/// Makes the next version. Events use it from the next start on: until then every part of the server
/// goes on with the one that it began with.
pub(super) async fn rotate(State(state): State<AdminState>) -> Response {
    let dir = Arc::clone(&state.data_dir);
    match off_the_loop(move || dir.rotate_key(PSEUDONYMS)).await {
        Ok(version) => Json(json!({ "version": version })).into_response(),
        Err(response) => response,
    }
}

/// Removes a version that nothing stored uses any more, and that this server does not use.
pub(super) async fn retire(
    State(state): State<AdminState>,
    Json(Retired { version }): Json<Retired>,
) -> Response {
    if state.keyring.current().version() == version {
        let why = "events of this server use it until it is restarted";
        return error(StatusCode::CONFLICT, "in_use", why);
    }
    if !state.keyring.versions().any(|known| known == version) {
        let why = format!("the key has no version {version}; `aios keys list` lists them");
        return error(StatusCode::NOT_FOUND, "no_such_version", &why);
    }
    let dir = Arc::clone(&state.data_dir);
    let retired = off_the_loop(move || {
        let n_stored = KeyUse::count(&dir)?.of(version);
        if n_stored == 0 {
            dir.retire_key(PSEUDONYMS, version)?;
        }
        Ok::<_, StoreError>(n_stored)
    });
    match retired.await {
        Ok(0) => Json(json!({ "retired": version })).into_response(),
        Ok(n) => {
            let why = format!("{n} stored pseudonyms were made under it");
            error(StatusCode::CONFLICT, "in_use", &why)
        }
        Err(response) => response,
    }
}
