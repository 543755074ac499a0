//! Shows how long work goes, on stderr and where a terminal listens.

use std::sync::{Mutex, PoisonError};

use aios_core::Progress;
use indicatif::{ProgressBar, ProgressStyle};

/// Fewer bytes take less than a second.
const BYTES_MIN: u64 = 32 << 20;

/// A bar, while something is under way whose length is known.
#[derive(Debug)]
pub(super) struct Bar {
    make: fn(u64) -> ProgressBar,
    shown: Mutex<Option<ProgressBar>>,
}

impl Bar {
    /// Counts questions.
    pub(super) fn of_questions() -> Self {
        Self { make: questions, shown: Mutex::default() }
    }

    /// Counts bytes.
    pub(super) fn of_bytes() -> Self {
        Self { make: bytes, shown: Mutex::default() }
    }

    fn change(&self, change: impl FnOnce(&mut Option<ProgressBar>)) {
        change(&mut self.shown.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Progress for Bar {
    fn begin(&self, n: u64) {
        let bar = (self.make)(n);
        bar.tick();
        self.change(|shown| *shown = Some(bar));
    }

    fn advance(&self, n: u64) {
        self.change(|shown| shown.iter().for_each(|bar| bar.inc(n)));
    }

    fn end(&self) {
        self.change(|shown| shown.take().iter().for_each(ProgressBar::finish_and_clear));
    }
}

/// A bar of so many bytes; hidden where it would be gone at once.
pub(super) fn bytes(n: u64) -> ProgressBar {
    if n < BYTES_MIN {
        return ProgressBar::hidden();
    }
    styled(ProgressBar::new(n), "{bar:40} {bytes}/{total_bytes}, {eta} left")
}

fn questions(n: u64) -> ProgressBar {
    styled(ProgressBar::new(n), "{bar:30} {pos}/{len} questions, {eta} left")
}

/// A bar that looks so.
pub(super) fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_stands_while_something_goes_on() {
        let bar = Bar::of_questions();
        let position = || bar.shown.lock().unwrap().as_ref().map(ProgressBar::position);
        assert_eq!(position(), None);
        bar.begin(3);
        bar.advance(2);
        assert_eq!(position(), Some(2));
        bar.end();
        assert_eq!(position(), None);
        assert!(bytes(BYTES_MIN - 1).length().is_none_or(|n| n == 0));
        assert_eq!(bytes(BYTES_MIN).length(), Some(BYTES_MIN));
    }
}
