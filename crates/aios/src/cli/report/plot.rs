//! The week as drawings: how each objective was kept hour by hour, and how far the canary came.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use aios_core::Timestamp;

use super::Report;
use super::page::minute;

/// Width of a drawing; the page scales it.
const WIDTH: f64 = 720.0;
/// Room for names.
const LEFT: f64 = 130.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 22.0;
const ROW: f64 = 26.0;
/// Height of the canary's drawing, without its axis.
const HEIGHT: f64 = 110.0;

const MICROS_PER_HOUR: i64 = 3_600_000_000;

/// A row for each objective, a field for each hour.
pub(super) fn hours(report: &Report) -> String {
    if report.hours.iter().all(|one| one.hours.is_empty()) {
        return String::new();
    }
    let height = TOP + ROW * report.hours.len() as f64;
    let mut svg = head("Hours", "green: kept, red: broken, gray: no traffic", height);
    days(&mut svg, report, height);
    let hour = |at: Timestamp| at.as_micros().div_euclid(MICROS_PER_HOUR);
    let (first, last) = (hour(report.from), hour(report.until));
    let width = (WIDTH - LEFT - RIGHT) / (last - first + 1).max(1) as f64;
    for (n, one) in report.hours.iter().enumerate() {
        let y = TOP + ROW * n as f64;
        let known: BTreeMap<i64, _> = one.hours.iter().map(|it| (hour(it.from), it)).collect();
        push(
            &mut svg,
            format_args!(
                "<text class=\"name\" x=\"{:.0}\" y=\"{:.1}\">{}</text>",
                LEFT - 10.0,
                y + 15.0,
                one.slo
            ),
        );
        for at in first..=last {
            let counted = known.get(&at);
            let class = match counted {
                None => "silent",
                Some(hour) if hour.is_broken => "broken",
                Some(_) => "kept",
            };
            let told = counted.map_or_else(
                || "no traffic".to_owned(),
                |hour| format!("{}: {} bad of {}", minute(hour.from), hour.n_bad, hour.n),
            );
            push(
                &mut svg,
                format_args!(
                    "<rect class=\"{class}\" x=\"{:.2}\" y=\"{y:.1}\" width=\"{:.2}\" height=\"20\"><title>{told}</title></rect>",
                    LEFT + (at - first) as f64 * width,
                    width * 0.85
                ),
            );
        }
    }
    svg.push_str("</svg>\n</div>\n");
    svg
}

/// The share in treatment as steps.
pub(super) fn stages(report: &Report) -> String {
    let Some(first) = report.stages.first() else { return String::new() };
    let height = TOP + HEIGHT + 8.0;
    let mut svg = head("Share in treatment", "percent of conversations", height);
    days(&mut svg, report, height);
    let y = |pct: f64| TOP + (1.0 - pct / 100.0) * HEIGHT;
    for pct in [0.0, 50.0, 100.0] {
        push(
            &mut svg,
            format_args!(
                "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{:.0}\" y2=\"{at:.1}\"/><text class=\"name\" x=\"{:.0}\" y=\"{:.1}\">{pct} %</text>",
                WIDTH - RIGHT,
                LEFT - 10.0,
                y(pct) + 4.0,
                at = y(pct),
            ),
        );
    }
    let mut points = vec![format!("{:.1},{:.1}", x(report, first.from), y(first.pct))];
    for pair in report.stages.windows(2) {
        let [before, after] = pair else { continue };
        let at = x(report, after.from);
        points.push(format!("{at:.1},{:.1}", y(before.pct)));
        points.push(format!("{at:.1},{:.1}", y(after.pct)));
    }
    if let Some(last) = report.stages.last() {
        points.push(format!("{:.1},{:.1}", x(report, report.until), y(last.pct)));
    }
    push(
        &mut svg,
        format_args!("<polyline class=\"curve main\" points=\"{}\"/>", points.join(" ")),
    );
    svg.push_str("</svg>\n</div>\n");
    svg
}

fn head(title: &str, legend: &str, height: f64) -> String {
    format!(
        "<h2>{title} <span class=\"soft\">({legend})</span></h2>\n<div class=\"plot\">\n\
         <svg viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" aria-label=\"{title}: {legend}\">\n"
    )
}

/// A line at each midnight (UTC), with its date where there is room.
fn days(svg: &mut String, report: &Report, height: f64) {
    const MICROS_PER_DAY: i64 = 24 * MICROS_PER_HOUR;
    let first = report.from.as_micros().div_euclid(MICROS_PER_DAY) + 1;
    let every = usize::from(report.days).div_ceil(8).max(1);
    let midnights = (first..).map(|day| Timestamp::from_micros(day * MICROS_PER_DAY));
    let midnights = midnights.take_while(|at| *at <= report.until);
    for (n, at) in midnights.enumerate() {
        let (x, date) = (x(report, at), at.to_string());
        let date = date.get(5..10).filter(|_| n % every == 0).unwrap_or_default();
        push(
            svg,
            format_args!(
                "<line class=\"grid\" x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{height:.0}\"/><text class=\"tick\" x=\"{x:.1}\" y=\"14\">{date}</text>"
            ),
        );
    }
}

fn x(report: &Report, at: Timestamp) -> f64 {
    let of = |at: Timestamp| (at.as_micros() - report.from.as_micros()) as f64;
    LEFT + of(at) / of(report.until).max(1.0) * (WIDTH - LEFT - RIGHT)
}

fn push(svg: &mut String, part: std::fmt::Arguments<'_>) {
    // A text takes every write.
    writeln!(svg, "{part}").unwrap_or_default();
}
