//! A run as people read it.

use std::io::Write;

use aios_core::Verdict;
use aios_eval::load::{Figures, LoadReport, differences};

use crate::cli::table;

pub(super) const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Met => "PASS",
        Verdict::Breached => "FAIL",
        Verdict::NoData => "NODATA",
    }
}

/// The run, how it differs from the one before, and the verdict in the last line.
pub(super) fn print(
    out: &mut dyn Write,
    report: &LoadReport,
    before: Option<&LoadReport>,
) -> anyhow::Result<()> {
    let head = ["", "p50 ms", "p90 ms", "p95 ms", "p99 ms", "max ms"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let times = [
        ("latency", report.latency),
        ("from sending", report.service),
        ("first token", report.time_to_first_token),
        ("between tokens", report.inter_token),
    ];
    rows.extend(times.iter().filter_map(|(name, it)| it.map(|it| row(name, &it))));
    table::print(out, &rows)?;
    writeln!(out)?;
    let (n, per_second, took) = (report.n, report.per_second, report.took_s);
    writeln!(out, "{n} requests in {took:.1} s, {per_second:.1} a second")?;
    if report.n_late > 0 {
        let (n, most) = (report.n_late, report.late_ms_max);
        writeln!(out, "{n} were sent late, by {most:.0} ms at most; their wait is counted")?;
    }
    if report.n_unsent > 0 {
        let (n, why) = (report.n_unsent, "too many were under way, or no socket was left");
        writeln!(out, "{n} were not sent: {why}")?;
    }
    for (cause, n) in &report.errors {
        writeln!(out, "failed: {n} {cause}")?;
    }
    if report.n_simulated > 0 {
        writeln!(out, "simulated models gave {} of the answers", report.n_simulated)?;
    }
    if let Some(before) = before {
        compared(out, report, before)?;
    }
    for check in &report.checks {
        let (word, name) = (word(check.verdict), &check.name);
        writeln!(out, "{word:<7} {name:<11} {} (target: {})", check.figure, check.target)?;
    }
    if report.about.interrupted {
        let n = report.about.n_under_way;
        writeln!(out, "it was ended early, with {n} under way, so that it proves nothing")?;
    }
    writeln!(out, "{}", word(report.verdict))?;
    Ok(())
}

fn compared(out: &mut dyn Write, now: &LoadReport, before: &LoadReport) -> anyhow::Result<()> {
    let mut rows =
        vec![["against the run before", "before", "now", "change"].map(str::to_owned).to_vec()];
    for it in differences(now, before) {
        let change = it.change_pct.map_or_else(|| "-".to_owned(), |pct| format!("{pct:+.1} %"));
        rows.push(vec![
            it.name.to_owned(),
            format!("{:.3}", it.before),
            format!("{:.3}", it.now),
            change,
        ]);
    }
    table::print(out, &rows)?;
    let (one, other) = (&now.about, &before.about);
    if (one.pace, &one.prompts, one.stream_pct) != (other.pace, &other.prompts, other.stream_pct) {
        writeln!(out, "the two were not run alike: compare with care")?;
    }
    Ok(writeln!(out)?)
}

fn row(name: &str, times: &Figures) -> Vec<String> {
    let cells = [times.p50_ms, times.p90_ms, times.p95_ms, times.p99_ms, times.max_ms];
    let cells = cells.map(|ms| format!("{ms:.1}"));
    std::iter::once(name.to_owned()).chain(cells).collect()
}
