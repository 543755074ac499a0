//! The audit trail over HTTP.

use aios_privacy::Pseudonym;
use aios_store::{
    AuditAction, AuditEntry, AuditFault, AuditVerdict, AuditVerified, StoreError, audit_tail,
};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::AdminState;
use super::asked::{Asked, Body};
use super::auth::Caller;
use super::guard::error;
use super::shape::audit as shape;

/// Entries shown where nobody says how many.
const N_DEFAULT: usize = 20;

/// Most entries shown at once.
const N_MAX: usize = 1000;

/// How much of the trail is asked for.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct TailAsked {
    /// At most so many entries; without it 20, and never more than 1,000.
    n: Option<usize>,
}

/// The end of the audit trail.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Trail {
    /// The newest entries, the oldest of them first.
    #[schemars(with = "Vec<shape::AuditEntry>")]
    entries: Vec<AuditEntry>,
}

/// What checking the audit trail came to.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct AuditChecked {
    /// It is whole.
    ok: bool,
    /// What was checked, where all that is there is sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<shape::AuditVerified>")]
    verified: Option<AuditVerified>,
    /// Where it is not as it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<shape::AuditFault>")]
    fault: Option<AuditFault>,
    /// Nobody knows how far it had come: it is of a version that had no head.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    headless: bool,
    /// There is no entry and no checkpoint: nothing was shown.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    no_data: bool,
}

/// It was done, and there is nothing to tell of it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Done {}

pub(super) async fn tail(
    State(state): State<AdminState>,
    Asked(asked): Asked<TailAsked>,
) -> Response {
    let n = asked.n.unwrap_or(N_DEFAULT).min(N_MAX);
    let dir = std::sync::Arc::clone(&state.data_dir);
    match off_the_loop(move || audit_tail(&dir, n)).await {
        Ok(entries) => Json(Trail { entries }).into_response(),
        Err(response) => response,
    }
}

pub(super) async fn verify(State(state): State<AdminState>) -> Response {
    let audit = std::sync::Arc::clone(&state.audit);
    let verdict = match off_the_loop(move || audit.verify()).await {
        Ok(verdict) => verdict,
        Err(response) => return response,
    };
    let none = AuditChecked::default();
    let checked = match verdict {
        AuditVerdict::Sound(verified) => {
            AuditChecked { ok: true, verified: Some(verified), ..none }
        }
        AuditVerdict::Bad(fault) => AuditChecked { fault: Some(fault), ..none },
        AuditVerdict::Headless(verified) => {
            AuditChecked { headless: true, verified: Some(verified), ..none }
        }
        AuditVerdict::NoData => AuditChecked { no_data: true, ..none },
    };
    Json(checked).into_response()
}

/// What a search by a command, which reads the files itself, has found.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FoundSaid {
    /// Of whom.
    #[schemars(with = "Vec<String>")]
    subjects: Vec<Pseudonym>,
    /// Events that were found.
    n_events: u64,
}

pub(super) async fn found(
    State(state): State<AdminState>,
    Extension(caller): Extension<Caller>,
    Body(FoundSaid { subjects, n_events }): Body<FoundSaid>,
) -> Response {
    match state.record(&caller.actor(), AuditAction::Found { subjects, n_events }).await {
        Ok(()) => Json(Done {}).into_response(),
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
