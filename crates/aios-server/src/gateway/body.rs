//! Reads a request body within its limits.

use std::error::Error;
use std::io::{self, Read};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::time::Instant;

use super::errors::GatewayError;
use super::heavy;
use crate::live::GatewayConfig;

/// A request's body, from whatever brings it.
pub(crate) trait Incoming: Body<Data = Bytes, Error: Into<BoxError>> + Unpin {}

impl<B: Body<Data = Bytes, Error: Into<BoxError>> + Unpin> Incoming for B {}

/// What went wrong while a body came.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// Reads the whole body. A body that came in one piece is not copied.
///
/// # Errors
/// When it is too large, stops coming, or its connection breaks.
pub(crate) async fn read<B: Incoming>(
    config: &GatewayConfig,
    deadline: Instant,
    headers: &HeaderMap,
    body: B,
) -> Result<Bytes, GatewayError> {
    let encoding = refuse_early(config, headers)?;
    let sent = read_sent(config, deadline, headers, body).await?;
    match encoding {
        Encoding::Plain => Ok(sent),
        Encoding::Gzip => {
            // How much comes out is not known before.
            let n_bytes = sent.len().saturating_mul(INFLATED_MAX).min(config.body_max);
            heavy::on(n_bytes, || inflate(config, &sent))
        }
    }
}

/// Most bytes that one byte of a deflated body becomes.
const INFLATED_MAX: usize = 1032;

/// How a body is encoded.
enum Encoding {
    Plain,
    Gzip,
}

async fn read_sent<B: Incoming>(
    config: &GatewayConfig,
    deadline: Instant,
    headers: &HeaderMap,
    mut body: B,
) -> Result<Bytes, GatewayError> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(data) = next(config, deadline, &mut body).await? {
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
fn refuse_early(config: &GatewayConfig, headers: &HeaderMap) -> Result<Encoding, GatewayError> {
    if declared_length(headers).is_some_and(|length| length > config.body_max) {
        return Err(GatewayError::BodyTooLarge { max: config.body_max });
    }
    match headers.get(CONTENT_ENCODING).map(http::HeaderValue::as_bytes) {
        None | Some(b"" | b"identity") => Ok(Encoding::Plain),
        Some(b"gzip" | b"x-gzip") => Ok(Encoding::Gzip),
        Some(other) => {
            let encoding = String::from_utf8_lossy(other).chars().take(32).collect();
            Err(GatewayError::UnsupportedEncoding { encoding })
        }
    }
}

/// The limit counts for what comes out: a small body can hold a very large one.
fn inflate(config: &GatewayConfig, sent: &[u8]) -> Result<Bytes, GatewayError> {
    let max = config.body_max as u64;
    let mut body = Vec::new();
    let mut inflating = flate2::read::MultiGzDecoder::new(sent).take(max + 1);
    match inflating.read_to_end(&mut body) {
        Ok(_) if body.len() as u64 > max => {
            Err(GatewayError::BodyTooLarge { max: config.body_max })
        }
        Ok(_) => Ok(body.into()),
        Err(error) => Err(GatewayError::BadRequest {
            message: format!(
                "The request body is not gzip, though Content-Encoding says so: {error}."
            ),
            param: None,
            code: Some("invalid_content_encoding"),
        }),
    }
}

fn declared_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Whether a client has left, or sends what is no body.
fn broken(error: &(dyn Error + 'static)) -> GatewayError {
    let mut causes = std::iter::successors(Some(error), |&error| error.source());
    let is_malformed = causes.any(|cause| {
        let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        matches!(kind, Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData))
    });
    if is_malformed { GatewayError::BodyMalformed } else { GatewayError::BodyLost }
}

/// The next piece. One timer serves both limits: whichever comes first.
async fn next<B: Incoming>(
    config: &GatewayConfig,
    deadline: Instant,
    body: &mut B,
) -> Result<Option<Bytes>, GatewayError> {
    let (at, silence) = (Instant::now() + config.body_timeout, config.body_timeout);
    let (at, silence) =
        if deadline < at { (deadline, config.total_timeout) } else { (at, silence) };
    let whole = async {
        loop {
            match body.frame().await {
                None => return Ok(None),
                Some(Err(error)) => return Err(broken(&*error.into())),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    };
    let timely = tokio::time::timeout_at(at, whole).await;
    timely.unwrap_or(Err(GatewayError::BodyTimeout { silence }))
}
