//! llama.cpp's server.

use super::ErrorBody;

/// Whether a reply says that the model is still being loaded: wait, nothing is broken.
///
/// `/health` and every API call answer so at first. The code is a number, where the API has words.
pub(crate) fn is_loading(status: u16, body: &[u8]) -> bool {
    status == 503
        && ErrorBody::read(body).is_some_and(|error| {
            error.message.to_ascii_lowercase().starts_with("loading model") || error.code == 503
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loading_is_told_from_failing() {
        for (expect, status, body) in [
            (
                true,
                503,
                r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#,
            ),
            (true, 503, r#"{"error":"Loading model"}"#),
            (
                false,
                503,
                r#"{"error":{"code":"queue_full","message":"no slot","type":"server_error"}}"#,
            ),
            (false, 500, r#"{"error":{"code":500,"message":"Loading model failed"}}"#),
            (false, 503, "<html>"),
            (false, 200, r#"{"status":"ok"}"#),
        ] {
            assert_eq!(is_loading(status, body.as_bytes()), expect, "{status} {body}");
        }
    }
}
