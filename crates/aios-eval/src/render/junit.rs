//! JUnit XML, as build servers read it.

use std::fmt::Write as _;

use super::{escaped, failures};
use crate::report::{Report, Status, TestResult};

/// The report as one test suite: a test for each case, and one for each thing that got worse over all cases.
#[must_use]
pub fn junit(report: &Report) -> String {
    let over_all = report.regressions_detected.iter().filter(|change| change.id.is_none());
    let extra: Vec<_> = over_all
        .map(|change| (change.what.clone(), change.detail.clone()))
        .chain(report.error.iter().map(|why| ("run".to_owned(), why.clone())))
        .collect();
    let is_failed = |test: &&TestResult| !test.is_candidate && !test.passed;
    let n_failed = report.tests.iter().filter(is_failed).count() + extra.len();
    let seconds = report.tests.iter().filter_map(|test| test.latency_ms).sum::<f64>() / 1e3;
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let n_skipped = report.summary.candidates;
    line(
        &mut xml,
        format_args!(
            "<testsuite name=\"aios golden\" tests=\"{}\" failures=\"{n_failed}\" errors=\"{}\" skipped=\"{n_skipped}\" time=\"{seconds:.3}\" timestamp=\"{}\">",
            report.tests.len() + extra.len(),
            usize::from(report.status == Status::Error),
            report.timestamp,
        ),
    );
    for test in &report.tests {
        case(&mut xml, test);
    }
    for (what, detail) in extra {
        let (what, detail) = (escaped(&what), escaped(&detail));
        line(
            &mut xml,
            format_args!(
                "  <testcase classname=\"golden\" name=\"{what}\"><failure message=\"{detail}\"/></testcase>"
            ),
        );
    }
    xml.push_str("</testsuite>\n");
    xml
}

fn case(xml: &mut String, test: &TestResult) {
    let class = escaped(test.kind.as_deref().unwrap_or("case"));
    let (name, seconds) = (escaped(&test.id), test.latency_ms.unwrap_or(0.0) / 1e3);
    let open =
        format!("  <testcase classname=\"golden.{class}\" name=\"{name}\" time=\"{seconds:.3}\"");
    let inner = if test.is_candidate {
        "<skipped message=\"it waits to be accepted\"/>".to_owned()
    } else if test.passed {
        line(xml, format_args!("{open}/>"));
        return;
    } else {
        let message = format!("{}/{} runs passed", test.n_passed, test.runs.len());
        format!("<failure message=\"{message}\">{}</failure>", escaped(&failures(test).join("\n")))
    };
    line(xml, format_args!("{open}>{inner}</testcase>"));
}

/// A text takes every write.
fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").unwrap_or_default();
}
