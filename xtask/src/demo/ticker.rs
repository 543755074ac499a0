//! One line that is always up to date.

use std::io::{IsTerminal, Write, stdout};
use std::time::{Duration, Instant};

use super::traffic::Seen;

/// Without a terminal a line is added now and then; nothing can be overwritten there.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

pub(super) struct Ticker {
    terminal: bool,
    shown_at: Option<Instant>,
}

impl Ticker {
    pub(super) fn new() -> Self {
        Self { terminal: stdout().is_terminal(), shown_at: None }
    }

    pub(super) fn show(&mut self, seen: &Seen) {
        if self.terminal {
            print!("\r{:<76}", line(seen));
        } else if self.shown_at.is_none_or(|at| at.elapsed() >= PLAIN_EVERY) {
            println!("{}", line(seen));
            self.shown_at = Some(Instant::now());
        }
        // A ticker nobody can see is no reason to stop.
        stdout().flush().ok();
    }

    pub(super) fn end(&self) {
        if self.terminal {
            println!();
        }
    }
}

fn line(seen: &Seen) -> String {
    let share = |n: usize| 100.0 * n as f64 / seen.n_routed.max(1) as f64;
    format!(
        "{:>5} requests   main {:>3.0} %   treatment {:>3.0} %   p95 {:>5.2} s   errors {}",
        seen.n_requests,
        share(seen.n_main),
        share(seen.n_treatment),
        seen.latency_p95().as_secs_f64(),
        seen.n_errors
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_shows_shares_of_what_was_routed() {
        let mut seen =
            Seen { n_requests: 5, n_routed: 4, n_main: 3, n_treatment: 1, ..Seen::default() };
        seen.latencies = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(
            line(&seen),
            "    5 requests   main  75 %   treatment  25 %   p95  0.10 s   errors 0"
        );
    }
}
