//! A reply's texts on their way to the client: masked, then placeholders undone.
//!
//! In this order, since what a client has written itself it may see again; what the model has of
//! itself is masked. What a tool is called with keeps its placeholders: a tool must not be made to
//! send away what the model was not allowed to know.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use aios_privacy::{HoldBack, RestoreHold, Sink, Vault};
use bytes::Bytes;
use serde_json::Value;

use super::{OnUnscannable, Sinks, Tally, Unscanned, texts};
use crate::gateway::errors::GatewayError;
use crate::metrics::Metrics;

/// What is done with one request's reply.
#[derive(Debug)]
pub(in crate::gateway) struct ReplyFilter {
    sinks: Arc<Sinks>,
    vault: Option<Vault>,
    tally: Tally,
}

/// What has come of one text of a stream and has not gone out.
#[derive(Debug, Default)]
pub(super) struct TextHold {
    mask: HoldBack,
    restore: RestoreHold,
}

impl ReplyFilter {
    /// `None` if replies go to the client as they come.
    pub(in crate::gateway) fn new(sinks: &Arc<Sinks>, vault: Option<Vault>) -> Option<Self> {
        let is_on = sinks.client.is_some() || vault.is_some();
        is_on.then(|| Self { sinks: Arc::clone(sinks), vault, tally: Tally::new(Sink::Client) })
    }

    /// A whole reply.
    ///
    /// # Errors
    /// When it cannot be scanned and must be.
    pub(in crate::gateway) fn whole(&mut self, body: &Bytes) -> Result<Bytes, GatewayError> {
        let filtered = catch_unwind(AssertUnwindSafe(|| {
            let mut value: Value =
                serde_json::from_slice(body).map_err(|_| Unscanned::Unreadable)?;
            Ok(self.value(&mut value).then(|| Bytes::from(value.to_string())))
        }));
        match filtered.unwrap_or(Err(Unscanned::Panic)) {
            Ok(changed) => Ok(changed.unwrap_or_else(|| body.clone())),
            Err(why) => {
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
            *text = self.text(text, texts::is_argument(path));
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
    fn text(&mut self, text: &str, is_argument: bool) -> String {
        self.tally.coverage.bytes_scanned += text.len() as u64;
        let masked = match &self.sinks.client {
            Some(redactor) => {
                let redacted = redactor.redact(text);
                self.tally.found.merge(&redacted.counts);
                redacted.text.as_str().to_owned()
            }
            None => text.to_owned(),
        };
        match self.vault.as_ref().filter(|_| !is_argument) {
            Some(vault) => vault.restore(&masked),
            None => masked,
        }
    }

    /// What the client got, for the event log, which redacts it once more. Counted before.
    pub(in crate::gateway) fn seen(&self, text: &str) -> String {
        let masked = self.sinks.client.as_ref().map(|redactor| redactor.redact(text));
        let masked = masked.as_ref().map_or(text, |redacted| redacted.text.as_str());
        self.vault.as_ref().map_or_else(|| masked.to_owned(), |vault| vault.restore(masked))
    }

    /// The next piece of a text that comes in pieces; gives what may go out.
    pub(super) fn push(&mut self, hold: &mut TextHold, piece: &str, is_argument: bool) -> String {
        self.tally.coverage.bytes_scanned += piece.len() as u64;
        let masked = match &self.sinks.client {
            Some(redactor) => hold.mask.push(redactor, piece),
            None => piece.to_owned(),
        };
        match self.vault.as_ref().filter(|_| !is_argument) {
            Some(vault) => hold.restore.push(vault, &masked),
            None => masked,
        }
    }

    /// The text has ended; gives what was held.
    pub(super) fn finish(&mut self, hold: &mut TextHold, is_argument: bool) -> String {
        let masked = match &self.sinks.client {
            Some(redactor) => hold.mask.finish(redactor),
            None => String::new(),
        };
        let text = match self.vault.as_ref().filter(|_| !is_argument) {
            Some(vault) => hold.restore.push(vault, &masked) + &hold.restore.finish(vault),
            None => masked,
        };
        self.tally.found.merge(hold.mask.counts());
        *hold = TextHold::default();
        text
    }

    pub(super) fn masks(&self) -> bool {
        self.sinks.client.is_some()
    }

    pub(super) fn passes_unscanned(&self) -> bool {
        self.sinks.on_unscannable == OnUnscannable::Pass
    }

    pub(super) fn unscanned(&mut self, why: Unscanned, n_bytes: usize) {
        self.tally.unscanned(why, n_bytes);
    }

    /// Counts what was seen.
    pub(in crate::gateway) fn report(&self, metrics: &Metrics) {
        self.tally.report(metrics, |kind| self.sinks.policy.action(Sink::Client, kind));
    }
}
