//! Cuts records out of documents, and the cases that belong to them out of the documents beside.
//!
//! Where a golden case comes from stands beside its set, in `SET.provenance.json`, which names the case
//! and the conversation. The case itself then names nobody, nor do the results that baselines and reports
//! have of it: they go by the name of the case. The provenance goes last, so that whenever the process
//! dies, what is left still says what has to go.

use std::path::{Path, PathBuf};

use super::cut::Pass;
use super::document::{Cut, Document};
use super::receipt::Work;
use crate::replace::{Points, Replacement, points};
use crate::{StoreError, disk};

const DOCUMENT: Points = points!("erase_document");

/// Ends the name of a file that says where the cases of a set come from.
const PROVENANCE: &str = ".provenance.json";

pub(super) fn cut_document(
    pass: &Pass<'_>,
    path: &Path,
    text: &str,
    work: &mut Work,
) -> Result<(), StoreError> {
    let Some(document) = Document::read(text) else { return Ok(()) };
    let target = pass.judge.target;
    let cut = document.carrying(&|text| target.names_in(text.as_bytes()));
    if cut.n_records == 0 {
        return Ok(());
    }
    if let Some(set) = set_of(path) {
        cut_cases(pass, &set, &cut.names, work)?;
    }
    write(pass, path, &document, &cut, work)
}

/// The set whose provenance a file is.
fn set_of(path: &Path) -> Option<PathBuf> {
    let stem = path.file_name()?.to_str()?.strip_suffix(PROVENANCE)?;
    Some(path.with_file_name(format!("{stem}.json")))
}

/// Cuts cases out of their set, and their results out of the documents beside it. Another bare list is
/// another set, whose cases only happen to have the same names.
fn cut_cases(
    pass: &Pass<'_>,
    set: &Path,
    names: &[String],
    work: &mut Work,
) -> Result<(), StoreError> {
    let Some(dir) = set.parent() else { return Ok(()) };
    for name in disk::names_in(dir)? {
        let path = dir.join(&name);
        if name.ends_with(PROVENANCE) {
            continue;
        }
        let Some(text) = disk::read_text(&path, super::content::WHOLE_MAX)? else { continue };
        let Some(document) = Document::read(&text) else { continue };
        if document.is_list() && path != set {
            continue;
        }
        let cut = document.named(names);
        if cut.n_records > 0 {
            write(pass, &path, &document, &cut, work)?;
        }
    }
    Ok(())
}

fn write(
    pass: &Pass<'_>,
    path: &Path,
    document: &Document<'_>,
    cut: &Cut,
    work: &mut Work,
) -> Result<(), StoreError> {
    work.n_records += cut.n_records;
    let Some(kept) = document.without(cut) else { return pass.remove(path, work) };
    let mut out = Replacement::begin(path)?;
    std::io::Write::write_all(&mut out, kept.as_bytes())
        .map_err(StoreError::io("rewrite", path))?;
    out.commit(&DOCUMENT)?;
    work.touched(pass.dir, path);
    Ok(())
}
