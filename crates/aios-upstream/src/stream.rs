//! An endpoint's stream of events: passed on as it comes, read on the side, and judged by its ending.
//!
//! A stream is complete when the endpoint said so (`[DONE]`), or at least when the model said why it
//! stopped. Official clients take a stream that merely ends for a whole answer, so one that ends
//! otherwise is a failure here, and whoever relays it must say so in band.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use aios_core::{AttemptOutcome, Operation};
use bytes::Bytes;
use serde::de::IgnoredAny;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::transport::ReplySource;
use crate::visit::Visit;
use crate::{
    Answered, EventAction, Failure, Observed, Observer, SseBlock, SseEvent, SseScanner, Timeouts,
    repaired_json,
};

/// Most that is held back while only comments come.
const HELD_BYTES_MAX: usize = 256 * 1024;

/// Why a stream failed that ended in an orderly way.
const ENDED_EARLY: &str = "the stream ended before the answer did";

const DONE: &[u8] = b"data: [DONE]\n\n";

/// Whether the last event of a stream lacks no more than its blank line; one that was cut is not to be read.
fn is_whole(event: &SseEvent) -> bool {
    let fields = event.fields();
    fields.data.is_none_or(|data| {
        let data = data.trim_ascii();
        data == b"[DONE]" || serde_json::from_str::<IgnoredAny>(&repaired_json(data)).is_ok()
    })
}

/// A stream whose first event has come. Dropping it hangs up, which ends the generation.
#[derive(Debug)]
pub struct StreamReply {
    source: Option<ReplySource>,
    visit: Option<Visit>,
    answered: Arc<Answered>,
    operation: Operation,
    scanner: SseScanner,
    observer: Observer,
    block: SseBlock,
    /// An event that says something has come.
    started: bool,
    is_complete: bool,
    failure: Option<Box<Failure>>,
    first_token_at: Option<Instant>,
    timeouts: Timeouts,
    deadline: Instant,
    last_at: Instant,
    timer: Option<Pin<Box<Sleep>>>,
}

impl StreamReply {
    pub(crate) fn new(
        source: ReplySource,
        answered: Arc<Answered>,
        operation: Operation,
        observer: Observer,
        timeouts: Timeouts,
        deadline: Instant,
    ) -> Self {
        Self {
            source: Some(source),
            answered,
            visit: None,
            operation,
            scanner: SseScanner::default(),
            observer,
            block: SseBlock::default(),
            started: false,
            is_complete: false,
            failure: None,
            first_token_at: None,
            timeouts,
            deadline,
            last_at: Instant::now(),
            timer: None,
        }
    }

    /// Waits for the first event that says something. Until then nothing is lost by going elsewhere.
    pub(crate) async fn first_event(&mut self) -> Result<(), Box<Failure>> {
        std::future::poll_fn(|cx| {
            while !self.started && self.block.len() < HELD_BYTES_MAX && !self.has_ended() {
                ready!(self.poll_source(cx));
            }
            Poll::Ready(())
        })
        .await;
        match self.failure.take() {
            Some(failure) if !self.started => Err(failure),
            kept => {
                self.failure = kept;
                Ok(())
            }
        }
    }

    /// Takes over the stay at the endpoint: from here on the stream's end is told to its breaker.
    pub(crate) fn commit(&mut self, mut visit: Visit) {
        visit.answered(self.last_at);
        if self.is_complete {
            visit.succeeded(self.observer.model_mismatch());
        } else if let Some(failure) = &self.failure {
            visit.failed(failure);
        } else {
            self.visit = Some(visit);
        }
    }

