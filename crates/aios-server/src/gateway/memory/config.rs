//! What configuration asks of the memory.

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aios_core::Percent;
use aios_privacy::{Coverage, Policy, Redactor, Remembered, Sink};

use super::LocalEmbedder;
use crate::sink_metrics::PrivacyMetrics;

/// What a request finds and leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryMode {
    /// Nothing is remembered between requests.
    Off,
    /// What was said in the same conversation.
    Conversation,
    /// What the same person said in any conversation.
    User,
}

impl MemoryMode {
    /// Each with its name in configuration and header.
    pub const NAMES: [(&'static str, Self); 3] =
        [("off", Self::Off), ("conversation", Self::Conversation), ("user", Self::User)];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, mode)| *mode == self).map_or("", |(name, _)| name)
    }
}

/// Where what is found stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryPlace {
    /// In a message of its own before the user's last turn.
    Message,
    /// At the beginning of that turn: some models take no two turns of one side in a row.
    Turn,
}

impl MemoryPlace {
    /// Each with its name in the configuration.
    pub const NAMES: [(&'static str, Self); 2] = [("message", Self::Message), ("turn", Self::Turn)];
}

/// `[memory]`.
pub struct MemoryConfig {
    /// For requests that say nothing, of client keys that say nothing.
    pub mode: MemoryMode,
    /// Whether requests may say something.
    pub by_header: bool,
    /// Most words of all that is put before a model.
    pub words_max: usize,
    /// Where it stands.
    pub place: MemoryPlace,
    /// How far what some result holds of the question must tell it from all else.
    pub floor: f32,
    /// Longest wait for a search.
    pub search_timeout: Duration,
    /// Whether fragments and questions are compared by vectors too.
    pub embeddings: bool,
    /// Who makes the vectors in place of the `embedder` tier.
    pub local: Option<Arc<LocalEmbedder>>,
    /// Longest wait for a question's vector.
    pub embed_timeout: Duration,
    /// Share of what is found that is withheld by chance.
    pub withheld: Percent,
    policy: Policy,
    /// Made when it is first needed: where nothing is remembered it would only take room.
    scanner: LazyLock<Redactor, MakeScanner>,
}

type MakeScanner = Box<dyn FnOnce() -> Redactor + Send>;

impl MemoryConfig {
    /// Nothing is remembered, until something else is set. `scanner` finds what the policy is about.
    #[must_use]
    pub fn off(policy: Policy, scanner: impl FnOnce() -> Redactor + Send + 'static) -> Self {
        Self {
            mode: MemoryMode::Off,
            by_header: false,
            words_max: 0,
            place: MemoryPlace::Message,
            floor: 0.0,
            search_timeout: Duration::ZERO,
            embeddings: false,
            local: None,
            embed_timeout: Duration::ZERO,
            withheld: Percent::ZERO,
            policy,
            scanner: LazyLock::new(Box::new(scanner)),
        }
    }

    /// What may be kept of a text; `None` if nothing may.
    pub(crate) fn remembered(&self, text: &str) -> Option<Remembered> {
        Remembered::new(&self.policy, &self.scanner, text)
    }

    /// The same of a text that is to be kept, counted.
    pub(crate) fn kept(&self, text: &str, metrics: &PrivacyMetrics) -> Option<Remembered> {
        let mut coverage = Coverage::default();
        let (kept, found) = Remembered::counted(&self.policy, &self.scanner, text, &mut coverage);
        metrics.kept(&self.policy, Sink::Memory, coverage, &found);
        kept
    }
}

impl Default for MemoryConfig {
    /// Nothing is remembered.
    fn default() -> Self {
        Self::off(Policy::default(), Redactor::default)
    }
}

impl fmt::Debug for MemoryConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryConfig")
            .field("mode", &self.mode)
            .field("by_header", &self.by_header)
            .field("words_max", &self.words_max)
            .field("place", &self.place)
            .field("floor", &self.floor)
            .field("search_timeout", &self.search_timeout)
            .field("embeddings", &self.embeddings)
            .field("local", &self.local)
            .field("embed_timeout", &self.embed_timeout)
            .field("withheld", &self.withheld)
            .finish_non_exhaustive()
    }
}
