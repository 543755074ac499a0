//! The configuration in force, swapped whole.
//!
//! A request takes one [`Live`] at its start and keeps it to its end, so a reload never changes the
//! rules half-way through a request.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use aios_privacy::{Policy, Redacted, Redactor};
use aios_upstream::Upstreams;

use crate::Shown;
use crate::clients::Clients;
use crate::gateway::memory::MemoryConfig;
use crate::gateway::{AUTO, PINS, Sinks};
use crate::judge::JudgeSettings;
use crate::judging::Objectives;
use crate::nightly::Nightly;

/// One generation of the configuration.
#[derive(Debug)]
pub struct Live {
    /// 1 at start, one more with each reload that took.
    pub generation: u64,
    /// Hash of the effective configuration.
    pub hash: String,
    /// Hash of what of it decides how messages are answered.
    pub answers_hash: String,
    /// Limits and names of the gateway.
    pub gateway: GatewayConfig,
    /// The endpoints.
    pub upstreams: Arc<Upstreams>,
    /// What is done with findings, at each place that a text goes to.
    pub policy: Policy,
    /// What is masked before anything is kept.
    pub redactor: Arc<Redactor>,
    /// What becomes of the model names that nearly every request and reply has.
    pub names: KnownNames,
    /// What is done with texts that pass through; nothing by default.
    pub sinks: Option<Arc<Sinks>>,
    /// What is remembered between requests; nothing by default.
    pub memory: Arc<MemoryConfig>,
    /// What is asked of live traffic and golden reports.
    pub objectives: Arc<Objectives>,
    /// Who judges live answers, if that is wanted.
    pub judge: Option<Arc<JudgeSettings>>,
    /// What is done each night, and when.
    pub nightly: Arc<Nightly>,
    /// Client keys.
    pub clients: Clients,
    /// All of it, for people.
    pub shown: Arc<Shown>,
    /// Keys that are set otherwise than at the start, and of which the values from then count until the next one.
    pub needs_restart: Vec<&'static str>,
}

/// Limits and names of the gateway.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewayConfig {
    /// Largest request body, in bytes.
    pub body_max: usize,
    /// Longest silence between two reads of a request body.
    pub body_timeout: Duration,
    /// Deadline of a whole request, from admission to the last byte.
    pub total_timeout: Duration,
    /// Longest question and answer kept in an event, in bytes.
    pub text_max: usize,
    /// Whether how a conversation goes on says something of its answers.
    pub sequels: bool,
    /// Model names that are routed like `aios-auto`.
    pub aliases: Vec<String>,
}

/// Longest model name that is kept, in bytes.
const NAME_MAX: usize = 256;

/// The configuration's own model names, masked beforehand as any other text is.
#[derive(Debug, Default)]
pub struct KnownNames(Vec<(String, Redacted)>);

impl KnownNames {
    /// The names that a client may ask for, and that endpoints answer with.
    #[must_use]
    pub fn new(gateway: &GatewayConfig, upstreams: &Upstreams, redactor: &Redactor) -> Self {
        let own = std::iter::once(AUTO).chain(PINS.iter().map(|(name, _)| *name));
        let models = upstreams.models().into_iter().map(|model| model.id);
        let names = own.map(str::to_owned).chain(gateway.aliases.iter().cloned()).chain(models);
        Self::of(names, redactor)
    }

    fn of(names: impl Iterator<Item = String>, redactor: &Redactor) -> Self {
        Self(names.map(|name| (name.clone(), redactor.redact_cut(&name, NAME_MAX))).collect())
    }

    fn redact(&self, name: &str, redactor: &Redactor) -> Redacted {
        match self.0.iter().find(|(known, _)| known == name) {
            Some((_, redacted)) => redacted.clone(),
            None => redactor.redact_cut(name, NAME_MAX),
        }
    }
}

impl Live {
    /// Masks a text that is kept, of which there may be so many bytes.
    pub(crate) fn redact(&self, text: &str, max_bytes: usize) -> Redacted {
        kept(text.len().min(max_bytes), || self.redactor.redact_cut(text, max_bytes))
    }

    /// Masks a model name.
    pub(crate) fn redact_name(&self, name: &str) -> Redacted {
        kept(name.len().min(NAME_MAX), || self.names.redact(name, &self.redactor))
    }
}

/// A text of so many bytes at which the scanner fails is withheld: it must not cost the event, which may be written while a thread
/// unwinds already.
fn kept(n_bytes: usize, redact: impl FnOnce() -> Redacted) -> Redacted {
    catch_unwind(AssertUnwindSafe(redact)).unwrap_or_else(|_| Redacted::withheld(n_bytes))
}

#[cfg(test)]
mod tests {
    use aios_privacy::PiiKind;

    use super::*;

    #[test]
    fn a_known_name_becomes_what_any_text_becomes() {
        let redactor = Redactor::new(&PiiKind::ALL);
        let long = "long ".repeat(100);
        let known = ["gpt-4o", "jo@example.com", &long];
        let names = KnownNames::of(known.map(str::to_owned).into_iter(), &redactor);
        for name in known.into_iter().chain(["", "unknown", "ann@example.com"]) {
            let expect = redactor.redact_cut(name, NAME_MAX);
            assert_eq!(names.redact(name, &redactor), expect, "{name}");
        }
        // What is known is not looked through again.
        let blind = Redactor::new(&[]);
        assert_eq!(names.redact("jo@example.com", &blind).text.as_str(), "[EMAIL]");
    }
}
