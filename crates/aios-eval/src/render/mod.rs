//! The report in the forms that others read.

mod github;
mod html;
mod junit;
mod load;
mod markdown;
mod plot;
mod sweep;

pub use github::github;
pub use html::{PAGE_STYLE, html};
pub use junit::junit;
pub use load::{
    LoadDocument, LoadTable, load_checks, load_compared, load_html, load_markdown, load_notes,
    load_times,
};
pub use markdown::markdown;
pub use sweep::sweep_html;

use crate::report::{Report, TestResult};

/// A figure by name.
type Figure = (&'static str, fn(&Report) -> String);

/// A text in XML or HTML, where it can be neither a tag nor a control character.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\t' => safe.push(c),
            // XML has no way to say them.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

/// Milliseconds for people.
fn ms(ms: f64) -> String {
    match ms {
        ms if ms < 10.0 => format!("{ms:.1} ms"),
        ms if ms < 10_000.0 => format!("{ms:.0} ms"),
        ms => format!("{:.1} s", ms / 1e3),
    }
}

/// What was not met, and what was found instead.
fn failures(test: &TestResult) -> Vec<String> {
    let failed = test.assertions.iter().filter(|result| result.n_passed < test.runs.len());
    let told = failed.map(|failed| {
        let met = format!("{}/{}", failed.n_passed, test.runs.len());
        format!("{} ({met}): expected {}, found {}", failed.key, failed.expected, failed.found)
    });
    told.collect()
}

#[cfg(test)]
mod tests;
