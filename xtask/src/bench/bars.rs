//! The bars, as a list: what is compared, how, and what it must come to.

use std::fmt::{self, Write};

use super::gateway::Sample;

/// Both subjects in one repeat.
pub(super) struct Pair {
    pub(super) raw: Sample,
    pub(super) aios: Sample,
}

/// What the bar is held against.
#[derive(Debug, Clone, Copy)]
enum How {
    /// AIOS divided by the bare proxy.
    Ratio,
    /// AIOS less the bare proxy.
    Added,
    /// AIOS alone.
    Own,
}

/// What a figure must come to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Limit {
    AtLeast(f64),
    AtMost(f64),
}

impl Limit {
    pub(super) fn is_met(self, figure: f64) -> bool {
        match self {
            Self::AtLeast(bar) => figure >= bar,
            Self::AtMost(bar) => figure <= bar,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(bar) => write!(f, "≥ {bar}"),
            Self::AtMost(bar) => write!(f, "≤ {bar}"),
        }
    }
}

/// A line of a list of figures that stand for themselves, and whether its bar is met: where no figure could be had it
/// is not. Without a limit it is only shown.
pub(super) fn line(name: &str, figure: Option<f64>, limit: Option<Limit>) -> (String, bool) {
    let is_met = limit.is_none_or(|limit| figure.is_some_and(|figure| limit.is_met(figure)));
    let verdict = match (limit, figure) {
        (None, _) => "",
        (Some(_), None) => "no figure",
        (Some(_), Some(_)) if is_met => "pass",
        (Some(_), Some(_)) => "MISS",
    };
    let figure = figure.map_or("–".to_owned(), |figure| format!("{figure:.3}"));
    let limit = limit.map_or("-".to_owned(), |limit| limit.to_string());
    (format!("{name:<62} {figure:>12} {limit:>9}  {verdict}"), is_met)
}

struct Bar {
    name: &'static str,
    of: fn(&Sample) -> Option<f64>,
    how: How,
    limit: Limit,
    /// What is aimed for beyond the bar.
    goal: Option<f64>,
}

const BARS: &[Bar] = &[
    Bar {
        name: "requests/s, 64 connections",
        of: |sample| sample.rps,
        how: How::Ratio,
        limit: Limit::AtLeast(0.45),
        goal: Some(0.6),
    },
    Bar {
        name: "CPU per request, µs",
        of: |sample| sample.cpu_us_per_request,
        how: How::Ratio,
        limit: Limit::AtMost(2.3),
        goal: Some(1.7),
    },
    Bar {
        name: "CPU per stream, µs (64 paced)",
        of: |sample| sample.cpu_us_per_stream,
        how: How::Ratio,
        limit: Limit::AtMost(1.4),
        goal: Some(1.15),
    },
    Bar {
        name: "first chunk p50, µs (64 paced)",
        of: |sample| sample.first_chunk_us,
        how: How::Added,
        limit: Limit::AtMost(100.0),
        goal: None,
    },
    Bar {
        name: "chunk delay p50, µs (64 paced)",
        of: |sample| sample.chunk_delay_us,
        how: How::Added,
        limit: Limit::AtMost(10.0),
        goal: None,
    },
    Bar {
        name: "p99 / p50, 256 connections",
        of: |sample| sample.latency_tail,
        how: How::Own,
        limit: Limit::AtMost(3.0),
        goal: None,
    },
    Bar {
        name: "longest stall, ms (512 streams)",
        of: |sample| sample.stall_ms,
        how: How::Own,
        limit: Limit::AtMost(100.0),
        goal: None,
    },
    Bar {
        name: "peak RSS, MiB (256 connections)",
        of: |sample| sample.peak_mib,
        how: How::Own,
        limit: Limit::AtMost(40.0),
        goal: None,
    },
    Bar {
        name: "idle RSS, MiB",
        of: |sample| sample.idle_mib,
        how: How::Own,
        limit: Limit::AtMost(20.0),
        goal: None,
    },
    Bar {
        name: "binary, MiB",
        of: |sample| sample.binary_mib,
        how: How::Own,
        limit: Limit::AtMost(30.0),
        goal: None,
    },
    Bar {
        name: "start, ms",
        of: |sample| sample.start_ms,
        how: How::Own,
        limit: Limit::AtMost(100.0),
        goal: None,
    },
    Bar {
        name: "errors",
        of: |sample| sample.errors,
        how: How::Own,
        limit: Limit::AtMost(0.0),
        goal: None,
    },
];

impl Bar {
    /// The figure that is held against the bar: the median of the repeats' own figures, so that a
    /// slow minute of the machine falls on both sides of one pair.
    fn figure(&self, pairs: &[Pair]) -> Option<f64> {
        median(pairs.iter().map(|pair| {
            let aios = (self.of)(&pair.aios)?;
            Some(match self.how {
                How::Ratio => aios / (self.of)(&pair.raw)?,
                How::Added => aios - (self.of)(&pair.raw)?,
                How::Own => aios,
            })
        }))
    }

