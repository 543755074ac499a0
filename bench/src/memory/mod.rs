//! The memory on its own: how fast it finds, keeps and forgets, what it merges, and that nothing leaks. A line for each figure.

mod many;
mod pure;
mod recall;
mod stored;
mod vectors;

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;

pub(crate) use vectors::Endpoint;

/// A figure by its name. Which bar it is held against is for whoever reads it.
pub(crate) struct Figure(&'static str, f64);

/// Measures everything and prints it as it comes, a line for each figure.
pub(crate) fn run(
    dir: &Path,
    quick: bool,
    endpoint: Option<&Endpoint>,
    out: &mut dyn Write,
) -> Result<()> {
    let share = if quick { 10 } else { 1 };
    let mut tell = |figures| tell(figures, out);
    tell(recall::run(endpoint)?)?;
    tell(pure::queries(quick))?;
    tell(pure::copies(100_000 / share))?;
    tell(stored::ingest(&dir.join("ingest"), 40_000 / share)?)?;
    tell(stored::erase(&dir.join("erase"), 100_000 / share)?)?;
    tell(many::run(&dir.join("many"), 1_000_000 / share, 1_000_000 / share)?)
}

/// Only how much of what answers a question comes back.
pub(crate) fn recall(endpoint: Option<&Endpoint>, out: &mut dyn Write) -> Result<()> {
    tell(recall::run(endpoint)?, out)
}

fn tell(figures: Vec<Figure>, out: &mut dyn Write) -> Result<()> {
    for Figure(name, figure) in figures {
        writeln!(out, "{name}: {figure}")?;
    }
    Ok(out.flush()?)
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
