//! Opens connections, with TCP_NODELAY always.

use std::io;
use std::time::Duration;

use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tower_service::Service;

use super::stream::Stream;

/// Opens connections to one server.
#[derive(Debug, Clone)]
pub(crate) enum Connector {
    Plain(HttpConnector),
    Tls(HttpsConnector<HttpConnector>),
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("no connection within {0:?}")]
    Timeout(Duration),
    #[error("{0}")]
    Failed(String),
}

impl Connector {
    /// A connector for the scheme of `uri`.
    ///
    /// # Errors
    /// When the system's certificates are needed and cannot be read.
    pub(crate) fn new(uri: &Uri) -> io::Result<Self> {
        let mut http = HttpConnector::new();
        // Small writes must not wait for the peer's acknowledgement: that is 40 ms per first token.
        http.set_nodelay(true);
        if uri.scheme_str() != Some("https") {
            return Ok(Self::Plain(http));
        }
        http.enforce_http(false);
        let tls = HttpsConnectorBuilder::new().with_native_roots()?.https_only().enable_http1();
        Ok(Self::Tls(tls.wrap_connector(http)))
    }

    pub(crate) async fn connect(
        &self,
        uri: &Uri,
        timeout: Duration,
    ) -> Result<Stream, ConnectError> {
        let opened = async {
            match self {
                Self::Plain(http) => match http.clone().call(uri.clone()).await {
                    Ok(stream) => Ok(Stream::Plain(stream.into_inner())),
                    Err(error) => Err(ConnectError::Failed(root_cause(&error))),
                },
                Self::Tls(tls) => match tls.clone().call(uri.clone()).await {
                    Ok(stream) => Ok(Stream::Tls(Box::new(TokioIo::new(stream)))),
                    Err(error) => Err(ConnectError::Failed(untrusted(root_cause(error.as_ref())))),
                },
            }
        };
        tokio::time::timeout(timeout, opened).await.unwrap_or(Err(ConnectError::Timeout(timeout)))
    }
}

/// Adds whom the gateway trusts, where a certificate is what was wrong.
fn untrusted(cause: String) -> String {
    if cause.contains("certificate") {
        return format!(
            "{cause} (trusted are the system's certificates, or those in SSL_CERT_FILE)"
        );
    }
    cause
}

/// The innermost cause says what happened; the outer ones only say that it did.
fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn small_writes_do_not_wait() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri: Uri = format!("http://{}/v1", listener.local_addr().unwrap()).parse().unwrap();
        let stream = Connector::new(&uri).unwrap().connect(&uri, Duration::from_secs(30)).await;
        let Stream::Plain(stream) = stream.unwrap() else { panic!("not plain") };
        assert!(stream.nodelay().unwrap());
    }
}
