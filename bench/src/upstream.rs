//! A model that needs no time: what remains of a measurement is the gateway's.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use memchr::memmem;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::{chat, net};

/// Serves chat requests: whole after `wait`, or as a stream with `gap` between two events.
///
/// # Errors
/// When the address cannot be listened on.
pub(crate) async fn serve(listen: SocketAddr, wait: Duration, gap: Duration) -> Result<()> {
    let service =
        service_fn(
            move |request| async move { Ok::<_, Infallible>(answer(request, wait, gap).await) },
        );
    net::serve(listen, service).await
}

async fn answer(request: Request<Incoming>, wait: Duration, gap: Duration) -> Response<ReplyBody> {
    if request.method() == Method::GET {
        return json(MODELS);
    }
    let Ok(body) = request.into_body().collect().await else {
        let mut response = json(b"");
        *response.status_mut() = StatusCode::BAD_REQUEST;
        return response;
    };
    let body = body.to_bytes();
    if memmem::find(&body, br#""stream":true"#).is_none() {
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        return json(chat::REPLY);
    }
    let usage = memmem::find(&body, br#""include_usage":true"#).is_some();
    respond("text/event-stream", ReplyBody::Stream(Box::pin(Stream::new(gap, usage))))
}

const MODELS: &[u8] =
    br#"{"object":"list","data":[{"id":"bench-model","object":"model","created":0,"owned_by":"bench"}]}"#;

fn json(bytes: &'static [u8]) -> Response<ReplyBody> {
    respond("application/json", ReplyBody::Whole(Some(Bytes::from_static(bytes))))
}

fn respond(content_type: &'static str, body: ReplyBody) -> Response<ReplyBody> {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

enum ReplyBody {
    Whole(Option<Bytes>),
    Stream(Pin<Box<Stream>>),
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = match &mut *self {
            Self::Whole(bytes) => bytes.take(),
            Self::Stream(stream) => ready!(stream.poll_event(cx)),
        };
        Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Self::Stream(_) => SizeHint::default(),
        }
    }
}

/// A stream's place in its own schedule.
struct Stream {
    index: usize,
    gap: Duration,
    usage: bool,
    next: Pin<Box<Sleep>>,
}

impl Stream {
    fn new(gap: Duration, usage: bool) -> Self {
        Self { index: 0, gap, usage, next: Box::pin(sleep_until(Instant::now())) }
    }

    /// Waits for the next event's time. Times follow from the first one, so that lateness never adds up.
    fn poll_event(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Bytes>> {
        if self.index == chat::STREAM_EVENTS {
            return Poll::Ready(None);
        }
        if self.index > 0 && !self.gap.is_zero() {
            ready!(self.next.as_mut().poll(cx));
        }
        let due = self.next.deadline() + self.gap;
        self.next.as_mut().reset(due);
        self.index += 1;
        Poll::Ready(Some(self.event()))
    }

    /// The usage rides with the last event: it has no time of its own.
    fn event(&self) -> Bytes {
        if self.usage && self.index == chat::STREAM_EVENTS {
            return Bytes::from([chat::USAGE, chat::DONE].concat());
        }
        chat::event(self.index - 1)
    }
}
