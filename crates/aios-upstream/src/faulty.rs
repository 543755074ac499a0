//! Sends to an endpoint that has ordered faults: what goes wrong here goes wrong between the gateway and the endpoint,
//! whichever it is.

use std::time::Duration;

use aios_core::{AttemptOutcome, Fault, Faults};
use bytes::Bytes;
use http::{HeaderMap, Response};
use tokio::time::Instant;

use crate::Failure;
use crate::endpoint::Endpoint;
use crate::refusal::Refused;
use crate::transport::{Outgoing, ReplySource};

/// How soon whoever waits because of a fault goes on when that is over.
const LOOK_EVERY: Duration = Duration::from_millis(20);

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
            Fault::Hang { .. } => wait(faults, &fault, Duration::MAX).await,
            Fault::Status { code, .. } => {
                *status = Some(code);
                let body = Bytes::from_static(br#"{"error":{"message":"an ordered fault"}}"#);
                return Err(Refused::new(code, &HeaderMap::new(), body).failure());
            }
            Fault::Delay { ms, .. } => wait(faults, &fault, Duration::from_millis(ms)).await,
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

/// Waits as long as this makes callers wait, and no longer than it is on.
async fn wait(faults: &Faults, fault: &Fault, at_most: Duration) {
    let began = Instant::now();
    while let Some(left) = faults.left(fault) {
        let left = left.min(at_most.saturating_sub(began.elapsed()));
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(LOOK_EVERY)).await;
    }
}
