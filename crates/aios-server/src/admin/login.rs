//! How a browser gets in.

use aios_store::{AuditAction, actor};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY, SET_COOKIE};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::AdminState;
use super::asked::Asked;
use super::auth::Caller;
use super::guard::error;
use super::session::Opened;

#[derive(Debug, Deserialize)]
pub(super) struct Visit {
    /// The code of a link.
    token: Option<String>,
}

/// The first page. With a link's code: exchanges it for a session, and leaves the address without it. Who comes
/// in and who does not is on record.
pub(super) async fn index(
    State(state): State<AdminState>,
    method: Method,
    headers: HeaderMap,
    Asked(visit): Asked<Visit>,
) -> Response {
    let Some(code) = visit.token.filter(|_| !is_only_a_look(&method, &headers)) else {
        return state.page.index(&headers);
    };
    let Some(Opened { caller, cookie }) = state.auth.redeem(&code, Instant::now()) else {
        let refusal = error(
            StatusCode::UNAUTHORIZED,
            "link_used",
            "this link was used already or is too old; make another with `aios dashboard`",
        );
        return state.refuse(actor::STRANGER, "GET /", refusal).await;
    };
    if let Err(why) = state.record(&caller.actor(), AuditAction::SignedIn).await {
        return error(StatusCode::INTERNAL_SERVER_ERROR, "audit_failed", &why);
    }
    let headers = [
        (SET_COOKIE, cookie.as_str()),
        (LOCATION, "/"),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// Nobody has opened the link yet: a program looks whether it is there, or a browser loads it in advance. The code
/// has to be good when somebody does.
fn is_only_a_look(method: &Method, headers: &HeaderMap) -> bool {
    let says = |name: &str| headers.get(name).is_some_and(|value| !value.is_empty());
    *method == Method::HEAD || says("sec-purpose") || says("purpose")
}

pub(super) async fn whoami(Extension(caller): Extension<Caller>) -> Json<Value> {
    Json(json!({ "name": caller.name, "scopes": caller.scopes.names() }))
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
    (headers, Json(json!({ "name": caller.name, "scopes": caller.scopes.names() }))).into_response()
}

/// A link that opens one session with the caller's rights.
pub(super) async fn new_link(
    State(state): State<AdminState>,
    Extension(caller): Extension<Caller>,
) -> Response {
    match state.auth.new_code(&caller, Instant::now()) {
        Some(code) => Json(json!({ "path": format!("/?token={code}") })).into_response(),
        None => no_random(),
    }
}

fn no_random() -> Response {
    let why = "the system gives no random bytes";
    error(StatusCode::INTERNAL_SERVER_ERROR, "no_random", why)
}
