//! What is done with texts that pass through: on the way to a model, and on the way back.
//!
//! By default nothing is: then there are no [`Sinks`], one look tells so, and the bytes go through as
//! they came. Where there are some, a request's texts are rewritten at their places in the body
//! ([`upstream`]) and an answer's where they stand in the reply ([`reply`], [`stream`]).
//!
//! A request's placeholders are made anew from its own text: tags depend on the conversation's key
//! alone, and a client sends the whole conversation each time. So no value is kept anywhere, none has to
//! be erased, and an answer can only bring back what its own request has hidden.

mod leaves;
mod reply;
mod stream;
mod texts;
mod upstream;

use aios_privacy::{Action, Coverage, PiiKind, Policy, RedactionCounts, Redactor, Sink};

use crate::metrics::Metrics;
pub(super) use reply::ReplyFilter;
pub(super) use stream::StreamFilter;

/// What is done with a text that cannot be scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnUnscannable {
    /// It goes nowhere.
    Block,
    /// It goes on as it is.
    Pass,
}

impl OnUnscannable {
    /// Each with its name in the configuration.
    pub const NAMES: [(&'static str, Self); 2] = [("block", Self::Block), ("pass", Self::Pass)];
}

/// Why a text was not scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unscanned {
    /// An image, audio or a file.
    Data,
    /// There is more than is scanned.
    TooLarge,
    /// It is no JSON, or no text.
    Unreadable,
    /// The scanner failed.
    Panic,
}

impl Unscanned {
    /// Its name in metrics and errors.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::TooLarge => "too_large",
            Self::Unreadable => "unreadable",
            Self::Panic => "panic",
        }
    }
}

/// What is done with texts that pass through.
pub struct Sinks {
    policy: Policy,
    scanner: Redactor,
    /// Masks what the client is not to see.
    client: Option<Redactor>,
    on_unscannable: OnUnscannable,
}

impl std::fmt::Debug for Sinks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sinks").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Sinks {
    /// `scanner` looks for all kinds, `client` for those that are masked in answers. `None` if nothing
    /// is done at either.
    #[must_use]
    pub fn new(
        policy: Policy,
        scanner: Redactor,
        client: Redactor,
        on_unscannable: OnUnscannable,
    ) -> Option<Self> {
        let masks = policy.is_on(Sink::Client);
        let is_on = masks || policy.is_on(Sink::Upstream);
        is_on.then(|| Self { policy, scanner, client: masks.then_some(client), on_unscannable })
    }
}

/// What was seen of texts on their way to a sink, counted once at the end.
#[derive(Debug)]
pub(super) struct Tally {
    sink: Sink,
    coverage: Coverage,
    found: RedactionCounts,
    unscanned: Vec<(Unscanned, u64)>,
}

impl Tally {
    fn new(sink: Sink) -> Self {
        Self {
            sink,
            coverage: Coverage::default(),
            found: RedactionCounts::default(),
            unscanned: Vec::new(),
        }
    }

    fn unscanned(&mut self, why: Unscanned, n_bytes: usize) {
        self.unscanned.push((why, n_bytes as u64));
    }

    fn report(&self, metrics: &Metrics, action: impl Fn(PiiKind) -> Action) {
        let sink = name_of(&Sink::NAMES, self.sink);
        metrics.privacy.scanned(sink, self.coverage.bytes_scanned);
        for (why, n_bytes) in &self.unscanned {
            metrics.privacy.unscanned(sink, why.name(), *n_bytes);
        }
        for (kind, n) in self.found.iter() {
            let action = name_of(&Action::NAMES, action(kind));
            metrics.privacy.found(kind.name(), sink, action, n);
        }
    }
}

fn name_of<T: PartialEq>(names: &[(&'static str, T)], one: T) -> &'static str {
    names.iter().find(|(_, each)| *each == one).map_or("", |(name, _)| name)
}
