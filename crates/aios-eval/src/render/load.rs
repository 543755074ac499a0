//! A load test in the forms that others read.

use std::fmt::Write as _;

use aios_core::Verdict;

use super::html::{PAGE_STYLE, minute};
use super::{escaped, ms};
use crate::load::{Figures, LoadReport, differences};

/// Width and height of a plot; the page scales it.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 200.0;
const LEFT: f64 = 72.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 28.0;

/// A line of a plot: its class, and its points.
type Curve = (&'static str, Vec<(f64, f64)>);

/// As people read a verdict.
const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Met => "PASS",
        Verdict::Breached => "FAIL",
        Verdict::NoData => "NODATA",
    }
}

/// The run, and the one before beside it, as a table.
#[must_use]
pub fn load_markdown(report: &LoadReport, before: Option<&LoadReport>) -> String {
    let mut text = format!(
        "# Load test: {}\n\n{}\n\n| | Check | Target | Figure |\n|---|---|---|---|\n",
        word(report.verdict),
        about(report)
    );
    for check in &report.checks {
        let (word, figure) = (word(check.verdict), check.figure.replace('|', "\\|"));
        push(&mut text, format_args!("| {word} | {} | {} | {figure} |", check.name, check.target));
    }
    text.push_str("\n| Time | p50 | p90 | p95 | p99 | max |\n|---|---|---|---|---|---|\n");
    for (name, times) in times(report) {
        let shown = shown(&times).join(" | ");
        push(&mut text, format_args!("| {name} | {shown} |"));
    }
    for (cause, n) in &report.errors {
        push(&mut text, format_args!("\n- {n} × {cause}"));
    }
    if let Some(before) = before {
        text.push_str("\n| Against the run before | Before | Now | Change |\n|---|---|---|---|\n");
        for it in differences(report, before) {
            let change = change(it.change_pct);
            push(
                &mut text,
                format_args!("| {} | {:.3} | {:.3} | {change} |", it.name, it.before, it.now),
            );
        }
    }
    text
}

/// The run, and the one before beside it, as one page that asks nobody for anything.
#[must_use]
pub fn load_html(report: &LoadReport, before: Option<&LoadReport>) -> String {
    let word = word(report.verdict);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"content-security-policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>Load test: {word}</title>\n<style>\n{PAGE_STYLE}{STYLE}</style></head><body>\n\
         <h1>Load test <span class=\"word {word}\">{word}</span></h1>\n<p class=\"sub\">{}</p>\n",
        escaped(&about(report))
    );
    checks(&mut page, report);
    page.push_str(&by_quantile(report, before));
    page.push_str(&by_time(report));
    page.push_str("<h2>Times</h2>\n<div class=\"wide\"><table>\n<tr><th></th><th>p50</th><th>p90</th><th>p95</th><th>p99</th><th>max</th></tr>\n");
    for (name, times) in times(report) {
        let cells: String = shown(&times).iter().map(|cell| format!("<td>{cell}</td>")).collect();
        push(&mut page, format_args!("<tr><th>{name}</th>{cells}</tr>"));
    }
    page.push_str("</table></div>\n");
    if !report.errors.is_empty() {
        page.push_str("<h2 class=\"bad-text\">Errors</h2>\n<ul>\n");
        for (cause, n) in &report.errors {
            push(&mut page, format_args!("<li>{n} × {}</li>", escaped(cause)));
        }
        page.push_str("</ul>\n");
    }
    if let Some(before) = before {
        page.push_str("<h2>Against the run before</h2>\n<div class=\"wide\"><table>\n<tr><th></th><th>before</th><th>now</th><th>change</th></tr>\n");
        for it in differences(report, before) {
            let (name, change) = (it.name, change(it.change_pct));
            push(
                &mut page,
                format_args!(
                    "<tr><th>{name}</th><td>{:.3}</td><td>{:.3}</td><td>{change}</td></tr>",
                    it.before, it.now
                ),
            );
        }
        page.push_str("</table></div>\n");
    }
    page.push_str("</body></html>\n");
    page
}

/// What the common style has not.
const STYLE: &str = ".NODATA { color: var(--warn); } .wide { overflow-x: auto; }
.checks th, .checks td { text-align: left; white-space: normal; }
svg .failed { stroke: var(--bad); stroke-width: 4; }
";

fn about(report: &LoadReport) -> String {
    let about = &report.about;
    let early = match about.interrupted {
        true => {
            format!("; ended early, with {} under way that stand in no figure", about.n_under_way)
        }
        false => String::new(),
    };
    let simulated = if report.n_simulated > 0 { "; simulated models" } else { "" };
    format!(
        "{}: {} requests to {} at {}, {}, {:.0} % as streams{simulated}{early}. {}",
        minute(about.started_at),
        report.n,
        about.model,
        about.url,
        about.pace,
        about.stream_pct,
        about.pace.counts_from(),
    )
}

fn checks(page: &mut String, report: &LoadReport) {
    page.push_str("<table class=\"checks\">\n<tr><th></th><th>check</th><th>target</th><th>figure</th></tr>\n");
    for check in &report.checks {
        let word = word(check.verdict);
        push(
            page,
            format_args!(
                "<tr><td class=\"{word}\">{word}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                escaped(&check.name),
                escaped(&check.target),
                escaped(&check.figure)
            ),
        );
    }
    page.push_str("</table>\n");
}

