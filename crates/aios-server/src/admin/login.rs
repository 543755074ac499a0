//! How a browser gets in.

use aios_store::{AuditAction, actor};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY, SET_COOKIE};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::AdminState;
use super::asked::Asked;
use super::auth::Caller;
use super::guard::error;
use super::read_only::NoServer;
use super::scope::Scope;
use super::session::Opened;
use super::shape::Word;

/// What a browser comes with.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Visit {
    /// The code of a link.
    token: Option<String>,
}

impl Visit {
    /// The code, if somebody has opened the link.
    pub(super) fn code(self, method: &Method, headers: &HeaderMap) -> Option<String> {
        self.token.filter(|_| !is_only_a_look(method, headers))
    }
}

/// The first page. With a link's code: exchanges it for a session, and leaves the address without it. Who comes
/// in and who does not is on record.
pub(super) async fn index(
    State(state): State<AdminState>,
    method: Method,
    headers: HeaderMap,
    Asked(visit): Asked<Visit>,
) -> Response {
    let Some(code) = visit.code(&method, &headers) else {
        return state.page.index(&headers);
    };
    let Some(opened) = state.auth.redeem(&code, Instant::now()) else {
        return state.refuse(actor::STRANGER, "GET /", link_used()).await;
    };
    if let Err(why) = state.record(&opened.caller.actor(), AuditAction::SignedIn).await {
        return error(StatusCode::INTERNAL_SERVER_ERROR, "audit_failed", &why);
    }
    enter(&opened)
}

/// Leaves the address without its code, with a session.
pub(super) fn enter(opened: &Opened) -> Response {
    let headers = [
        (SET_COOKIE, opened.cookie.as_str()),
        (LOCATION, "/"),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

pub(super) fn link_used() -> Response {
    error(
        StatusCode::UNAUTHORIZED,
        "link_used",
        "this link was used already or is too old; make another with `aios dashboard`",
    )
}

/// Nobody has opened the link yet: a program looks whether it is there, or a browser loads it in advance. The code
/// has to be good when somebody does.
fn is_only_a_look(method: &Method, headers: &HeaderMap) -> bool {
    let says = |name: &str| headers.get(name).is_some_and(|value| !value.is_empty());
    *method == Method::HEAD || says("sec-purpose") || says("purpose")
}

/// Who asks.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct WhoAmI {
    /// The name of the token, or of that with which the session was opened.
    name: String,
    /// What one may do.
    #[schemars(with = "Vec<Word<Scope>>")]
    scopes: Vec<&'static str>,
    /// No server runs: what is on disk is looked at, nothing happens in it, and there is no stream.
    is_read_only: bool,
}

impl WhoAmI {
    fn of(caller: &Caller, is_read_only: bool) -> Self {
        Self { name: caller.name.clone(), scopes: caller.scopes.names(), is_read_only }
    }
}

pub(super) async fn whoami(
    Extension(caller): Extension<Caller>,
    read_only: Option<Extension<NoServer>>,
) -> Json<WhoAmI> {
    Json(WhoAmI::of(&caller, read_only.is_some()))
}

/// A session with the rights of the token that is shown, for a page into which it was pasted. From then on the page
/// need not know it.
pub(super) async fn sign_in(
    State(state): State<AdminState>,
    Extension(caller): Extension<Caller>,
) -> Response {
    let now = Instant::now();
    let opened = state.auth.new_code(&caller, now).and_then(|code| state.auth.redeem(&code, now));
    let Some(Opened { caller, cookie }) = opened else { return no_random() };
    if let Err(why) = state.record(&caller.actor(), AuditAction::SignedIn).await {
        return error(StatusCode::INTERNAL_SERVER_ERROR, "audit_failed", &why);
    }
    let headers = [(SET_COOKIE, cookie.as_str()), (CACHE_CONTROL, "no-store")];
    (headers, Json(WhoAmI::of(&caller, false))).into_response()
}

/// Ends the browser's session. Its streams end with it.
pub(super) async fn sign_out(State(state): State<AdminState>, headers: HeaderMap) -> Response {
    let (is_signed_out, cookie) = state.auth.sign_out(&headers);
    let headers = [(SET_COOKIE, cookie.as_str()), (CACHE_CONTROL, "no-store")];
    (headers, Json(SignedOut { is_signed_out })).into_response()
}

/// A session was ended.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SignedOut {
    /// There was one; with a token there is none.
    is_signed_out: bool,
}

/// A link that was made.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct LinkMade {
    /// Its path, with the code that is good once.
    path: String,
}

/// A link that opens one session with the caller's rights.
pub(super) async fn new_link(
    State(state): State<AdminState>,
    Extension(caller): Extension<Caller>,
) -> Response {
    match state.auth.new_code(&caller, Instant::now()) {
        Some(code) => Json(LinkMade { path: format!("/?token={code}") }).into_response(),
        None => no_random(),
    }
}

fn no_random() -> Response {
    let why = "the system gives no random bytes";
    error(StatusCode::INTERNAL_SERVER_ERROR, "no_random", why)
}
