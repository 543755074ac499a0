//! The canary over HTTP.

use std::sync::Arc;

use aios_core::Reason;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;

use super::AdminState;
use super::asked::Body;
use super::guard::error;
use crate::canary::{CanaryError, Desk, Report, Wish};

/// What to look at; what is left out is looked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LookAsked {
    /// A golden report to go by; without it the last one that was made.
    #[serde(default)]
    report: Option<Report>,
    /// Only if the canary is of this version.
    #[serde(default)]
    if_version: Option<u64>,
}

/// A new rollout.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ResetAsked {
    /// The share in treatment that it begins with, in percent.
    #[schemars(with = "f64")]
    start_pct: aios_core::Percent,
    /// Why, for the record.
    #[serde(default)]
    #[schemars(with = "String")]
    reason: Reason,
    /// Only if the canary is of this version.
    #[serde(default)]
    if_version: Option<u64>,
}

/// Why, and from which version on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StepAsked {
    /// Why, for the record.
    #[serde(default)]
    #[schemars(with = "String")]
    reason: Reason,
    /// Only if the canary is of this version.
    #[serde(default)]
    if_version: Option<u64>,
}

pub(super) async fn status(State(state): State<AdminState>) -> Response {
    Json(&*state.desk.keeper.standing()).into_response()
}

pub(super) async fn check(
    State(state): State<AdminState>,
    Body(asked): Body<LookAsked>,
) -> Response {
    let LookAsked { report, if_version } = asked;
    answer(state.desk, move |desk| desk.look(report.as_ref(), if_version)).await
}

pub(super) async fn reset(
    State(state): State<AdminState>,
    Body(asked): Body<ResetAsked>,
) -> Response {
    let ResetAsked { start_pct, reason, if_version } = asked;
    wish(state.desk, Wish::Reset(start_pct), StepAsked { reason, if_version }).await
}

pub(super) async fn hold(
    State(state): State<AdminState>,
    Body(asked): Body<StepAsked>,
) -> Response {
    wish(state.desk, Wish::Hold, asked).await
}

pub(super) async fn resume(
    State(state): State<AdminState>,
    Body(asked): Body<StepAsked>,
) -> Response {
    wish(state.desk, Wish::Resume, asked).await
}

pub(super) async fn approve(
    State(state): State<AdminState>,
    Body(asked): Body<StepAsked>,
) -> Response {
    let stages = state.desk.config.borrow().canary.policy.stages;
    wish(state.desk, Wish::Approve(stages), asked).await
}

async fn wish(desk: Arc<Desk>, wish: Wish, asked: StepAsked) -> Response {
    let StepAsked { reason, if_version } = asked;
    let decide = move |desk: &Desk| desk.decide(wish, reason.as_str(), if_version);
    answer(desk, move |desk| decide(desk).map(|standing| (*standing).clone())).await
}

/// Works at the disk, off the loop.
async fn answer<T: serde::Serialize + Send + 'static>(
    desk: Arc<Desk>,
    work: impl FnOnce(&Desk) -> Result<T, CanaryError> + Send + 'static,
) -> Response {
    match tokio::task::spawn_blocking(move || work(&desk)).await {
        Ok(Ok(done)) => Json(done).into_response(),
        Ok(Err(why)) => error(status_of(&why), why.code(), &why.to_string()),
        Err(panicked) => error(StatusCode::INTERNAL_SERVER_ERROR, "panic", &panicked.to_string()),
    }
}

const fn status_of(why: &CanaryError) -> StatusCode {
    match why {
        CanaryError::Conflict { .. }
        | CanaryError::Fault(_)
        | CanaryError::Disabled
        | CanaryError::NoNextStage { .. } => StatusCode::CONFLICT,
        CanaryError::Gate(_) => StatusCode::BAD_REQUEST,
        CanaryError::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
