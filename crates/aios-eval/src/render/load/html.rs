//! A load test as one page that asks nobody for anything.

use super::plot::{by_quantile, by_time};
use super::{LoadTable, about, load_checks, load_compared, load_notes, load_times, push};
use crate::load::LoadReport;
use crate::render::escaped;
use crate::render::html::PAGE_STYLE;

/// What the common style has not.
const STYLE: &str = ".NODATA { color: var(--warn); } .wide { overflow-x: auto; }
.checks th, .checks td { text-align: left; white-space: normal; }
svg .failed { stroke: var(--bad); stroke-width: 4; }
";

/// The run, and the one before beside it, as a page.
#[must_use]
pub fn load_html(report: &LoadReport, before: Option<&LoadReport>) -> String {
    let mut page = head(report);
    checks(&mut page, &load_checks(report));
    notes(&mut page, &load_notes(report));
    page.push_str(&by_quantile(report, before));
    page.push_str(&by_time(report));
    page.push_str("<h2>Times</h2>\n");
    set(&mut page, &load_times(report));
    if let Some(before) = before {
        let (table, care) = load_compared(report, before);
        page.push_str("<h2>Against the run before</h2>\n");
        set(&mut page, &table);
        notes(&mut page, &care.into_iter().collect::<Vec<_>>());
    }
    page.push_str("</body></html>\n");
    page
}

fn head(report: &LoadReport) -> String {
    let word = report.verdict.word();
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"content-security-policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>Load test: {word}</title>\n<style>\n{PAGE_STYLE}{STYLE}</style></head><body>\n\
         <h1>Load test <span class=\"word {word}\">{word}</span></h1>\n<p class=\"sub\">{}</p>\n",
        escaped(&about(report))
    )
}

/// The checks, whose first cell has the colour of its word.
fn checks(page: &mut String, table: &LoadTable) {
    page.push_str("<table class=\"checks\">\n");
    row(page, "th", "", table.head.iter().copied());
    for cells in &table.rows {
        let word = cells.first().map_or("", String::as_str);
        row(page, "td", word, cells.iter().map(String::as_str));
    }
    page.push_str("</table>\n");
}

fn set(page: &mut String, table: &LoadTable) {
    page.push_str("<div class=\"wide\"><table>\n");
    row(page, "th", "", table.head.iter().copied());
    for cells in &table.rows {
        row(page, "td", "", cells.iter().map(String::as_str));
    }
    page.push_str("</table></div>\n");
}

/// A row whose first cell is of this class.
fn row<'a>(page: &mut String, tag: &str, class: &str, cells: impl Iterator<Item = &'a str>) {
    page.push_str("<tr>");
    for (at, cell) in cells.enumerate() {
        let class = if at == 0 && !class.is_empty() {
            format!(" class=\"{class}\"")
        } else {
            String::new()
        };
        page.push_str(&format!("<{tag}{class}>{}</{tag}>", escaped(cell)));
    }
    page.push_str("</tr>\n");
}

fn notes(page: &mut String, notes: &[String]) {
    if notes.is_empty() {
        return;
    }
    page.push_str("<ul>\n");
    for note in notes {
        let class = if note.starts_with("failed") { " class=\"bad-text\"" } else { "" };
        push(page, format_args!("<li{class}>{}</li>", escaped(note)));
    }
    page.push_str("</ul>\n");
}
