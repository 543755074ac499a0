//! Cuts records out of documents, and what was made of them out of the documents beside.
//!
//! A golden case says where it comes from, or `SET.provenance.json` beside its set does. What was made of
//! it goes by its name alone: results in baselines, pages for people. So the case that goes takes along
//! what has its name. What names the conversation goes last, so that whenever the process dies, what is
//! left still says what has to go.

use std::path::{Path, PathBuf};

use super::content::WHOLE_MAX;
use super::cut::Pass;
use super::document::{Cut, Document};
use super::kept::left_of;
use super::receipt::Work;
use super::registry::Store;
use super::stores;
use crate::replace::{Points, Replacement, points};
use crate::{StoreError, disk};

const DOCUMENT: Points = points!("erase_document");

/// Ends the name of a file that says where the cases of a set come from.
const PROVENANCE: &str = ".provenance.json";

/// Shortest name that is looked for in pages.
const NAME_MIN: usize = 6;

pub(super) fn cut_document(
    pass: &Pass<'_>,
    store: &Store,
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
    // Copies that were made for different people may have the same names for different things.
    if *store == stores::GOLDENS {
        cut_beside(pass, path, &cut.names, work)?;
    }
    write(pass, path, &document, &cut, work)
}

/// Cuts what has these names out of the files beside. Another bare list is another set, whose cases only
/// happen to have the same names.
fn cut_beside(
    pass: &Pass<'_>,
    source: &Path,
    names: &[String],
    work: &mut Work,
) -> Result<(), StoreError> {
    let Some(dir) = source.parent() else { return Ok(()) };
    let set = set_of(source);
    for name in disk::names_in(dir)? {
        let path = dir.join(&name);
        if path == source || name.ends_with(PROVENANCE) {
            continue;
        }
        let Ok(Some(text)) = disk::read_text(&path, WHOLE_MAX) else { continue };
        match Document::read(&text) {
            Some(document) if !document.is_list() || Some(&path) == set.as_ref() => {
                let cut = document.named(names);
                if cut.n_records > 0 {
                    write(pass, &path, &document, &cut, work)?;
                }
            }
            Some(_) => {}
            None if names.iter().any(|name| is_shown(&text, name)) => pass.remove(&path, work)?,
            None => {}
        }
    }
    Ok(())
}

/// The set whose provenance a file is.
fn set_of(path: &Path) -> Option<PathBuf> {
    let stem = path.file_name()?.to_str()?.strip_suffix(PROVENANCE)?;
    Some(path.with_file_name(format!("{stem}.json")))
}

/// Whether a page for people is also about the case of that name. Short names stand in any text.
fn is_shown(text: &str, name: &str) -> bool {
    let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '-' && c != '_');
    name.len() >= NAME_MIN
        && text.match_indices(name).any(|(at, _)| {
            let (before, rest) = text.split_at(at);
            is_edge(before.chars().next_back()) && is_edge(rest.chars().nth(name.chars().count()))
        })
}

fn write(
    pass: &Pass<'_>,
    path: &Path,
    document: &Document<'_>,
    cut: &Cut,
    work: &mut Work,
) -> Result<(), StoreError> {
    work.n_records += cut.n_records;
    let Some(kept) = left_of(document, cut) else { return pass.remove(path, work) };
    let mut out = Replacement::begin(path)?;
    std::io::Write::write_all(&mut out, kept.as_bytes())
        .map_err(StoreError::io("rewrite", path))?;
    out.commit(&DOCUMENT)?;
    work.touched(pass.dir, path);
    Ok(())
}
