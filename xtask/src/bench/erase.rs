//! Erasing one conversation: the time must grow with the segments that hold it, not with the log.
//!
//! Two rows of logs are measured. In one the log grows and the conversation stays in two segments; in the
//! other the log stays and the conversation is in more and more of them. What is compared are the slopes, of the time
//! and, where the system counts them, of the bytes that are read, which no other process disturbs: first of finding and
//! rewriting, which has the bar. The proof afterwards reads every byte, as is promised, so that it grows with the log whoever holds what;
//! its slopes are shown beside, and have none.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use super::Options;
use crate::{cargo, process, workspace};

/// Segments of the logs that grow: up to some 2 GB of text.
const GROWING: [u32; 3] = [15, 60, 240];

/// In how many segments the conversation is, in a log of the first row's second length.
const SPREADING: [u32; 4] = [1, 2, 4, 8];

/// Events in each segment: some thirty members of gzip.
const EVENTS: &str = "6000";

/// The same where it should be quick.
const EVENTS_QUICK: &str = "1000";

/// A segment that does not hold the conversation may cost so much of one that does.
const IDLE_SHARE_MAX: f64 = 0.05;

/// One log.
#[derive(Debug, Clone, Copy)]
struct Measured {
    segments: f64,
    holding: f64,
    text_mib: f64,
    /// To find and to rewrite.
    taken_ms: f64,
    verify_ms: f64,
    /// To find and to rewrite; none where the system does not count it.
    read_mib: Option<f64>,
    /// To prove it.
    proof_mib: Option<f64>,
}

/// Measures both rows.
pub(super) fn run(options: &Options) -> Result<bool> {
    println!("building");
    cargo::run(&["build", "--quiet", "--profile", "quick", "-p", "aios-bench"])?;
    let events = if options.quick { EVENTS_QUICK } else { EVENTS };
    let last = if options.quick { 2 } else { GROWING.len() };
    let growing = row(GROWING.iter().take(last).map(|segments| (*segments, 2)), events)?;
    let spreading = row(SPREADING.iter().map(|holding| (GROWING[1], *holding)), events)?;
    let rate = growing.last().map_or(0.0, |one| one.text_mib / one.verify_ms * 1e3);
    let slopes = |what| Slopes::of(&growing, &spreading, what);
    let ms = slopes(|one| Some(one.taken_ms));
    let read = slopes(|one| one.read_mib.map(|mib| mib * 1024.0));
    println!("to find and rewrite:");
    let met = [ms.show("ms"), read.show("KiB read")].into_iter().all(|met| met);
    let (proof_ms, proof_read) =
        (slopes(|one| Some(one.verify_ms)), slopes(|one| one.proof_mib.map(|mib| mib * 1024.0)));
    println!(
        "to prove, for each segment whether it holds it or not: {:.2} ms, {:.0} KiB read; {rate:.0} MiB/s of text",
        proof_ms.idle, proof_read.idle
    );
    if let Some(file) = &options.json {
        let text = format!(
            "{{\"held_ms\":{},\"idle_ms\":{},\"held_read_kib\":{},\"idle_read_kib\":{},\"proof_ms\":{},\"proof_read_kib\":{},\"verify_mib_per_s\":{rate},\"met\":{met}}}\n",
            ms.held, ms.idle, read.held, read.idle, proof_ms.idle, proof_read.idle
        );
        fs::write(file, text).with_context(|| format!("failed to write {file}"))?;
    }
    Ok(met)
}

/// What one more segment costs.
struct Slopes {
    /// One that holds the conversation.
    held: f64,
    /// One that does not.
    idle: f64,
    is_counted: bool,
}

impl Slopes {
    fn of(
        growing: &[Measured],
        spreading: &[Measured],
        what: fn(&Measured) -> Option<f64>,
    ) -> Self {
        let points = |row: &[Measured], by: fn(&Measured) -> f64| {
            row.iter().filter_map(|one| Some((by(one), what(one)?))).collect::<Vec<_>>()
        };
        let idle = points(growing, |one| one.segments);
        let held = points(spreading, |one| one.holding);
        let is_counted = !idle.is_empty();
        Self { held: slope(held.into_iter()), idle: slope(idle.into_iter()), is_counted }
    }

    /// Says whether the bar is kept. What the system does not count is said, and keeps none from being kept.
    fn show(&self, unit: &str) -> bool {
        let Self { held, idle, is_counted } = self;
        if !is_counted {
            println!("{unit}: this system does not count it");
            return true;
        }
        let share = idle / held;
        let met = share <= IDLE_SHARE_MAX && *held > 0.0;
        let verdict = if met { "pass" } else { "MISS" };
        println!(
            "{held:.2} {unit} for each segment that holds it, {idle:.3} for each that does not: share {share:.4} (bar ≤ {IDLE_SHARE_MAX}) {verdict}"
        );
        met
    }
}

fn row(shapes: impl Iterator<Item = (u32, u32)>, events: &str) -> Result<Vec<Measured>> {
    shapes.map(|(segments, holding)| measure(segments, holding, events)).collect()
}

/// The quicker of two: whatever else the machine does only adds to the time.
fn measure(segments: u32, holding: u32, events: &str) -> Result<Measured> {
    let mut all = (0..2).map(|_| once(segments, holding, events)).collect::<Result<Vec<_>>>()?;
    all.sort_by(|one, other| one.taken_ms.total_cmp(&other.taken_ms));
    let quickest = all[0];
    let read = quickest.read_mib.map_or_else(|| "-".to_owned(), |mib| format!("{mib:.2}"));
    println!(
        "{segments:>3} segments ({:>4.0} MiB), {holding:>2} hold it: {read:>6} MiB read, taken out in {:>7.1} ms, proven in {:>7.0} ms",
        quickest.text_mib, quickest.taken_ms, quickest.verify_ms
    );
    Ok(quickest)
}

fn once(segments: u32, holding: u32, events: &str) -> Result<Measured> {
    let mut command = Command::new(workspace::program("quick", "aios-bench"));
    command.args(["erase", "--segments", &segments.to_string(), "--holding", &holding.to_string()]);
    command.args(["--events", events]);
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
        taken_ms: figure("taken_ms")?,
        verify_ms: figure("verify_ms")?,
        read_mib: figure("read_mib").ok(),
        proof_mib: figure("proof_mib").ok(),
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
