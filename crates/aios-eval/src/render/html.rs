//! One HTML page that asks nobody for anything: styles and plots stand in it, and there is no script.

use std::fmt::Write as _;

use super::{Figure, escaped, failures, ms, plot};
use aios_core::Timestamp;

use crate::report::{Change, Report, TestResult};

/// How the pages look: light and dark, narrow and wide.
pub const PAGE_STYLE: &str = include_str!("page.css");

/// The report as a page. Each case can be opened to see its answers, then and now.
#[must_use]
pub fn html(report: &Report, baseline: Option<&Report>) -> String {
    let mut page = String::with_capacity(64 * 1024);
    let word = report.status.name();
    push(
        &mut page,
        format_args!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"content-security-policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>Golden run: {word}</title>\n<style>\n{PAGE_STYLE}</style></head><body>\n\
         <h1>Golden run <span class=\"word {word}\">{word}</span></h1>"
        ),
    );
    push(&mut page, format_args!("<p class=\"sub\">{}</p>", escaped(&about(report))));
    if let Some(why) = &report.error {
        push(&mut page, format_args!("<p class=\"ERROR\">{}</p>", escaped(why)));
    }
    tiles(&mut page, report, baseline);
    changes(&mut page, "Worse", "bad-text", &report.regressions_detected);
    changes(&mut page, "Better", "good-text", &report.improvements_detected);
    let plot = plot::latencies(report, baseline);
    if !plot.is_empty() {
        let legend =
            if baseline.is_some() { "hollow: baseline, full: now" } else { "median of each case" };
        push(
            &mut page,
            format_args!(
                "<h2>Latency by case <span class=\"soft\">({legend})</span></h2>\n<div class=\"plot\">\n{plot}</div>"
            ),
        );
    }
    page.push_str("<h2>Cases</h2>\n");
    for test in &report.tests {
        let before = baseline.and_then(|it| it.tests.iter().find(|before| before.id == test.id));
        case(&mut page, test, before);
    }
    if !report.notes.is_empty() {
        page.push_str("<h2>Notes</h2>\n<ul>\n");
        for note in &report.notes {
            push(&mut page, format_args!("<li>{}</li>", escaped(note)));
        }
        page.push_str("</ul>\n");
    }
    page.push_str("</body></html>\n");
    page
}

fn about(report: &Report) -> String {
    let baseline = report.baseline_timestamp;
    let against =
        baseline.map_or_else(String::new, |at| format!(" against the baseline of {}", minute(at)));
    let simulated = if report.summary.simulated_runs > 0 { ", simulated models" } else { "" };
    format!(
        "{}{against}, bucket {}, {} runs{simulated}",
        minute(report.timestamp),
        report.bucket,
        report.metrics.n
    )
}

/// To the minute.
pub(super) fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    let (day, time) = text.split_once('T').unwrap_or((&text, ""));
    format!("{day} {} UTC", time.get(..5).unwrap_or(time))
}

fn tiles(page: &mut String, report: &Report, baseline: Option<&Report>) {
    let tiles: [Figure; 5] = [
        ("cases passed", |it| format!("{}/{}", it.summary.passed, it.summary.cases)),
        ("answered by main", |it| format!("{:.0} %", it.metrics.main_model_percent)),
        ("median latency", |it| ms(it.metrics.p50_ms)),
        ("p95 latency", |it| ms(it.metrics.p95_ms)),
        ("runs without an answer", |it| format!("{:.1} %", it.metrics.error_rate * 100.0)),
    ];
    page.push_str("<div class=\"tiles\">\n");
    for (name, of) in tiles {
        let before =
            baseline.map_or_else(String::new, |it| format!("<small>was {}</small>", of(it)));
        push(
            page,
            format_args!(
                "<div class=\"tile\"><b>{}</b><span>{name}</span>{before}</div>",
                of(report)
            ),
        );
    }
    page.push_str("</div>\n");
}

fn changes(page: &mut String, title: &str, class: &str, changes: &[Change]) {
    if changes.is_empty() {
        return;
    }
    push(page, format_args!("<h2 class=\"{class}\">{title}</h2>\n<ul>"));
    for change in changes {
        let id = change.id.as_deref().map_or_else(String::new, |id| format!(" {}", escaped(id)));
        let p = change.p_value.map_or_else(String::new, |p| format!(" (p = {p:.4})"));
        push(
            page,
            format_args!(
                "<li><b>{}{id}</b>: {}{p}</li>",
                escaped(&change.what),
                escaped(&change.detail)
            ),
        );
    }
    page.push_str("</ul>\n");
}

fn case(page: &mut String, test: &TestResult, before: Option<&TestResult>) {
    let class = if test.passed { "good-text" } else { "bad-text" };
    let open = if test.passed { "" } else { " open" };
    // With it an erasure finds what this page knows of somebody.
    let origin = test.origin.as_ref().map_or_else(String::new, |origin| {
        format!(
            " data-origin=\"{}\"",
            escaped(&origin.conversations().collect::<Vec<_>>().join(" "))
        )
    });
    let latency = test.latency_ms.map_or_else(|| "–".to_owned(), ms);
    let tier = test.tier.map_or("–", aios_core::Tier::name);
    let waits = if test.is_candidate { " <span class=\"soft\">candidate</span>" } else { "" };
    push(
        page,
        format_args!(
            "<details{open}{origin}><summary><span class=\"mark {class}\">{}/{}</span><b>{}</b>{waits}<span class=\"q\">{}</span><span>{tier}, {latency}</span></summary><div>",
            test.n_passed,
            test.runs.len(),
            escaped(&test.id),
            escaped(&test.question)
        ),
    );
    let failures = failures(test);
    if !failures.is_empty() {
        page.push_str("<ul class=\"bad-text\">\n");
        for failure in failures {
            push(page, format_args!("<li>{}</li>", escaped(&failure)));
        }
        page.push_str("</ul>\n");
    }
    page.push_str("<div class=\"pair\">\n");
    for (when, test) in [("Baseline", before), ("Now", Some(test))] {
        let Some(run) = test.and_then(shown_run) else { continue };
        let said = run.error.as_ref().unwrap_or(&run.answer);
        let model = run.model.as_deref().unwrap_or("");
        push(
            page,
            format_args!(
                "<div class=\"answer\"><b>{when} {}</b>{}</div>",
                escaped(model),
                escaped(said)
            ),
        );
    }
    page.push_str("</div></div></details>\n");
}

/// The run that says most: one without an answer, else the last.
fn shown_run(test: &TestResult) -> Option<&crate::Observation> {
    test.runs.iter().find(|run| !run.is_answered()).or_else(|| test.runs.last())
}

fn push(page: &mut String, part: std::fmt::Arguments<'_>) {
    // A text takes every write.
    writeln!(page, "{part}").unwrap_or_default();
}
