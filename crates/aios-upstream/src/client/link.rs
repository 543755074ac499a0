//! One connection, driven by the request that uses it.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, Connection, SendRequest};

use super::connect::Stream;
use crate::body::Pieces;

/// Longest head of a reply, in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// A connection with its handle.
#[derive(Debug)]
pub(crate) struct Link {
    sender: SendRequest<Pieces>,
    connection: Option<Pin<Box<Connection<Stream, Pieces>>>>,
    /// When it last became idle.
    pub(super) idle_since: Instant,
    /// It has carried a request before, so it may have been closed unnoticed.
    pub(super) is_used: bool,
}

/// Why a connection carried no reply.
#[derive(Debug)]
pub(crate) enum LinkError {
    /// Nothing was sent: the request can be sent elsewhere.
    Unsent(Box<Request<Pieces>>),
    /// The connection broke.
    Lost(hyper::Error),
}

impl Link {
    /// Starts HTTP on a stream.
    pub(crate) async fn new(stream: Stream) -> hyper::Result<Self> {
        let (sender, connection) =
            Builder::new().max_buf_size(HEAD_BYTES_MAX).handshake(stream).await?;
        Ok(Self {
            sender,
            connection: Some(Box::pin(connection)),
            idle_since: Instant::now(),
            is_used: false,
        })
    }

    /// Sends a request and waits for the head of its reply.
    pub(crate) async fn send(
        &mut self,
        request: Request<Pieces>,
    ) -> Result<Response<Incoming>, LinkError> {
        self.is_used = true;
        let Self { sender, connection, .. } = self;
        let mut reply = pin!(sender.try_send_request(request));
        std::future::poll_fn(|cx| {
            drive(connection, cx);
            reply.as_mut().poll(&mut quiet())
        })
        .await
        .map_err(|mut error| match error.take_message() {
            Some(request) => LinkError::Unsent(Box::new(request)),
            None => LinkError::Lost(error.into_error()),
        })
    }

    /// The next piece of a reply's body. Trailers are passed over.
    pub(crate) fn poll_data(
        &mut self,
        body: &mut Incoming,
        cx: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Bytes>>> {
        loop {
            let mut polled = Pin::new(&mut *body).poll_frame(&mut quiet());
            if polled.is_pending() {
                drive(&mut self.connection, cx);
                polled = Pin::new(&mut *body).poll_frame(&mut quiet());
            }
            match std::task::ready!(polled) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
    }

    /// Whether another request can be sent: the last reply was read to its end and the server has not
    /// hung up, as far as can be told without asking it.
    pub(crate) fn is_ready(&mut self) -> bool {
        drive(&mut self.connection, &mut quiet());
        self.connection.is_some() && self.sender.is_ready()
    }
}

/// Moves bytes. What comes of it is seen by polling the reply afterwards, in the same breath: so that
/// one needs no waker of its own.
fn drive(connection: &mut Option<Pin<Box<Connection<Stream, Pieces>>>>, cx: &mut Context<'_>) {
    if let Some(running) = connection
        && running.as_mut().poll(cx).is_ready()
    {
        *connection = None;
    }
}

const fn quiet() -> Context<'static> {
    Context::from_waker(Waker::noop())
}
