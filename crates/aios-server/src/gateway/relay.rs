//! Response bodies: a whole answer, or the relay of an endpoint's stream.
//!
//! The relay owns the request's record, so that the event is written when the stream ends, breaks or
//! is dropped because the client left. Dropping it also drops the endpoint's stream, which cancels
//! the generation.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use aios_core::{AttemptOutcome, Outcome};
use aios_store::CommitError;
use aios_upstream::{Failure, StreamReply};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use super::errors::GatewayError;
use super::failures::{failure_code, failure_outcome};
use super::record::{Ending, Record};
use super::reply::error_frame;
use super::sinks::StreamFilter;

/// Code of what ends because the server does.
pub(crate) const SHUTDOWN: &str = "shutdown";

/// Body of every response of the gateway.
pub(crate) enum ReplyBody {
    /// A whole answer.
    Whole(Option<Bytes>),
    /// A stream.
    Stream(Box<Relay>),
}

impl ReplyBody {
    /// A body of these bytes.
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self::Whole(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }

    /// A relayed stream.
    pub(crate) fn stream(relay: Relay) -> Self {
        Self::Stream(Box::new(relay))
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Stream(relay) => {
                relay.poll_next(cx).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_none(),
            Self::Stream(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Self::Stream(_) => SizeHint::default(),
        }
    }
}

/// An endpoint's stream on its way to the client.
pub(crate) struct Relay {
    stream: Option<Box<StreamReply>>,
    record: Record,
    /// What is done with its texts; by default nothing.
    filter: Option<Box<StreamFilter>>,
    state: State,
    last_block_at: Instant,
}

enum State {
    /// Blocks go through as they come.
    Flowing,
    /// The last block waits until the event is on disk (`events.sync = "always"`).
    Committing { last: Bytes, durable: BoxFuture<'static, Result<(), CommitError>> },
    /// Nothing more comes.
    Ended,
}

impl Relay {
    pub(crate) fn new(mut record: Record, stream: Box<StreamReply>) -> Self {
        let filter = record.facts_mut().reply_filter.take();
        Self {
            stream: Some(stream),
            record,
            filter: filter.map(|filter| Box::new(StreamFilter::new(*filter))),
            state: State::Flowing,
            last_block_at: Instant::now(),
        }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        match &mut self.state {
            State::Flowing => self.poll_flowing(cx),
            State::Committing { last, durable } => {
                let committed = std::task::ready!(durable.as_mut().poll(cx));
                let last = match committed {
                    Ok(()) => std::mem::take(last),
                    Err(error) => self.frame(&error.to_string(), "event_log_failed"),
                };
                self.state = State::Ended;
                Poll::Ready(Some(last).filter(|last| !last.is_empty()))
            }
            State::Ended => Poll::Ready(None),
        }
    }

    fn poll_flowing(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            if self.record.gateway().stopping.load(Ordering::Relaxed) {
                return self.stop(cx);
            }
            let Some(stream) = &mut self.stream else { return Poll::Ready(None) };
            let next = std::task::ready!(stream.poll_next(cx));
            let is_complete = stream.is_complete();
            let block = match next {
                Some(Ok(block)) => block,
                Some(Err(failure)) => return self.break_off(&failure, cx),
                None => Bytes::new(),
            };
            let is_last = is_complete || block.is_empty();
            if !block.is_empty() {
                self.observe_gap();
            }
            let block = match &mut self.filter {
                Some(filter) => filtered(filter, block, is_last),
                None => Ok(block),
            };
            match block {
                Err(error) => return self.withhold(&error, cx),
                Ok(block) if is_last => {
                    return self.end(&Ending::OK, AttemptOutcome::Ok, block, cx);
                }
                // All of it is held back; there is more.
                Ok(block) if block.is_empty() => {}
                Ok(block) => return Poll::Ready(Some(block)),
            }
        }
    }

