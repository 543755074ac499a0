//! Shows how a run goes, where a terminal listens.

use std::time::Duration;

use aios_eval::load::Tally;
use aios_server::load::Until;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::output;

/// How often figures are shown.
const EVERY: Duration = Duration::from_millis(200);

/// A bar with the figures so far.
pub(super) struct Live {
    bar: ProgressBar,
    until: Until,
    shown: Duration,
}

impl Live {
    pub(super) fn new(until: Until) -> Self {
        let length = match until {
            Until::Sent(n) => n,
            Until::Over(after) => after.as_secs(),
        };
        let unit = match until {
            Until::Sent(_) => "requests",
            Until::Over(_) => "s",
        };
        let template = format!("{{bar:30}} {{pos}}/{{len}} {unit}, {{elapsed}}, {{msg}}");
        let style = ProgressStyle::with_template(&template);
        let bar = ProgressBar::new(length)
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        // Time goes by on it also while a server gives no answer.
        bar.enable_steady_tick(EVERY);
        Self { bar, until, shown: Duration::ZERO }
    }

    /// Shows what was seen `after` so long.
    pub(super) fn show(&mut self, tally: &Tally, after: Duration) {
        if after < self.shown + EVERY {
            return;
        }
        self.shown = after;
        self.bar.set_position(match self.until {
            Until::Sent(_) => tally.n() + tally.n_unsent(),
            Until::Over(_) => after.as_secs(),
        });
        let times = tally.latency().map_or_else(String::new, |it| {
            format!("p50 {:.0} ms, p95 {:.0} ms, p99 {:.0} ms, ", it.p50_ms, it.p95_ms, it.p99_ms)
        });
        self.bar.set_message(format!("{times}{} failed", tally.n_failed()));
    }

    /// Says something beside the bar.
    pub(super) fn say(&self, what: &str) {
        self.bar.suspend(|| output::say(what));
    }

    pub(super) fn end(self) {
        self.bar.finish_and_clear();
    }
}
