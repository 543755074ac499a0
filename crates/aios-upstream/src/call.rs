//! What is asked of the endpoints, and what comes back.

use std::sync::Arc;

use aios_core::{Operation, Tier};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;

use crate::{Observed, RequestBody, StreamReply};

/// One request for the endpoints.
#[derive(Debug)]
pub struct Call {
    /// Which API.
    pub operation: Operation,
    /// Who may answer.
    pub target: Target,
    /// The client's body.
    pub body: RequestBody,
    /// The client wants a stream.
    pub stream: bool,
    /// The stream's usage was asked for by us: keep it from the client.
    pub strip_usage: bool,
    /// Headers that are passed on.
    pub headers: HeaderMap,
    /// Length of the prompt's text, in bytes, for the estimate where no usage is reported.
    pub prompt_bytes: u64,
    /// Longest answer text that is kept, in bytes.
    pub capture_max: usize,
    /// When the request was admitted: attempts are timed from here.
    pub admitted_at: Instant,
    /// When everything must be over.
    pub deadline: Instant,
}

/// Who may answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The endpoints of a tier.
    Tier {
        /// The tier.
        tier: Tier,
        /// The other tier may answer if this one cannot.
        fallback: bool,
    },
    /// The endpoints that serve exactly this model.
    Model(String),
}

/// An answer under way.
#[derive(Debug)]
pub enum Reply {
    /// In one piece.
    Whole(Box<WholeReply>),
    /// As a stream whose first event has come.
    Stream(Box<StreamReply>),
}

/// An answer in one piece.
#[derive(Debug)]
pub struct WholeReply {
    /// HTTP status.
    pub status: u16,
    /// The endpoint's content type.
    pub content_type: Option<HeaderValue>,
    /// The body as it came.
    pub body: Bytes,
    /// What it says.
    pub observed: Observed,
    /// Who answered.
    pub answered: Arc<Answered>,
}

/// Who answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The endpoint's name.
    pub endpoint: String,
    /// Its tier.
    pub tier: Tier,
    /// The model that was asked for.
    pub model: String,
    /// It is a simulated model.
    pub simulated: bool,
    /// Price of a million prompt tokens, in US dollars.
    pub input_usd_per_mtok: Option<f64>,
    /// Price of a million answer tokens, in US dollars.
    pub output_usd_per_mtok: Option<f64>,
}
