//! The memory on its own: how fast it finds, keeps and forgets, what it merges, and that nothing leaks.

mod pure;
mod stored;

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;

/// A figure and its bar.
pub(crate) struct Bar {
    name: &'static str,
    figure: f64,
    limit: Limit,
}

enum Limit {
    AtLeast(f64),
    AtMost(f64),
    /// It is only shown.
    None,
}

impl Bar {
    fn at_most(name: &'static str, figure: f64, limit: f64) -> Self {
        Self { name, figure, limit: Limit::AtMost(limit) }
    }

    fn at_least(name: &'static str, figure: f64, limit: f64) -> Self {
        Self { name, figure, limit: Limit::AtLeast(limit) }
    }

    fn shown(name: &'static str, figure: f64) -> Self {
        Self { name, figure, limit: Limit::None }
    }

    fn met(&self) -> bool {
        match self.limit {
            Limit::AtLeast(bar) => self.figure >= bar,
            Limit::AtMost(bar) => self.figure <= bar,
            Limit::None => true,
        }
    }

    fn print(&self, out: &mut dyn Write) -> Result<()> {
        let limit = match self.limit {
            Limit::AtLeast(bar) => format!("≥ {bar}"),
            Limit::AtMost(bar) => format!("≤ {bar}"),
            Limit::None => "-".to_owned(),
        };
        let verdict = match (&self.limit, self.met()) {
            (Limit::None, _) => "",
            (_, true) => "pass",
            (_, false) => "MISS",
        };
        writeln!(out, "{:<62} {:>12.3} {limit:>9}  {verdict}", self.name, self.figure)?;
        Ok(out.flush()?)
    }
}

/// Measures everything and prints it as it comes; true where every bar is met.
pub(crate) fn run(dir: &Path, quick: bool, out: &mut dyn Write) -> Result<bool> {
    let share = if quick { 10 } else { 1 };
    let mut all_met = true;
    let mut tell = |bars: Vec<Bar>, out: &mut dyn Write| -> Result<()> {
        for bar in bars {
            all_met &= bar.met();
            bar.print(out)?;
        }
        Ok(())
    };
    tell(pure::recall(), out)?;
    tell(pure::queries(quick), out)?;
    tell(pure::copies(100_000 / share), out)?;
    tell(stored::ingest(&dir.join("ingest"), 40_000 / share)?, out)?;
    tell(stored::erase(&dir.join("erase"), 100_000 / share)?, out)?;
    tell(stored::many(&dir.join("many"), 1_000_000 / share, 1_000_000 / share)?, out)?;
    writeln!(out, "\n{}", if all_met { "every bar is met" } else { "a bar is missed" })?;
    Ok(all_met)
}

/// How long a piece of work takes, in milliseconds.
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let begun = Instant::now();
    let done = work();
    (done, begun.elapsed().as_secs_f64() * 1e3)
}

/// The value below which such a share lies.
fn at(times: &mut [f64], share: f64) -> f64 {
    times.sort_by(f64::total_cmp);
    let last = times.len().saturating_sub(1);
    times.get((last as f64 * share).round() as usize).copied().unwrap_or(0.0)
}
