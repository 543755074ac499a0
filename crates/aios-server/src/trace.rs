//! Where a request stands in a trace across programs (W3C Trace Context), and who is told of its end.

use std::fmt::Write as _;

use aios_core::{EventId, ResponseEvent};
use http::header::HeaderName;
use http::{HeaderMap, HeaderValue};

/// Names the caller's span to us, and ours to an endpoint.
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// What tracing systems add for themselves; means nothing without a [`TRACEPARENT`].
pub(crate) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Is told of each admitted request when it ends.
pub trait EventObserver: Send + Sync {
    /// Called once per event, right before it is appended to the log, on the thread that serves the
    /// request: it must neither wait nor panic.
    fn observe(&self, event: &ResponseEvent, trace: &TraceContext);
}

/// The place of one request in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    /// The caller's trace, or one that begins here.
    pub trace_id: [u8; 16],
    /// This request.
    pub span_id: [u8; 8],
    /// The caller's span; none if the trace begins here.
    pub parent_id: Option<[u8; 8]>,
    /// Whether the trace is recorded; so unless the caller says otherwise.
    pub sampled: bool,
}

impl TraceContext {
    /// Goes on with the trace in the request's headers or, where there is none that is valid, begins
    /// one. The event's id names the span, so that event and trace find each other.
    pub(crate) fn of_request(event_id: EventId, headers: &HeaderMap) -> Self {
        let id = *event_id.as_bytes();
        let mut span_id = [0; 8];
        span_id.copy_from_slice(&id[8..]);
        match inbound(headers) {
            Some((trace_id, parent, sampled)) => {
                Self { trace_id, span_id, parent_id: Some(parent), sampled }
            }
            None => Self { trace_id: id, span_id, parent_id: None, sampled: true },
        }
    }

    /// The header that makes an endpoint's spans children of this request's.
    pub(crate) fn traceparent(&self) -> Option<HeaderValue> {
        let mut text = String::with_capacity(TRACEPARENT_BYTES);
        text.push_str("00-");
        push_hex(&mut text, &self.trace_id);
        text.push('-');
        push_hex(&mut text, &self.span_id);
        text.push_str(if self.sampled { "-01" } else { "-00" });
        HeaderValue::try_from(text).ok()
    }
}

/// Length of a header of version 00.
const TRACEPARENT_BYTES: usize = 55;

type Inbound = ([u8; 16], [u8; 8], bool);

/// The caller's trace, its span, and whether it is recorded. More than one header is as good as none.
fn inbound(headers: &HeaderMap) -> Option<Inbound> {
    let mut values = headers.get_all(TRACEPARENT).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    parse(value.as_bytes())
}

fn parse(header: &[u8]) -> Option<Inbound> {
    let mut parts = header.split(|byte| *byte == b'-');
    parts.next().filter(|version| *version == b"00")?;
    let trace_id = from_hex(parts.next()?).filter(|id| *id != [0; 16])?;
    let parent_id = from_hex(parts.next()?).filter(|id| *id != [0; 8])?;
    let [flags] = from_hex(parts.next()?)?;
    parts.next().is_none().then_some((trace_id, parent_id, flags & 1 == 1))
}

/// Exactly `N` bytes in lower-case hexadecimal digits.
fn from_hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use aios_core::Timestamp;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    fn event_id() -> EventId {
        EventId::new(Timestamp::from_micros(1_800_000_000_000_000), [7; 10])
    }

    fn context(headers: &[&str]) -> TraceContext {
        let pairs =
            headers.iter().map(|value| (TRACEPARENT, HeaderValue::from_str(value).unwrap()));
        let mut map = HeaderMap::new();
        pairs.for_each(|(name, value)| {
            map.append(name, value);
        });
        TraceContext::of_request(event_id(), &map)
    }

    #[test]
    fn a_valid_traceparent_is_gone_on_with() {
        for (flags, sampled) in [("00", false), ("01", true), ("02", false), ("ff", true)] {
            let found = context(&[&format!("00-{TRACE}-{SPAN}-{flags}")]);
            assert_eq!(found.trace_id, from_hex::<16>(TRACE.as_bytes()).unwrap());
            assert_eq!(found.parent_id, from_hex::<8>(SPAN.as_bytes()));
            assert_eq!(found.sampled, sampled, "{flags}");
            assert_eq!(found.span_id[..], event_id().as_bytes()[8..]);
        }
    }

    #[test]
    fn an_invalid_traceparent_begins_a_new_trace() {
        let own = context(&[]);
        assert_eq!((own.trace_id, own.parent_id), (*event_id().as_bytes(), None));
        assert!(own.sampled);
        let upper = TRACE.to_uppercase();
        let (no_trace, no_span) = ("0".repeat(32), "0".repeat(16));
        for text in [
            String::new(),
            "00".to_owned(),
            format!("01-{TRACE}-{SPAN}-01"),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("0-{TRACE}-{SPAN}-01"),
            format!("00-{upper}-{SPAN}-01"),
            format!("00-{no_trace}-{SPAN}-01"),
            format!("00-{TRACE}-{no_span}-01"),
            format!("00-{TRACE}0-{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{TRACE}-{SPAN}-1"),
            format!("00-{TRACE}-{SPAN}-0g"),
            format!("00-{TRACE}-{SPAN}-01-more"),
            format!("00-{TRACE}-{SPAN}-01 "),
            format!("00_{TRACE}_{SPAN}_01"),
            "00-\u{e9}".to_owned(),
        ] {
            assert_eq!(context(&[&text]), own, "{text:?}");
        }
        let valid = format!("00-{TRACE}-{SPAN}-01");
        assert_eq!(context(&[&valid, &valid]), own, "which of two is meant nobody knows");
    }

    #[test]
    fn endpoints_are_told_of_our_span_in_the_callers_trace() {
        for flags in ["00", "01"] {
            let ours = context(&[&format!("00-{TRACE}-{SPAN}-{flags}")]);
            let header = ours.traceparent().unwrap();
            assert_eq!(header.len(), TRACEPARENT_BYTES);
            let (trace_id, parent_id, sampled) = parse(header.as_bytes()).unwrap();
            assert_eq!((trace_id, sampled), (ours.trace_id, ours.sampled));
            assert_eq!(parent_id, ours.span_id);
        }
    }
}