    /// `None` = there was nothing to judge.
    fn met(&self, pairs: &[Pair]) -> Option<bool> {
        self.figure(pairs).map(|figure| self.limit.is_met(figure))
    }

    fn limit_text(&self) -> String {
        let sign = match self.how {
            How::Ratio => "×",
            How::Added | How::Own => "",
        };
        format!("{}{sign}", self.limit)
    }
}

/// Where no figure could be had, a bar counts as not met: silence is no pass.
pub(super) fn all_met(pairs: &[Pair]) -> bool {
    BARS.iter().all(|bar| bar.met(pairs) == Some(true))
}

/// The table for people.
pub(super) fn table(pairs: &[Pair]) -> String {
    let mut out = format!(
        "{:<33} {:>10} {:>10} {:>10} {:>9} {:>6}\n",
        "", "raw proxy", "AIOS", "figure", "bar", "goal"
    );
    for bar in BARS {
        let raw = median(pairs.iter().map(|pair| (bar.of)(&pair.raw)));
        let aios = median(pairs.iter().map(|pair| (bar.of)(&pair.aios)));
        let goal = bar.goal.map(|goal| goal.to_string()).unwrap_or_default();
        let verdict = match bar.met(pairs) {
            Some(true) => "pass",
            Some(false) => "MISS",
            None => "no figure",
        };
        // Writing to a string cannot fail.
        writeln!(
            out,
            "{:<33} {:>10} {:>10} {:>10} {:>9} {goal:>6}  {verdict}",
            bar.name,
            number(raw),
            number(aios),
            number(bar.figure(pairs)),
            bar.limit_text()
        )
        .ok();
    }
    out
}

/// `{"bars":[{"name","raw","aios","figure","bar","met"}],"n_repeats":n}`; figures may be null.
pub(super) fn json(pairs: &[Pair]) -> String {
    let rows: Vec<String> = BARS
        .iter()
        .map(|bar| {
            let raw = median(pairs.iter().map(|pair| (bar.of)(&pair.raw)));
            let aios = median(pairs.iter().map(|pair| (bar.of)(&pair.aios)));
            format!(
                r#"{{"name":"{}","raw":{},"aios":{},"figure":{},"bar":"{}","met":{}}}"#,
                bar.name,
                or_null(raw),
                or_null(aios),
                or_null(bar.figure(pairs)),
                bar.limit_text(),
                or_null(bar.met(pairs))
            )
        })
        .collect();
    format!("{{\"bars\":[\n{}\n],\"n_repeats\":{}}}\n", rows.join(",\n"), pairs.len())
}

fn or_null(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "null".to_owned(), |value| value.to_string())
}

/// The middle one; the upper of two. `None` unless every value is there.
fn median(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let mut values = values.collect::<Option<Vec<f64>>>()?;
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn number(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(value) if value.abs() >= 1_000.0 => format!("{value:.0}"),
        Some(value) if value.abs() >= 10.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(raw: f64, aios: f64) -> Pair {
        let all = |value| Sample {
            rps: Some(value),
            cpu_us_per_request: Some(value),
            first_chunk_us: Some(value),
            errors: Some(value),
            ..Sample::default()
        };
        Pair { raw: all(raw), aios: all(aios) }
    }

    fn met(name: &str, pairs: &[Pair]) -> Option<bool> {
        BARS.iter().find(|bar| bar.name.starts_with(name)).unwrap().met(pairs)
    }

    #[test]
    fn a_bar_is_held_against_the_median_of_the_repeats() {
        let pairs = [pair(100.0, 10.0), pair(100.0, 50.0), pair(100.0, 60.0)];
        assert_eq!(met("requests/s", &pairs), Some(true));
        assert_eq!(met("requests/s", &pairs[..1]), Some(false));
        assert_eq!(met("CPU per request", &[pair(10.0, 24.0)]), Some(false));
        assert_eq!(met("first chunk", &[pair(150.0, 240.0)]), Some(true));
        assert_eq!(met("errors", &[pair(0.0, 1.0)]), Some(false));
    }

    #[test]
    fn a_line_tells_whether_its_bar_is_met() {
        let check = |figure, limit, met, end: &str| {
            let (line, is_met) = line("speed", figure, limit);
            assert!(is_met == met && line.trim_end().ends_with(end), "{line}");
        };
        check(Some(2.0), Some(Limit::AtLeast(1.5)), true, "pass");
        check(Some(2.0), Some(Limit::AtMost(1.5)), false, "MISS");
        check(None, Some(Limit::AtMost(1.5)), false, "no figure");
        check(Some(2.0), None, true, "2.000         -");
    }

    #[test]
    fn a_figure_that_could_not_be_had_is_no_pass() {
        assert_eq!(met("peak RSS", &[pair(1.0, 1.0)]), None);
        assert!(!all_met(&[pair(1.0, 1.0)]));
    }
}
