//! The event log on its own: how fast it takes events, starts, and erases.

use std::fs;

use anyhow::{Context, Result};

use super::Options;
use super::bars::{self, Limit};
use super::stand::figure;
use crate::{cargo, process, workspace};

const EVENTS: u64 = 1_000_000;
const EVENTS_QUICK: u64 = 200_000;

/// What a start is promised for.
const EVENTS_PROMISED: f64 = 10_000_000.0;

struct Bar {
    name: &'static str,
    figure: fn(&Read<'_>) -> Option<f64>,
    limit: Limit,
}

const BARS: &[Bar] = &[
    Bar {
        name: "events/s taken by one core, index included",
        figure: |read| read.of("ingest_per_cpu_s"),
        limit: Limit::AtLeast(50_000.0),
    },
    Bar {
        name: "start on 10 million events, by the slope, ms",
        figure: |read| read.start_promised_ms(),
        limit: Limit::AtMost(1_000.0),
    },
    // Four times the log: were it read, this would be 4.
    Bar {
        name: "erasing from 4 segments, whole log / quarter",
        figure: |read| Some(read.of("erase_4_ms")? / read.of("erase_4_small_ms")?),
        limit: Limit::AtMost(2.5),
    },
    Bar {
        name: "erasing, ms for each segment that holds it",
        figure: |read| Some((read.of("erase_16_ms")? - read.of("erase_1_ms")?) / 15.0),
        limit: Limit::AtMost(150.0),
    },
];

/// The worker's report.
struct Read<'a>(&'a str);

impl Read<'_> {
    fn of(&self, name: &str) -> Option<f64> {
        figure(self.0, name)
    }

    /// A line through the starts on a quarter and on all, as far as the promise; never less than what
    /// was measured.
    fn start_promised_ms(&self) -> Option<f64> {
        let (small, whole, n) =
            (self.of("start_small_ms")?, self.of("start_ms")?, self.of("n_events")?);
        let slope = ((whole - small) / (n * 0.75)).max(0.0);
        Some(whole + slope * (EVENTS_PROMISED - n).max(0.0))
    }
}

/// Measures, prints the table; true where every bar is met.
pub(super) fn run(options: &Options) -> Result<bool> {
    println!("building (release)");
    cargo::run(&["build", "--quiet", "--release", "-p", "aios-bench"])?;
    let dir = workspace::fresh_dir("bench-store")?;
    let n = if options.quick { EVENTS_QUICK } else { EVENTS };
    println!("{n} events, {} of disk", if options.quick { "half a GB" } else { "2 GB" });
    let mut worker = std::process::Command::new(workspace::program("release", "aios-bench"));
    worker.args(["store", "--events", &n.to_string(), "--dir"]).arg(&dir);
    let report = process::output(&mut worker).context("the measurement failed")?;
    fs::remove_dir_all(&dir).with_context(|| format!("failed to remove {}", dir.display()))?;
    println!("{report}\n");
    let read = Read(&report);
    let mut all_met = true;
    for bar in BARS {
        let (line, is_met) = bars::line(bar.name, (bar.figure)(&read), Some(bar.limit));
        all_met &= is_met;
        println!("{line}");
    }
    if let Some(file) = &options.json {
        fs::write(file, report + "\n").with_context(|| format!("failed to write {file}"))?;
    }
    Ok(all_met)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"{"n_events":1000000,"ingest_per_cpu_s":60000.0,"start_small_ms":10.0,"start_ms":40.0,"erase_1_ms":10.0,"erase_4_ms":40.0,"erase_16_ms":160.0,"erase_4_small_ms":38.0}"#;

    fn met(name: &str, report: &str) -> Option<bool> {
        let bar = BARS.iter().find(|bar| bar.name.starts_with(name)).unwrap();
        (bar.figure)(&Read(report)).map(|figure| bar.limit.is_met(figure))
    }

    #[test]
    fn a_start_is_carried_on_along_its_slope() {
        let promised = Read(REPORT).start_promised_ms().unwrap();
        assert!((promised - 400.0).abs() < 1e-6, "{promised}");
        assert_eq!(met("start", REPORT), Some(true));
        let slow = REPORT.replace("\"start_ms\":40.0", "\"start_ms\":90.0");
        assert_eq!(met("start", &slow), Some(false));
        // One that became quicker says nothing of larger ones.
        let quicker = REPORT.replace("\"start_small_ms\":10.0", "\"start_small_ms\":50.0");
        assert_eq!(Read(&quicker).start_promised_ms(), Some(40.0));
    }

    #[test]
    fn erasing_that_grows_with_the_log_is_a_miss() {
        assert_eq!(met("erasing from 4", REPORT), Some(true));
        let grows = REPORT.replace("\"erase_4_ms\":40.0", "\"erase_4_ms\":150.0");
        assert_eq!(met("erasing from 4", &grows), Some(false));
        assert_eq!(met("events/s", "{}"), None);
    }
}
