//! A run as people read it.

use std::io::Write;

use aios_eval::load::LoadReport;
use aios_eval::render::{LoadTable, load_compared, load_notes, load_times};

use crate::cli::table;

/// The run, how it differs from the one before, and the verdict in the last line.
pub(super) fn print(
    out: &mut dyn Write,
    report: &LoadReport,
    before: Option<&LoadReport>,
) -> anyhow::Result<()> {
    set(out, load_times(report))?;
    for note in load_notes(report) {
        writeln!(out, "{}", table::one_line(&note, usize::MAX))?;
    }
    if let Some(before) = before {
        let (table, care) = load_compared(report, before);
        writeln!(out)?;
        set(out, table)?;
        care.iter().try_for_each(|care| writeln!(out, "{care}"))?;
    }
    writeln!(out)?;
    for check in &report.checks {
        let (word, name) = (check.verdict.word(), &check.name);
        writeln!(out, "{word:<7} {name:<11} {} (target: {})", check.figure, check.target)?;
    }
    writeln!(out, "{}", report.verdict.word())?;
    Ok(())
}

/// A table, and an empty line.
fn set(out: &mut dyn Write, mut shown: LoadTable) -> anyhow::Result<()> {
    let head = shown.head.into_iter().map(str::to_owned).collect();
    shown.rows.insert(0, head);
    table::print(out, &shown.rows)?;
    Ok(writeln!(out)?)
}
