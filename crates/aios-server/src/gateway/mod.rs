//! The data plane: what the gateway's listener serves.

mod body;
mod cut;
mod depth;
pub(crate) mod errors;
mod failures;
mod feedback;
mod heavy;
mod identity;
mod kinds;
mod malformed;
pub(crate) mod memory;
mod models;
mod naming;
mod own;
mod pipeline;
mod record;
mod relay;
mod reply;
mod request;
mod sequel;
mod sinks;
mod steering;
mod talk;

use std::hash::{BuildHasher, DefaultHasher, Hasher, RandomState};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use aios_core::{
    Bucket, Clock, EventId, Operation, RequestId, Route, RouteReason, Split, Tier, Timestamp,
};
use aios_privacy::Pseudonymizer;
use aios_route::BucketKey;
use aios_store::{DataDir, EventStore};
use arc_swap::ArcSwap;
use http::{Method, Request, Response};
use tokio::sync::watch;

use crate::live::Live;
use crate::metrics::Metrics;
use crate::routing::RoutingState;
use crate::trace::EventObserver;
pub(crate) use body::BoxError;
use body::Incoming;
use errors::GatewayError;
pub(crate) use feedback::WordCounts;
pub(crate) use naming::{AUTO, PINS};
pub(crate) use own::OwnRequest;
pub(crate) use relay::ReplyBody;
pub(crate) use sequel::Sequels;
pub use sinks::{OnUnscannable, SinkOptions, Sinks};
pub(crate) use sinks::{Unscanned, name_of};

/// Everything the data plane needs, shared by all requests.
pub(crate) struct Gateway {
    pub(crate) live: ArcSwap<Live>,
    pub(crate) split: watch::Receiver<Arc<Split>>,
    pub(crate) routing: Arc<RoutingState>,
    pub(crate) store: Arc<dyn EventStore>,
    /// Where answers are looked up of which something is said.
    pub(crate) data_dir: Arc<DataDir>,
    pub(crate) sequels: Sequels,
    pub(crate) words: WordCounts,
    pub(crate) memory: memory::Memory,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) keys: Keys,
    pub(crate) observer: Option<Arc<dyn EventObserver>>,
    pub(crate) metrics: Arc<Metrics>,
    /// Set when the server begins to stop: no new work should be sent here.
    pub(crate) draining: AtomicBool,
    /// Set when requests still under way are about to be dropped.
    pub(crate) stopping: AtomicBool,
    pub(crate) ids: IdSource,
    pub(crate) started_at: Timestamp,
}

/// Keys of the deployment.
pub struct Keys {
    /// Makes pseudonyms of conversations and subjects.
    pub pseudonyms: Pseudonymizer,
    /// Made them under older versions of the key: what was erased under one stays erased.
    pub older: Vec<Pseudonymizer>,
    /// Puts conversations into buckets; apart from the pseudonyms' key.
    pub bucket: BucketKey,
}

/// Random bytes for ids: a keyed hash of a counter, seeded by the operating system once.
pub(crate) struct IdSource {
    key: [u64; 2],
    counter: AtomicU64,
}

impl IdSource {
    pub(crate) fn new() -> Self {
        let state = RandomState::new();
        Self::keyed([state.hash_one(0), state.hash_one(1)])
    }

    /// The same ids for the same key: for simulations, which repeat.
    pub(crate) const fn keyed(key: [u64; 2]) -> Self {
        Self { key, counter: AtomicU64::new(0) }
    }

    fn next(&self) -> [u8; 10] {
        let n = self.counter.fetch_add(1, Ordering::Relaxed);
        let word = |tag: u8| {
            let mut hasher = DefaultHasher::new();
            hasher.write_u64(self.key[0]);
            hasher.write_u64(self.key[1]);
            hasher.write_u64(n);
            hasher.write_u8(tag);
            hasher.finish().to_ne_bytes()
        };
        let (low, high) = (word(0), word(1));
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&low);
        bytes[8..].copy_from_slice(&high[..2]);
        bytes
    }
}

