//! The report as Markdown and as a page that asks for nothing else.

use aios_core::Timestamp;
use aios_eval::render::PAGE_STYLE;

use super::{Metric, Report, plot};

/// A table.
pub(super) fn markdown(report: &Report) -> String {
    let mut text = format!(
        "# AIOS, {} days: {}\n\n{} to {}\n\n| | Metric | Target | Figure |\n|---|---|---|---|\n",
        report.days,
        report.verdict.name(),
        report.from,
        report.until
    );
    for metric in &report.metrics {
        text.push_str(&format!(
            "| {} | {} | {} | {} |\n",
            metric.verdict.name(),
            metric.name,
            metric.target,
            metric.figure.replace('|', "\\|")
        ));
    }
    text
}

/// One file.
pub(super) fn html(report: &Report) -> String {
    let days = report.days;
    let word = report.verdict.name();
    let rows: String = report.metrics.iter().map(row).collect();
    let plots = [plot::hours(report), plot::stages(report)].concat();
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"content-security-policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>AIOS, {days} days: {word}</title>\n<style>\n{PAGE_STYLE}{STYLE}</style></head><body>\n\
         <h1>AIOS, {days} days <span class=\"word {word}\">{word}</span></h1>\n\
         <p class=\"sub\">{} to {}</p>\n<div class=\"metrics\">\n{rows}</div>\n{plots}</body></html>\n",
        minute(report.from),
        minute(report.until)
    )
}

/// What the common style has not.
const STYLE: &str = "
.metrics { margin-top: 1.5rem; border: 1px solid var(--line); border-radius: 10px; background: var(--card); }
.metric { display: grid; grid-template-columns: 6rem 1fr auto; gap: .15rem 1rem; padding: .7rem 1rem; align-items: baseline; }
.metric + .metric { border-top: 1px solid var(--line); }
.metric b { font-size: .82rem; letter-spacing: .04em; } .metric .target { color: var(--soft); font-size: .85rem; }
.metric .figure { grid-column: 2 / -1; color: var(--soft); font-size: .9rem; }
.NODATA { color: var(--warn); }
svg .kept { fill: var(--good); } svg .broken { fill: var(--bad); } svg .silent { fill: var(--line); }
svg .left { text-anchor: start; }
@media (max-width: 480px) { .metric { grid-template-columns: 5rem 1fr; } .metric .target { grid-column: 2; } }
";

fn row(metric: &Metric) -> String {
    format!(
        "<div class=\"metric\"><b class=\"{word}\">{word}</b><span>{}</span><span class=\"target\">target: {}</span><span class=\"figure\">{}</span></div>\n",
        escaped(metric.name),
        escaped(metric.target),
        escaped(&metric.figure),
        word = metric.verdict.name(),
    )
}

/// To the minute: no reader of a week needs more.
pub(super) fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    let (day, time) = text.split_once('T').unwrap_or((&text, ""));
    format!("{day} {} UTC", time.get(..5).unwrap_or(time))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
