//! The report as Markdown and as a page that asks for nothing else.

use super::{Outcome, Report};

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

/// Light and dark, narrow and wide.
const STYLE: &str = "
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 52rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .5rem .75rem; border-bottom: 1px solid #8884; }
.pass { color: light-dark(#12692b, #6fd08c); } .fail { color: light-dark(#a11212, #ff8a80); }
.nodata { color: light-dark(#6b5200, #e0c060); } .pass, .fail, .nodata { font-weight: 600; }
";

/// One file.
pub(super) fn html(report: &Report) -> String {
    let days = report.days;
    let mut rows = String::new();
    for metric in &report.metrics {
        rows.push_str(&format!(
            "<tr><td class=\"{}\">{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            class(metric.verdict),
            metric.verdict.name(),
            escaped(metric.name),
            escaped(metric.target),
            escaped(&metric.figure)
        ));
    }
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>AIOS, {days} days</title><style>{STYLE}</style></head><body>\n\
         <h1>AIOS, {days} days: <span class=\"{}\">{}</span></h1>\n<p>{} to {}</p>\n\
         <table><thead><tr><th></th><th>Metric</th><th>Target</th><th>Figure</th></tr></thead><tbody>\n\
         {rows}</tbody></table></body></html>\n",
        class(report.verdict),
        report.verdict.name(),
        report.from,
        report.until
    )
}

const fn class(verdict: Outcome) -> &'static str {
    match verdict {
        Outcome::Pass => "pass",
        Outcome::Fail => "fail",
        Outcome::NoData => "nodata",
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
