//! Annotations of GitHub Actions.

use crate::report::{Report, Status};

/// A line for each thing that got worse, as Actions shows them beside a change.
#[must_use]
pub fn github(report: &Report) -> String {
    let mut lines: Vec<String> = Vec::new();
    for change in &report.regressions_detected {
        let title = change
            .id
            .as_ref()
            .map_or_else(|| format!("golden {}", change.what), |id| format!("golden case {id}"));
        lines.push(annotation("error", &title, &change.detail));
    }
    if let Some(why) = &report.error {
        lines.push(annotation("error", "golden run", why));
    }
    for note in &report.notes {
        lines.push(annotation("warning", "golden", note));
    }
    let level = if report.status == Status::Pass { "notice" } else { "error" };
    let summary = &report.summary;
    let told =
        format!("{}: {}/{} cases passed", report.status.name(), summary.passed, summary.cases);
    lines.push(annotation(level, "golden", &told));
    lines.concat()
}

/// What has a meaning to Actions is encoded, so that no answer of a model can give commands.
fn annotation(level: &str, title: &str, text: &str) -> String {
    let plain = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let title = plain(title).replace(':', "%3A").replace(',', "%2C");
    format!("::{level} title={title}::{}\n", plain(text))
}
