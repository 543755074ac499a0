//! A reply's texts on their way to the client: masked, then placeholders undone.
//!
//! In this order, since what a client has written itself it may see again; what the model has of
//! itself is masked. What a tool is called with keeps its placeholders, unless that is allowed: a tool
//! must not be made to send away what the model was not allowed to know. It is JSON that is a text, and is
//! masked so that it stays JSON, once all of it is there; and so is an answer that was asked for as JSON.

use std::sync::Arc;

use aios_privacy::{Action, HoldBack, RedactionCounts, RestoreHold, Sink, Vault, Within};
use bytes::Bytes;
use serde_json::Value;

use super::walk::{Stop, Walk, is_any_json, is_json};
use super::{Sinks, Tally, Unscanned, guarded, texts};
use crate::gateway::errors::GatewayError;
use crate::metrics::Metrics;

/// Longest text of a stream that a tool is called with, or that was asked for as JSON, in bytes, where that is masked.
const WHOLE_MAX: usize = 4 << 20;

/// What is done with one request's reply.
#[derive(Debug)]
pub(in crate::gateway) struct ReplyFilter {
    sinks: Arc<Sinks>,
    vault: Option<Vault>,
    /// The answer was asked for as JSON.
    wants_json: bool,
    tally: Tally,
    /// Why nothing more may reach the client.
    stop: Option<Stop>,
}

/// What has come of one text of a stream and has not gone out.
#[derive(Debug, Default)]
pub(super) struct TextHold {
    mask: HoldBack,
    /// What it lets go is not sent: it only counts.
    count: HoldBack,
    restore: RestoreHold,
    /// What must be there whole, as far as it has come.
    whole: String,
}

/// What a text of a reply is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Reading,
    /// It is read by a program, which has asked for JSON. It need not have got it.
    Json,
    /// A tool is called with it.
    Tool,
    /// It names something, such as the tool. It comes in one piece, also in a stream, and does not wait.
    Name,
    /// It is no text, but a picture or a sound.
    Data,
}

impl ReplyFilter {
    /// `None` if replies go to the client as they come.
    pub(in crate::gateway) fn new(
        sinks: &Arc<Sinks>,
        vault: Option<Vault>,
        wants_json: bool,
    ) -> Option<Self> {
        let is_on = sinks.policy.is_on(Sink::Client) || vault.is_some();
        let (sinks, tally) = (Arc::clone(sinks), Tally::new(Sink::Client));
        is_on.then(|| Self { sinks, vault, wants_json, tally, stop: None })
    }

    /// A whole reply.
    ///
    /// # Errors
    /// When it must not go out, or cannot be scanned and must be.
    pub(in crate::gateway) fn whole(&mut self, body: &Bytes) -> Result<Bytes, GatewayError> {
        let filtered = guarded(|| {
            let text = aios_upstream::repaired_json(body);
            let mut value: Value =
                serde_json::from_str(&text).map_err(|_| Unscanned::Unreadable)?;
            Ok(self.value(&mut value).then(|| Bytes::from(value.to_string())))
        });
        match (filtered, self.stopped()) {
            (Ok(_), Some(error)) => Err(error),
            (Ok(changed), None) => Ok(changed.unwrap_or_else(|| body.clone())),
            (Err(why), _) => {
                self.tally.unscanned(why, body.len());
                if self.passes_unscanned() {
                    return Ok(body.clone());
                }
                Err(GatewayError::Unscannable { sink: "client", why: why.name() })
            }
        }
    }

    /// All texts of a value that is whole. Tells whether anything is other than before.
    pub(super) fn value(&mut self, value: &mut Value) -> bool {
        let before = value.clone();
        self.drop_logprobs(value);
        texts::each(value, &mut Vec::new(), &mut |path, text| {
            *text = self.text(text, self.asked(texts::use_of(path), texts::is_answer(path)));
        });
        *value != before
    }

    /// What a text is for by what was asked of it.
    pub(super) fn asked(&self, of: Use, is_answer: bool) -> Use {
        if of == Use::Reading && is_answer && self.wants_json { Use::Json } else { of }
    }

    /// They repeat the text in words, over which no mask can be put.
    pub(super) fn drop_logprobs(&self, value: &mut Value) {
        if self.masks() {
            texts::drop_logprobs(value);
        }
    }

    /// What the client gets for a whole text.
    pub(super) fn text(&mut self, text: &str, of: Use) -> String {
        if of == Use::Data {
            self.tally.unscanned(Unscanned::Data, text.len());
            return text.to_owned();
        }
        let is_walked = self.masks()
            && match of {
                Use::Tool => is_json(text),
                Use::Json => is_any_json(text),
                Use::Reading | Use::Name | Use::Data => false,
            };
        let masked = if is_walked { self.masked_json(text) } else { self.masked(text) };
        match self.vault_for(of) {
            Some((vault, Within::Text)) => vault.restore(&masked),
            Some((vault, Within::Json)) => vault.restore_in_json(&masked),
            None => masked,
        }
    }

    fn masked(&mut self, text: &str) -> String {
        self.tally.coverage.bytes_scanned += text.len() as u64;
        if let Some(redactor) = &self.sinks.counted {
            let counts = redactor.redact(text).counts;
            self.tally.found.merge(&counts);
        }
        match &self.sinks.client {
            Some(redactor) => {
                let redacted = redactor.redact(text);
                self.count(&redacted.counts);
                redacted.text.as_str().to_owned()
            }
            None => text.to_owned(),
        }
    }

