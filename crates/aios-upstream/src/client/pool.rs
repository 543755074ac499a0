//! The idle connections of one endpoint, and the bodies that borrow them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Response, Uri};

use super::connect::ConnectError;
use super::{Connector, Link, LinkError, Message};

/// Most idle connections that are kept to one endpoint.
const IDLE_MAX: usize = 512;
/// How long a reply that is complete may take to end its connection's turn.
const DRAIN_FOR: Duration = Duration::from_secs(1);

/// Idle connections, last in, first out, so that surplus ones grow old.
#[derive(Debug)]
pub(crate) struct Pool {
    connector: Connector,
    uri: Uri,
    idle: Mutex<Vec<Link>>,
}

/// Why a request got no reply.
#[derive(Debug)]
pub(crate) enum SendError {
    Connect(ConnectError),
    /// The connection broke. Where it had been used before, the server may just have closed it.
    Lost {
        error: LinkError,
        was_used: bool,
    },
}

impl Pool {
    pub(crate) fn new(connector: Connector, uri: Uri) -> Arc<Self> {
        Arc::new(Self { connector, uri, idle: Mutex::default() })
    }

    /// Sends a request over an idle or a new connection.
    ///
    /// A server may close an idle connection at any moment. A request that could not be sent for that
    /// reason is sent over another one; one that was sent is not, because it may have been answered.
    pub(crate) async fn send(
        self: &Arc<Self>,
        mut message: Message,
        connect_timeout: Duration,
    ) -> Result<Response<HttpBody>, SendError> {
        // What has come together goes out together: a server that sleeps is woken once for many
        // requests instead of once for each, and waking costs more than sending.
        tokio::task::yield_now().await;
        loop {
            let mut link = match self.take() {
                Some(link) => link,
                // Boxed, because it is large, rare, and would be moved about with every request.
                None => Box::pin(self.connect(connect_timeout)).await?,
            };
            let was_used = link.is_used;
            match link.send(message).await {
                Ok(head) => {
                    let pool = Arc::clone(self);
                    let mut reply = Response::new(HttpBody { link: Some(link), pool });
                    *reply.status_mut() = head.status;
                    *reply.headers_mut() = head.headers;
                    return Ok(reply);
                }
                Err(LinkError::Unsent(unsent)) if was_used => message = *unsent,
                Err(LinkError::Unsent(_)) => {
                    let why = "the server closed the connection at once".to_owned();
                    return Err(SendError::Connect(ConnectError::Failed(why)));
                }
                Err(error) => return Err(SendError::Lost { error, was_used }),
            }
        }
    }

    async fn connect(&self, timeout: Duration) -> Result<Link, SendError> {
        let stream = self.connector.connect(&self.uri, timeout).await;
        stream.map(Link::new).map_err(SendError::Connect)
    }

    fn take(&self) -> Option<Link> {
        let now = Instant::now();
        loop {
            let mut link = self.idle().pop()?;
            if !link.is_old(now) && link.is_ready() {
                return Some(link);
            }
        }
    }

