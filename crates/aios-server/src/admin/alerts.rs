//! Whether alerts would arrive.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::future::join_all;

use super::AdminState;
use super::guard::error;
use super::view::live::{AlertTested, ReceiverTested};
use crate::alerts::{Message, Target, send};

/// Sends a message to every receiver, and says whether each has taken it.
pub(super) async fn test(State(state): State<AdminState>) -> Response {
    if state.receivers.is_empty() {
        let why = "there is no receiver of alerts; set SLACK_WEBHOOK_URL, or the variable that alerts.webhook_env names, where AIOS is started";
        return error(StatusCode::CONFLICT, "no_receiver", why);
    }
    let message = Message::test("the dashboard", state.gateway.clock.now());
    let sent = async |target: &Target| ReceiverTested {
        kind: target.kind().name().to_owned(),
        error: send(target, &message).await.err(),
    };
    Json(AlertTested { receivers: join_all(state.receivers.iter().map(sent)).await })
        .into_response()
}