    /// What comes must not go on. The endpoint did its part.
    fn withhold(&mut self, error: &GatewayError, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let frame = self.frame(&error.message(), error.code());
        self.end(&Ending::from(error), AttemptOutcome::Ok, frame, cx)
    }

    fn observe_gap(&mut self) {
        let now = Instant::now();
        let gap = now.saturating_duration_since(self.last_block_at);
        self.last_block_at = now;
        self.record.gateway().metrics.inter_token_gap.observe(gap.as_secs_f64());
    }

    /// The status is sent, so the client can only be told in band.
    fn break_off(&mut self, failure: &Failure, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let outcome = match failure_outcome(failure) {
            // An endpoint that fails in the middle cuts the stream, whatever its way of failing.
            Outcome::UpstreamError => Outcome::StreamCut,
            other => other,
        };
        let code = failure_code(failure.outcome);
        let frame = failure.frame.clone().unwrap_or_else(|| {
            self.frame(&format!("The stream broke off: {}", failure.detail), code)
        });
        self.cut(&Ending::failed(outcome, code), failure.outcome, frame, cx)
    }

    /// The server's time to stop is over. What is said in band is not taken for a whole answer.
    fn stop(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let frame = self.frame("The stream broke off: the gateway is stopping", SHUTDOWN);
        let ending = Ending::failed(Outcome::InternalError, SHUTDOWN);
        self.cut(&ending, AttemptOutcome::Abandoned, frame, cx)
    }

    /// Ends with a frame that says why, behind what was held back.
    fn cut(
        &mut self,
        ending: &Ending,
        attempt: AttemptOutcome,
        frame: Bytes,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Bytes>> {
        let frame = match &mut self.filter {
            Some(filter) => {
                let held = filter.broken();
                let frame = filter.block(frame).unwrap_or_else(|error| {
                    error_frame(self.record.facts().operation, &error.message(), error.code())
                });
                [held, frame].concat().into()
            }
            None => frame,
        };
        self.end(ending, attempt, frame, cx)
    }

    fn frame(&self, message: &str, code: &str) -> Bytes {
        error_frame(self.record.facts().operation, message, code)
    }

    /// Writes the event, then lets the last block go.
    fn end(
        &mut self,
        ending: &Ending,
        attempt: AttemptOutcome,
        last: Bytes,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Bytes>> {
        self.close_attempt(attempt);
        let commit = self.record.finish(ending).filter(aios_store::Commit::needs_wait);
        self.state = match commit {
            Some(commit) => State::Committing { last, durable: Box::pin(commit.durable()) },
            None => {
                self.state = State::Ended;
                return Poll::Ready(Some(last).filter(|last| !last.is_empty()));
            }
        };
        self.poll_next(cx)
    }

    /// Takes what the stream has shown so far into the record.
    fn close_attempt(&mut self, outcome: AttemptOutcome) {
        let Some(stream) = self.stream.take() else { return };
        let elapsed_ms = self.record.admitted_at().elapsed().as_secs_f64() * 1e3;
        if let Some(attempt) = self.record.attempts.last_mut() {
            attempt.outcome = outcome;
            attempt.duration_ms = elapsed_ms - attempt.started_ms;
        }
        let mut observed = stream.into_observed();
        if let Some(filter) = self.filter.take() {
            observed.text = filter.filter().seen(&observed.text);
            filter.filter().report(&self.record.gateway().metrics);
        }
        self.record.facts_mut().observed = Some(observed);
    }
}

/// What goes out for a block, with all that was held if it is the last.
fn filtered(filter: &mut StreamFilter, block: Bytes, is_last: bool) -> Result<Bytes, GatewayError> {
    let block = filter.block(block)?;
    let held = if is_last { filter.ended()? } else { Bytes::new() };
    Ok(if held.is_empty() { block } else { [block, held].concat().into() })
}

impl Drop for Relay {
    /// The client left: what it got so far is kept; the record writes the event as it is dropped.
    fn drop(&mut self) {
        self.close_attempt(AttemptOutcome::Abandoned);
    }
}
