//! An event becomes its line where it was made.

use std::cell::RefCell;

use aios_core::Event;

/// Longest line whose memory is kept for the next one, in bytes.
const LINE_KEPT_MAX: usize = 64 * 1024;

thread_local! {
    /// Where events become lines, outside of any lock.
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Gives the event's line, with its newline; `None` if it has none. Memory takes every write and an
/// event's keys are text, so there always is one.
pub(super) fn with<T>(event: &Event, take: impl FnOnce(Option<&[u8]>) -> T) -> T {
    LINE.with_borrow_mut(|line| {
        let written = write(event, line);
        take(written.then_some(line.as_slice()))
    })
}

fn write(event: &Event, line: &mut Vec<u8>) -> bool {
    line.clear();
    line.shrink_to(LINE_KEPT_MAX);
    match serde_json::to_writer(&mut *line, event) {
        Ok(()) => {
            line.push(b'\n');
            true
        }
        Err(error) => {
            tracing::error!(%error, id = %event.id(), "an event could not be serialized");
            false
        }
    }
}
