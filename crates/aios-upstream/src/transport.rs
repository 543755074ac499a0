//! Carries a call to an endpoint: over HTTP, or to a simulated model in this process.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use aios_core::{AttemptOutcome, Operation};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Response, Uri};

use crate::body::Pieces;
use crate::client::{
    self, ConnectError, Connector, HeadStart, HttpBody, LinkError, Pool, SendError,
};
use crate::{EndpointConfig, Failure, SimBody, SimFaults, SimModel};

const AGENT: HeaderValue = HeaderValue::from_static(concat!("aios/", env!("CARGO_PKG_VERSION")));
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENTS_OR_JSON: HeaderValue = HeaderValue::from_static("text/event-stream, application/json");

/// How an endpoint is reached.
#[derive(Debug)]
pub(crate) enum Transport {
    Http(Box<HttpTransport>),
    Simulated(Arc<SimModel>),
    /// It cannot be reached as it is configured.
    Broken(String),
}

#[derive(Debug)]
pub(crate) struct HttpTransport {
    pool: Arc<Pool>,
    /// How the heads of each operation begin, whole and as a stream, in the order of [`Operation::ALL`].
    heads: [[HeadStart; 2]; Operation::ALL.len()],
}

/// What one call sends.
#[derive(Debug)]
pub(crate) struct Outgoing<'a> {
    pub(crate) operation: Operation,
    pub(crate) stream: bool,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: Pieces,
}

/// A reply's body, wherever it comes from.
#[derive(Debug)]
pub(crate) enum ReplySource {
    Http(HttpBody),
    Simulated(SimBody),
    /// A reply that breaks after so many pieces: an ordered fault.
    Cut {
        /// Its pieces.
        source: Box<Self>,
        /// How many are let by.
        left: u32,
    },
}

/// The connection broke within a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SourceLost;

impl Transport {
    pub(crate) fn new(config: &EndpointConfig) -> Self {
        if config.url.starts_with("sim:") {
            return match SimModel::from_url(&config.url) {
                Ok(model) => Self::Simulated(Arc::new(model)),
                Err(error) => Self::Broken(error.to_string()),
            };
        }
        HttpTransport::new(config).map_or_else(Self::Broken, |http| Self::Http(Box::new(http)))
    }

    /// The switch for the faults of a simulated model.
    pub(crate) fn sim_faults(&self) -> Option<Arc<SimFaults>> {
        match self {
            Self::Simulated(model) => Some(model.faults()),
            Self::Http(_) | Self::Broken(_) => None,
        }
    }

    pub(crate) async fn send(
        &self,
        outgoing: Outgoing<'_>,
        connect_timeout: Duration,
    ) -> Result<Response<ReplySource>, Failure> {
        match self {
            Self::Http(http) => http.send(outgoing, connect_timeout).await,
            Self::Simulated(model) => {
                let replied = model.respond(outgoing.operation, outgoing.body.join());
                let replied = Box::pin(replied).await;
                let refused =
                    |error| Failure::new(AttemptOutcome::ConnectFailed, format!("{error}"));
                replied.map(|reply| reply.map(ReplySource::Simulated)).map_err(refused)
            }
            Self::Broken(why) => Err(Failure::new(AttemptOutcome::ConnectFailed, why.clone())),
        }
    }
}

impl HttpTransport {
    fn new(config: &EndpointConfig) -> Result<Self, String> {
        let uri: Uri = config.url.parse().map_err(|error| format!("not a URL: {error}"))?;
        let authority = uri.authority().ok_or("the URL has no host")?;
        let host = HeaderValue::from_str(authority.as_str()).map_err(|error| error.to_string())?;
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host);
        headers.insert(USER_AGENT, AGENT);
        headers.insert(CONTENT_TYPE, JSON);
        if let Some(key) = &config.api_key {
            let value = client::bearer_value(key).ok_or("the API key is not a header value")?;
            headers.insert(AUTHORIZATION, value);
        }
        let base = uri.path().trim_end_matches('/');
        for operation in Operation::ALL {
            let path = format!("{base}{}", operation.path());
            PathAndQuery::try_from(path).map_err(|error| error.to_string())?;
        }
        let heads = Operation::ALL.map(|operation| {
            [JSON, EVENTS_OR_JSON].map(|accepted| {
                headers.insert(ACCEPT, accepted);
                let path = format!("{base}{}", operation.path());
                HeadStart::new(&Method::POST, &path, &headers)
            })
        });
        let connector = Connector::new(&uri)
            .map_err(|error| format!("the system's certificates cannot be read: {error}"))?;
        Ok(Self { pool: Pool::new(connector, uri), heads })
    }

    async fn send(
        &self,
        outgoing: Outgoing<'_>,
        connect_timeout: Duration,
    ) -> Result<Response<ReplySource>, Failure> {
        let heads = &self.heads[outgoing.operation as usize];
        let message = heads[usize::from(outgoing.stream)].message(outgoing.headers, outgoing.body);
        let sent = self.pool.send(message, connect_timeout).await;
        sent.map(|reply| reply.map(ReplySource::Http)).map_err(failure_of)
    }
}

fn failure_of(error: SendError) -> Failure {
    match error {
        SendError::Connect(error @ ConnectError::Timeout(_)) => {
            Failure::new(AttemptOutcome::ConnectTimeout, error.to_string())
        }
        SendError::Connect(error @ (ConnectError::Failed(_) | ConnectError::NoSocket(_))) => {
            Failure::new(AttemptOutcome::ConnectFailed, error.to_string())
        }
        // Not an HTTP reply at all.
        SendError::Lost { error: LinkError::NotHttp(_), .. } => {
            Failure::new(AttemptOutcome::BadReply, "what came back is not HTTP")
        }
        SendError::Lost { was_used, .. } => {
            let detail = "the connection broke before a reply came";
            Failure { is_stale: was_used, ..Failure::new(AttemptOutcome::ConnectionLost, detail) }
        }
    }
}

impl ReplySource {
    /// The next piece of the body.
    pub(crate) fn poll_data(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, SourceLost>>> {
        match self {
            Self::Http(body) => {
                body.poll_data(cx).map(|data| data.map(|data| data.map_err(|_| SourceLost)))
            }
            Self::Cut { left: 0, .. } => Poll::Ready(Some(Err(SourceLost))),
            Self::Cut { source, left } => {
                let piece = std::task::ready!(source.poll_data(cx));
                *left -= 1;
                Poll::Ready(piece)
            }
            Self::Simulated(body) => {
                let frame =
                    std::task::ready!(http_body::Body::poll_frame(std::pin::Pin::new(body), cx));
                Poll::Ready(frame.map(|frame| match frame {
                    Ok(frame) => Ok(frame.into_data().unwrap_or_default()),
                    Err(_) => Err(SourceLost),
                }))
            }
        }
    }

    /// The exact length that is still to come, if it is known.
    pub(crate) fn len(&self) -> Option<usize> {
        match self {
            Self::Http(body) => body.len(),
            Self::Simulated(_) | Self::Cut { .. } => None,
        }
    }

    /// The reply is complete; nothing more of it is wanted.
    pub(crate) fn finish(self) {
        if let Self::Http(body) = self {
            body.finish();
        }
    }
}
