//! The dashboard over a data directory that no server owns: what is on disk can be looked at, and nothing is changed.
//!
//! The views are the running server's own; only how things stand comes from files, as they were when the look began.
//! Whoever looks is let in by one link. Nothing goes on record, because a record would be a change.

use std::sync::Arc;

use aios_control::slo::check::Check;
use aios_core::{Clock, Split};
use aios_privacy::Redactor;
use aios_route::Policy;
use aios_store::{DataDir, EventLogStats};
use axum::extract::{FromRef, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::Instant;
use tower_service::Service as _;

use super::asked::Asked;
use super::auth::{AdminConfig, Auth, Caller};
use super::guard::{Access, admit, error};
use super::login::{Visit, enter, link_used};
use super::page::Page;
use super::routes;
use super::scope::Scopes;
use super::view::live::{Audited, ConfigTold};
use super::view::scene::{Scene, Views};
use crate::canary::{CanarySettings, Standing};
use crate::gateway::memory::MemoryMode;
use crate::judging::{Budget, Objectives};
use crate::listener::{self, ListenerConfig};
use crate::shown::Shown;

/// What is looked at.
pub struct Files {
    /// The data directory.
    pub data_dir: DataDir,
    /// Wall-clock time.
    pub clock: Arc<dyn Clock>,
    /// What a browser is given.
    pub page: Page,
    /// The objectives.
    pub objectives: Objectives,
    /// How they are kept, and what is left of their budgets.
    pub seen: (Check, Vec<Budget>),
    /// The split that a server would use which starts now.
    pub split: Split,
    /// Why the operator's override file would not be taken.
    pub override_error: Option<String>,
    /// The policy that it would use.
    pub policy: Policy,
    /// How the canary stands.
    pub standing: Standing,
    /// What configuration asks of the canary.
    pub canary: CanarySettings,
    /// The memory's mode.
    pub memory_mode: MemoryMode,
    /// Masks what is shown.
    pub redactor: Redactor,
    /// The configuration, to be shown.
    pub shown: Shown,
    /// Its hash.
    pub config_hash: String,
}

/// A look at a data directory.
pub struct ReadOnly {
    state: Looking,
    link: String,
}

/// What the handlers work with.
#[derive(Clone)]
struct Looking {
    auth: Arc<Auth>,
    views: Views,
    page: Page,
}

impl FromRef<Looking> for Views {
    fn from_ref(state: &Looking) -> Self {
        state.views.clone()
    }
}

impl ReadOnly {
    /// Begins one; `None` if the system gives no random bytes for its link.
    #[must_use]
    pub fn new(files: Files) -> Option<Self> {
        let instance = "read_only".to_owned();
        let auth = Arc::new(Auth::new(AdminConfig { tokens: vec![], hosts: vec![], instance }));
        let caller =
            Caller { name: "owner".to_owned(), scopes: Scopes::reading(), by_cookie: true };
        let link = format!("/?token={}", auth.new_code(&caller, Instant::now())?);
        let page = files.page;
        Some(Self { state: Looking { auth, views: views(files), page }, link })
    }

    /// Path of the link that opens its one session.
    #[must_use]
    pub fn link(&self) -> &str {
        &self.link
    }

    /// Serves it until told to stop.
    pub async fn serve(
        self,
        socket: TcpListener,
        config: ListenerConfig,
        stop: watch::Receiver<bool>,
    ) {
        let router = router(self.state);
        let mut busy = listener::serve(socket, config, stop, move |_peer, request| {
            let mut router = router.clone();
            async move { router.call(request).await }
        })
        .await;
        busy.shutdown().await;
    }
}

fn views(files: Files) -> Views {
    let started_at = files.clock.now();
    let (check, budgets) = files.seen;
    let (objectives, split) = (Arc::new(files.objectives), Arc::new(files.split));
    let (policy, standing) = (Arc::new(files.policy), Arc::new(files.standing));
    let (redactor, shown) = (Arc::new(files.redactor), Arc::new(files.shown));
    Views::new(Arc::new(files.data_dir), move || Scene {
        now: files.clock.now(),
        objectives: Arc::clone(&objectives),
        seen: Some((check.clone(), budgets.clone(), started_at)),
        split: Arc::clone(&split),
        override_error: files.override_error.clone(),
        policy: Arc::clone(&policy),
        standing: Arc::clone(&standing),
        canary: files.canary.clone(),
        hypotheses: Arc::clone(&shown.hypotheses),
        memory_mode: files.memory_mode.name(),
        redactor: Arc::clone(&redactor),
        audited: Audited::default(),
        config: ConfigTold {
            generation: 0,
            hash: files.config_hash.clone(),
            reload_error: None,
            started_at,
        },
        shown: Arc::clone(&shown),
        endpoints: Vec::new(),
        event_log: EventLogStats::default(),
    })
}

/// Stands beside every request: no server runs.
#[derive(Clone)]
pub(super) struct NoServer;

/// The endpoints that only read. Whatever else is asked for is refused, and told why.
fn router(state: Looking) -> Router {
    let gate = |access| Gate { auth: Arc::clone(&state.auth), access };
    let layer = |access| from_fn_with_state(gate(access), guard);
    let mut router = Router::new().route("/", get(index).layer(layer(Access::Visitor)));
    for endpoint in routes::reading::<Looking>() {
        let handler = endpoint.handler.fallback(refuse);
        router = router.route(endpoint.path, handler.layer(layer(endpoint.access)));
    }
    for path in state.page.paths() {
        router = router.route(path, get(file).layer(layer(Access::Visitor)));
    }
    let refused = axum::routing::any(refuse).layer(layer(Access::Known));
    let router = router.fallback_service(refused.with_state(state.clone())).with_state(state);
    router.layer(Extension(NoServer))
}

#[derive(Clone)]
struct Gate {
    auth: Arc<Auth>,
    access: Access,
}

async fn guard(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    // Only this machine can connect, but others may use it.
    match admit(&gate.auth, false, gate.access, &request, changes) {
        Ok(caller) => {
            caller.into_iter().for_each(|caller| drop(request.extensions_mut().insert(caller)));
            next.run(request).await
        }
        Err((refusal, _)) => refusal.response(),
    }
}

async fn index(
    State(state): State<Looking>,
    method: Method,
    headers: HeaderMap,
    Asked(visit): Asked<Visit>,
) -> Response {
    match visit.code(&method, &headers) {
        None => state.page.index(&headers),
        Some(code) => match state.auth.redeem(&code, Instant::now()) {
            Some(opened) => enter(&opened),
            None => link_used(),
        },
    }
}

async fn file(State(state): State<Looking>, uri: Uri, headers: HeaderMap) -> Response {
    state.page.or_not_found(uri.path(), &headers)
}

async fn refuse() -> Response {
    let why = "no server runs on this data directory, which is only looked at, so nothing happens in it and nothing can be changed; `aios serve` starts one";
    error(StatusCode::CONFLICT, "read_only", why)
}

#[cfg(test)]
mod tests;
