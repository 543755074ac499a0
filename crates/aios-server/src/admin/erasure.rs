//! Finding and erasing what is stored of somebody.
//!
//! Answers are counts, never text. Ids come in bodies, so that they stand in no address and no log.

use std::sync::Arc;

use aios_privacy::Pseudonym;
use aios_store::{AuditAction, Census, Depth, EraseError, EraseRequest, EraseTarget, StoreError};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::AdminState;
use super::asked::Body;
use super::auth::Caller;
use super::guard::error;
use super::shape::erasure as shape;
use crate::{Looked, Whose, WhoseError};

/// A plan that is asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanAsked {
    /// Whose data.
    whose: Whose,
    /// On which ground.
    basis: String,
}

/// A plan that is to be executed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExecuteAsked {
    /// The digest of the plan, as it was shown.
    plan_hash: String,
    /// Whom the plan was asked for, so that the id itself is searched for too; kept nowhere.
    #[serde(default)]
    whose: Option<Whose>,
}

/// What is stored of somebody.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Found {
    /// Whose it is, by every live version of the key.
    #[schemars(with = "Vec<String>")]
    pseudonyms: Vec<Pseudonym>,
    /// How much there is, store by store.
    #[schemars(with = "shape::Census")]
    census: Census,
}

pub(super) async fn find(
    State(state): State<AdminState>,
    Extension(caller): Extension<Caller>,
    Body(whose): Body<Whose>,
) -> Response {
    let counted = state.at_the_disk(move |state| {
        let Looked { target, census } = state.look(&whose, Depth::EveryByte)?;
        let (subjects, n_events) = (target.pseudonyms().to_vec(), census.n_events);
        let now = state.gateway.clock.now();
        state.audit.append(now, &caller.actor(), AuditAction::Found { subjects, n_events })?;
        Ok(Found { pseudonyms: target.pseudonyms().to_vec(), census })
    });
    respond(StatusCode::OK, counted.await)
}

pub(super) async fn plan(
    State(state): State<AdminState>,
    Extension(caller): Extension<Caller>,
    Body(wanted): Body<PlanAsked>,
) -> Response {
    let planned = state.at_the_disk(move |state| {
        let target = state.look(&wanted.whose, Depth::Catalogued)?.target;
        let redactor = Arc::clone(&state.gateway.live.load().redactor);
        let request = EraseRequest::new(caller.actor(), &wanted.basis, &redactor);
        Ok(state.eraser.plan(&target, &request)?)
    });
    respond(StatusCode::CREATED, planned.await)
}

pub(super) async fn execute(
    State(state): State<AdminState>,
    Path(id): Path<String>,
    Body(decided): Body<ExecuteAsked>,
) -> Response {
    // A client that hangs up does not stop it: it runs on a thread of its own.
    let done = state.at_the_disk(move |state| {
        let whose = decided.whose.map(|whose| state.known_as(&id, &whose)).transpose()?;
        Ok(state.eraser.execute(&id, &decided.plan_hash, whose.as_ref())?)
    });
    respond(StatusCode::OK, done.await)
}

pub(super) async fn show(State(state): State<AdminState>, Path(id): Path<String>) -> Response {
    match state.eraser.state(&id) {
        Some(entry) => Json(entry).into_response(),
        None => Failed::Erase(EraseError::NoPlan { id }).into_response(),
    }
}

/// Why there is no answer.
enum Failed {
    Whose(WhoseError),
    Erase(EraseError),
    Panicked(String),
}

impl AdminState {
    fn look(&self, whose: &Whose, depth: Depth) -> Result<Looked, WhoseError> {
        let live = self.gateway.live.load();
        let clients = live.clients.names();
        let now = self.gateway.clock.now();
        whose.look(&self.data_dir, Some(&self.keyring), &clients, depth, now, &())
    }

    /// Whom the plan is about, with the id that they are known by.
    fn known_as(&self, id: &str, whose: &Whose) -> Result<EraseTarget, Failed> {
        let no_plan = || EraseError::NoPlan { id: id.to_owned() };
        let planned = self.eraser.state(id).ok_or_else(no_plan)?.target;
        let clients = self.gateway.live.load().clients.names();
        let now = self.gateway.clock.now();
        let named = whose.name(&planned, &self.data_dir, Some(&self.keyring), &clients, now)?;
        named.ok_or_else(|| EraseError::Another { id: id.to_owned() }.into())
    }

    /// Runs what reads or writes the disk where it holds up nobody.
    async fn at_the_disk<T: Send + 'static>(
        self,
        work: impl FnOnce(Self) -> Result<T, Failed> + Send + 'static,
    ) -> Result<T, Failed> {
        let done = tokio::task::spawn_blocking(move || work(self)).await;
        done.unwrap_or_else(|panicked| Err(Failed::Panicked(panicked.to_string())))
    }
}

fn respond<T: Serialize>(status: StatusCode, done: Result<T, Failed>) -> Response {
    match done {
        Ok(value) => (status, Json(value)).into_response(),
        Err(failed) => failed.into_response(),
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let (status, code, why) = match &self {
            Self::Whose(why @ WhoseError::NotOne) => {
                (StatusCode::BAD_REQUEST, "not_one", why.to_string())
            }
            Self::Whose(why @ WhoseError::UnknownClient { .. }) => {
                (StatusCode::BAD_REQUEST, "unknown_client", why.to_string())
            }
            Self::Whose(why @ (WhoseError::Nobody | WhoseError::NoSuchKey { .. })) => {
                (StatusCode::BAD_REQUEST, "nobody", why.to_string())
            }
            Self::Whose(why @ WhoseError::NoKey) => {
                (StatusCode::CONFLICT, "no_key", why.to_string())
            }
            Self::Whose(why @ WhoseError::Ambiguous { .. }) => {
                (StatusCode::CONFLICT, "ambiguous", why.to_string())
            }
            Self::Whose(WhoseError::Store(why)) => failed(why),
            Self::Erase(why) => match why {
                EraseError::NoPlan { .. } => (StatusCode::NOT_FOUND, "no_plan", why.to_string()),
                EraseError::Expired { .. } => (StatusCode::CONFLICT, "expired", why.to_string()),
                EraseError::OtherPlan { .. } => {
                    (StatusCode::CONFLICT, "other_plan", why.to_string())
                }
                EraseError::Another { .. } => (StatusCode::CONFLICT, "another", why.to_string()),
                EraseError::Changed { .. } => (StatusCode::CONFLICT, "changed", why.to_string()),
                EraseError::Held { .. } => (StatusCode::CONFLICT, "held", why.to_string()),
                EraseError::Store(why) => failed(why),
            },
            Self::Panicked(why) => (StatusCode::INTERNAL_SERVER_ERROR, "panic", why.clone()),
        };
        error(status, code, &why)
    }
}

fn failed(why: &StoreError) -> (StatusCode, &'static str, String) {
    (StatusCode::INTERNAL_SERVER_ERROR, "store_failed", why.to_string())
}

impl From<WhoseError> for Failed {
    fn from(error: WhoseError) -> Self {
        Self::Whose(error)
    }
}

impl From<EraseError> for Failed {
    fn from(error: EraseError) -> Self {
        Self::Erase(error)
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Erase(EraseError::Store(error))
    }
}