    /// The next events, as they came. After a failure nothing follows.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Box<Failure>>>> {
        while self.block.is_empty() && !self.has_ended() {
            if self.poll_source(cx).is_pending() {
                ready!(self.poll_timer(cx));
            }
        }
        if !self.block.is_empty() {
            return Poll::Ready(Some(Ok(self.block.take())));
        }
        Poll::Ready(self.failure.take().map(Err))
    }

    /// The answer is whole: what [`Self::poll_next`] gave last was its end.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.is_complete && self.block.is_empty()
    }

    /// Who answers.
    #[must_use]
    pub const fn answered(&self) -> &Arc<Answered> {
        &self.answered
    }

    /// What the stream has said so far.
    #[must_use]
    pub fn into_observed(self) -> Observed {
        Observed { first_token_at: self.first_token_at, ..self.observer.into_observed() }
    }

    const fn has_ended(&self) -> bool {
        self.source.is_none()
    }

    /// Takes one piece from the source.
    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(source) = &mut self.source else { return Poll::Ready(()) };
        match ready!(source.poll_data(cx)) {
            Some(Ok(chunk)) => self.take_in(chunk),
            Some(Err(_)) => self.source_ended("the connection broke in the middle of the stream"),
            None => {
                if let Some(event) = self.scanner.finish().filter(is_whole) {
                    self.on_event(event);
                }
                self.source_ended(ENDED_EARLY);
            }
        }
        Poll::Ready(())
    }

    fn take_in(&mut self, chunk: Bytes) {
        self.last_at = Instant::now();
        if self.last_at >= self.deadline {
            // A client that reads slowly must not keep the endpoint for longer than anybody may.
            return self.fail(Failure::out_of_time());
        }
        self.scanner.push(chunk);
        while !self.has_ended() {
            match self.scanner.next_event() {
                Ok(Some(event)) => self.on_event(event),
                Ok(None) => break,
                Err(error) => self.fail(Failure::new(AttemptOutcome::BadReply, error.to_string())),
            }
        }
        if self.first_token_at.is_none() && self.observer.content_seen() {
            self.first_token_at = Some(self.last_at);
        }
    }

    fn on_event(&mut self, event: SseEvent) {
        match self.observer.on_event(&event) {
            EventAction::Forward => {
                self.started = true;
                self.block.push(event);
            }
            EventAction::Strip => self.started = true,
            EventAction::Comment => self.block.push(event),
            // An end of nothing is no answer.
            EventAction::Done if !self.started => self.source_ended(ENDED_EARLY),
            EventAction::Done => {
                self.block.push(event);
                self.complete();
            }
            EventAction::Error { outcome, detail, code: _, body, wire } => {
                let reply = Failure::reply_of_caller(outcome, body);
                self.fail(Failure { frame: wire, reply, ..Failure::new(outcome, detail) });
            }
        }
    }

    /// The source is at its end, and nobody said `[DONE]`.
    fn source_ended(&mut self, why: &'static str) {
        // The last event may have been the end mark.
        if self.has_ended() {
            return;
        }
        if self.observer.has_finished() {
            self.complete_without_mark();
        } else {
            self.fail(Failure::new(AttemptOutcome::StreamCut, why));
        }
    }

    /// The answer is whole but its end mark is missing: clients wait for it, so it is added.
    fn complete_without_mark(&mut self) {
        if matches!(self.operation, Operation::Chat | Operation::Completions) {
            self.block.push(SseEvent::new(Bytes::from_static(DONE)));
        }
        self.complete();
    }

    fn complete(&mut self) {
        self.is_complete = true;
        if let Some(source) = self.source.take() {
            source.finish();
        }
        if let Some(visit) = self.visit.take() {
            visit.succeeded(self.observer.model_mismatch());
        }
    }

    fn fail(&mut self, failure: Failure) {
        self.source = None;
        let mut failure = failure;
        if let Some(visit) = self.visit.take() {
            failure = failure.at(&self.answered.endpoint);
            visit.failed(&failure);
        }
        self.failure = Some(Box::new(failure));
    }

    /// Ends the stream if nothing has come for too long. The timer is only moved when it must ring
    /// earlier, or has rung too early: not with each event.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let due = self.due();
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
            if due < timer.deadline() {
                timer.as_mut().reset(due);
            }
            ready!(timer.as_mut().poll(cx));
            if Instant::now() >= due {
                self.timed_out(due);
                return Poll::Ready(());
            }
            timer.as_mut().reset(due);
        }
    }

    fn due(&self) -> Instant {
        let silence = if self.observer.has_finished() {
            self.timeouts.finish_grace
        } else {
            self.timeouts.inter_token
        };
        (self.last_at + silence).min(self.deadline)
    }

    fn timed_out(&mut self, due: Instant) {
        if self.observer.has_finished() {
            self.complete_without_mark();
        } else if due == self.deadline {
            self.fail(Failure::out_of_time());
        } else {
            let detail = format!("nothing came for {:?}", self.timeouts.inter_token);
            self.fail(Failure::new(AttemptOutcome::InterTokenTimeout, detail));
        }
    }
}