impl Gateway {
    /// The latest split that control has published.
    pub(crate) fn split(&self) -> Arc<Split> {
        Arc::clone(&self.split.borrow())
    }

    /// Whether new work should be sent here: not while stopping, nor without any endpoint.
    pub(crate) fn is_ready(&self) -> bool {
        !self.draining.load(Ordering::Relaxed) && !self.live.load().upstreams.is_empty()
    }

    /// Random bytes for one id.
    pub(crate) fn random(&self) -> [u8; 10] {
        self.ids.next()
    }

    /// The route of a request that failed before it could be routed.
    pub(crate) fn unrouted(&self) -> Route {
        Route::fixed(Tier::Main, Bucket::Control, &self.split(), RouteReason::NotRouted)
    }
}

/// Serves one request of the gateway's listener. Every reply names its request.
pub(crate) async fn serve<B: Incoming>(
    gateway: Arc<Gateway>,
    peer: SocketAddr,
    request: Request<B>,
) -> Response<ReplyBody> {
    let own_id = client_request_id(request.headers());
    let mut response = dispatch(&gateway, peer, request).await;
    if !response.headers().contains_key(reply::REQUEST_ID) {
        let new_id = || RequestId::from_event(EventId::new(gateway.clock.now(), gateway.random()));
        reply::name_request(&mut response, &own_id.unwrap_or_else(new_id));
    }
    response
}

async fn dispatch<B: Incoming>(
    gateway: &Arc<Gateway>,
    peer: SocketAddr,
    request: Request<B>,
) -> Response<ReplyBody> {
    let path = normalize(request.uri().path());
    let method = request.method();
    if let Some(operation) = operation_at(path) {
        if method == Method::POST {
            return pipeline::serve(Arc::clone(gateway), operation, peer, request).await;
        }
        return reply::refusal(
            gateway,
            &request,
            &GatewayError::MethodNotAllowed { allowed: "POST" },
        );
    }
    if path == feedback::PATH {
        return feedback::serve(gateway, request).await;
    }
    let is_read = method == Method::GET || method == Method::HEAD;
    match path {
        _ if !is_read && is_page(path) => {
            let error = GatewayError::MethodNotAllowed { allowed: "GET, HEAD" };
            reply::refusal(gateway, &request, &error)
        }
        "/models" => models::list(gateway, &request),
        "/healthz" => reply::text("ok\n"),
        "/readyz" => models::ready(gateway),
        "/" => reply::text("AIOS gateway. Point an OpenAI client at /v1.\n"),
        _ => match path.strip_prefix("/models/") {
            Some(id) => models::item(gateway, &request, id),
            None => {
                let (method, path) = (method.to_string(), request.uri().path().to_owned());
                let error = GatewayError::UnknownPath { method, path };
                reply::refusal(gateway, &request, &error)
            }
        },
    }
}

/// Whether something is to be read there.
fn is_page(path: &str) -> bool {
    matches!(path, "/models" | "/healthz" | "/readyz" | "/") || path.starts_with("/models/")
}

/// Paths are taken with and without `/v1` and with a trailing slash.
fn normalize(path: &str) -> &str {
    let path = path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(path);
    match path.strip_prefix("/v1") {
        Some("") => "/",
        Some(rest) if rest.starts_with('/') => rest,
        _ => path,
    }
}

fn operation_at(path: &str) -> Option<Operation> {
    Operation::ALL.into_iter().find(|operation| operation.path() == path)
}

/// The client's own request id, if it sent a sane one.
fn client_request_id(headers: &http::HeaderMap) -> Option<RequestId> {
    headers.get("x-request-id")?.to_str().ok().and_then(RequestId::from_client)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_with_and_without_v1() {
        for path in ["/v1/chat/completions", "/chat/completions", "/v1/chat/completions/"] {
            assert_eq!(operation_at(normalize(path)), Some(Operation::Chat), "{path}");
        }
        assert_eq!(normalize("/v1/models/org/name"), "/models/org/name");
        assert_eq!(normalize("/v1x/models"), "/v1x/models");
        assert_eq!((normalize("/"), normalize("/v1"), normalize("/v1/")), ("/", "/", "/"));
    }
}
