//! Why a call failed, and whose fault it is.
//!
//! Fault attribution decides what happens next: only an endpoint's own faults count towards its
//! breaker; a caller's fault ends the request at once, because no endpoint would answer it better.

use std::time::Duration;

use aios_core::AttemptOutcome;
use bytes::Bytes;

/// What servers call a prompt that does not fit: OpenAI's code, and llama.cpp's type.
pub(crate) const TOO_LONG: [&str; 2] = ["context_length_exceeded", "exceed_context_size_error"];

/// Whose fault a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The request itself.
    Caller,
    /// The endpoint.
    Endpoint,
    /// Nobody's: there is more work than room.
    Overload,
    /// It took too long.
    Timeout,
}

/// Why a request got no answer: its last attempt's failure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Failure {
    /// How the attempt ended.
    pub outcome: AttemptOutcome,
    /// Whose fault it is.
    pub fault: Fault,
    /// The endpoint's own error reply, if it sent one.
    pub reply: Option<ErrorReply>,
    /// When to come again, if that is known.
    pub retry_after: Option<Duration>,
    /// For people and logs: names the endpoint; never holds the endpoint's own words, which may quote
    /// the prompt.
    pub detail: String,
    /// The event that reports the failure within a stream, if the endpoint sent one.
    pub frame: Option<Bytes>,
    /// A connection that had lain idle broke: the server may just have closed it.
    pub(crate) is_stale: bool,
}

/// An endpoint's error reply, in the shape of the OpenAI API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorReply {
    /// HTTP status.
    pub status: u16,
    /// JSON.
    pub body: Bytes,
}

impl Failure {
    /// A failure without a reply.
    pub(crate) fn new(outcome: AttemptOutcome, detail: impl Into<String>) -> Self {
        let fault = fault_of(outcome);
        Self {
            outcome,
            fault,
            reply: None,
            retry_after: None,
            detail: detail.into(),
            frame: None,
            is_stale: false,
        }
    }

    /// The deadline of the whole request has passed.
    pub(crate) fn out_of_time() -> Self {
        Self::new(AttemptOutcome::TotalTimeout, "the deadline of the request passed")
    }

    /// A caller's fault that was reported inside a reply with status 200, as the reply it should have
    /// been.
    pub(crate) fn reply_of_caller(outcome: AttemptOutcome, body: Bytes) -> Option<ErrorReply> {
        const BAD_REQUEST: u16 = 400;
        (outcome == AttemptOutcome::CallerError).then_some(ErrorReply { status: BAD_REQUEST, body })
    }

    /// The same failure, saying where.
    pub(crate) fn at(mut self, endpoint: &str) -> Self {
        self.detail = format!("{endpoint}: {}", self.detail);
        self
    }

    /// Whether it counts towards the endpoint's breaker.
    pub(crate) const fn trips(&self) -> bool {
        match self.outcome {
            AttemptOutcome::ConnectionLost if self.is_stale => false,
            AttemptOutcome::ConnectFailed
            | AttemptOutcome::ConnectTimeout
            | AttemptOutcome::FirstTokenTimeout
            | AttemptOutcome::WholeTimeout
            | AttemptOutcome::InterTokenTimeout
            | AttemptOutcome::ConnectionLost
            | AttemptOutcome::StreamCut
            | AttemptOutcome::BadReply
            | AttemptOutcome::ErrorInReply
            | AttemptOutcome::ServerError
            | AttemptOutcome::AuthRefused
            | AttemptOutcome::ModelMissing => true,
            AttemptOutcome::Abandoned
            | AttemptOutcome::Ok
            | AttemptOutcome::TotalTimeout
            | AttemptOutcome::RateLimited
            | AttemptOutcome::Loading
            | AttemptOutcome::CallerError
            | AttemptOutcome::QueueFull => false,
        }
    }

    /// Whether the same endpoint may do better in a moment.
    pub(crate) const fn is_transient(&self) -> bool {
        matches!(
            self.outcome,
            AttemptOutcome::ConnectFailed
                | AttemptOutcome::ConnectionLost
                | AttemptOutcome::ServerError
                | AttemptOutcome::BadReply
                | AttemptOutcome::ErrorInReply
                | AttemptOutcome::StreamCut
                | AttemptOutcome::RateLimited
                | AttemptOutcome::Loading
        )
    }

    /// Whether a model with a longer context could answer.
    pub(crate) fn is_too_long(&self) -> bool {
        let has = |body: &[u8], word: &str| memchr::memmem::find(body, word.as_bytes()).is_some();
        let says_so = |reply: &ErrorReply| TOO_LONG.iter().any(|word| has(&reply.body, word));
        self.fault == Fault::Caller && self.reply.as_ref().is_some_and(says_so)
    }
}

const fn fault_of(outcome: AttemptOutcome) -> Fault {
    match outcome {
        AttemptOutcome::CallerError => Fault::Caller,
        AttemptOutcome::RateLimited | AttemptOutcome::Loading | AttemptOutcome::QueueFull => {
            Fault::Overload
        }
        AttemptOutcome::ConnectTimeout
        | AttemptOutcome::FirstTokenTimeout
        | AttemptOutcome::WholeTimeout
        | AttemptOutcome::InterTokenTimeout
        | AttemptOutcome::TotalTimeout => Fault::Timeout,
        AttemptOutcome::Abandoned
        | AttemptOutcome::Ok
        | AttemptOutcome::ConnectFailed
        | AttemptOutcome::ConnectionLost
        | AttemptOutcome::StreamCut
        | AttemptOutcome::BadReply
        | AttemptOutcome::ErrorInReply
        | AttemptOutcome::ServerError
        | AttemptOutcome::AuthRefused
        | AttemptOutcome::ModelMissing => Fault::Endpoint,
    }
}