    fn masked_json(&mut self, json: &str) -> String {
        let walked = walked(&self.sinks, &mut self.tally, json);
        walked.unwrap_or_else(|stop| {
            self.stop.get_or_insert(stop);
            String::new()
        })
    }

    /// What the client got, for the event log, which redacts it once more. Counted before.
    /// A text at which the scanner fails is not kept.
    pub(in crate::gateway) fn seen(&self, text: &str) -> String {
        let seen = guarded(|| {
            let masked = match &self.sinks.client {
                // What is seen here was counted before.
                Some(_) if self.wants_json && is_any_json(text) => {
                    walked(&self.sinks, &mut Tally::new(Sink::Client), text).unwrap_or_default()
                }
                Some(redactor) => redactor.redact(text).text.as_str().to_owned(),
                None => text.to_owned(),
            };
            Ok(match &self.vault {
                Some(vault) if self.wants_json => vault.restore_in_json(&masked),
                Some(vault) => vault.restore(&masked),
                None => masked,
            })
        });
        seen.unwrap_or_default()
    }

    /// The next piece of a text that comes in pieces; gives what may go out.
    pub(super) fn push(&mut self, hold: &mut TextHold, piece: &str, of: Use) -> String {
        match of {
            Use::Data | Use::Name => return self.text(piece, of),
            Use::Tool | Use::Json if self.masks() => return self.push_whole(hold, piece),
            Use::Tool | Use::Json | Use::Reading => {}
        }
        self.tally.coverage.bytes_scanned += piece.len() as u64;
        if let Some(redactor) = &self.sinks.counted {
            drop(hold.count.push(redactor, piece));
        }
        let masked = match &self.sinks.client {
            Some(redactor) => hold.mask.push(redactor, piece),
            None => piece.to_owned(),
        };
        self.note_blocked(hold.mask.counts());
        match self.vault_for(of) {
            Some((vault, within)) => hold.restore.push(vault, within, &masked),
            None => masked,
        }
    }

    /// Of half a JSON nobody knows what it will be, so that none of it goes out.
    fn push_whole(&mut self, hold: &mut TextHold, piece: &str) -> String {
        hold.whole.push_str(piece);
        if hold.whole.len() <= WHOLE_MAX {
            return String::new();
        }
        let whole = std::mem::take(&mut hold.whole);
        self.tally.unscanned(Unscanned::TooLarge, whole.len());
        if self.passes_unscanned() {
            return whole;
        }
        self.stop.get_or_insert(Stop::Unscanned(Unscanned::TooLarge));
        String::new()
    }

    /// The text has ended; gives what was held.
    pub(super) fn finish(&mut self, hold: &mut TextHold, of: Use) -> String {
        if !hold.whole.is_empty() {
            return self.text(&std::mem::take(&mut hold.whole), of);
        }
        if let Some(redactor) = &self.sinks.counted {
            drop(hold.count.finish(redactor));
        }
        let masked = match &self.sinks.client {
            Some(redactor) => hold.mask.finish(redactor),
            None => String::new(),
        };
        let text = match self.vault_for(of) {
            Some((vault, within)) => {
                hold.restore.push(vault, within, &masked) + &hold.restore.finish(vault, within)
            }
            None => masked,
        };
        self.count(hold.mask.counts());
        self.tally.found.merge(hold.count.counts());
        *hold = TextHold::default();
        text
    }

    /// What undoes placeholders in a text, and how.
    fn vault_for(&self, of: Use) -> Option<(&Vault, Within)> {
        let vault = self.vault.as_ref()?;
        match of {
            Use::Reading | Use::Name => Some((vault, Within::Text)),
            Use::Data => None,
            Use::Json => Some((vault, Within::Json)),
            Use::Tool => self.sinks.options.restore_in_tools.then_some((vault, Within::Json)),
        }
    }

    fn count(&mut self, counts: &RedactionCounts) {
        self.tally.found.merge(counts);
        self.note_blocked(counts);
    }

    /// What is blocked ends the reply.
    fn note_blocked(&mut self, counts: &RedactionCounts) {
        let is_blocked = |kind| self.sinks.policy.action(Sink::Client, kind) == Action::Block;
        let kind = counts.iter().map(|(kind, _)| kind).find(|kind| is_blocked(*kind));
        if let Some(kind) = kind {
            self.stop.get_or_insert(Stop::Found { kind, field: String::new() });
        }
    }

    /// Why the reply must not go on.
    pub(super) fn stopped(&self) -> Option<GatewayError> {
        Some(match self.stop.as_ref()? {
            Stop::Found { kind, .. } => GatewayError::ReplyBlocked { kind: kind.name() },
            Stop::Unscanned(why) => GatewayError::Unscannable { sink: "client", why: why.name() },
        })
    }

    pub(super) fn masks(&self) -> bool {
        self.sinks.client.is_some()
    }

    pub(super) fn passes_unscanned(&self) -> bool {
        self.sinks.passes_unscanned(Sink::Client)
    }

    pub(super) fn unscanned(&mut self, why: Unscanned, n_bytes: usize) {
        self.tally.unscanned(why, n_bytes);
    }

    /// Counts what was seen.
    pub(in crate::gateway) fn report(&self, metrics: &Metrics) {
        self.tally.report(metrics, |kind| self.sinks.policy.action(Sink::Client, kind));
    }
}

/// A text that is JSON, masked: its strings, keys and numbers one by one.
fn walked(sinks: &Sinks, tally: &mut Tally, json: &str) -> Result<String, Stop> {
    let changed = Walk { sinks, vault: None, tally, scanned_max: u64::MAX }.text(json)?;
    Ok(changed.unwrap_or_else(|| json.to_owned()))
}
