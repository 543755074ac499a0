//! Reads and writes golden sets, baselines and reports.

use std::path::{Path, PathBuf};

use aios_core::Clock as _;
use aios_eval::{BUILT_IN_SET, GoldenSet, Report, ReportError};
use aios_store::{GoldenPaths, read_document, write_document};

use crate::cli::output::{Failure, say};
use crate::clock::SystemClock;

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

/// What a verdict can rest on.
#[derive(Debug, Clone, Copy)]
pub(super) enum What {
    /// What runs are compared with.
    Baseline,
    /// A run.
    Report,
}

impl What {
    const fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Report => "report",
        }
    }

    /// How to come by one.
    const fn hint(self) -> &'static str {
        match self {
            Self::Baseline => {
                "record it with `aios golden record`, over one that is there with --force --reason TEXT"
            }
            Self::Report => "make one with `aios golden compare`",
        }
    }
}

/// The baseline at a path, if it is there, to be told of. What is compared with it is [`trusted`].
pub(super) fn baseline(path: &Path) -> anyhow::Result<Option<Report>> {
    let read = read_document(path)?.map(|text| Report::parse(&text)).transpose();
    Ok(read.map_err(|error| unusable(path, What::Baseline, error))?)
}

/// The report or baseline at a path, which must be one that a verdict can rest on.
pub(super) fn trusted(path: &Path, what: What) -> anyhow::Result<Report> {
    let text = read_document(path)?.ok_or_else(|| {
        Failure::new(format!("there is no {} {}", what.name(), path.display()), what.hint())
    })?;
    let read = Report::trusted(&text, SystemClock.now());
    Ok(read.map_err(|error| unusable(path, what, error))?)
}

fn unusable(path: &Path, what: What, error: ReportError) -> Failure {
    let message = format!("cannot use the {} {}", what.name(), path.display());
    Failure::new(message, what.hint()).because(error)
}

/// The text of a report that somebody has named, which must be there.
pub(in crate::cli) fn named_text(path: &Path) -> anyhow::Result<String> {
    let cannot = || {
        let message = format!("cannot read the report {}", path.display());
        Failure::new(message, "name an existing file; `aios golden compare` makes one")
    };
    let text = read_document(path).map_err(|error| cannot().because(error))?;
    Ok(text.ok_or_else(|| cannot().because("there is no such file"))?)
}

/// Writes a report, and returns it as it is kept: without cases of whoever was erased while it was made.
pub(super) fn write_report(path: &Path, report: Report) -> anyhow::Result<Report> {
    let text = serde_json::to_string_pretty(&report)? + "\n";
    let kept = write(path, &text)?;
    Ok(if kept == text { report } else { Report::parse(&kept)? })
}

/// Writes a document; a directory that is made for it is told, since it may be a slip. Returns what is kept of it.
pub(super) fn write(path: &Path, text: &str) -> anyhow::Result<String> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let missing = parent.filter(|parent| !parent.exists());
    let kept = write_document(path, text)?;
    if let Some(made) = missing {
        say(format_args!("note: the directory {} was made", made.display()));
    }
    Ok(kept)
}

/// Refuses a place of the operator's choice where what is written would take the place of what it was made of, or of
/// what AIOS keeps: of the data directory, only `goldens/…report.json` is for reports of his.
pub(in crate::cli) fn must_not_replace(
    path: &Path,
    sources: &[&Path],
    data_dir: &Path,
) -> anyhow::Result<()> {
    let goldens = whole(data_dir).join("goldens");
    let (place, name) = (whole(path), path.file_name().unwrap_or_default().to_string_lossy());
    let is_report = place.parent() == Some(&goldens) && name.ends_with("report.json");
    let is_kept = place.starts_with(whole(data_dir)) && !is_report;
    if is_kept || sources.iter().any(|source| is_same(path, source)) {
        let message = format!(
            "cannot write {}: it would take the place of what is kept there",
            path.display()
        );
        let hint = "name another file; a baseline is recorded anew with `aios golden record`";
        return Err(Failure::new(message, hint).into());
    }
    Ok(())
}

/// Whether both name the same place, however they are written.
fn is_same(a: &Path, b: &Path) -> bool {
    whole(a) == whole(b)
}

fn whole(path: &Path) -> PathBuf {
    let whole = path.canonicalize().or_else(|_| std::path::absolute(path));
    whole.unwrap_or_else(|_| path.to_owned())
}
