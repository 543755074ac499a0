//! The night's work at once, over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::AdminState;
use super::guard::error;
use super::trail::off_the_loop;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(default)]
    dry_run: bool,
}

pub(super) async fn run(State(state): State<AdminState>, Json(asked): Json<Asked>) -> Response {
    let nightly = Arc::clone(&state.nightly);
    match off_the_loop(move || Ok(nightly.run(asked.dry_run))).await {
        Ok(Some(report)) => Json(report).into_response(),
        Ok(None) => {
            let why = "the night's work is under way already; its report is in the server's log";
            error(StatusCode::CONFLICT, "nightly_running", why)
        }
        Err(response) => response,
    }
}
