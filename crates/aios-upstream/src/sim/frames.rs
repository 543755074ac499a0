//! A reply as the pieces in which it goes over the wire, and what faults make of them.

use bytes::Bytes;
use serde_json::{Value, json};

use super::faults::FaultPlan;

/// Bytes of a whole reply that count as one chunk when it has to be sent in pieces.
const PIECE_BYTES: usize = 64;
/// An event that is cut off in the middle of its JSON.
const GARBAGE_EVENT: &[u8] = b"data: {\"id\":\"sim\",\"choices\":[{\"delta\":{\"con\n\n";
/// What a broken proxy puts in a reply's place.
const GARBAGE_BODY: &[u8] = b"<html><body>502 Bad Gateway</body></html>";

/// The pieces of a reply's body.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Frames {
    /// In order, one for each moment of sending.
    pub(super) frames: Vec<Bytes>,
    /// After the last frame the connection breaks.
    pub(super) cut: bool,
}

impl Frames {
    /// A stream: events, and the last one that ends it properly.
    pub(super) fn stream(mut events: Vec<Bytes>, ending: Bytes, faults: &FaultPlan) -> Self {
        if !faults.no_done {
            events.push(ending);
        }
        if faults.garbage {
            events.truncate(1);
            events.push(Bytes::from_static(GARBAGE_EVENT));
        }
        if let Some(n) = faults.error_in_200 {
            events.truncate(n as usize);
            events.push(data_event(&error_body()));
        }
        Self { frames: events, cut: false }.with_cut(faults)
    }

    /// A whole reply.
    pub(super) fn whole(body: &Value, faults: &FaultPlan) -> Self {
        let body: Bytes = match faults {
            FaultPlan { garbage: true, .. } => Bytes::from_static(GARBAGE_BODY),
            FaultPlan { error_in_200: Some(_), .. } => error_body().to_string().into(),
            _ => body.to_string().into(),
        };
        if faults.cut_after.is_none() && faults.slow_drip.is_zero() {
            return Self { frames: vec![body], cut: false };
        }
        let starts = (0..body.len()).step_by(PIECE_BYTES);
        let frames =
            starts.map(|start| body.slice(start..body.len().min(start + PIECE_BYTES))).collect();
        Self { frames, cut: false }.with_cut(faults)
    }

    /// A reply that is ready and has no faults.
    pub(super) fn plain(body: Bytes) -> Self {
        Self { frames: vec![body], cut: false }
    }

    /// Cuts before the last frame at the latest, so that a cut reply is never a whole one.
    fn with_cut(mut self, faults: &FaultPlan) -> Self {
        if let Some(n) = faults.cut_after {
            self.frames.truncate((n as usize).min(self.frames.len().saturating_sub(1)));
            self.cut = true;
        }
        self
    }
}

/// An event with JSON data.
pub(super) fn data_event(data: &Value) -> Bytes {
    format!("data: {data}\n\n").into()
}

/// An event with a type and JSON data.
pub(super) fn typed_event(kind: &str, data: &Value) -> Bytes {
    format!("event: {kind}\ndata: {data}\n\n").into()
}

fn error_body() -> Value {
    let message = "simulated failure while generating";
    json!({"error": {"message": message, "type": "server_error", "param": null, "code": "simulated_failure"}})
}
