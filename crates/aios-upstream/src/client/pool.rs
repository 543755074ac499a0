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
