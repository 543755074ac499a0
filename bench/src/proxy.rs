//! The reference: a proxy that does nothing but pass on.
//!
//! hyper on both sides, no layer between, one thread and so no lock. Bodies are forwarded frame by
//! frame. Idle connections are kept last in, first out. What this costs is the practical floor of the
//! stack, so it must not be slower than it has to be.

use std::cell::RefCell;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context as TaskContext, Poll};

use anyhow::{Context, Result};
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::CONNECTION;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::spawn_local;

use crate::net;

/// Passes every request on to `upstream`.
///
/// # Errors
/// When the address cannot be listened on.
pub(crate) async fn serve(listen: SocketAddr, upstream: SocketAddr) -> Result<()> {
    let pool = Rc::new(Pool { upstream, idle: RefCell::default() });
    let service = service_fn(move |request| {
        let pool = Rc::clone(&pool);
        async move { Ok::<_, Infallible>(forward(pool, request).await) }
    });
    net::serve(listen, service).await
}

async fn forward(pool: Rc<Pool>, request: Request<Incoming>) -> Response<PassedBody> {
    pass(pool, request).await.unwrap_or_else(|_| {
        let mut response = Response::new(PassedBody { from: None, _lease: None });
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response
    })
}

async fn pass(pool: Rc<Pool>, mut request: Request<Incoming>) -> Result<Response<PassedBody>> {
    request.headers_mut().remove(CONNECTION);
    let mut lease = Lease::take(pool).await?;
    let sender = lease.sender.as_mut().context("a lease holds its connection until it ends")?;
    let response = sender.send_request(request).await?;
    Ok(response.map(|body| PassedBody { from: Some(body), _lease: Some(lease) }))
}

struct Pool {
    upstream: SocketAddr,
    idle: RefCell<Vec<SendRequest<Incoming>>>,
}

impl Pool {
    async fn connect(&self) -> Result<SendRequest<Incoming>> {
        let stream = net::quick(TcpStream::connect(self.upstream).await?)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        spawn_local(async move { connection.await.ok() });
        Ok(sender)
    }
}

/// A connection in use. It goes back when the reply's body ends.
struct Lease {
    sender: Option<SendRequest<Incoming>>,
    pool: Rc<Pool>,
}

impl Lease {
    async fn take(pool: Rc<Pool>) -> Result<Self> {
        loop {
            let idle = pool.idle.borrow_mut().pop();
            let Some(mut sender) = idle else {
                let sender = pool.connect().await?;
                return Ok(Self { sender: Some(sender), pool });
            };
            if sender.ready().await.is_ok() {
                return Ok(Self { sender: Some(sender), pool });
            }
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(sender) = self.sender.take().filter(|sender| !sender.is_closed()) {
            self.pool.idle.borrow_mut().push(sender);
        }
    }
}

/// The reply's body, and the connection it comes from.
struct PassedBody {
    from: Option<Incoming>,
    _lease: Option<Lease>,
}

impl Body for PassedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.from {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.from.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.from.as_ref().map_or(SizeHint::with_exact(0), Body::size_hint)
    }
}
