//! What the endpoints' last failure is called: in the event, in the reply's status and in its code.

use aios_core::{AttemptOutcome, Outcome};
use aios_upstream::{Failure, Fault};
use http::StatusCode;

/// What the event calls an exhausted request.
pub(crate) fn failure_outcome(failure: &Failure) -> Outcome {
    match failure.fault {
        Fault::Caller => Outcome::CallerError,
        Fault::Overload => Outcome::Overloaded,
        Fault::Timeout => Outcome::Timeout,
        Fault::Endpoint => match failure.outcome {
            AttemptOutcome::StreamCut => Outcome::StreamCut,
            _ => Outcome::UpstreamError,
        },
    }
}

/// The HTTP status of an exhausted request.
pub(super) fn failure_status(failure: &Failure) -> StatusCode {
    match failure.fault {
        Fault::Caller => failure
            .reply
            .as_ref()
            .and_then(|reply| StatusCode::from_u16(reply.status).ok())
            .unwrap_or(StatusCode::BAD_REQUEST),
        Fault::Overload if failure.outcome == AttemptOutcome::RateLimited => {
            StatusCode::TOO_MANY_REQUESTS
        }
        Fault::Overload => StatusCode::SERVICE_UNAVAILABLE,
        Fault::Timeout => StatusCode::GATEWAY_TIMEOUT,
        Fault::Endpoint => StatusCode::BAD_GATEWAY,
    }
}

/// The last attempt's outcome as an error code.
pub(crate) fn failure_code(outcome: AttemptOutcome) -> &'static str {
    match outcome {
        AttemptOutcome::Abandoned | AttemptOutcome::Ok => "upstream_error",
        AttemptOutcome::ConnectFailed => "upstream_unreachable",
        AttemptOutcome::ConnectTimeout => "upstream_connect_timeout",
        AttemptOutcome::FirstTokenTimeout => "upstream_first_token_timeout",
        AttemptOutcome::WholeTimeout => "upstream_whole_timeout",
        AttemptOutcome::InterTokenTimeout => "upstream_inter_token_timeout",
        AttemptOutcome::TotalTimeout => "deadline_exceeded",
        AttemptOutcome::ConnectionLost => "upstream_connection_lost",
        AttemptOutcome::StreamCut => "upstream_stream_cut",
        AttemptOutcome::BadReply => "upstream_bad_reply",
        AttemptOutcome::ErrorInReply => "upstream_error_in_reply",
        AttemptOutcome::ServerError => "upstream_error",
        AttemptOutcome::RateLimited => "rate_limit_exceeded",
        AttemptOutcome::Loading => "upstream_loading",
        AttemptOutcome::AuthRefused => "upstream_auth_refused",
        AttemptOutcome::ModelMissing => "upstream_model_missing",
        AttemptOutcome::CallerError => "invalid_request",
        AttemptOutcome::QueueFull => "upstream_queue_full",
    }
}
