//! Markdown, for a comment on a change.

use std::fmt::Write as _;

use super::{Figure, failures, ms};
use crate::report::{Report, Status, TestResult};

/// The report in few lines, with the details of what did not pass.
#[must_use]
pub fn markdown(report: &Report, baseline: Option<&Report>) -> String {
    let mut text = String::new();
    let (metrics, summary) = (&report.metrics, &report.summary);
    let sign = match report.status {
        Status::Pass => "✅",
        Status::Fail => "❌",
        Status::Error => "⚠️",
    };
    line(&mut text, format_args!("## {sign} Golden run: {}\n", report.status.name()));
    line(&mut text, format_args!("| | Baseline | Now |\n|---|---|---|"));
    let before = |of: fn(&Report) -> String| baseline.map_or_else(|| "–".to_owned(), of);
    let rows: [Figure; 5] = [
        ("Cases passed", |it| format!("{}/{}", it.summary.passed, it.summary.cases)),
        ("p50", |it| ms(it.metrics.p50_ms)),
        ("p95", |it| ms(it.metrics.p95_ms)),
        ("Main", |it| format!("{:.0} %", it.metrics.main_model_percent)),
        ("Errors", |it| format!("{:.1} %", it.metrics.error_rate * 100.0)),
    ];
    for (name, of) in rows {
        line(&mut text, format_args!("| {name} | {} | {} |", before(of), of(report)));
    }
    for (title, changes) in
        [("Worse", &report.regressions_detected), ("Better", &report.improvements_detected)]
    {
        if changes.is_empty() {
            continue;
        }
        line(&mut text, format_args!("\n### {title}\n"));
        for change in changes {
            let id = change.id.as_ref().map_or_else(String::new, |id| format!(" `{}`", plain(id)));
            line(
                &mut text,
                format_args!("- **{}**{id}: {}", plain(&change.what), plain(&change.detail)),
            );
        }
    }
    if let Some(why) = &report.error {
        line(&mut text, format_args!("\n**{}**", plain(why)));
    }
    let failed = |test: &&TestResult| !test.passed;
    if report.tests.iter().any(|test| !test.passed) {
        line(&mut text, format_args!("\n<details><summary>Cases that did not pass</summary>\n"));
        for test in report.tests.iter().filter(failed) {
            line(&mut text, format_args!("- `{}` {}", plain(&test.id), plain(&test.question)));
            for failure in failures(test) {
                line(&mut text, format_args!("  - {}", plain(&failure)));
            }
        }
        line(&mut text, format_args!("\n</details>"));
    }
    for note in &report.notes {
        line(&mut text, format_args!("\n> {}", plain(note)));
    }
    let simulated = if summary.simulated_runs > 0 { ", simulated models" } else { "" };
    line(&mut text, format_args!("\n{} runs, bucket {}{simulated}", metrics.n, report.bucket));
    text
}

/// Text from outside on one line, in which nothing is markup.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => plain.push_str("&lt;"),
            '&' => plain.push_str("&amp;"),
            '`' | '*' | '_' | '[' | ']' | '|' | '#' | '\\' | '~' | '@' => {
                plain.push('\\');
                plain.push(c);
            }
            c if c.is_control() => plain.push(' '),
            c => plain.push(c),
        }
    }
    plain
}

/// A text takes every write.
fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").unwrap_or_default();
}
