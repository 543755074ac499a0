//! An event becomes its line where it was made, and what the index wants to know of it.

use std::cell::RefCell;

use aios_core::{Event, Timestamp};

use crate::SegmentId;
use crate::index::fresh::Teller;
use crate::index::said::Said;

/// Longest line whose memory is kept for the next one, in bytes.
const LINE_KEPT_MAX: usize = 64 * 1024;

thread_local! {
    /// Where events become lines, outside of any lock.
    static LINE: RefCell<(Vec<u8>, Teller)> = RefCell::default();
}

/// What is written of an event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    /// With its newline.
    pub(crate) bytes: &'a [u8],
    pub(crate) at: Timestamp,
    /// What a segment is called that begins with it.
    pub(crate) begins: SegmentId,
    /// What the index is told of it.
    pub(crate) row: &'a [u8],
    /// What it says of an answer.
    pub(crate) said: Option<Said>,
}

/// Gives the event's line.
pub(super) fn with<T>(event: &Event, take: impl FnOnce(Line<'_>) -> T) -> T {
    LINE.with_borrow_mut(|(bytes, teller)| {
        bytes.clear();
        bytes.shrink_to(LINE_KEPT_MAX);
        event.write_line(bytes);
        let begins = SegmentId::of_first(event.at(), event.id());
        let row = teller.tell(event, bytes.len());
        let said = match event {
            Event::Feedback(event) => Said::in_feedback(event),
            Event::Response(_) | Event::Hypothesis(_) => None,
        };
        take(Line { bytes, at: event.at(), begins, row, said })
    })
}
