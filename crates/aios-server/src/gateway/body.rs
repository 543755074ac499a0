//! Reads a request body within its limits.

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::errors::GatewayError;
use crate::live::GatewayConfig;

/// Reads the whole body. A body that came in one piece is not copied.
///
/// # Errors
/// When it is too large, stops coming, or its connection breaks.
pub(crate) async fn read(
    config: &GatewayConfig,
    headers: &HeaderMap,
    mut body: Incoming,
) -> Result<Bytes, GatewayError> {
    refuse_early(config, headers)?;
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(data) = next(config, &mut body).await? {
        // What came first stands in `rest` as well, once there is a rest.
        if first.len().max(rest.len()) + data.len() > config.body_max {
            return Err(GatewayError::BodyTooLarge { max: config.body_max });
        }
        if first.is_empty() {
            first = data;
        } else {
            if rest.is_empty() {
                rest.reserve(declared_length(headers).unwrap_or(0).min(config.body_max));
                rest.extend_from_slice(&first);
            }
            rest.extend_from_slice(&data);
        }
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

/// What the headers already rule out is refused before a byte is read.
fn refuse_early(config: &GatewayConfig, headers: &HeaderMap) -> Result<(), GatewayError> {
    if declared_length(headers).is_some_and(|length| length > config.body_max) {
        return Err(GatewayError::BodyTooLarge { max: config.body_max });
    }
    match headers.get(CONTENT_ENCODING).map(http::HeaderValue::as_bytes) {
        None | Some(b"" | b"identity") => Ok(()),
        Some(other) => {
            let encoding = String::from_utf8_lossy(other).chars().take(32).collect();
            Err(GatewayError::UnsupportedEncoding { encoding })
        }
    }
}

fn declared_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn next(config: &GatewayConfig, body: &mut Incoming) -> Result<Option<Bytes>, GatewayError> {
    loop {
        let frame = tokio::time::timeout(config.body_timeout, body.frame())
            .await
            .map_err(|_| GatewayError::BodyTimeout { silence: config.body_timeout })?;
        match frame {
            None => return Ok(None),
            Some(Err(_)) => return Err(GatewayError::BodyLost),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}
