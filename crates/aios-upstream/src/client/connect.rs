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
    /// It is this machine that has no socket left for it.
    #[error("no socket is left here: {0}")]
    NoSocket(String),
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
                    Err(error) => Err(ConnectError::of(&error, root_cause(&error))),
                },
                Self::Tls(tls) => match tls.clone().call(uri.clone()).await {
                    Ok(stream) => Ok(Stream::Tls(Box::new(TokioIo::new(stream)))),
                    Err(error) => {
                        let why = untrusted(root_cause(error.as_ref()));
                        Err(ConnectError::of(error.as_ref(), why))
                    }
                },
            }
        };
        tokio::time::timeout(timeout, opened).await.unwrap_or(Err(ConnectError::Timeout(timeout)))
    }
}

impl ConnectError {
    fn of(error: &(dyn std::error::Error + 'static), why: String) -> Self {
        let mut causes = std::iter::successors(Some(error), |error| error.source());
        let is_ours = causes.any(|it| it.downcast_ref::<io::Error>().is_some_and(is_exhausted));
        if is_ours { Self::NoSocket(why) } else { Self::Failed(why) }
    }
}

/// Whether this process or this machine has used up its files, its ports or its buffers: the peer was never asked.
fn is_exhausted(error: &io::Error) -> bool {
    /// `EMFILE` and `ENFILE` on Unix; `WSAEMFILE` and `WSAENOBUFS` on Windows.
    const CODES: [i32; 2] = if cfg!(windows) { [10_024, 10_055] } else { [24, 23] };
    error.kind() == io::ErrorKind::AddrNotAvailable
        || error.raw_os_error().is_some_and(|code| CODES.contains(&code))
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

    /// Whoever has no socket left must not say of others that they take no connection.
    #[test]
    fn what_is_used_up_here_is_no_fault_of_the_peer() {
        #[derive(Debug, thiserror::Error)]
        #[error("it did not work")]
        struct Outer(#[source] io::Error);
        let of = |error: io::Error| ConnectError::of(&Outer(error), String::new());
        let emfile = if cfg!(windows) { 10_024 } else { 24 };
        let ours = |error| matches!(of(error), ConnectError::NoSocket(_));
        assert!(ours(io::Error::from_raw_os_error(emfile)));
        assert!(ours(io::ErrorKind::AddrNotAvailable.into()));
        assert!(!ours(io::ErrorKind::ConnectionRefused.into()));
    }

    #[tokio::test]
    async fn small_writes_do_not_wait() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri: Uri = format!("http://{}/v1", listener.local_addr().unwrap()).parse().unwrap();
        let stream = Connector::new(&uri).unwrap().connect(&uri, Duration::from_secs(30)).await;
        let Stream::Plain(stream) = stream.unwrap() else { panic!("not plain") };
        assert!(stream.nodelay().unwrap());
    }
}
