//! The pseudonyms' key over HTTP.

use aios_store::{AuditAction, KeyUse, StoreError};
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
use super::trail::off_the_loop;

/// Name of the pseudonyms' key.
const PSEUDONYMS: &str = "pseudonyms";

/// A version that is to be removed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RetireAsked {
    /// Which.
    version: u16,
}

/// A version that was made.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct KeyMade {
    /// Its number.
    version: u16,
}

/// A version that was removed.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct KeyRetired {
    /// Its number.
    retired: u16,
}

/// Makes the next version. Events use it from the next start on: until then every part of the server
/// goes on with the one that it began with.
pub(super) async fn rotate(
    State(state): State<AdminState>,
    Extension(caller): Extension<Caller>,
) -> Response {
    let rotated = off_the_loop(move || {
        let version = state.data_dir.rotate_key(PSEUDONYMS)?;
        state.put_key_on_record(&caller, "rotated", version)?;
        Ok(version)
    });
    match rotated.await {
        Ok(version) => Json(KeyMade { version }).into_response(),
        Err(response) => response,
    }
}

/// Removes a version that nothing stored uses any more, and that this server does not use.
pub(super) async fn retire(
    State(state): State<AdminState>,
    Extension(caller): Extension<Caller>,
    Body(RetireAsked { version }): Body<RetireAsked>,
) -> Response {
    if state.keyring.current().version() == version {
        let why = "events of this server use it until it is restarted";
        return error(StatusCode::CONFLICT, "in_use", why);
    }
    if !state.keyring.versions().any(|known| known == version) {
        let why = format!("the key has no version {version}; `aios keys list` lists them");
        return error(StatusCode::NOT_FOUND, "no_such_version", &why);
    }
    let retired = off_the_loop(move || {
        if let Some(why) = KeyUse::count(&state.data_dir)?.needs(version) {
            return Ok(Err(why));
        }
        state.data_dir.retire_key(PSEUDONYMS, version)?;
        state.put_key_on_record(&caller, "retired", version)?;
        Ok(Ok(()))
    });
    match retired.await {
        Ok(Ok(())) => Json(KeyRetired { retired: version }).into_response(),
        Ok(Err(why)) => error(StatusCode::CONFLICT, "in_use", &why),
        Err(response) => response,
    }
}

impl AdminState {
    fn put_key_on_record(
        &self,
        caller: &Caller,
        change: &str,
        version: u16,
    ) -> Result<(), StoreError> {
        let action = AuditAction::Key { change: change.to_owned(), version };
        self.audit.append(self.gateway.clock.now(), &caller.actor(), action).map(drop)
    }
}
