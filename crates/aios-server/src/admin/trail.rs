//! The audit trail over HTTP.

use aios_store::{StoreError, audit_tail, verify_audit};
use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::AdminState;
use super::guard::error;

/// Entries shown where nobody says how many.
const N_DEFAULT: usize = 20;

/// Most entries shown at once.
const N_MAX: usize = 1000;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    n: Option<usize>,
}

pub(super) async fn tail(State(state): State<AdminState>, asked: Query<Asked>) -> Response {
    let n = asked.n.unwrap_or(N_DEFAULT).min(N_MAX);
    let dir = std::sync::Arc::clone(&state.data_dir);
    match off_the_loop(move || audit_tail(&dir, n)).await {
        Ok(entries) => Json(json!({ "entries": entries })).into_response(),
        Err(response) => response,
    }
}

pub(super) async fn verify(State(state): State<AdminState>) -> Response {
    let dir = std::sync::Arc::clone(&state.data_dir);
    match off_the_loop(move || verify_audit(&dir, &[])).await {
        Ok(Ok(verified)) => Json(json!({ "ok": true, "verified": verified })).into_response(),
        Ok(Err(fault)) => Json(json!({ "ok": false, "fault": fault })).into_response(),
        Err(response) => response,
    }
}

/// Runs what reads the disk where it holds up nobody.
pub(super) async fn off_the_loop<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Response> {
    let failed = |why: String| error(StatusCode::INTERNAL_SERVER_ERROR, "store_failed", &why);
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| failed(error.to_string())),
        Err(panicked) => Err(failed(panicked.to_string())),
    }
}
