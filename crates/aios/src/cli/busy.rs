//! What shows that a command is at work.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often the time is drawn anew.
const TICK: Duration = Duration::from_millis(200);

/// A line on stderr, where a terminal listens, with what is being done and for how long; gone when this is
/// dropped. For work that does not say how far it has come; what does has a [`Bar`](super::progress::Bar).
#[derive(Debug)]
pub(super) struct Busy(ProgressBar);

impl Busy {
    pub(super) fn with(what: &'static str) -> Self {
        let bar = ProgressBar::new_spinner().with_message(what);
        let style = ProgressStyle::with_template("{spinner} {msg}, {elapsed}");
        let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.enable_steady_tick(TICK);
        Self(bar)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
