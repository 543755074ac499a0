//! Erasing one conversation: the time must grow with the segments that hold it, not with the log.
//!
//! Two rows of logs are measured. In one the log grows and the conversation stays in two segments; in the
//! other the log stays and the conversation is in more and more of them. What is compared are the slopes.
//! The proof afterwards reads every byte, so its time grows with the log; it is shown as a rate.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use super::Options;
use crate::{cargo, process, workspace};

/// Segments of the logs that grow.
const GROWING: [u32; 4] = [8, 16, 32, 64];

/// In how many segments the conversation is, in a log of the first row's last length.
const SPREADING: [u32; 4] = [1, 4, 16, 48];

/// Events in each segment: some five members of gzip.
const EVENTS: &str = "1000";

/// A segment that does not hold the conversation may cost so much of one that does.
const IDLE_SHARE_MAX: f64 = 0.05;

/// One log.
#[derive(Debug, Clone, Copy)]
struct Measured {
    segments: f64,
    holding: f64,
    text_mib: f64,
    rewrite_ms: f64,
    verify_ms: f64,
}

/// Measures both rows.
pub(super) fn run(options: &Options) -> Result<bool> {
    println!("building");
    cargo::run(&["build", "--quiet", "--profile", "quick", "-p", "aios-bench"])?;
    let last = if options.quick { 3 } else { GROWING.len() };
    let longest = GROWING.get(last - 1).copied().unwrap_or(GROWING[0]);
    let growing = row(GROWING.iter().take(last).map(|segments| (*segments, 2)))?;
    let spread = SPREADING.iter().filter(|holding| **holding < longest);
    let spreading = row(spread.map(|holding| (longest, *holding)))?;
    let idle = slope(growing.iter().map(|one| (one.segments, one.rewrite_ms)));
    let held = slope(spreading.iter().map(|one| (one.holding, one.rewrite_ms)));
    let rate = growing.last().map_or(0.0, |one| one.text_mib / one.verify_ms * 1e3);
    let share = idle / held;
    let met = share <= IDLE_SHARE_MAX && held > 0.0;
    let verdict = if met { "pass" } else { "MISS" };
    println!("{held:.2} ms for each segment that holds it, {idle:.3} ms for each that does not");
    println!("share {share:.3} (bar ≤ {IDLE_SHARE_MAX}): {verdict}");
    println!("the proof reads {rate:.0} MiB/s of text");
    if let Some(file) = &options.json {
        let text = format!(
            "{{\"held_ms\":{held},\"idle_ms\":{idle},\"verify_mib_per_s\":{rate},\"met\":{met}}}\n"
        );
        fs::write(file, text).with_context(|| format!("failed to write {file}"))?;
    }
    Ok(met)
}

fn row(shapes: impl Iterator<Item = (u32, u32)>) -> Result<Vec<Measured>> {
    shapes.map(|(segments, holding)| measure(segments, holding)).collect()
}

/// The quickest of three: whatever else the machine does only adds to the time.
fn measure(segments: u32, holding: u32) -> Result<Measured> {
    let mut all = (0..3).map(|_| once(segments, holding)).collect::<Result<Vec<_>>>()?;
    all.sort_by(|one, other| one.rewrite_ms.total_cmp(&other.rewrite_ms));
    let quickest = all[0];
    println!(
        "{segments:>3} segments ({:>4.0} MiB), {holding:>2} hold it: taken out in {:>7.1} ms, proven in {:>7.0} ms",
        quickest.text_mib, quickest.rewrite_ms, quickest.verify_ms
    );
    Ok(quickest)
}

fn once(segments: u32, holding: u32) -> Result<Measured> {
    let mut command = Command::new(workspace::program("quick", "aios-bench"));
    command.args(["erase", "--segments", &segments.to_string(), "--holding", &holding.to_string()]);
    command.args(["--events", EVENTS]);
    let said = process::output(&mut command).context("aios-bench erase failed")?;
    let figure = |key: &str| {
        let found = said.split_once(&format!("\"{key}\":")).map(|(_, rest)| rest);
        let number = found.and_then(|rest| rest.split([',', '}']).next());
        number.and_then(|number| number.parse().ok()).with_context(|| format!("no {key} in {said}"))
    };
    Ok(Measured {
        segments: figure("segments")?,
        holding: figure("holding")?,
        text_mib: figure("text_mib")?,
        rewrite_ms: figure("rewrite_ms")?,
        verify_ms: figure("verify_ms")?,
    })
}

/// Of the straight line nearest to the points.
fn slope(points: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let n = points.clone().count() as f64;
    let mean = |of: fn((f64, f64)) -> f64| points.clone().map(of).sum::<f64>() / n;
    let (x_mean, y_mean) = (mean(|(x, _)| x), mean(|(_, y)| y));
    let (mut rise, mut run) = (0.0, 0.0);
    for (x, y) in points {
        rise += (x - x_mean) * (y - y_mean);
        run += (x - x_mean) * (x - x_mean);
    }
    if run > 0.0 { rise / run } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_is_that_of_the_line() {
        let close = |points: &[(f64, f64)], expect: f64| {
            assert!((slope(points.iter().copied()) - expect).abs() < 1e-9, "{points:?}");
        };
        close(&[(1.0, 5.0), (2.0, 7.0), (4.0, 11.0)], 2.0);
        close(&[(1.0, 5.0), (9.0, 5.0)], 0.0);
        close(&[(3.0, 1.0)], 0.0);
    }
}