fn times(report: &LoadReport) -> Vec<(&'static str, Figures)> {
    let all = [
        ("latency", report.latency),
        ("from sending", report.service),
        ("time to first token", report.time_to_first_token),
        ("between tokens", report.inter_token),
    ];
    all.into_iter().filter_map(|(name, times)| Some((name, times?))).collect()
}

fn shown(times: &Figures) -> [String; 5] {
    [times.p50_ms, times.p90_ms, times.p95_ms, times.p99_ms, times.max_ms].map(ms)
}

fn change(pct: Option<f64>) -> String {
    pct.map_or_else(|| "-".to_owned(), |pct| format!("{pct:+.1} %"))
}

/// Latency by quantile: how slow the slowest of so many are.
fn by_quantile(report: &LoadReport, before: Option<&LoadReport>) -> String {
    // Nines at equal distances: what is rare is what one looks for. It ends with the slowest one of them all: of what is
    // rarer than that, so few say nothing.
    let place = |quantile: f64, n: u64| -(1.0 - quantile).max(1.0 / n.max(1) as f64).log10();
    let points = |report: &LoadReport| -> Vec<(f64, f64)> {
        let n = report.latency.map_or(1, |latency| latency.n);
        report.curve.iter().map(|(quantile, ms)| (place(*quantile, n), *ms)).collect()
    };
    let mut curves: Vec<Curve> = before.iter().map(|it| ("soft-line", points(it))).collect();
    curves.push(("main", points(report)));
    let ticks = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];
    let ticks = ticks.map(|(name, at)| (place(at, u64::MAX), name.to_owned()));
    let legend = if before.is_some() { "gray: the run before" } else { "of all requests" };
    plot("Latency by quantile", legend, &curves, &ticks, &[])
}

/// Latency and failures as time went by.
fn by_time(report: &LoadReport) -> String {
    let points = |of: fn(&crate::load::Slice) -> Option<f64>| -> Vec<(f64, f64)> {
        report.slices.iter().filter_map(|slice| Some((slice.at_s, of(slice)?))).collect()
    };
    let curves: [Curve; 2] =
        [("soft-line", points(|it| it.p50_ms)), ("main", points(|it| it.p95_ms))];
    let last = report.slices.last().map_or(0.0, |slice| slice.at_s);
    let ticks: Vec<_> = (0..=4).map(|part| last * f64::from(part) / 4.0).collect();
    let ticks: Vec<_> = ticks.into_iter().map(|at| (at, format!("{at:.0} s"))).collect();
    let failed = |slice: &&crate::load::Slice| slice.n_failed > 0;
    let failed: Vec<_> = report.slices.iter().filter(failed).map(|slice| slice.at_s).collect();
    let legend = match failed.is_empty() {
        true => "gray: median, blue: p95",
        false => "gray: median, blue: p95, red: some have failed",
    };
    plot("Latency as time went by", legend, &curves, &ticks, &failed)
}

/// Curves over a scale with these ticks, and marks on it.
fn plot(
    title: &str,
    legend: &str,
    curves: &[Curve],
    ticks: &[(f64, String)],
    marks: &[f64],
) -> String {
    let all = || curves.iter().flat_map(|(_, points)| points);
    if all().count() < 2 {
        return String::new();
    }
    let (first, last) =
        all().fold((f64::MAX, f64::MIN), |(low, high), (x, _)| (low.min(*x), high.max(*x)));
    let highest = all().map(|(_, y)| *y).fold(f64::MIN_POSITIVE, f64::max);
    let x = |at: f64| LEFT + (at - first) / (last - first).max(1e-9) * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| TOP + (1.0 - value / highest) * (HEIGHT - TOP - BOTTOM);
    let mut svg = format!(
        "<h2>{title} <span class=\"soft\">({legend})</span></h2>\n<div class=\"plot\">\n\
         <svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}: {legend}\">\n"
    );
    for part in [0.0, 0.5, 1.0] {
        push(
            &mut svg,
            format_args!(
                "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{:.0}\" y2=\"{at:.1}\"/><text class=\"name\" x=\"{:.0}\" y=\"{:.1}\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 8.0,
                y(part * highest) + 4.0,
                ms(part * highest),
                at = y(part * highest),
            ),
        );
    }
    for (at, name) in ticks.iter().filter(|(at, _)| (first..=last).contains(at)) {
        push(
            &mut svg,
            format_args!(
                "<text class=\"tick\" x=\"{:.1}\" y=\"{:.0}\">{name}</text>",
                x(*at),
                HEIGHT - 8.0
            ),
        );
    }
    for at in marks.iter().filter(|at| (first..=last).contains(*at)) {
        let (x, y) = (x(*at), y(0.0));
        push(
            &mut svg,
            format_args!(
                "<line class=\"failed\" x1=\"{:.1}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\"/>",
                x - 3.0,
                x + 3.0
            ),
        );
    }
    for (class, points) in curves {
        let points: Vec<_> =
            points.iter().map(|(at, value)| format!("{:.1},{:.1}", x(*at), y(*value))).collect();
        push(
            &mut svg,
            format_args!("<polyline class=\"curve {class}\" points=\"{}\"/>", points.join(" ")),
        );
    }
    svg.push_str("</svg>\n</div>\n");
    svg
}

fn push(page: &mut String, part: std::fmt::Arguments<'_>) {
    // A text takes every write.
    writeln!(page, "{part}").unwrap_or_default();
}
