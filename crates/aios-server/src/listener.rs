//! The accept loop that both listeners share.
//!
//! Each accepted connection gets TCP_NODELAY: without it a stream's first token waits for the
//! client's delayed acknowledgement of the headers, some 40 ms. Headers have a deadline, connections
//! a cap, and a shutdown lets requests under way finish until its own deadline.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::stall::Impatient;

/// Limits of one listener.
#[derive(Debug, Clone, Copy)]
pub struct ListenerConfig {
    /// Connections open at once; more wait in the operating system's backlog.
    pub connections_max: usize,
    /// Time in which a request's headers must have come.
    pub header_timeout: Duration,
    /// Longest time in which a client takes nothing of what it is sent.
    pub stall_timeout: Duration,
    /// Time that requests under way get at shutdown.
    pub drain_timeout: Duration,
}

/// Largest request line and headers, in bytes.
const HEAD_MAX: usize = 64 * 1024;

/// How long to wait after `accept` fails, for example because file handles ran out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves connections until `stop` turns true, then drains them.
///
/// Returns the connections that were still busy at the drain deadline; dropping them cuts them off.
///
/// The service is told who asks. One that fails closes its connection without an answer.
pub(crate) async fn serve<S, F, B, E>(
    listener: TcpListener,
    config: ListenerConfig,
    mut stop: watch::Receiver<bool>,
    service: S,
) -> JoinSet<()>
where
    S: Fn(SocketAddr, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Response<B>, E>> + Send + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let places = Arc::new(Semaphore::new(config.connections_max));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut is_failing = false;
    loop {
        while connections.try_join_next().is_some() {}
        let accepted = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let (stream, peer, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Said once, not at each of many tries.
                if !std::mem::replace(&mut is_failing, true) {
                    tracing::warn!(%error, "connections cannot be accepted for now");
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        is_failing = false;
        let service = service.clone();
        let service = service_fn(move |request| service(peer, request));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(config.header_timeout)
            .max_buf_size(HEAD_MAX)
            .serve_connection(Impatient::new(stream, config.stall_timeout), service);
        let watched = graceful.watch(connection);
        connections.spawn(async move {
            // A broken connection is the client's affair; the request's record tells what it cost.
            if let Err(error) = watched.await {
                tracing::debug!(%error, "a connection broke");
            }
            drop(place);
        });
    }
    drop(listener);
    // Whoever is not done by the deadline is the caller's to cut off.
    let drained = tokio::time::timeout(config.drain_timeout, graceful.shutdown()).await;
    if drained.is_ok() {
        while connections.join_next().await.is_some() {}
    }
    while connections.try_join_next().is_some() {}
    connections
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    // It fails only on a connection that is broken already, which is then found out by using it.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection broke before it was used");
    }
    Ok((stream, peer, place))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What that means is the system's to know. It is not measured, since on a busy machine anything may take 40 ms.
    #[tokio::test]
    async fn small_writes_of_each_connection_are_sent_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let places = Arc::new(Semaphore::new(2));
        for _ in 0..2 {
            let _client = TcpStream::connect(address).await.unwrap();
            let (stream, ..) = accept(&listener, &places).await.unwrap();
            assert!(stream.nodelay().unwrap());
        }
    }
}
