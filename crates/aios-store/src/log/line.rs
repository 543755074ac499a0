//! An event becomes its line where it was made.

use std::cell::RefCell;

use aios_core::Event;

/// Longest line whose memory is kept for the next one, in bytes.
const LINE_KEPT_MAX: usize = 64 * 1024;

thread_local! {
    /// Where events become lines, outside of any lock.
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Gives the event's line, with its newline.
pub(super) fn with<T>(event: &Event, take: impl FnOnce(&[u8]) -> T) -> T {
    LINE.with_borrow_mut(|line| {
        line.clear();
        line.shrink_to(LINE_KEPT_MAX);
        event.write_line(line);
        take(line)
    })
}
