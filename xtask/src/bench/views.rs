//! What the dashboard asks of the index of many events.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use super::Options;
use super::bars::{self, Limit};
use super::stand::figure;
use crate::{cargo, process, workspace};

/// What is promised is promised of so many.
const EVENTS: u64 = 10_000_000;
const EVENTS_QUICK: u64 = 200_000;

/// The day that is made up ends here, whenever it is measured: 2026-01-02, in seconds since 1970.
const UNTIL_S: &str = "1767312000";

/// Longest time for any of them.
const ANSWER_MAX_MS: Limit = Limit::AtMost(100.0);

/// The worker's names, and what is asked.
const QUESTIONS: [(&str, &str); 6] = [
    ("day_by_minutes_ms", "a day by minutes, ms"),
    ("week_by_hours_ms", "a week by hours, ms"),
    ("year_by_days_ms", "a year by days, ms"),
    ("newest_page_ms", "the newest hundred events, ms"),
    ("rare_page_ms", "the newest hundred that failed, ms"),
    ("nothing_found_ms", "a search that finds nothing, ms"),
];

/// Measures, prints the table; true where every bar is met.
pub(super) fn run(options: &Options) -> Result<bool> {
    println!("building (release)");
    cargo::run(&["build", "--quiet", "--release", "-p", "aios-bench"])?;
    let dir = workspace::fresh_dir("bench-views")?;
    let n = if options.quick { EVENTS_QUICK } else { EVENTS };
    println!("{n} events, {} of disk", if options.quick { "half a GB" } else { "20 GB" });
    let worker = |verb: &str| {
        let mut worker = Command::new(workspace::program("release", "aios-bench"));
        worker.args([verb, "--until-s", UNTIL_S, "--dir"]).arg(&dir);
        worker
    };
    process::run(worker("day").args(["--events", &n.to_string()]))?;
    let report = process::output(&mut worker("views")).context("the measurement failed")?;
    fs::remove_dir_all(&dir).with_context(|| format!("failed to remove {}", dir.display()))?;
    println!("{report}\n");
    let mut all_met = figure(&report, "n_events") == Some(n as f64);
    for (key, name) in QUESTIONS {
        let (line, is_met) = bars::line(name, figure(&report, key), Some(ANSWER_MAX_MS));
        all_met &= is_met;
        println!("{line}");
    }
    if let Some(file) = &options.json {
        fs::write(file, report + "\n").with_context(|| format!("failed to write {file}"))?;
    }
    Ok(all_met)
}
