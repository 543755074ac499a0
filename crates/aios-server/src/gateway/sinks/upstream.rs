//! A request's texts on their way to a model.
//!
//! The whole body is walked, keys too, instead of a list of fields: a field that the API gets next year
//! is covered. Only what the gateway itself writes is passed over (the model's name and
//! `stream_options`), and numbers of the API's own.

use std::ops::Range;

use aios_privacy::{KeyMaterial, Pseudonymizer, Sink, Vault};
use aios_upstream::Edit;

use super::walk::{Stop, Walk};
use super::{Sinks, Tally, guarded};
use crate::gateway::errors::GatewayError;
use crate::metrics::Metrics;

/// Most text of a request that is scanned, in bytes: some tenth of a second.
const SCANNED_MAX: u64 = 4 << 20;

/// What goes out in place of a request's texts.
pub(in crate::gateway) struct Sent {
    pub(in crate::gateway) edits: Vec<Edit>,
    /// What has become placeholders.
    pub(in crate::gateway) vault: Option<Vault>,
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
        let mut vault = self.policy.hides(Sink::Upstream).then(|| Vault::new(&key()));
        let mut tally = Tally::new(Sink::Upstream);
        let mut walk = Walk {
            sinks: self,
            vault: vault.as_mut(),
            tally: &mut tally,
            scanned_max: SCANNED_MAX,
        };
        let walked = guarded(|| Ok(walk.body(body, own)));
        let walked = walked.unwrap_or_else(|why| Err(Stop::Unscanned(why)));
        if let Err(Stop::Unscanned(why)) = &walked {
            tally.unscanned(*why, body.len());
        }
        tally.report(metrics, |kind| self.policy.action(Sink::Upstream, kind));
        match walked {
            Ok(edits) => Ok(Sent { edits, vault }),
            Err(Stop::Unscanned(_)) if self.passes_unscanned(Sink::Upstream) => {
                Ok(Sent { edits: Vec::new(), vault })
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

#[cfg(test)]
mod tests;
