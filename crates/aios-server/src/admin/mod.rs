//! The admin listener: health, metrics, status and whatever changes something. Nothing of it is on the
//! gateway's port.
//!
//! Every endpoint stands in `routes.rs` with who may call it; `guard.rs` stands before each of them.
//! Health is open to all. Metrics and status hold no prompt, no id and no key: on a loopback address
//! they are open, so that monitoring needs no secret. Everything else needs an admin token.

mod alerts;
mod asked;
mod auth;
mod canary;
mod endpoint;
mod erasure;
mod faults;
mod goldens;
mod guard;
mod health;
mod keys;
mod login;
mod logs;
mod memory;
mod nightly;
mod openapi;
mod origin;
mod page;
mod read_only;
mod routes;
mod routing;
mod scope;
mod session;
pub(crate) mod shape;
mod trail;
mod view;

#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use aios_core::Faults;
use aios_privacy::Keyring;
use aios_store::{AuditAction, AuditLog, DataDir, Eraser, Rotator};
use axum::extract::{FromRef, State};
use axum::response::Response;
use http::HeaderMap;
use tokio::time::Instant;

use crate::alerts::Target;
use crate::canary::Desk;
use crate::gateway::Gateway;
use crate::nightly::Housekeeper;
use crate::status::StatusReader;
pub(crate) use auth::Auth;
pub use auth::{AdminConfig, AdminToken};
pub(crate) use goldens::GoldenRuns;
pub use page::{Page, PageFile};
pub use read_only::{Files, ReadOnly};
pub(crate) use routes::router;
pub use scope::{Scope, Scopes};
pub(crate) use view::hub::Hub;
use view::scene::Views;
pub(crate) use view::stage::Stage;

/// What the admin handlers work with.
#[derive(Clone)]
pub(crate) struct AdminState {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) status: StatusReader,
    pub(crate) auth: Arc<Auth>,
    pub(crate) audit: Arc<AuditLog>,
    pub(crate) data_dir: Arc<DataDir>,
    pub(crate) eraser: Arc<Eraser>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) rotator: Arc<Rotator>,
    pub(crate) nightly: Arc<Housekeeper>,
    /// What a browser is given.
    pub(crate) page: Page,
    /// Tells what happens.
    pub(crate) hub: Arc<Hub>,
    /// Golden runs that are asked for here.
    pub(crate) goldens: Arc<GoldenRuns>,
    /// Who is told of alerts.
    pub(crate) receivers: Arc<[Target]>,
    /// What the dashboard shows.
    pub(crate) views: Views,
    /// For ids that are asked for.
    pub(crate) keyring: Arc<Keyring>,
    /// Only this machine can connect.
    pub(crate) is_loopback: bool,
    /// Faults that may be ordered; none where they may not.
    pub(crate) faults: Option<Arc<Faults>>,
}

impl FromRef<AdminState> for Views {
    fn from_ref(state: &AdminState) -> Self {
        state.views.clone()
    }
}

async fn live(State(state): State<AdminState>, headers: HeaderMap) -> Response {
    let auth = Arc::clone(&state.auth);
    let is_let_in = move || auth.is_known(&headers, Instant::now());
    state.hub.listen(is_let_in).await
}

impl AdminState {
    /// Puts something on record, off the loop: it is forced to disk.
    async fn record(&self, actor: &str, action: AuditAction) -> Result<(), String> {
        let (audit, actor) = (Arc::clone(&self.audit), actor.to_owned());
        let at = self.gateway.clock.now();
        let recorded = tokio::task::spawn_blocking(move || audit.append(at, &actor, action)).await;
        match recorded {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(panicked) => Err(panicked.to_string()),
        }
    }
}

/// A link that opens a session with every right, for whoever reads the banner. `None` if there is no
/// token that could vouch for it, or no randomness.
pub(crate) fn first_link(auth: &Auth) -> Option<String> {
    let caller = auth.owner()?;
    let code = auth.new_code(&caller, Instant::now())?;
    Some(format!("/?token={code}"))
}

/// Makes what decides who may do what.
pub(crate) fn auth(config: AdminConfig) -> Arc<Auth> {
    Arc::new(Auth::new(config))
}
