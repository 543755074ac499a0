//! A reply's texts on their way to the client: masked, then placeholders undone.
//!
//! In this order, since what a client has written itself it may see again; what the model has of
//! itself is masked. What a tool is called with keeps its placeholders, unless that is allowed: a tool
//! must not be made to send away what the model was not allowed to know. It is JSON that is a text, and is
//! masked so that it stays JSON, once all of it is there.

use std::sync::Arc;

use aios_privacy::{Action, HoldBack, RedactionCounts, RestoreHold, Sink, Vault, Within};
use bytes::Bytes;
use serde_json::Value;

use super::walk::{Stop, Walk, is_json};
use super::{Sinks, Tally, Unscanned, guarded, texts};
use crate::gateway::errors::GatewayError;
use crate::metrics::Metrics;

/// Longest text of a stream that a tool is called with, in bytes, where that is masked.
const CALL_MAX: usize = 4 << 20;

/// What is done with one request's reply.
#[derive(Debug)]
pub(in crate::gateway) struct ReplyFilter {
    sinks: Arc<Sinks>,
    vault: Option<Vault>,
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
    /// What a tool is called with, as far as it has come.
    call: String,
}

/// What a text of a reply is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Reading,
    /// A tool is called with it.
    Tool,
    /// It names something, such as the tool. It comes in one piece, also in a stream, and does not wait.
    Name,
    /// It is no text, but a picture or a sound.
    Data,
}

impl ReplyFilter {
    /// `None` if replies go to the client as they come.
    pub(in crate::gateway) fn new(sinks: &Arc<Sinks>, vault: Option<Vault>) -> Option<Self> {
        let is_on = sinks.policy.is_on(Sink::Client) || vault.is_some();
        let (sinks, tally) = (Arc::clone(sinks), Tally::new(Sink::Client));
        is_on.then(|| Self { sinks, vault, tally, stop: None })
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
            *text = self.text(text, texts::use_of(path));
        });
        *value != before
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
        let is_call = of == Use::Tool && self.masks() && is_json(text);
        let masked = if is_call { self.masked_json(text) } else { self.masked(text) };
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

    /// Its strings, keys and numbers one by one.
    fn masked_json(&mut self, json: &str) -> String {
        let mut walk =
            Walk { sinks: &self.sinks, vault: None, tally: &mut self.tally, scanned_max: u64::MAX };
        match walk.text(json) {
            Ok(changed) => changed.unwrap_or_else(|| json.to_owned()),
            Err(stop) => {
                self.stop.get_or_insert(stop);
                String::new()
            }
        }
    }

    /// What the client got, for the event log, which redacts it once more. Counted before.
    /// A text at which the scanner fails is not kept.
    pub(in crate::gateway) fn seen(&self, text: &str) -> String {
        let seen = guarded(|| {
            let masked = self.sinks.client.as_ref().map(|redactor| redactor.redact(text));
            let masked = masked.as_ref().map_or(text, |redacted| redacted.text.as_str());
            Ok(self.vault.as_ref().map_or_else(|| masked.to_owned(), |vault| vault.restore(masked)))
        });
        seen.unwrap_or_default()
    }

    /// The next piece of a text that comes in pieces; gives what may go out.
    pub(super) fn push(&mut self, hold: &mut TextHold, piece: &str, of: Use) -> String {
        match of {
            Use::Data | Use::Name => return self.text(piece, of),
            Use::Tool if self.masks() => return self.push_call(hold, piece),
            Use::Tool | Use::Reading => {}
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
    fn push_call(&mut self, hold: &mut TextHold, piece: &str) -> String {
        hold.call.push_str(piece);
        if hold.call.len() <= CALL_MAX {
            return String::new();
        }
        let call = std::mem::take(&mut hold.call);
        self.tally.unscanned(Unscanned::TooLarge, call.len());
        if self.passes_unscanned() {
            return call;
        }
        self.stop.get_or_insert(Stop::Unscanned(Unscanned::TooLarge));
        String::new()
    }

    /// The text has ended; gives what was held.
    pub(super) fn finish(&mut self, hold: &mut TextHold, of: Use) -> String {
        if !hold.call.is_empty() {
            return self.text(&std::mem::take(&mut hold.call), of);
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
