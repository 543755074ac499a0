//! What monitoring reads.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::AdminState;
use super::guard::error;
use crate::status::Status;

pub(super) async fn alive() -> &'static str {
    "ok\n"
}

pub(super) async fn ready(State(state): State<AdminState>) -> Response {
    if !state.gateway.is_ready() {
        return (StatusCode::SERVICE_UNAVAILABLE, "not ready\n").into_response();
    }
    "ready\n".into_response()
}

/// The form of metrics.
pub(super) const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) async fn metrics(State(state): State<AdminState>) -> Response {
    let text = state.gateway.metrics.scrape();
    ([(CONTENT_TYPE, METRICS)], text).into_response()
}

pub(super) async fn status(State(state): State<AdminState>) -> axum::Json<Status> {
    // An override that was written a moment ago is in force when somebody is told of the split.
    state.status.controller.look_now().await;
    axum::Json(state.status.read())
}

pub(super) async fn unknown() -> Response {
    error(StatusCode::NOT_FOUND, "unknown_path", "there is nothing at this path")
}

pub(super) async fn bad_method() -> Response {
    error(StatusCode::METHOD_NOT_ALLOWED, "bad_method", "this path is asked in another way")
}
