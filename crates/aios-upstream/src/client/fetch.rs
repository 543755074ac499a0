//! Small single requests: discovery, loading, status.

use std::time::Duration;

use aios_privacy::Secret;
use bytes::{Bytes, BytesMut};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Uri};

use super::{Connector, HeadStart, Pool};
use crate::Fetch;
use crate::body::Pieces;

/// Longest reply that is read, in bytes.
pub(super) const REPLY_BYTES_MAX: usize = 16 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
pub(super) const AGENT: &str = concat!("aios/", env!("CARGO_PKG_VERSION"));

/// Makes single requests, each over a connection of its own.
#[derive(Debug, Default, Clone)]
pub struct HttpFetch {
    bearer: Option<Secret>,
}

impl HttpFetch {
    /// Requests without a key.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends this key with each request.
    #[must_use]
    pub fn with_bearer(self, bearer: Option<Secret>) -> Self {
        Self { bearer }
    }

    async fn try_fetch(&self, method: Method, url: &str, body: Bytes) -> Option<(u16, Bytes)> {
        let uri: Uri = url.parse().ok()?;
        let pool = Pool::new(Connector::new(&uri).ok()?, uri.clone());
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(uri.authority()?.as_str()).ok()?);
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(bearer) = &self.bearer {
            headers.insert(AUTHORIZATION, bearer_value(bearer)?);
        }
        let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let start = HeadStart::new(&method, path, &headers);
        let message = start.message(&HeaderMap::new(), Pieces::from(body));
        let reply = pool.send(message, CONNECT_TIMEOUT).await.ok()?;
        let status = reply.status().as_u16();
        let mut reply = reply.into_body();
        let mut bytes = BytesMut::new();
        while let Some(piece) = std::future::poll_fn(|cx| reply.poll_data(cx)).await {
            bytes.extend_from_slice(&piece.ok()?);
            if bytes.len() > REPLY_BYTES_MAX {
                return None;
            }
        }
        Some((status, bytes.freeze()))
    }
}

impl Fetch for HttpFetch {
    async fn fetch(&self, method: Method, url: &str, body: Bytes) -> Option<(u16, Bytes)> {
        self.try_fetch(method, url, body).await
    }
}

/// The header's value, marked so that no log prints it. `None` if the key has bytes that no header may
/// have.
pub(crate) fn bearer_value(key: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose())).ok()?;
    value.set_sensitive(true);
    Some(value)
}
