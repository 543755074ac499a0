//! The operator's override over HTTP. The same file may be written by hand; it is looked at all the time.

use std::sync::Arc;

use aios_route::{OverrideWish, apply_override};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::AdminState;
use super::asked::Body;
use super::guard::error;
use super::trail::{Done, off_the_loop};

pub(super) async fn set(
    State(state): State<AdminState>,
    Body(wish): Body<OverrideWish>,
) -> Response {
    let (dir, split) = (Arc::clone(&state.data_dir), state.gateway.split());
    let bad = |why: String| error(StatusCode::BAD_REQUEST, "bad_override", &why);
    let written = match off_the_loop(move || dir.read_override()).await {
        Ok(written) => written,
        Err(response) => return response,
    };
    let wish = wish.over(written.as_deref());
    let text = match serde_json::to_string(&wish) {
        Ok(text) => text,
        Err(why) => return bad(why.to_string()),
    };
    if let Err(why) = apply_override(&split, &text) {
        return bad(why.to_string());
    }
    let dir = Arc::clone(&state.data_dir);
    match off_the_loop(move || dir.write_override(&text)).await {
        Ok(()) => {
            state.status.controller.look_now().await;
            Json(wish).into_response()
        }
        Err(response) => response,
    }
}

pub(super) async fn clear(State(state): State<AdminState>) -> Response {
    let dir = Arc::clone(&state.data_dir);
    match off_the_loop(move || dir.remove_override()).await {
        Ok(()) => {
            state.status.controller.look_now().await;
            Json(Done {}).into_response()
        }
        Err(response) => response,
    }
}
