//! Faults over HTTP: ordered, listed and cleared. Where configuration does not allow them there are none to order.

use std::sync::Arc;
use std::time::Duration;

use aios_core::{Fault, Faults};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::AdminState;
use super::asked::Body;
use super::guard::error;

/// What is ordered.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    fault: Fault,
    /// After so many seconds it ends by itself.
    for_s: u64,
}

pub(super) async fn list(State(state): State<AdminState>) -> Response {
    match allowed(&state) {
        Ok(faults) => Json(json!({ "faults": faults.ordered() })).into_response(),
        Err(response) => *response,
    }
}

pub(super) async fn order(State(state): State<AdminState>, Body(order): Body<Order>) -> Response {
    let faults = match allowed(&state) {
        Ok(faults) => faults,
        Err(response) => return *response,
    };
    let Order { fault, for_s } = order;
    tracing::warn!(?fault, for_s, "a fault is ordered");
    match faults.order(fault, Duration::from_secs(for_s)) {
        Ok(()) => Json(json!({ "faults": faults.ordered() })).into_response(),
        Err(why) => error(StatusCode::BAD_REQUEST, "bad_fault", &why.to_string()),
    }
}

pub(super) async fn clear(State(state): State<AdminState>) -> Response {
    match allowed(&state) {
        Ok(faults) => Json(json!({ "n_cleared": faults.clear() })).into_response(),
        Err(response) => *response,
    }
}

fn allowed(state: &AdminState) -> Result<&Arc<Faults>, Box<Response>> {
    state.faults.as_ref().ok_or_else(|| {
        let why = "faults cannot be ordered here: set chaos.faults = true and restart the server";
        Box::new(error(StatusCode::CONFLICT, "faults_off", why))
    })
}
