//! The night's work at once, over HTTP.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::Deserialize;

use super::AdminState;
use super::asked::Body;
use super::auth::Caller;
use super::guard::error;
use super::trail::off_the_loop;
use crate::nightly::step_names;

/// How the night's work is to be done.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NightAsked {
    /// Only say what would be done.
    #[serde(default)]
    dry_run: bool,
    /// Only this step.
    #[serde(default)]
    only: Option<String>,
}

pub(super) async fn run(
    State(state): State<AdminState>,
    Extension(caller): Extension<Caller>,
    Body(asked): Body<NightAsked>,
) -> Response {
    let NightAsked { dry_run, only } = asked;
    if only.as_ref().is_some_and(|only| !step_names().any(|step| step == only)) {
        let steps = step_names().collect::<Vec<_>>().join(", ");
        let why = format!("there is no such step of the night; there are {steps}");
        return error(StatusCode::BAD_REQUEST, "unknown_step", &why);
    }
    let nightly = Arc::clone(&state.nightly);
    match off_the_loop(move || Ok(nightly.run(&caller.actor(), dry_run, only))).await {
        Ok(Some(report)) => Json(report).into_response(),
        Ok(None) => {
            let why = "the night's work is under way already; its report is in the server's log";
            error(StatusCode::CONFLICT, "nightly_running", why)
        }
        Err(response) => response,
    }
}
