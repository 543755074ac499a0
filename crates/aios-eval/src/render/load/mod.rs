//! A load test in the forms that others read. What stands in it is made once, as tables and sentences; a form only
//! sets it.

mod html;
mod plot;

use std::fmt::Write as _;

use serde::Serialize;

use super::html::minute;
use super::ms;
use crate::load::{About, Compared, LoadReport};

pub use html::load_html;

/// A head, and rows of as many cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadTable {
    /// Names of its columns.
    pub head: Vec<&'static str>,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
}

/// What is asked of the run, one by one.
#[must_use]
pub fn load_checks(report: &LoadReport) -> LoadTable {
    let row = |check: &crate::load::Check| {
        let word = check.verdict.word().to_owned();
        vec![word, check.name.clone(), check.figure.clone(), check.target.clone()]
    };
    LoadTable {
        head: vec!["", "check", "figure", "target"],
        rows: report.checks.iter().map(row).collect(),
    }
}

/// Its times.
#[must_use]
pub fn load_times(report: &LoadReport) -> LoadTable {
    let all = [
        ("latency", report.latency),
        ("from sending", report.service),
        ("first token", report.time_to_first_token),
        ("between tokens", report.inter_token),
    ];
    let times = all.into_iter().filter_map(|(name, times)| Some((name, times?)));
    let row = |(name, it): (&str, crate::load::Figures)| {
        let cells = [it.p50_ms, it.p90_ms, it.p95_ms, it.p99_ms, it.max_ms].map(ms);
        std::iter::once(name.to_owned()).chain(cells).collect()
    };
    LoadTable { head: vec!["", "p50", "p90", "p95", "p99", "max"], rows: times.map(row).collect() }
}

/// The run against the one before, and whether the two may be compared.
#[must_use]
pub fn load_compared(report: &LoadReport, before: &LoadReport) -> (LoadTable, Option<String>) {
    let compared = Compared::new(report, before);
    let row = |it: &crate::load::Difference| {
        let change = it.change_pct.map_or_else(|| "-".to_owned(), |pct| format!("{pct:+.1} %"));
        vec![it.name.to_owned(), format!("{:.3}", it.before), format!("{:.3}", it.now), change]
    };
    let table = LoadTable {
        head: vec!["against the run before", "before", "now", "change"],
        rows: compared.differences.iter().map(row).collect(),
    };
    let unlike = compared.unlike.join(", ");
    let care = format!("the two were not run alike ({unlike}): compare with care");
    (table, (!compared.unlike.is_empty()).then_some(care))
}

/// What else is to be known of the run, a sentence each.
#[must_use]
pub fn load_notes(report: &LoadReport) -> Vec<String> {
    let mut notes = vec![format!(
        "{} requests in {:.1} s, {:.1} a second",
        report.n, report.took_s, report.per_second
    )];
    if let Some(answered) = report.answered {
        let (main, embedder, n) = (answered.n_main, answered.n_embedder, answered.n_fallback);
        notes.push(format!(
            "main answered {main} and the embedder {embedder}; {n} of them fell back"
        ));
    }
    if report.n_late > 0 {
        let (n, most) = (report.n_late, report.late_ms_max);
        notes.push(format!("{n} were sent late, by {most:.0} ms at most; their wait is counted"));
    }
    if report.n_unsent > 0 {
        let (n, why) = (report.n_unsent, "too many were under way, or no socket was left");
        notes.push(format!("{n} were not sent: {why}"));
    }
    notes.extend(report.errors.iter().map(|(cause, n)| format!("failed: {n} {cause}")));
    if report.n_simulated > 0 {
        notes.push(format!("simulated models gave {} of the answers", report.n_simulated));
    }
    if report.about.interrupted {
        let n = report.about.n_under_way;
        notes.push(format!("it was ended early, with {n} under way, so that it proves nothing"));
    }
    notes
}

/// The run as others read it by program, and how it differs from the one before. What [`LoadReport::parse`] reads.
#[derive(Debug, Serialize)]
pub struct LoadDocument<'a> {
    #[serde(flatten)]
    report: &'a LoadReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    compared: Option<Compared>,
}

impl<'a> LoadDocument<'a> {
    /// The document of a run, and of the one before if there is one.
    #[must_use]
    pub fn new(report: &'a LoadReport, before: Option<&LoadReport>) -> Self {
        Self { report, compared: before.map(|before| Compared::new(report, before)) }
    }
}

/// The run, and the one before beside it, as Markdown.
#[must_use]
pub fn load_markdown(report: &LoadReport, before: Option<&LoadReport>) -> String {
    let mut text = format!("# Load test: {}\n\n{}\n\n", report.verdict.word(), about(report));
    set(&mut text, &load_checks(report));
    text.extend(load_notes(report).iter().map(|note| format!("- {}\n", cell(note))));
    text.push('\n');
    set(&mut text, &load_times(report));
    if let Some(before) = before {
        let (table, care) = load_compared(report, before);
        set(&mut text, &table);
        text.extend(care);
        text.push('\n');
    }
    text
}

/// A table, and an empty line.
fn set(text: &mut String, table: &LoadTable) {
    push(text, format_args!("| {} |", table.head.join(" | ")));
    push(text, format_args!("|{}", "---|".repeat(table.head.len())));
    for row in &table.rows {
        let cells: Vec<_> = row.iter().map(|text| cell(text)).collect();
        push(text, format_args!("| {} |", cells.join(" | ")));
    }
    text.push('\n');
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// What was asked, and of whom.
fn about(report: &LoadReport) -> String {
    let about = &report.about;
    let prompts = match about.n_prompts {
        Some(n) => format!(" of {n} prompts ({})", about.prompts),
        None => format!(" ({})", about.prompts),
    };
    format!(
        "{}: {} requests{prompts} to {} at {}, {}, {:.0} % as streams{}. {}",
        minute(about.started_at),
        report.n,
        about.model,
        about.url,
        about.pace,
        about.stream_pct,
        limits(about),
        about.pace.counts_from(),
    )
}

/// What an answer may be at most, where something was said of it.
fn limits(about: &About) -> String {
    let mut limits = String::new();
    if let Some(most) = about.max_tokens {
        limits += &format!(", at most {most} tokens each");
    }
    if let Some(ms) = about.timeout_ms {
        limits += &format!(", given up after {} s", ms as f64 / 1e3);
    }
    limits
}

fn push(page: &mut String, part: std::fmt::Arguments<'_>) {
    // A text takes every write.
    writeln!(page, "{part}").unwrap_or_default();
}
