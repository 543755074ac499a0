//! Sends one message.

use std::time::Duration;

use aios_upstream::{Fetch as _, HttpFetch};
use http::Method;

use super::{Message, Target};

/// Longest wait for a receiver.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Sends a message; the receiver has taken it only with a 2xx. Redirects are not followed.
///
/// # Errors
/// What went wrong, without the URL.
pub async fn send(target: &Target, message: &Message) -> Result<(), String> {
    let body = message.body(target.kind).to_string().into_bytes();
    let fetch = HttpFetch::new();
    let answer = fetch.fetch(Method::POST, target.url.expose(), body.into());
    match tokio::time::timeout(ANSWER_MAX, answer).await {
        Ok(Some((200..=299, _))) => Ok(()),
        Ok(Some((status, _))) => Err(format!("{} answered {status}", target.kind.name())),
        Ok(None) => Err(format!("{} could not be reached", target.kind.name())),
        Err(_) => Err(format!("{} did not answer within {ANSWER_MAX:?}", target.kind.name())),
    }
}
