//! A request's texts on their way to a model.
//!
//! The whole body is walked, keys too, instead of a list of fields: a field that the API gets next year
//! is covered. Only what the gateway itself writes is passed over (the model's name and
//! `stream_options`), and numbers of the API's own. A text that is JSON itself, such as a tool call's arguments, is
//! walked like the body, so that it stays JSON; there a key is a cue to its value, and numbers count.

use std::ops::Range;

use aios_privacy::{Applied, KeyMaterial, PiiKind, Pseudonymizer, RedactionCounts, Sink, Vault};
use aios_upstream::Edit;
use bytes::Bytes;
use serde::de::IgnoredAny;

use super::leaves::{Leaf, Leaves, Step, What, shown};
use super::{Sinks, Tally, Unscanned, guarded};
use crate::gateway::errors::GatewayError;
use crate::metrics::Metrics;

/// Most text of a request that is scanned, in bytes: some tenth of a second.
const SCANNED_MAX: u64 = 4 << 20;

/// How deep JSON within JSON is walked; below, it is scanned as text.
const NESTED_MAX: usize = 4;

/// What goes out in place of a request's texts.
pub(in crate::gateway) struct Sent {
    pub(in crate::gateway) edits: Vec<Edit>,
    /// What has become placeholders.
    pub(in crate::gateway) vault: Option<Vault>,
}

/// Why a request goes nowhere.
#[derive(Debug, PartialEq, Eq)]
enum Stop {
    Found { kind: PiiKind, field: String },
    Unscanned(Unscanned),
}

impl Sinks {
    /// What models are sent in place of the texts of `body`, which is JSON. The gateway itself writes at
    /// the places `own`.
    ///
    /// # Errors
    /// When something in it must not go out, or cannot be scanned.
    pub(in crate::gateway) fn upstream(
        &self,
        body: &str,
        own: &[Range<usize>],
        key: impl FnOnce() -> KeyMaterial,
        metrics: &Metrics,
    ) -> Result<Sent, GatewayError> {
        if !self.policy.is_on(Sink::Upstream) {
            return Ok(Sent { edits: Vec::new(), vault: None });
        }
        let vault = self.policy.hides(Sink::Upstream).then(|| Vault::new(&key()));
        let mut walk = Walk { sinks: self, vault, tally: Tally::new(Sink::Upstream) };
        let walked = guarded(|| Ok(walk.body(body, own)));
        let walked = walked.unwrap_or_else(|why| Err(Stop::Unscanned(why)));
        if let Err(Stop::Unscanned(why)) = &walked {
            walk.tally.unscanned(*why, body.len());
        }
        walk.tally.report(metrics, |kind| self.policy.action(Sink::Upstream, kind));
        match walked {
            Ok(edits) => Ok(Sent { edits, vault: walk.vault }),
            Err(Stop::Unscanned(_)) if self.passes_unscanned(Sink::Upstream) => {
                Ok(Sent { edits: Vec::new(), vault: walk.vault })
            }
            Err(Stop::Unscanned(why)) => {
                Err(GatewayError::Unscannable { sink: "upstream", why: why.name() })
            }
            Err(Stop::Found { kind, field }) => {
                Err(GatewayError::Blocked { kind: kind.name(), field })
            }
        }
    }

    /// The same for a request of the gateway's own. What becomes a placeholder in it needs no way back, but the tag
    /// of a value must tell nobody which one it is, so it is made under a key that only this gateway has. It is one
    /// for all such requests: texts are compared by what stands in them.
    pub(crate) fn own_request(
        &self,
        body: &str,
        model_at: &Range<usize>,
        pseudonyms: &Pseudonymizer,
        metrics: &Metrics,
    ) -> Result<Vec<Edit>, GatewayError> {
        let key = || pseudonyms.placeholder_key(&pseudonyms.conversation(&[b"own requests"]));
        self.upstream(body, std::slice::from_ref(model_at), key, metrics).map(|sent| sent.edits)
    }
}

struct Walk<'s> {
    sinks: &'s Sinks,
    vault: Option<Vault>,
    tally: Tally,
}

impl Walk<'_> {
    fn body(&mut self, json: &str, own: &[Range<usize>]) -> Result<Vec<Edit>, Stop> {
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

    /// A text that is JSON.
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
        let coverage = &mut self.tally.coverage;
        if coverage.bytes_scanned + text.len() as u64 > SCANNED_MAX {
            return Err(Stop::Unscanned(Unscanned::TooLarge));
        }
        let vault = self.vault.as_mut();
        let applied = sinks.policy.apply(&sinks.scanner, Sink::Upstream, text, vault, coverage);
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

fn is_json(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(text).is_ok()
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

#[cfg(test)]
mod tests;
