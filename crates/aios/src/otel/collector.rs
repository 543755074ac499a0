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
        match (why, self.failing.load(Ordering::Relaxed)) {
            (Some(why), false) => tracing::warn!(url, why, "traces cannot be sent and are lost"),
            (None, true) => tracing::info!(url, "traces are sent again"),
            (Some(_), true) => return,
            (None, false) => return,
        }
        self.failing.fetch_not(Ordering::Relaxed);
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
