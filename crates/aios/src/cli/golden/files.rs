//! Reads and writes golden sets, baselines and reports.

use std::path::Path;

use aios_eval::{BUILT_IN_SET, GoldenSet, Report};
use aios_store::{GoldenPaths, read_document, write_document};

use crate::cli::output::{Failure, say};

/// The set at a path. Where that is the data directory's own place and nothing is there, it is the built-in one,
/// which is put there if it may be.
pub(super) fn set(path: &Path, own: &GoldenPaths, may_write: bool) -> anyhow::Result<GoldenSet> {
    let text = set_text(path, own, may_write)?;
    let read = GoldenSet::parse(&text).map_err(|error| {
        let path = path.display();
        let hint = format!("`aios golden lint --set {path}` names every fault of it");
        Failure::new(format!("cannot use the golden set {path}"), hint).because(error)
    })?;
    Ok(read)
}

/// The same as text, whatever it says.
pub(super) fn set_text(path: &Path, own: &GoldenPaths, may_write: bool) -> anyhow::Result<String> {
    match read_document(path)? {
        Some(text) => Ok(text),
        None if is_same(path, &own.set) => {
            if may_write {
                write_document(path, BUILT_IN_SET)?;
                say(format_args!("note: the built-in golden set was put at {}", path.display()));
            }
            Ok(BUILT_IN_SET.to_owned())
        }
        None => {
            let message = format!("there is no golden set {}", path.display());
            let hint =
                "name a golden set with --set; without it that of the data directory is used";
            Err(Failure::new(message, hint).into())
        }
    }
}

/// The report or baseline at a path, if it is there.
pub(super) fn report(path: &Path, what: &str) -> anyhow::Result<Option<Report>> {
    let Some(text) = read_document(path)? else { return Ok(None) };
    let read = Report::parse(&text).map_err(|error| {
        let message = format!("cannot use the {what} {}", path.display());
        Failure::new(message, "record it anew with `aios golden record`").because(error)
    })?;
    Ok(Some(read))
}

/// The same; an error if it is not there.
pub(super) fn required_report(path: &Path, what: &str) -> anyhow::Result<Report> {
    report(path, what)?.ok_or_else(|| {
        let message = format!("there is no {what} {}", path.display());
        Failure::new(
            message,
            "`aios golden record` makes the baseline, `aios golden compare` the report",
        )
        .into()
    })
}

/// Writes a report, and returns it as it is kept: without cases of whoever was erased while it was made.
pub(super) fn write_report(path: &Path, report: Report) -> anyhow::Result<Report> {
    let text = serde_json::to_string_pretty(&report)? + "\n";
    let kept = write_document(path, &text)?;
    Ok(if kept == text { report } else { Report::parse(&kept)? })
}

/// Whether both name the same place, however they are written.
fn is_same(a: &Path, b: &Path) -> bool {
    let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    whole(a) == whole(b)
}
