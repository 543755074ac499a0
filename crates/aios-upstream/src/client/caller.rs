//! Calls to one OpenAI-compatible API, with what its answers say in their headers: for tests of a gateway.

use std::sync::Arc;
use std::time::Duration;

use aios_privacy::Secret;
use bytes::{Bytes, BytesMut};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Uri};
use tokio::time::Instant;

use super::connect::ConnectError;
use super::fetch::{AGENT, REPLY_BYTES_MAX, bearer_value};
use super::{Connector, HeadStart, HttpBody, Pool, SendError};
use crate::body::Pieces;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Calls one API, over connections that are kept.
#[derive(Debug, Clone)]
pub struct Caller {
    pool: Arc<Pool>,
    /// The path that all others begin with, such as `/v1`.
    base: String,
    headers: HeaderMap,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct CallReply {
    /// HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its whole body.
    pub body: Bytes,
    /// From the call to the last byte.
    pub took: Duration,
}

/// Why a call cannot be made, or nothing came back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The address is no URL of an API.
    #[error("`{url}` is not a URL such as http://127.0.0.1:8500/v1: {why}")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// Nobody takes connections there.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// This machine has no socket left for it.
    #[error("no socket is left here: {0}")]
    NoSocket(String),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Lost(String),
    /// It took too long.
    #[error("no answer within {} s", .0.as_secs_f64())]
    Timeout(Duration),
    /// There was no end to it.
    #[error("the answer is longer than {REPLY_BYTES_MAX} bytes")]
    TooLong,
}

impl Caller {
    /// For the API at `url`, with a key if it needs one.
    ///
    /// # Errors
    /// When it is no URL with http or https and a host, or the key has bytes that no header may have.
    pub fn new(url: &str, key: Option<&Secret>) -> Result<Self, CallError> {
        let wrong = |why: &str| CallError::Url { url: url.to_owned(), why: why.to_owned() };
        let uri: Uri = url.parse().map_err(|_| wrong("it cannot be read"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(wrong("it must begin with http:// or https://"));
        }
        let host = uri.authority().ok_or_else(|| wrong("it names no host"))?;
        let mut headers = HeaderMap::new();
        let host =
            HeaderValue::from_str(host.as_str()).map_err(|_| wrong("its host is no host"))?;
        headers.insert(HOST, host);
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(key) = key {
            let value =
                bearer_value(key).ok_or_else(|| wrong("the key has characters that no key has"))?;
            headers.insert(AUTHORIZATION, value);
        }
        let connector = Connector::new(&uri).map_err(|error| {
            CallError::Unreachable(format!("certificates cannot be read: {error}"))
        })?;
        let base = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { pool: Pool::new(connector, uri), base, headers })
    }

    /// Sends these headers with each call.
    #[must_use]
    pub fn with_headers(mut self, more: HeaderMap) -> Self {
        self.headers.extend(more);
        self
    }

    /// Posts JSON to a path below the API's and waits for the whole answer.
    ///
    /// # Errors
    /// When nothing whole came back in time.
    pub async fn post(
        &self,
        path: &str,
        json: Vec<u8>,
        at_most: Duration,
    ) -> Result<CallReply, CallError> {
        self.post_watched(path, json, at_most, |_| ()).await
    }

    /// The same, and shows each piece of a body as it comes.
    ///
    /// # Errors
    /// As for [`Self::post`].
    pub async fn post_watched(
        &self,
        path: &str,
        json: Vec<u8>,
        at_most: Duration,
        seen: impl FnMut(&Bytes),
    ) -> Result<CallReply, CallError> {
        let started = Instant::now();
        let calling = self.call(&Method::POST, path, json, started, seen);
        tokio::time::timeout(at_most, calling).await.unwrap_or(Err(CallError::Timeout(at_most)))
    }

    /// Gets a path below the API's.
    ///
    /// # Errors
    /// As for [`Self::post`].
    pub async fn get(&self, path: &str, at_most: Duration) -> Result<CallReply, CallError> {
        let calling = self.call(&Method::GET, path, Vec::new(), Instant::now(), |_| ());
        tokio::time::timeout(at_most, calling).await.unwrap_or(Err(CallError::Timeout(at_most)))
    }

    async fn call(
        &self,
        method: &Method,
        path: &str,
        json: Vec<u8>,
        started: Instant,
        seen: impl FnMut(&Bytes),
    ) -> Result<CallReply, CallError> {
        let target = format!("{}{path}", self.base);
        let target: PathAndQuery = target
            .parse()
            .map_err(|_| CallError::Url { url: target, why: "it cannot be read".to_owned() })?;
        let start = HeadStart::new(method, target.as_str(), &self.headers);
        let message = start.message(&HeaderMap::new(), Pieces::from(Bytes::from(json)));
        let reply = self.pool.send(message, CONNECT_TIMEOUT).await.map_err(CallError::from)?;
        let (head, body) = reply.into_parts();
        let body = whole(body, seen).await?;
        Ok(CallReply {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
            took: started.elapsed(),
        })
    }
}

async fn whole(mut body: HttpBody, mut seen: impl FnMut(&Bytes)) -> Result<Bytes, CallError> {
    let mut bytes = BytesMut::new();
    while let Some(piece) = std::future::poll_fn(|cx| body.poll_data(cx)).await {
        let piece = piece.map_err(|error| CallError::Lost(error.to_string()))?;
        seen(&piece);
        bytes.extend_from_slice(&piece);
        if bytes.len() > REPLY_BYTES_MAX {
            return Err(CallError::TooLong);
        }
    }
    Ok(bytes.freeze())
}

impl From<SendError> for CallError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Connect(ConnectError::Timeout(after)) => {
                Self::Unreachable(format!("none within {} s", after.as_secs()))
            }
            SendError::Connect(ConnectError::Failed(why)) => Self::Unreachable(why),
            SendError::Connect(ConnectError::NoSocket(why)) => Self::NoSocket(why),
            SendError::Lost { error, .. } => Self::Lost(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_none_is_refused() {
        for url in ["", "127.0.0.1:8500", "ftp://h/v1", "http://", "http:///v1", "no url"] {
            assert!(matches!(Caller::new(url, None), Err(CallError::Url { .. })), "{url}");
        }
        assert_eq!(Caller::new("http://h:1/v1/", None).unwrap().base, "/v1");
    }
}
