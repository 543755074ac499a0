//! Ollama.

use bytes::Bytes;
use serde_json::json;

use super::ErrorBody;

/// Puts an error of Ollama's own kind, `{"error":"text"}`, into the API's shape. `None` if the body
/// is in shape, or no error.
pub(crate) fn wrap_error(status: u16, body: &[u8]) -> Option<Bytes> {
    let error = ErrorBody::read(body).filter(|error| !error.is_object)?;
    let (kind, code) = match status {
        404 => ("invalid_request_error", Some("model_not_found")),
        429 => ("requests", Some("rate_limit_exceeded")),
        400..500 => ("invalid_request_error", None),
        _ => ("server_error", None),
    };
    let wrapped =
        json!({"error": {"message": error.message, "type": kind, "param": null, "code": code}});
    Some(wrapped.to_string().into())
}

/// Whether a reply says that the model has not been pulled: a fault of the configuration, not of
/// the caller.
pub(crate) fn is_model_missing(status: u16, body: &[u8]) -> bool {
    let missing =
        |error: ErrorBody| error.message.contains("model") && error.message.contains("not found");
    status == 404 && ErrorBody::read(body).is_some_and(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_text_becomes_an_error_object() {
        let wrapped =
            wrap_error(404, br#"{"error":"model \"x\" not found, try pulling it first"}"#).unwrap();
        insta::assert_snapshot!(
            std::str::from_utf8(&wrapped).unwrap(),
            @r#"{"error":{"code":"model_not_found","message":"model \"x\" not found, try pulling it first","param":null,"type":"invalid_request_error"}}"#
        );
        for body in [r#"{"error":{"message":"m"}}"#, r#"{"choices":[]}"#, "<html>"] {
            assert_eq!(wrap_error(500, body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn a_missing_model_is_told_from_a_missing_path() {
        for (expect, status, body) in [
            (true, 404, r#"{"error":"model 'x' not found"}"#),
            (true, 404, r#"{"error":{"message":"model 'x' not found","type":"not_found_error"}}"#),
            (false, 404, "404 page not found"),
            (false, 500, r#"{"error":"model 'x' not found"}"#),
        ] {
            assert_eq!(is_model_missing(status, body.as_bytes()), expect, "{status} {body}");
        }
    }
}
