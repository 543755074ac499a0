//! Plots as inline SVG: they take their colors from the page, so that they are right in light and in dark.

use std::fmt::Write as _;

use super::{escaped, ms};
use crate::report::{Report, TestResult};

/// Width of the drawing; the page scales it.
const WIDTH: f64 = 720.0;
const ROW: f64 = 22.0;
/// Room for the names of the cases.
const LEFT: f64 = 220.0;
const RIGHT: f64 = 80.0;
const TOP: f64 = 26.0;
/// Cases that are drawn; a plot of thousands shows nothing.
const ROWS_MAX: usize = 60;
/// Characters of a name that find room.
const NAME_MAX: usize = 30;

/// Latency of each case: a hollow dot for the baseline, a full one for now, on a logarithmic axis.
pub(super) fn latencies(report: &Report, baseline: Option<&Report>) -> String {
    let before = |test: &TestResult| {
        let known = baseline?.tests.iter().find(|before| before.id == test.id)?;
        known.latency_ms
    };
    let rows: Vec<_> = report
        .tests
        .iter()
        .filter_map(|test| Some((test, before(test), test.latency_ms?)))
        .take(ROWS_MAX)
        .collect();
    let values = || rows.iter().flat_map(|(_, before, now)| before.iter().copied().chain([*now]));
    let floor = |ms: f64| ms.max(0.1).log10();
    let (low, high) = (
        values().map(floor).fold(f64::MAX, f64::min),
        values().map(floor).fold(f64::MIN, f64::max),
    );
    if rows.is_empty() {
        return String::new();
    }
    // Equal times must not fill the whole width with their last digits.
    let (low, high) = (low - 0.15, (high + 0.05).max(low + 0.5));
    let x = |ms: f64| LEFT + (floor(ms) - low) / (high - low) * (WIDTH - LEFT - RIGHT);
    let height = TOP + ROW * rows.len() as f64 + 8.0;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" aria-label=\"Latency of each case, baseline and now\">\n"
    );
    for tick in ticks(low, high) {
        let at = x(tick);
        push(
            &mut svg,
            format_args!(
                "<line class=\"grid\" x1=\"{at:.1}\" y1=\"{TOP}\" x2=\"{at:.1}\" y2=\"{height:.0}\"/><text class=\"tick\" x=\"{at:.1}\" y=\"16\">{}</text>",
                ms(tick)
            ),
        );
    }
    for (n, (test, before, now)) in rows.iter().enumerate() {
        let y = TOP + ROW * (n as f64 + 0.5);
        let name: String = test.id.chars().take(NAME_MAX).collect();
        push(
            &mut svg,
            format_args!(
                "<text class=\"name\" x=\"{:.0}\" y=\"{:.1}\">{}</text>",
                LEFT - 14.0,
                y + 4.0,
                escaped(&name)
            ),
        );
        let class = if test.passed { "good" } else { "bad" };
        if let Some(before) = before {
            push(
                &mut svg,
                format_args!(
                    "<line class=\"from\" x1=\"{:.1}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\"/><circle class=\"then\" cx=\"{:.1}\" cy=\"{y:.1}\" r=\"4\"><title>baseline {}</title></circle>",
                    x(*before),
                    x(*now),
                    x(*before),
                    ms(*before)
                ),
            );
        }
        push(
            &mut svg,
            format_args!(
                "<circle class=\"{class}\" cx=\"{:.1}\" cy=\"{y:.1}\" r=\"4.5\"><title>now {}</title></circle><text class=\"value\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                x(*now),
                ms(*now),
                WIDTH - RIGHT + 12.0,
                y + 4.0,
                ms(*now)
            ),
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// 1, 2 and 5 of each power of ten within the axis; only the powers where that is too many.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let powers = (low.floor() as i32)..=(high.ceil() as i32);
    let all = powers.flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10_f64.powi(power)));
    let within: Vec<f64> = all.filter(|ms| (low..=high).contains(&ms.log10())).collect();
    if within.len() <= 6 {
        return within;
    }
    within.into_iter().filter(|ms| (ms.log10() - ms.log10().round()).abs() < 1e-9).collect()
}

fn push(svg: &mut String, part: std::fmt::Arguments<'_>) {
    // A text takes every write.
    writeln!(svg, "{part}").unwrap_or_default();
}
