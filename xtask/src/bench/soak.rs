//! Memory under steady load: does it stay where it is?

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::Options;
use super::stand::{Stand, Subject};

const SECONDS: u64 = 300;
const SLICE: Duration = Duration::from_secs(10);
/// What the second half may lie above the first: the allocator's own unrest.
const GROWTH_MAX_MIB: f64 = 2.0;

/// Loads the gateway in slices and reads its memory after each.
pub(super) fn run(options: &Options) -> Result<bool> {
    let total = Duration::from_secs(options.seconds.unwrap_or(SECONDS));
    let stand = Stand::new()?;
    let running = stand.start(Subject::Aios)?;
    let (started, mut readings, mut errors) = (Instant::now(), Vec::new(), 0.0);
    while started.elapsed() < total {
        // Whole answers and streams in turns, so that both paths are walked.
        let mode = if readings.len().is_multiple_of(2) { "json" } else { "stream" };
        let load = running.load(mode, 64, SLICE.min(total))?;
        errors += load.figure("errors")?;
        let rss = running.rss_mib().context("memory can be read on Linux only")?;
        println!(
            "{:>4.0} s  {rss:>6.1} MiB  {:>7.0} {mode} requests/s",
            started.elapsed().as_secs_f64(),
            load.figure("rps")?
        );
        readings.push(rss);
    }
    running.stop()?;
    let growth = growth(&readings);
    let met = growth <= GROWTH_MAX_MIB && errors == 0.0;
    let verdict = if met { "pass" } else { "MISS" };
    println!("growth {growth:.1} MiB (bar ≤ {GROWTH_MAX_MIB}), {errors} errors: {verdict}");
    if let Some(file) = &options.json {
        let text = format!("{{\"growth_mib\":{growth},\"errors\":{errors},\"met\":{met}}}\n");
        fs::write(file, text).with_context(|| format!("failed to write {file}"))?;
    }
    Ok(met)
}

/// Mean of the second half less mean of the first, without the first reading: it warms up.
fn growth(readings: &[f64]) -> f64 {
    let steady = readings.get(1..).unwrap_or_default();
    let (first, second) = steady.split_at(steady.len() / 2);
    if first.is_empty() { 0.0 } else { mean(second) - mean(first) }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_between_the_halves_after_the_warm_up() {
        let close = |readings: &[f64], expect: f64| {
            assert!((growth(readings) - expect).abs() < 1e-9, "{readings:?}");
        };
        close(&[1.0, 20.0, 20.0, 20.0, 20.0], 0.0);
        close(&[1.0, 20.0, 20.0, 25.0, 27.0], 6.0);
        close(&[7.0], 0.0);
    }
}
