//! A report on the terminal.

use std::io::Write;

use aios_eval::{Report, TestResult};

use crate::cli::table;

/// Characters of a finding that are shown.
const FOUND_MAX: usize = 100;

/// Prints the cases, the figures, what got worse, and the word for it last.
pub(super) fn print(
    out: &mut dyn Write,
    report: &Report,
    baseline: Option<&Report>,
) -> anyhow::Result<()> {
    let head = ["case", "passed", "tier", "latency", "before", ""].map(str::to_owned).to_vec();
    let rows = report.tests.iter().map(|test| row(test, baseline));
    table::print(out, &std::iter::once(head).chain(rows).collect::<Vec<_>>())?;
    let (metrics, summary) = (&report.metrics, &report.summary);
    writeln!(
        out,
        "{}/{} cases passed, {:.0} % main, p50 {:.0} ms, p95 {:.0} ms, {} runs{}",
        summary.passed,
        summary.cases,
        metrics.main_model_percent,
        metrics.p50_ms,
        metrics.p95_ms,
        metrics.n,
        if summary.simulated_runs > 0 { ", simulated models" } else { "" },
    )?;
    let line = |id: Option<&String>| id.map_or_else(String::new, |id| format!(" {id}"));
    for (word, changes) in
        [("worse", &report.regressions_detected), ("better", &report.improvements_detected)]
    {
        for change in changes {
            let p = change.p_value.map_or_else(String::new, |p| format!(", p = {p:.4}"));
            let detail = table::one_line(&change.detail, 4 * FOUND_MAX);
            writeln!(out, "{word}: {}{}: {detail}{p}", change.what, line(change.id.as_ref()))?;
        }
    }
    for note in &report.notes {
        writeln!(out, "note: {}", table::one_line(note, 4 * FOUND_MAX))?;
    }
    if let Some(error) = &report.error {
        writeln!(out, "error: {}", table::one_line(error, 4 * FOUND_MAX))?;
    }
    writeln!(out, "{}", report.status.name())?;
    Ok(())
}

fn row(test: &TestResult, baseline: Option<&Report>) -> Vec<String> {
    let ms = |ms: Option<f64>| ms.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.0} ms"));
    let before = baseline.map(|baseline| baseline.tests.iter().find(|before| before.id == test.id));
    let before = match before {
        None => String::new(),
        Some(None) => "new".to_owned(),
        Some(Some(before)) => ms(before.latency_ms),
    };
    vec![
        table::one_line(&test.id, FOUND_MAX),
        format!("{}/{}", test.n_passed, test.runs.len()),
        test.tier.map_or("-", aios_core::Tier::name).to_owned(),
        ms(test.latency_ms),
        before,
        remark(test),
    ]
}

/// The first expectation that was not met.
fn remark(test: &TestResult) -> String {
    let failed = test.assertions.iter().find(|result| result.n_passed < test.runs.len());
    let failed = failed.map(|failed| {
        let found = table::one_line(&failed.found, FOUND_MAX);
        format!(
            "{}: expected {}; {found}",
            failed.key,
            table::one_line(&failed.expected, FOUND_MAX)
        )
    });
    let waits = if test.is_candidate { "candidate; " } else { "" };
    format!("{waits}{}", failed.unwrap_or_default())
}