    fn put(&self, mut link: Link) {
        if !link.is_ready() {
            return;
        }
        let now = Instant::now();
        link.idle_since = now;
        link.rest();
        let mut idle = self.idle();
        let n_old = idle.iter().take_while(|link| link.is_old(now)).count();
        let old: Vec<Link> = idle.drain(..n_old).collect();
        if idle.len() < IDLE_MAX {
            idle.push(link);
        }
        // Closing takes system calls, which need no lock.
        drop(idle);
        drop(old);
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Link>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reply's body and the connection it comes over. Dropped before its end, it closes the connection.
#[derive(Debug)]
pub(crate) struct HttpBody {
    link: Option<Link>,
    pool: Arc<Pool>,
}

impl HttpBody {
    /// The next piece; after the last one the connection is free for others.
    pub(crate) fn poll_data(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, LinkError>>> {
        let Some(link) = &mut self.link else { return Poll::Ready(None) };
        let polled = std::task::ready!(link.poll_data(cx));
        if polled.is_none()
            && let Some(link) = self.link.take()
        {
            self.pool.put(link);
        }
        Poll::Ready(polled)
    }

    /// The exact length that is still to come, if the server has told it.
    pub(crate) fn len(&self) -> Option<usize> {
        self.link.as_ref().and_then(Link::length).and_then(|len| usize::try_from(len).ok())
    }

    /// The reply is complete, though the connection has not said so yet: it nearly always does within
    /// the same packet, and is then worth keeping.
    pub(crate) fn finish(mut self) {
        if !matches!(
            self.poll_data(&mut Context::from_waker(std::task::Waker::noop())),
            Poll::Pending
        ) {
            return;
        }
        tokio::spawn(tokio::time::timeout(DRAIN_FOR, async move {
            while let Some(Ok(_)) = std::future::poll_fn(|cx| self.poll_data(cx)).await {}
        }));
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::super::HeadStart;
    use super::super::link::IDLE_FOR;
    use super::*;
    use crate::body::Pieces;

    const SOON: Duration = Duration::from_secs(120);

    /// A pool and the server that it leads to.
    async fn pool() -> (Arc<Pool>, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri: Uri = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        (Pool::new(Connector::new(&uri).unwrap(), uri), listener)
    }

    fn message() -> Message {
        let body = Pieces::from(Bytes::from_static(b"{}"));
        HeadStart::new(&Method::POST, "/", &HeaderMap::new()).message(&HeaderMap::new(), body)
    }

    /// Reads one request and answers it with `reply`.
    async fn answer(server: &mut TcpStream, reply: &[u8]) {
        let mut seen = Vec::new();
        while !seen.ends_with(b"\r\n\r\n{}") {
            assert_ne!(server.read_buf(&mut seen).await.unwrap(), 0, "the client hung up");
        }
        server.write_all(reply).await.unwrap();
    }

    const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

    /// Sends a request that `server` answers, and reads the answer to its end.
    async fn exchange(pool: &Arc<Pool>, server: &mut TcpStream) {
        let (reply, ()) = tokio::join!(pool.send(message(), SOON), answer(server, OK));
        drain(reply.unwrap().into_body()).await;
    }

    async fn drain(mut body: HttpBody) {
        while let Some(piece) = std::future::poll_fn(|cx| body.poll_data(cx)).await {
            piece.unwrap();
        }
    }

    /// Opens `n` connections at once, each with its reply still to be read.
    async fn open(
        pool: &Arc<Pool>,
        listener: &TcpListener,
        n: usize,
    ) -> Vec<(HttpBody, TcpStream)> {
        let mut open = Vec::new();
        for _ in 0..n {
            let (reply, server) = tokio::join!(pool.send(message(), SOON), async {
                let mut server = listener.accept().await.unwrap().0;
                answer(&mut server, OK).await;
                server
            });
            open.push((reply.unwrap().into_body(), server));
        }
        open
    }

    #[tokio::test]
    async fn a_connection_is_used_again() {
        let (pool, listener) = pool().await;
        let (body, mut server) = open(&pool, &listener, 1).await.remove(0);
        drain(body).await;
        for _ in 0..3 {
            exchange(&pool, &mut server).await;
        }
        assert_eq!(pool.idle().len(), 1);
    }

    #[tokio::test]
    async fn a_connection_that_was_closed_while_idle_is_replaced() {
        let (pool, listener) = pool().await;
        let (body, server) = open(&pool, &listener, 1).await.remove(0);
        drain(body).await;
        drop(server);
        // Whether or not the hang-up is noticed in time, the request reaches a server once.
        let (body, _server) = open(&pool, &listener, 1).await.remove(0);
        drain(body).await;
        assert_eq!(pool.idle().len(), 1);
    }

    #[tokio::test]
    async fn a_request_that_was_sent_is_not_sent_again() {
        let (pool, listener) = pool().await;
        let (body, mut server) = open(&pool, &listener, 1).await.remove(0);
        drain(body).await;
        let (reply, ()) = tokio::join!(pool.send(message(), SOON), async move {
            answer(&mut server, b"").await;
        });
        assert!(matches!(reply, Err(SendError::Lost { was_used: true, .. })), "{reply:?}");
        assert_eq!(pool.idle().len(), 0);
    }

    #[tokio::test]
    async fn only_so_many_are_kept() {
        let (pool, listener) = pool().await;
        let (bodies, servers): (Vec<_>, Vec<_>) =
            open(&pool, &listener, IDLE_MAX + 3).await.into_iter().unzip();
        for body in bodies {
            drain(body).await;
        }
        assert_eq!(pool.idle().len(), IDLE_MAX);
        drop(servers);
    }

    #[tokio::test]
    async fn what_is_old_is_closed() {
        let (pool, listener) = pool().await;
        let (bodies, mut servers): (Vec<_>, Vec<_>) =
            open(&pool, &listener, 3).await.into_iter().unzip();
        for body in bodies {
            drain(body).await;
        }
        // No longer than that: a machine that has just been started has no time before its start.
        let long_ago = Instant::now().checked_sub(IDLE_FOR).unwrap();
        pool.idle()[..2].iter_mut().for_each(|link| link.idle_since = long_ago);
        exchange(&pool, &mut servers[2]).await;
        assert_eq!(pool.idle().len(), 1);
        for server in &mut servers[..2] {
            assert_eq!(server.read(&mut [0]).await.unwrap(), 0, "it was closed");
        }
    }

    #[tokio::test]
    async fn a_body_that_nobody_reads_on_gives_its_connection_back_only_when_it_has_ended() {
        let (pool, listener) = pool().await;
        // Its end is here already.
        let (body, _server) = open(&pool, &listener, 1).await.remove(0);
        let mut body = body;
        std::future::poll_fn(|cx| body.poll_data(cx)).await.unwrap().unwrap();
        body.finish();
        assert_eq!(pool.idle().len(), 1);
        // Dropped before its end, it closes the connection.
        let (body, mut server) = {
            pool.idle().clear();
            open(&pool, &listener, 1).await.remove(0)
        };
        drop(body);
        assert_eq!(server.read(&mut [0]).await.unwrap(), 0);
        assert_eq!(pool.idle().len(), 0);
    }

    #[tokio::test]
    async fn an_end_that_does_not_come_is_waited_for_only_so_long() {
        let (pool, listener) = pool().await;
        let (reply, mut server) = tokio::join!(pool.send(message(), SOON), async {
            let mut server = listener.accept().await.unwrap().0;
            let half = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n";
            answer(&mut server, half).await;
            server
        });
        let mut body = reply.unwrap().into_body();
        std::future::poll_fn(|cx| body.poll_data(cx)).await.unwrap().unwrap();
        // From here on, nothing but its timer is waited for.
        tokio::time::pause();
        body.finish();
        assert_eq!(server.read(&mut [0]).await.unwrap(), 0, "given up after {DRAIN_FOR:?}");
        assert_eq!(pool.idle().len(), 0);
    }
}
