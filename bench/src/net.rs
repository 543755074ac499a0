//! The accept loop that both servers share.

use std::convert::Infallible;
use std::net::SocketAddr;

use anyhow::{Context, Result};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::HttpService;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::spawn_local;

/// Accepts for good; prints `listening on ADDR` first, so that a caller who gave port 0 learns it.
///
/// # Errors
/// When the address cannot be listened on or accepting fails.
pub(crate) async fn serve<S, B>(listen: SocketAddr, service: S) -> Result<()>
where
    S: HttpService<Incoming, ResBody = B, Error = Infallible> + Clone + 'static,
    S::Future: 'static,
    B: Body + 'static,
    B::Error: std::error::Error + Send + Sync,
{
    let listener =
        TcpListener::bind(listen).await.with_context(|| format!("failed to listen on {listen}"))?;
    crate::print_line(&format!("listening on {}", listener.local_addr()?))?;
    loop {
        let (stream, _) = listener.accept().await.context("failed to accept")?;
        let io = TokioIo::new(quick(stream)?);
        let connection = http1::Builder::new().serve_connection(io, service.clone());
        // A connection that a client drops is the client's affair.
        spawn_local(async move { connection.await.ok() });
    }
}

/// Turns Nagle's algorithm off: it holds small writes back by up to 40 ms.
pub(crate) fn quick(stream: TcpStream) -> Result<TcpStream> {
    stream.set_nodelay(true).context("failed to set TCP_NODELAY")?;
    Ok(stream)
}
