//! What every request of the admin listener passes before its handler, and leaves in the audit trail.

use std::sync::Arc;

use aios_store::{AuditAction, actor};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{HOST, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use serde_json::json;
use tokio::time::Instant;

use super::AdminState;
use super::auth::{Auth, Caller, Credentials, Noted};
use super::origin::{is_our_name, is_our_page};
use super::scope::Scope;

/// Who may call an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody who can connect, under whatever name: a load balancer asks whether we live.
    Anyone,
    /// Everybody who can connect and calls us by a name of ours.
    Visitor,
    /// Everybody on this machine; from elsewhere, who has the scope.
    Local(Scope),
    /// Every admin token and session.
    Known,
    /// Who has the scope.
    Scope(Scope),
}

/// What the guard needs to know of an endpoint.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) state: AdminState,
    pub(crate) access: Access,
    /// Whether what it does goes on record.
    pub(crate) is_change: bool,
    /// Method and route, for the trail: no path of a request stands there.
    pub(crate) name: Arc<str>,
}

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    ManyNames,
    ForeignName,
    NoCredentials,
    WrongCredentials,
    NoScope(Option<Scope>),
    ForeignPage,
}

/// Lets a request through or refuses it; what changes something goes on record.
pub(crate) async fn guard(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let may_change = !matches!(*request.method(), Method::GET | Method::HEAD);
    let AdminState { auth, is_loopback, .. } = &gate.state;
    let caller = match admit(auth, *is_loopback, gate.access, &request, may_change) {
        Ok(caller) => caller,
        Err((refusal, caller)) => return gate.refuse(refusal, caller.as_ref()).await,
    };
    let actor = actor_of(caller.as_ref());
    if let Some(caller) = caller {
        request.extensions_mut().insert(caller);
    }
    let response = next.run(request).await;
    if !(may_change && gate.is_change) {
        return response;
    }
    let status = response.status().as_u16();
    let action = AuditAction::Changed { request: gate.name.to_string(), status };
    match gate.state.record(&actor, action).await {
        Ok(()) => response,
        Err(why) => error(
            StatusCode::INTERNAL_SERVER_ERROR,
            "audit_failed",
            &format!("it was done with status {status}, but cannot be put on record: {why}"),
        ),
    }
}

/// Who is let in, if it matters; or why nobody is, and who that was, as far as it is known.
pub(super) fn admit(
    auth: &Auth,
    is_loopback: bool,
    access: Access,
    request: &Request,
    may_change: bool,
) -> Result<Option<Caller>, (Refusal, Option<Caller>)> {
    // Whoever reads one of two names may not be who reads the other.
    if request.headers().get_all(HOST).iter().nth(1).is_some() {
        return Err((Refusal::ManyNames, None));
    }
    if access == Access::Anyone {
        return Ok(None);
    }
    if !is_our_name(request.uri(), request.headers(), auth.hosts()) {
        return Err((Refusal::ForeignName, None));
    }
    let is_open = match access {
        Access::Anyone | Access::Visitor => true,
        Access::Local(_) => is_loopback,
        Access::Known | Access::Scope(_) => false,
    };
    let caller = match auth.identify(request.headers(), Instant::now()) {
        Credentials::Right(caller) => caller,
        Credentials::None | Credentials::Wrong if is_open => return Ok(None),
        Credentials::None => return Err((Refusal::NoCredentials, None)),
        Credentials::Wrong => return Err((Refusal::WrongCredentials, None)),
    };
    let needed = match access {
        Access::Scope(scope) | Access::Local(scope) => Some(scope),
        Access::Known | Access::Anyone | Access::Visitor => None,
    };
    if !is_open && needed.is_some_and(|scope| !caller.scopes.hold(scope)) {
        return Err((Refusal::NoScope(needed), Some(caller)));
    }
    if may_change && caller.by_cookie && !is_our_page(request.headers()) {
        return Err((Refusal::ForeignPage, Some(caller)));
    }
    Ok(Some(caller))
}

fn actor_of(caller: Option<&Caller>) -> String {
    caller.map_or_else(|| actor::STRANGER.to_owned(), Caller::actor)
}

impl Gate {
    async fn refuse(&self, refusal: Refusal, caller: Option<&Caller>) -> Response {
        self.state.refuse(&actor_of(caller), &self.name, refusal.response()).await
    }
}

impl AdminState {
    /// Puts a refusal on record and gives its answer; of a caller who had too many, only counts it.
    pub(super) async fn refuse(&self, actor: &str, request: &str, response: Response) -> Response {
        let status = response.status().as_u16();
        match self.auth.note_failure(actor, Instant::now()) {
            Noted::OnRecord => {
                let action = AuditAction::Refused { request: request.to_owned(), status };
                if let Err(why) = self.record(actor, action).await {
                    tracing::error!(why, "a refused admin request could not be put on record");
                }
                response
            }
            Noted::Counted => too_many(),
        }
    }
}

impl Refusal {
    pub(super) fn response(self) -> Response {
        match self {
            Self::ManyNames => error(
                StatusCode::BAD_REQUEST,
                "many_hosts",
                "a request names the server once, in one Host header",
            ),
            Self::ForeignName => error(
                StatusCode::MISDIRECTED_REQUEST,
                "unknown_host",
                "this server is not known under that name; add it to admin.hosts",
            ),
            Self::NoCredentials | Self::WrongCredentials => {
                let why = "an admin token is needed: `Authorization: Bearer` with what stands in keys/admin.token of the data directory, or a token of admin.tokens";
                let mut response = error(StatusCode::UNAUTHORIZED, "unauthorized", why);
                response
                    .headers_mut()
                    .insert(WWW_AUTHENTICATE, http::HeaderValue::from_static("Bearer"));
                response
            }
            Self::NoScope(scope) => {
                let scope = scope.map_or("", Scope::name);
                let why = format!("the token lacks the scope `{scope}`");
                error(StatusCode::FORBIDDEN, "forbidden", &why)
            }
            Self::ForeignPage => error(
                StatusCode::FORBIDDEN,
                "foreign_page",
                "a session changes nothing on behalf of another site's page",
            ),
        }
    }
}

fn too_many() -> Response {
    let mut response =
        error(StatusCode::TOO_MANY_REQUESTS, "too_many_failures", "too many were refused lately");
    response.headers_mut().insert(RETRY_AFTER, http::HeaderValue::from_static("60"));
    response
}

/// An error in the admin API's form.
pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Response {
    (status, axum::Json(json!({ "error": { "code": code, "message": message } }))).into_response()
}
