//! Whether a soak was good enough.

use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;

use super::acts::Acted;
use super::asks::Told;
use super::log::Found;
use super::trend::{median, rise, span};
use super::vitals::Vitals;
use super::{Plan, warm_up};
use crate::print_line;

/// What memory may rise by in ten minutes, and for each ten of a longer time.
const RSS_RISE_MAX_MIB: f64 = 1.0;
const RSS_RISE_PER: Duration = Duration::from_secs(600);

/// What counts may rise by: what is under way is now a little more and now a little less.
const HANDLES_RISE_MAX: f64 = 10.0;
const THREADS_RISE_MAX: f64 = 4.0;

/// Figures of a soak.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    rate: f64,
    seconds: f64,
    n_sent: u64,
    n_left: usize,
    n_events: usize,
    n_acknowledged: usize,
    n_reloads: u64,
    n_erasures: u64,
    n_rotations: u64,
    n_feedback: u64,
    n_views: u64,
    rss_mib_median: f64,
    bars: Vec<Bar>,
    met: bool,
}

/// One thing that is asked.
#[derive(Debug, Serialize)]
struct Bar {
    name: &'static str,
    value: f64,
    at_most: f64,
    met: bool,
    why: String,
}

pub(super) fn figures(
    plan: &Plan,
    looks: &[Vitals],
    told: &Told,
    acted: &Acted,
    found: &Found,
) -> Figures {
    let sheet = told.sheet();
    let mut bars = grown(plan, looks);
    let causes: Vec<_> = sheet.failed.iter().map(|(why, n)| format!("{n} {why}")).collect();
    let n_failed: u64 = sheet.failed.values().sum();
    // The configuration at the start was the first.
    let reloads_missed = (acted.n_reloads + 1).saturating_sub(acted.generation);
    bars.extend([
        bar("lost events", found.n_lost as f64, 0.0, String::new()),
        bar("doubled events", found.n_doubled as f64, 0.0, String::new()),
        bar("events of who was erased", found.n_returned as f64, 0.0, String::new()),
        bar("bad lines", found.n_bad as f64, 0.0, String::new()),
        bar("failed requests", n_failed as f64, 0.0, causes.join(", ")),
        bar("unsent requests", sheet.n_unsent as f64, 0.0, String::new()),
        bar("reloads that were missed", reloads_missed as f64, 0.0, String::new()),
    ]);
    // Without them nothing of the above says anything.
    let nothing = [
        acted.n_erasures,
        acted.n_rotations,
        acted.n_feedback,
        acted.n_reloads,
        acted.n_views,
        sheet.left.len() as u64,
        found.n_events as u64,
    ];
    let n_nothing = nothing.iter().filter(|n| **n == 0).count();
    bars.push(bar("acts that were never done", n_nothing as f64, 0.0, String::new()));
    Figures {
        rate: plan.rate,
        seconds: plan.lasts.as_secs_f64(),
        n_sent: sheet.n_sent,
        n_left: sheet.left.len(),
        n_events: found.n_events,
        n_acknowledged: sheet.events.len(),
        n_reloads: acted.n_reloads,
        n_erasures: acted.n_erasures,
        n_rotations: acted.n_rotations,
        n_feedback: acted.n_feedback,
        n_views: acted.n_views,
        rss_mib_median: median(&mut looks.iter().map(|look| look.rss_mib).collect::<Vec<_>>()),
        met: bars.iter().all(|bar| bar.met),
        bars,
    }
}

/// What may not grow after everything is warm.
fn grown(plan: &Plan, looks: &[Vitals]) -> Vec<Bar> {
    let from = warm_up(plan.lasts);
    type Of = fn(&Vitals) -> f64;
    let points = |of: Of| -> Vec<(f64, f64)> {
        let warm = looks.iter().filter(|look| look.at >= from);
        warm.map(|look| (look.at.as_secs_f64(), of(look))).collect()
    };
    let rise_of = |name, of: Of, at_most: f64| {
        let points = points(of);
        let (first, last) = (points.first(), points.last());
        let value = |point: Option<&(f64, f64)>| point.map_or(0.0, |(_, value)| *value);
        let why = format!(
            "{:.1} after {} s, {:.1} at the end",
            value(first),
            from.as_secs(),
            value(last)
        );
        bar(name, rise(&points), at_most, why)
    };
    let ten_minutes = span(&points(|look| look.rss_mib)) / RSS_RISE_PER.as_secs_f64();
    vec![
        rise_of(
            "rise of memory, MiB",
            |look| look.rss_mib,
            RSS_RISE_MAX_MIB * ten_minutes.max(1.0),
        ),
        rise_of("rise of handles", |look| look.n_handles, HANDLES_RISE_MAX),
        rise_of("rise of threads", |look| look.n_threads, THREADS_RISE_MAX),
        rise_of("rise of tasks", |look| look.n_tasks, HANDLES_RISE_MAX),
    ]
}

fn bar(name: &'static str, value: f64, at_most: f64, why: String) -> Bar {
    Bar { name, value, at_most, met: value <= at_most, why }
}

/// Prints them, and whether all are met.
pub(super) fn report(plan: &Plan, figures: &Figures) -> Result<bool> {
    print_line(&format!(
        "{} sent, {} left; {} events acknowledged, {} in the log; {} reloads, {} erasures, {} rotations, {} words of feedback",
        figures.n_sent,
        figures.n_left,
        figures.n_acknowledged,
        figures.n_events,
        figures.n_reloads,
        figures.n_erasures,
        figures.n_rotations,
        figures.n_feedback,
    ))?;
    for Bar { name, value, at_most, met, why } in &figures.bars {
        let word = if *met { "PASS" } else { "FAIL" };
        print_line(&format!("{word}  {name:<26} {value:>8.2} (at most {at_most:.2}) {why}"))?;
    }
    if let Some(path) = &plan.json {
        let text = serde_json::to_string_pretty(figures)? + "\n";
        std::fs::write(path, text).context("the report cannot be written")?;
    }
    print_line(if figures.met { "PASS" } else { "FAIL" })?;
    Ok(figures.met)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(lasts: Duration) -> Plan {
        let here = ([127, 0, 0, 1], 1).into();
        let (rate, pid, json) = (500.0, 1, None);
        Plan { to: here, admin: here, dir: "d".into(), config: "c".into(), pid, rate, lasts, json }
    }

    /// Whether memory passes that is so large after so many minutes.
    fn check(minutes: u64, rss_mib: impl Fn(f64) -> f64, expect: bool) {
        let lasts = Duration::from_secs(minutes * 60);
        let look = |n: u64| {
            let at = Duration::from_secs(n * 5);
            let rss_mib = rss_mib(at.as_secs_f64() / 60.0);
            Vitals { at, rss_mib, n_handles: 90.0, n_threads: 5.0, n_tasks: 80.0 }
        };
        let looks: Vec<_> = (0..minutes * 12).map(look).collect();
        let bars = grown(&plan(lasts), &looks);
        assert_eq!(bars.iter().all(|bar| bar.met), expect, "{bars:?}");
    }

    #[test]
    fn memory_may_warm_up_and_then_stays() {
        check(30, |_| 40.0, true);
        check(30, |minute| 40.0 + minute.min(4.0) * 10.0, true);
        // A mebibyte in ten minutes, and a little more than that.
        check(30, |minute| 40.0 + minute * 0.095, true);
        check(30, |minute| 40.0 + minute * 0.12, false);
        // In a short time all of it is the allocator's unrest, unless it is much.
        check(3, |minute| 40.0 + minute * 0.3, true);
        check(3, |minute| 40.0 + minute, false);
    }
}
