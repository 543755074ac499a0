//! How a browser gets in.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY, SET_COOKIE};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::AdminState;
use super::asked::Asked;
use super::auth::Caller;
use super::guard::error;

#[derive(Debug, Deserialize)]
pub(super) struct Visit {
    /// The code of a link.
    token: Option<String>,
}

/// The first page. With a link's code: exchanges it for a session, and leaves the address without it.
pub(super) async fn index(State(state): State<AdminState>, Asked(visit): Asked<Visit>) -> Response {
    let Some(code) = &visit.token else {
        return "AIOS admin: /status  /metrics  /healthz  /readyz\n".into_response();
    };
    match state.auth.redeem(code, Instant::now()) {
        Some(cookie) => (
            StatusCode::SEE_OTHER,
            [
                (SET_COOKIE, cookie.as_str()),
                (LOCATION, "/"),
                (CACHE_CONTROL, "no-store"),
                (REFERRER_POLICY, "no-referrer"),
            ],
        )
            .into_response(),
        None => error(
            StatusCode::UNAUTHORIZED,
            "link_used",
            "this link was used already or is too old; make another with `aios dashboard`",
        ),
    }
}

pub(super) async fn whoami(Extension(caller): Extension<Caller>) -> Json<Value> {
    Json(json!({ "name": caller.name, "scopes": caller.scopes.names() }))
}

/// A link that opens one session with the caller's rights.
pub(super) async fn new_link(
    State(state): State<AdminState>,
    Extension(caller): Extension<Caller>,
) -> Response {
    match state.auth.new_code(&caller, Instant::now()) {
        Some(code) => Json(json!({ "path": format!("/?token={code}") })).into_response(),
        None => error(
            StatusCode::INTERNAL_SERVER_ERROR,
            "no_random",
            "the system gives no random bytes",
        ),
    }
}
