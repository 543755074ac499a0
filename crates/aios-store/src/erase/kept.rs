//! What may still be kept of a document when it is written.
//!
//! Who writes a document has read what it is made of some time before: a golden run takes minutes. Whoever was
//! erased meanwhile would be brought back by it, as an event on its way would be, were it not fenced. So a document
//! is held against the ledger before it is written.
//!
//! A golden report is sealed by a hash of what it says, and is no evidence without it: [`left_of`] is the one way by
//! which records leave a document.

use std::collections::BTreeSet;

use aios_eval::left_of_report;
use aios_privacy::Pseudonym;

use super::document::{Cut, Document};
use super::ledger::Ledger;
use crate::{DataDir, StoreError};

/// The text without the records of whoever was erased; `None` if it is all about them.
pub(crate) fn without_erased(dir: &DataDir, text: &str) -> Result<Option<String>, StoreError> {
    let erased = Ledger::read(dir)?.binding();
    if erased.is_empty() {
        return Ok(Some(text.to_owned()));
    }
    let erased: BTreeSet<&str> = erased.iter().map(Pseudonym::as_str).collect();
    let is_erased = |word: &str| erased.contains(word);
    let Some(document) = Document::read(text) else {
        // A page for people names conversations among other words.
        let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        return Ok((!words.any(is_erased)).then(|| text.to_owned()));
    };
    let cut = document.carrying(&|value| is_erased(value.trim_matches('"')));
    Ok(left_of(&document, &cut))
}

/// What is left of a document; `None` if that is nothing.
pub(super) fn left_of(document: &Document<'_>, cut: &Cut) -> Option<String> {
    let left = document.without(cut)?;
    Some(if cut.n_records == 0 { left } else { left_of_report(document.text(), left) })
}
