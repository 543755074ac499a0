//! Faults over HTTP: ordered, listed and cleared. Where configuration does not allow them there are none to order.

use std::sync::Arc;
use std::time::Duration;

use aios_core::{Fault, Faults, Ordered};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::AdminState;
use super::asked::Body;
use super::guard::error;
use super::shape::status as shape;

/// What is ordered.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    /// What goes wrong.
    #[schemars(with = "shape::Fault")]
    fault: Fault,
    /// After so many seconds it ends by itself.
    for_s: u64,
}

/// The faults that are on.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FaultsOn {
    /// Each of them.
    #[schemars(with = "Vec<shape::Ordered>")]
    faults: Vec<Ordered>,
}

/// Faults were ended.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FaultsCleared {
    /// How many there were.
    n_cleared: usize,
}

pub(super) async fn list(State(state): State<AdminState>) -> Response {
    match allowed(&state) {
        Ok(faults) => Json(FaultsOn { faults: faults.ordered() }).into_response(),
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
        Ok(()) => Json(FaultsOn { faults: faults.ordered() }).into_response(),
        Err(why) => error(StatusCode::BAD_REQUEST, "bad_fault", &why.to_string()),
    }
}

pub(super) async fn clear(State(state): State<AdminState>) -> Response {
    match allowed(&state) {
        Ok(faults) => Json(FaultsCleared { n_cleared: faults.clear() }).into_response(),
        Err(response) => *response,
    }
}

fn allowed(state: &AdminState) -> Result<&Arc<Faults>, Box<Response>> {
    state.faults.as_ref().ok_or_else(|| {
        let why = "faults cannot be ordered here: set chaos.faults = true and restart the server";
        Box::new(error(StatusCode::CONFLICT, "faults_off", why))
    })
}
