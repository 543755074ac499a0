//! Sends to an endpoint that has ordered faults: what goes wrong here goes wrong between the gateway and the endpoint,
//! whichever it is.

use std::time::Duration;

use aios_core::{AttemptOutcome, Fault, Faults};
use bytes::Bytes;
use http::{HeaderMap, Response};

use crate::Failure;
use crate::endpoint::Endpoint;
use crate::refusal::Refused;
use crate::transport::{Outgoing, ReplySource};

/// As the transport does, with what is ordered for the endpoint's tier.
pub(crate) async fn send(
    faults: &Faults,
    endpoint: &Endpoint,
    outgoing: Outgoing<'_>,
    connect_timeout: Duration,
    status: &mut Option<u16>,
) -> Result<Response<ReplySource>, Failure> {
    let mut cut_after = None;
    for fault in faults.of_tier(endpoint.tier()) {
        match fault {
            Fault::Refuse { .. } => {
                let why = "an ordered fault: no connection";
                return Err(Failure::new(AttemptOutcome::ConnectFailed, why));
            }
            // Whoever waits has a limit of their own.
            Fault::Hang { .. } => std::future::pending().await,
            Fault::Status { code, .. } => {
                *status = Some(code);
                let body = Bytes::from_static(br#"{"error":{"message":"an ordered fault"}}"#);
                return Err(Refused::new(code, &HeaderMap::new(), body).failure());
            }
            Fault::Delay { ms, .. } => tokio::time::sleep(Duration::from_millis(ms)).await,
            Fault::Cut { pieces, .. } => cut_after = Some(pieces),
            Fault::DiskFull {} | Fault::DiskSlow { .. } | Fault::ClockJump { .. } => {}
        }
    }
    let reply = endpoint.transport.send(outgoing, connect_timeout).await?;
    Ok(match cut_after {
        Some(left) => reply.map(|source| ReplySource::Cut { source: Box::new(source), left }),
        None => reply,
    })
}
