//! What the dashboard shows, a file for each tab: the shapes are the API's own, so that what is kept and how parts
//! work can change without it.
//!
//! Nothing here changes anything, and nothing holds more than the log and the index hold: no raw text, no ids.
#![expect(dead_code, reason = "what is asked is described before it is answered")]

pub(crate) mod asked;
pub(crate) mod canary;
pub(crate) mod events;
pub(crate) mod goldens;
pub(crate) mod hypotheses;
pub(crate) mod live;
pub(crate) mod memory;
pub(crate) mod overview;
pub(crate) mod privacy;
pub(crate) mod routing;
pub(crate) mod settings;
mod words;

use axum::http::StatusCode;
use axum::response::Response;

use super::guard::error;

/// Its shape is known before its work is done.
pub(crate) async fn later() -> Response {
    error(
        StatusCode::NOT_IMPLEMENTED,
        "not_built",
        "this version describes it and cannot do it yet",
    )
}
