//! A sweep over boundaries as a page: what is gained and lost by moving the boundary, to see at one glance.

use std::fmt::Write as _;

use super::html::PAGE_STYLE;
use super::ms;
use crate::sweep::Swept;

/// Width and height of a plot; the page scales it.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 200.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 28.0;

/// A line of a plot.
struct Curve {
    name: &'static str,
    class: &'static str,
    of: fn(&Swept) -> Option<f64>,
}

/// One page that asks nobody for anything.
#[must_use]
pub fn sweep_html(swept: &[Swept], in_force: f64) -> String {
    let shares = [
        Curve { name: "answered by main", class: "main", of: |it| Some(it.main_share) },
        Curve { name: "passed", class: "good", of: |it| it.pass_rate },
    ];
    let latencies = [
        Curve { name: "p50", class: "soft-line", of: |it| it.latency_ms_p50 },
        Curve { name: "p95", class: "main", of: |it| it.latency_ms_p95 },
    ];
    let slowest = swept.iter().filter_map(|it| it.latency_ms_p95).fold(0.0, f64::max);
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"content-security-policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>Boundaries</title>\n<style>\n{PAGE_STYLE}</style></head><body>\n<h1>Boundaries</h1>\n\
         <p class=\"sub\">A message whose weight is at or above the boundary goes to main. In force: {in_force}</p>\n\
         {}{}{}</body></html>\n",
        plot("Shares", swept, &shares, 1.0, in_force, percent),
        plot("Latency", swept, &latencies, slowest, in_force, ms),
        table(swept),
    )
}

fn plot(
    title: &str,
    swept: &[Swept],
    curves: &[Curve],
    highest: f64,
    in_force: f64,
    label: impl Fn(f64) -> String,
) -> String {
    let (Some(first), Some(last)) = (swept.first(), swept.last()) else { return String::new() };
    if highest <= 0.0 {
        return String::new();
    }
    let width = (last.boundary - first.boundary).max(f64::EPSILON);
    let x = |boundary: f64| LEFT + (boundary - first.boundary) / width * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| TOP + (1.0 - value / highest) * (HEIGHT - TOP - BOTTOM);
    let legend: Vec<_> = curves
        .iter()
        .map(|curve| format!("<span class=\"key {}\">{}</span>", curve.class, curve.name))
        .collect();
    let mut svg = format!(
        "<h2>{title} <span class=\"soft\">{}</span></h2>\n<div class=\"plot\">\n\
         <svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title} by boundary\">\n",
        legend.join(" ")
    );
    for part in [0.0, 0.5, 1.0] {
        let (value, at) = (part * highest, y(part * highest));
        push(
            &mut svg,
            format_args!(
                "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{:.0}\" y2=\"{at:.1}\"/><text class=\"name\" x=\"{:.0}\" y=\"{:.1}\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 8.0,
                at + 4.0,
                label(value)
            ),
        );
    }
    for one in swept {
        push(
            &mut svg,
            format_args!(
                "<text class=\"tick\" x=\"{:.1}\" y=\"{:.0}\">{:.2}</text>",
                x(one.boundary),
                HEIGHT - 8.0,
                one.boundary
            ),
        );
    }
    if (first.boundary..=last.boundary).contains(&in_force) {
        let at = x(in_force);
        push(
            &mut svg,
            format_args!(
                "<line class=\"from\" x1=\"{at:.1}\" y1=\"{TOP}\" x2=\"{at:.1}\" y2=\"{:.0}\"/>",
                HEIGHT - BOTTOM
            ),
        );
    }
    for curve in curves {
        let known = || swept.iter().filter_map(|it| Some((it.boundary, (curve.of)(it)?)));
        let points: Vec<_> =
            known().map(|(at, value)| format!("{:.1},{:.1}", x(at), y(value))).collect();
        let class = curve.class;
        push(
            &mut svg,
            format_args!("<polyline class=\"curve {class}\" points=\"{}\"/>", points.join(" ")),
        );
        for (at, value) in known() {
            push(
                &mut svg,
                format_args!(
                    "<circle class=\"point {class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.5\"><title>{at:.2}: {} {}</title></circle>",
                    x(at),
                    y(value),
                    curve.name,
                    label(value)
                ),
            );
        }
    }
    svg.push_str("</svg>\n</div>\n");
    svg
}

fn table(swept: &[Swept]) -> String {
    let mut rows = String::from(
        "<h2>Figures</h2>\n<div class=\"plot\"><table><tr><th>boundary<th>to main<th>other tier than labeled<th>passed<th>p50<th>p95<th>unseen</tr>\n",
    );
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    for one in swept {
        push(
            &mut rows,
            format_args!(
                "<tr><td>{:.2}<td>{:.0} %<td>{}<td>{}<td>{}<td>{}<td>{}</tr>",
                one.boundary,
                one.main_share * 100.0,
                one.n_mismatched,
                or_dash(one.pass_rate.map(|rate| format!("{:.0} %", rate * 100.0))),
                or_dash(one.latency_ms_p50.map(ms)),
                or_dash(one.latency_ms_p95.map(ms)),
                one.n_unseen
            ),
        );
    }
    rows.push_str("</table></div>\n");
    rows
}

fn push(page: &mut String, part: std::fmt::Arguments<'_>) {
    // A text takes every write.
    writeln!(page, "{part}").unwrap_or_default();
}
