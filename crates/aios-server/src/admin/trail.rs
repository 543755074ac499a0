//! The audit trail over HTTP.

use aios_privacy::Pseudonym;
use aios_store::{AuditAction, AuditVerdict, StoreError, audit_tail};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::json;

use super::AdminState;
use super::asked::{Asked, Body};
use super::auth::Caller;
use super::guard::error;

/// Entries shown where nobody says how many.
const N_DEFAULT: usize = 20;

/// Most entries shown at once.
const N_MAX: usize = 1000;

#[derive(Debug, Deserialize)]
pub(super) struct TailAsked {
    n: Option<usize>,
}

pub(super) async fn tail(
    State(state): State<AdminState>,
    Asked(asked): Asked<TailAsked>,
) -> Response {
    let n = asked.n.unwrap_or(N_DEFAULT).min(N_MAX);
    let dir = std::sync::Arc::clone(&state.data_dir);
    match off_the_loop(move || audit_tail(&dir, n)).await {
        Ok(entries) => Json(json!({ "entries": entries })).into_response(),
        Err(response) => response,
    }
}

pub(super) async fn verify(State(state): State<AdminState>) -> Response {
    let audit = std::sync::Arc::clone(&state.audit);
    let verdict = match off_the_loop(move || audit.verify()).await {
        Ok(verdict) => verdict,
        Err(response) => return response,
    };
    let verdict = match verdict {
        AuditVerdict::Sound(verified) => json!({ "ok": true, "verified": verified }),
        AuditVerdict::Bad(fault) => json!({ "ok": false, "fault": fault }),
        AuditVerdict::Headless(verified) => {
            json!({ "ok": false, "headless": true, "verified": verified })
        }
        AuditVerdict::NoData => json!({ "ok": false, "no_data": true }),
    };
    Json(verdict).into_response()
}

/// What a search by a command, which reads the files itself, has found.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FoundSaid {
    subjects: Vec<Pseudonym>,
    n_events: u64,
}

pub(super) async fn found(
    State(state): State<AdminState>,
    Extension(caller): Extension<Caller>,
    Body(FoundSaid { subjects, n_events }): Body<FoundSaid>,
) -> Response {
    match state.record(&caller.actor(), AuditAction::Found { subjects, n_events }).await {
        Ok(()) => Json(json!({})).into_response(),
        Err(why) => error(StatusCode::INTERNAL_SERVER_ERROR, "audit_failed", &why),
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
