//! Shows how a golden run goes, where a terminal listens.

use std::cell::RefCell;

use aios_server::golden::Progress;
use indicatif::{ProgressBar, ProgressStyle};

/// A bar, while questions are asked.
#[derive(Debug, Default)]
pub(in crate::cli) struct Bar(RefCell<Option<ProgressBar>>);

impl Progress for Bar {
    fn begin(&self, n: usize) {
        let bar = ProgressBar::new(n as u64);
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} questions, {eta} left");
        let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.tick();
        self.0.replace(Some(bar));
    }

    fn advance(&self) {
        if let Some(bar) = &*self.0.borrow() {
            bar.inc(1);
        }
    }

    fn end(&self) {
        if let Some(bar) = self.0.take() {
            bar.finish_and_clear();
        }
    }
}
