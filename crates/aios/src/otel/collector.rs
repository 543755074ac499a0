//! HTTP to the collector, on the thread that sends spans.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry_http::{HttpClient, HttpError};
use tokio::runtime::{self, Runtime};

/// Longest exchange with the collector.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Longest answer of a collector that is read, in bytes.
const REPLY_MAX: usize = 64 * 1024;

/// A collector, and whether it took the last spans.
///
/// It has a runtime of its own: the thread that sends spans drives it, and no request shares it.
pub(super) struct Collector {
    base_url: String,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    runtime: Runtime,
    failing: AtomicBool,
}

impl Collector {
    pub(super) fn new(base_url: &str) -> anyhow::Result<Self> {
        let connector = HttpsConnectorBuilder::new()
            .with_native_roots()
            .context("cannot read the system's certificates")?
            .https_or_http()
            .enable_http1()
            .build();
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        Ok(Self {
            base_url: base_url.to_owned(),
            client: Client::builder(TokioExecutor::new()).build(connector),
            runtime: runtime.context("cannot start the runtime that sends traces")?,
            failing: AtomicBool::new(false),
        })
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let exchange = async {
            let reply = self.client.request(request.map(Full::new)).await?;
            let (head, body) = reply.into_parts();
            let body = Limited::new(body, REPLY_MAX).collect().await?.to_bytes();
            Ok(Response::from_parts(head, body))
        };
        self.runtime.block_on(async {
            tokio::time::timeout(TIMEOUT, exchange).await.unwrap_or_else(|late| Err(late.into()))
        })
    }

    /// Says it when the collector stops taking spans and when it takes them again, and not each time.
    fn note(&self, result: &Result<Response<Bytes>, HttpError>) {
        let why = match result {
            Ok(reply) if reply.status().is_success() => None,
            Ok(reply) => Some(format!("it answered {}", reply.status())),
            Err(error) => Some(causes(&**error)),
        };
        let url = &self.base_url;
        let failed_before = self.failing.swap(why.is_some(), Ordering::Relaxed);
        match why {
            Some(why) if !failed_before => {
                tracing::warn!(
                    url,
                    why,
                    "the collector takes no traces; requests are served all the same"
                );
            }
            None if failed_before => tracing::info!(url, "traces are sent again"),
            Some(_) | None => {}
        }
    }
}

/// An error with what is behind it: the outermost says no more than that the connection failed.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

impl HttpClient for Collector {
    /// Blocks the calling thread, which has nothing else to do.
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            let result = self.send(request);
            self.note(&result);
            result
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener};
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    /// Keeps what is logged.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Log {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    /// Answers one connection after the other with these statuses.
    fn answer(statuses: &'static [u16]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for status in statuses {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"spans") {
                    let mut piece = [0; 1024];
                    let n = stream.read(&mut piece).unwrap();
                    request.extend_from_slice(&piece[..n]);
                }
                let reply = format!(
                    "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
                );
                stream.write_all(reply.as_bytes()).unwrap();
            }
        });
        address
    }

    /// What is logged while `n` batches are sent.
    fn logged(address: SocketAddr, n: usize) -> Vec<String> {
        let url = format!("http://{address}");
        let collector = Collector::new(&url).unwrap();
        let log = Log::default();
        let subscriber =
            tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
        tracing::subscriber::with_default(subscriber, || {
            for _ in 0..n {
                let request = Request::post(&url).body(Bytes::from_static(b"spans")).unwrap();
                collector.note(&collector.send(request));
            }
        });
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_failing_collector_is_logged_when_it_begins_and_when_it_ends() {
        let lines = logged(answer(&[200, 503, 503, 503, 200, 200]), 6);
        assert_eq!(lines.len(), 2, "{lines:#?}");
        assert!(lines[0].contains("WARN") && lines[0].contains("503"), "{}", lines[0]);
        assert!(lines[1].contains("INFO") && lines[1].contains("sent again"), "{}", lines[1]);
    }

    #[test]
    fn a_collector_that_is_not_there_is_logged_once_with_the_cause() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let lines = logged(address, 3);
        assert_eq!(lines.len(), 1, "{lines:#?}");
        assert!(lines[0].contains("refused"), "{}", lines[0]);
    }
}
