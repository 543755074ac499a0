//! The admin listener: health, metrics and status. Nothing of it is on the gateway's port.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::controller::ControllerState;
use crate::gateway::Gateway;
use crate::status::{Status, StatusReader};

/// What the admin handlers read.
#[derive(Clone)]
pub(crate) struct AdminState {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) status: StatusReader,
}

/// The routes of the admin listener.
pub(crate) fn router(
    gateway: Arc<Gateway>,
    controller: Arc<ControllerState>,
    reload: Arc<crate::ReloadState>,
) -> Router {
    let status = StatusReader { gateway: Arc::clone(&gateway), controller, reload };
    Router::new()
        .route("/", get(index))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/status", get(read_status))
        .with_state(AdminState { gateway, status })
}

async fn index() -> &'static str {
    "AIOS admin: /status  /metrics  /healthz  /readyz\n"
}

async fn ready(State(state): State<AdminState>) -> Response {
    if !state.gateway.is_ready() {
        return (StatusCode::SERVICE_UNAVAILABLE, "not ready\n").into_response();
    }
    "ready\n".into_response()
}

async fn metrics(State(state): State<AdminState>) -> Response {
    const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let text = state.gateway.metrics.scrape();
    ([(CONTENT_TYPE, TYPE)], text).into_response()
}

async fn read_status(State(state): State<AdminState>) -> axum::Json<Status> {
    axum::Json(state.status.read())
}
