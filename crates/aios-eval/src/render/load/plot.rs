//! A run's drawings.

use super::push;
use crate::load::{LoadReport, Slice};
use crate::render::ms;

/// Width and height of a plot; the page scales it.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 200.0;
const LEFT: f64 = 72.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 28.0;

/// A line of a plot: its class, and its points.
type Curve = (&'static str, Vec<(f64, f64)>);

/// Latency by quantile: how slow the slowest of so many are.
pub(super) fn by_quantile(report: &LoadReport, before: Option<&LoadReport>) -> String {
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
pub(super) fn by_time(report: &LoadReport) -> String {
    let points = |of: fn(&Slice) -> Option<f64>| -> Vec<(f64, f64)> {
        report.slices.iter().filter_map(|slice| Some((slice.at_s, of(slice)?))).collect()
    };
    let curves: [Curve; 2] =
        [("soft-line", points(|it| it.p50_ms)), ("main", points(|it| it.p95_ms))];
    let last = report.slices.last().map_or(0.0, |slice| slice.at_s);
    let ticks: Vec<_> = (0..=4).map(|part| last * f64::from(part) / 4.0).collect();
    let ticks: Vec<_> = ticks.into_iter().map(|at| (at, format!("{at:.0} s"))).collect();
    let failed = |slice: &&Slice| slice.n_failed > 0;
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
    let Some(scale) = Scale::of(curves) else { return String::new() };
    let mut svg = format!(
        "<h2>{title} <span class=\"soft\">({legend})</span></h2>\n<div class=\"plot\">\n\
         <svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}: {legend}\">\n"
    );
    for part in [0.0, 0.5, 1.0] {
        scale.level(&mut svg, part * scale.highest);
    }
    for (at, name) in ticks.iter().filter(|(at, _)| scale.holds(*at)) {
        let (x, y) = (scale.x(*at), HEIGHT - 8.0);
        let tick = format_args!("<text class=\"tick\" x=\"{x:.1}\" y=\"{y:.0}\">{name}</text>");
        push(&mut svg, tick);
    }
    for at in marks.iter().filter(|at| scale.holds(**at)) {
        let (left, right, y) = (scale.x(*at) - 3.0, scale.x(*at) + 3.0, scale.y(0.0));
        let ends = format_args!("x1=\"{left:.1}\" y1=\"{y:.1}\" x2=\"{right:.1}\" y2=\"{y:.1}\"");
        push(&mut svg, format_args!("<line class=\"failed\" {ends}/>"));
    }
    for (class, points) in curves {
        let point = |(x, y): &(f64, f64)| format!("{:.1},{:.1}", scale.x(*x), scale.y(*y));
        let points = points.iter().map(point).collect::<Vec<_>>().join(" ");
        push(&mut svg, format_args!("<polyline class=\"curve {class}\" points=\"{points}\"/>"));
    }
    svg.push_str("</svg>\n</div>\n");
    svg
}

/// Where on a plot a value stands.
struct Scale {
    first: f64,
    last: f64,
    highest: f64,
}

impl Scale {
    /// One that holds all of them; none where there is no line to be drawn.
    fn of(curves: &[Curve]) -> Option<Self> {
        let all = || curves.iter().flat_map(|(_, points)| points);
        let ends = |(low, high): (f64, f64), (x, _): &(f64, f64)| (low.min(*x), high.max(*x));
        let (first, last) = all().fold((f64::MAX, f64::MIN), ends);
        let highest = all().map(|(_, y)| *y).fold(f64::MIN_POSITIVE, f64::max);
        (all().count() >= 2).then_some(Self { first, last, highest })
    }

    fn holds(&self, at: f64) -> bool {
        (self.first..=self.last).contains(&at)
    }

    fn x(&self, at: f64) -> f64 {
        let part = (at - self.first) / (self.last - self.first).max(1e-9);
        LEFT + part * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        TOP + (1.0 - value / self.highest) * (HEIGHT - TOP - BOTTOM)
    }

    /// A line at this height, and its name.
    fn level(&self, svg: &mut String, value: f64) {
        let (at, right, end, below) =
            (self.y(value), WIDTH - RIGHT, LEFT - 8.0, self.y(value) + 4.0);
        push(
            svg,
            format_args!(
                "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{right:.0}\" y2=\"{at:.1}\"/>\
                 <text class=\"name\" x=\"{end:.0}\" y=\"{below:.1}\">{}</text>",
                ms(value)
            ),
        );
    }
}
