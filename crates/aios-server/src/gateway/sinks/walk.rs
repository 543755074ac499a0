//! Does what is to be done with the texts in JSON, so that it stays JSON.
//!
//! A text that is JSON itself, such as a tool call's arguments, is walked like a body; there a key is a
//! cue to its value, and numbers count.

use std::ops::Range;

use aios_privacy::{Applied, PiiKind, RedactionCounts, Vault};
use aios_upstream::Edit;
use bytes::Bytes;
use serde::de::IgnoredAny;

use super::leaves::{Leaf, Leaves, Step, What, shown};
use super::{Sinks, Tally, Unscanned};

/// How deep JSON within JSON is walked; below, it is scanned as text.
const NESTED_MAX: usize = 4;

/// Why a text goes nowhere.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    Found { kind: PiiKind, field: String },
    Unscanned(Unscanned),
}

/// Over a body, or a text of one.
pub(super) struct Walk<'s> {
    pub(super) sinks: &'s Sinks,
    /// What placeholders stand for.
    pub(super) vault: Option<&'s mut Vault>,
    /// What is seen; it names the sink too.
    pub(super) tally: &'s mut Tally,
    /// Most text that is scanned, in bytes.
    pub(super) scanned_max: u64,
}

impl Walk<'_> {
    /// What is to be replaced in a body. The gateway itself writes at the places `own`.
    pub(super) fn body(&mut self, json: &str, own: &[Range<usize>]) -> Result<Vec<Edit>, Stop> {
        let mut edits = Vec::new();
        let mut leaves = Leaves::of(json);
        while let Some(leaf) = leaves.next_leaf() {
            let is_own = own.iter().any(|own| own.contains(&leaf.at.start));
            if is_own || leaf.what == What::Number {
                continue;
            }
            if let Some(with) = self.leaf(&leaf, leaves.path(), 0)? {
                edits.push(Edit::replace(leaf.at, Bytes::from(with)));
            }
        }
        Ok(edits)
    }

    /// The JSON that goes out in place of a leaf; `None` if it may go as it is.
    fn leaf(
        &mut self,
        leaf: &Leaf<'_>,
        path: &[Step<'_>],
        depth: usize,
    ) -> Result<Option<String>, Stop> {
        let text = match leaf.what {
            What::Number => leaf.raw.to_owned(),
            What::Key | What::Text => {
                decoded(leaf.raw).ok_or(Stop::Unscanned(Unscanned::Unreadable))?
            }
        };
        let key = path.iter().rev().find_map(|step| match step {
            Step::Key(key) => Some(*key),
            Step::Entry(_) => None,
        });
        if leaf.what == What::Text && is_data(key.unwrap_or_default(), &text) {
            self.tally.unscanned(Unscanned::Data, text.len());
            return Ok(None);
        }
        if depth < NESTED_MAX && leaf.what == What::Text && is_json(&text) {
            let rewritten = self.nested(&text, path, depth + 1)?;
            return Ok(rewritten.map(|text| encoded(&text)));
        }
        // In data of the user's own, the key is what tells a password from a word.
        let is_cued =
            leaf.what != What::Key && (depth > 0 || path.first() == Some(&Step::Key("metadata")));
        let found = is_cued.then(|| self.tally.found.clone());
        let changed = match self.apply(&text, path)? {
            None if found.as_ref() == Some(&self.tally.found) => {
                self.cued(key.unwrap_or_default(), &text, path)?
            }
            changed => changed,
        };
        Ok(changed.map(|text| encoded(&text)))
    }

    /// The JSON that goes out in place of a text that is JSON; `None` if it may go as it is.
    pub(super) fn text(&mut self, json: &str) -> Result<Option<String>, Stop> {
        self.nested(json, &[], 1)
    }

    /// The same for a text within others.
    fn nested(
        &mut self,
        json: &str,
        path: &[Step<'_>],
        depth: usize,
    ) -> Result<Option<String>, Stop> {
        let mut replaced: Vec<(Range<usize>, String)> = Vec::new();
        let mut leaves = Leaves::of(json);
        while let Some(leaf) = leaves.next_leaf() {
            let whole: Vec<_> = path.iter().chain(leaves.path()).copied().collect();
            if let Some(with) = self.leaf(&leaf, &whole, depth)? {
                replaced.push((leaf.at, with));
            }
        }
        if replaced.is_empty() {
            return Ok(None);
        }
        let (mut text, mut done) = (String::with_capacity(json.len()), 0);
        for (at, with) in replaced {
            text.push_str(json.get(done..at.start).unwrap_or_default());
            text.push_str(&with);
            done = at.end;
        }
        text.push_str(json.get(done..).unwrap_or_default());
        Ok(Some(text))
    }

    /// What goes out in place of a text; `None` if it may go as it is.
    fn apply(&mut self, text: &str, path: &[Step<'_>]) -> Result<Option<String>, Stop> {
        let sinks = self.sinks;
        if self.tally.coverage.bytes_scanned + text.len() as u64 > self.scanned_max {
            return Err(Stop::Unscanned(Unscanned::TooLarge));
        }
        let (sink, vault) = (self.tally.sink, self.vault.as_deref_mut());
        let coverage = &mut self.tally.coverage;
        let applied = sinks.policy.apply(&sinks.scanner, sink, text, vault, coverage);
        let (counts, outcome) = match applied {
            Applied::Unchanged(counts) => (counts, Ok(None)),
            Applied::Changed(text, counts) => (counts, Ok(Some(text))),
            Applied::Blocked(counts) => {
                let stop = stop(&counts, path);
                (counts, Err(stop))
            }
        };
        self.tally.found.merge(&counts);
        outcome
    }

    /// The same for a value that is something because of its key.
    fn cued(&mut self, key: &str, value: &str, path: &[Step<'_>]) -> Result<Option<String>, Stop> {
        let (before, after) = (format!("{key}: \""), format!("{value}\""));
        let coverage = self.tally.coverage;
        let applied = self.apply(&format!("{before}{after}"), path);
        // It is not more text than it was.
        self.tally.coverage = coverage;
        let Some(text) = applied? else { return Ok(None) };
        let inner = text.strip_prefix(&before).and_then(|text| text.strip_suffix('"'));
        Ok(match inner {
            Some(inner) => Some(inner.to_owned()),
            // It is the key alone that is something, and it is looked at by itself.
            None if text.ends_with(&after) => None,
            None => Some("[WITHHELD]".to_owned()),
        })
    }
}

fn stop(counts: &RedactionCounts, path: &[Step<'_>]) -> Stop {
    match counts.iter().next() {
        Some((kind, _)) => Stop::Found { kind, field: shown(path) },
        None => Stop::Unscanned(Unscanned::Unreadable),
    }
}

fn encoded(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The text of a JSON string; half characters in it become replacement marks.
fn decoded(raw: &str) -> Option<String> {
    let repaired = || serde_json::from_str(&aios_upstream::repaired_json(raw.as_bytes()));
    serde_json::from_str(raw).or_else(|_| repaired()).ok()
}

/// Whether a text is the JSON of an object or a list.
pub(super) fn is_json(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Whether a text is any JSON, which may be a number alone.
pub(super) fn is_any_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Whether a value is bytes in letters, such as an image. Only where the API has such: anywhere else
/// a text could hide behind the look of it.
fn is_data(key: &str, text: &str) -> bool {
    let payload = match key {
        "url" | "image_url" | "file_data" => {
            text.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"))
        }
        "data" => Some(("", text)),
        _ => None,
    };
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=-_\r\n".contains(&byte);
    payload.is_some_and(|(_, payload)| payload.len() >= DATA_MIN && payload.bytes().all(is_letter))
}

/// Shortest text that is taken for data: no picture is shorter, and what is scanned costs little.
const DATA_MIN: usize = 256;
