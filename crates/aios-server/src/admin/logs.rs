//! The event log's housekeeping over HTTP: whoever owns the data directory is the one to do it.

use std::sync::Arc;

use aios_store::{AuditAction, Hold, Holds, NewHold, Rotate, StoreError, acknowledge_loss};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::AdminState;
use super::asked::Body;
use super::auth::Caller;
use super::guard::error;
use super::shape::logs as shape;
use super::trail::off_the_loop;

/// How to rotate; what is left out is false.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RotateAsked {
    /// Seal the active segment also if its day is not over.
    #[serde(default)]
    seal: bool,
    /// Go on where a guard says stop.
    #[serde(default)]
    force: bool,
    /// Only say what would be done.
    #[serde(default)]
    dry_run: bool,
}

/// A hold that is to be released.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReleaseAsked {
    /// Its name.
    id: String,
}

/// Which loss is taken note of.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AcknowledgeAsked {
    /// Its name.
    loss: String,
    /// Why it stays one: one to 500 characters.
    reason: String,
}

/// Every hold.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct HoldsTold {
    /// In the order in which they were set.
    #[schemars(with = "Vec<shape::Hold>")]
    holds: Vec<Hold>,
}

pub(super) async fn rotate(
    State(state): State<AdminState>,
    Extension(caller): Extension<Caller>,
    Body(asked): Body<RotateAsked>,
) -> Response {
    let (rotator, now) = (Arc::clone(&state.rotator), state.gateway.clock.now());
    let RotateAsked { seal, force, dry_run } = asked;
    let rotate = Rotate { seal, force, dry_run };
    match off_the_loop(move || rotator.rotate(&caller.actor(), now, rotate)).await {
        Ok(rotated) => Json(rotated).into_response(),
        Err(response) => response,
    }
}

pub(super) async fn reindex(
    State(state): State<AdminState>,
    Extension(caller): Extension<Caller>,
) -> Response {
    let reindexed = off_the_loop(move || {
        let caught_up = state.gateway.store.reindex()?;
        let action = AuditAction::Reindexed { n_events: caught_up.n_events };
        state.audit.append(state.gateway.clock.now(), &caller.actor(), action)?;
        Ok(caught_up)
    });
    match reindexed.await {
        Ok(caught_up) => Json(caught_up).into_response(),
        Err(response) => response,
    }
}

pub(super) async fn acknowledge(
    State(state): State<AdminState>,
    Extension(caller): Extension<Caller>,
    Body(asked): Body<AcknowledgeAsked>,
) -> Response {
    let known = off_the_loop(move || {
        let now = state.gateway.clock.now();
        let redactor = Arc::clone(&state.gateway.live.load().redactor);
        let AcknowledgeAsked { loss, reason } = asked;
        let (dir, audit, actor) = (&state.data_dir, &state.audit, caller.actor());
        match acknowledge_loss(dir, audit, &loss, &reason, &redactor, &actor, now) {
            Err(error @ StoreError::NoLoss { .. }) => {
                Ok(Err((StatusCode::NOT_FOUND, "no_loss", error.to_string())))
            }
            Err(error @ StoreError::LossReason { .. }) => {
                Ok(Err((StatusCode::BAD_REQUEST, "bad_reason", error.to_string())))
            }
            acknowledged => acknowledged.map(Ok),
        }
    });
    match known.await {
        Ok(Ok(known)) => Json(known).into_response(),
        Ok(Err((status, code, why))) => error(status, code, &why),
        Err(response) => response,
    }
}

pub(super) async fn holds(State(state): State<AdminState>) -> Response {
    let dir = Arc::clone(&state.data_dir);
    match off_the_loop(move || Holds::of(&dir).list()).await {
        Ok(holds) => Json(HoldsTold { holds }).into_response(),
        Err(response) => response,
    }
}

pub(super) async fn hold(
    State(state): State<AdminState>,
    Extension(caller): Extension<Caller>,
    Body(new): Body<NewHold>,
) -> Response {
    let set = off_the_loop(move || {
        let now = state.gateway.clock.now();
        let redactor = Arc::clone(&state.gateway.live.load().redactor);
        let record = |action| state.audit.append(now, &caller.actor(), action).map(drop);
        match Holds::of(&state.data_dir).add(new, &redactor, now, record) {
            Err(
                error @ (StoreError::HoldWords { .. }
                | StoreError::EndedHold { .. }
                | StoreError::EmptyHold { .. }
                | StoreError::TooManyHolds { .. }),
            ) => Ok(Err(error.to_string())),
            added => added.map(Ok),
        }
    });
    match set.await {
        Ok(Ok(hold)) => Json(hold).into_response(),
        Ok(Err(why)) => error(StatusCode::BAD_REQUEST, "bad_hold", &why),
        Err(response) => response,
    }
}

pub(super) async fn release(
    State(state): State<AdminState>,
    Extension(caller): Extension<Caller>,
    Body(asked): Body<ReleaseAsked>,
) -> Response {
    let id = match asked.id.parse() {
        Ok(id) => id,
        Err(expected) => return error(StatusCode::BAD_REQUEST, "bad_hold", expected),
    };
    let working = state.clone();
    let released = off_the_loop(move || {
        let (audit, now) = (&working.audit, working.gateway.clock.now());
        let record = |action| audit.append(now, &caller.actor(), action).map(drop);
        match Holds::of(&working.data_dir).release(id, record) {
            Err(StoreError::NoHold { .. }) => Ok(None),
            released => released.map(Some),
        }
    });
    match released.await {
        Ok(Some(hold)) => {
            go_on_with_erasures(&state);
            Json::<Hold>(hold).into_response()
        }
        Ok(None) => error(StatusCode::NOT_FOUND, "no_hold", &format!("there is no hold {id}")),
        Err(response) => response,
    }
}

/// What waited for the hold goes on, and nobody waits for that.
fn go_on_with_erasures(state: &AdminState) {
    let eraser = Arc::clone(&state.eraser);
    tokio::task::spawn_blocking(move || {
        let resumed = eraser.resume();
        for receipt in &resumed.receipts {
            let state = receipt.state.name();
            tracing::info!(id = receipt.id, state, "an erasure that waited is finished");
        }
        for (id, error) in &resumed.failed {
            tracing::error!(id, %error, "an erasure that waited cannot be finished");
        }
    });
}
