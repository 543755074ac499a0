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
mod walk;

use std::panic::{AssertUnwindSafe, catch_unwind};

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
    /// Finds what is only counted in answers.
    counted: Option<Redactor>,
    options: SinkOptions,
}

/// What else there is to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SinkOptions {
    /// What is done with what cannot be scanned.
    pub on_unscannable: OnUnscannable,
    /// What tools are called with gets its values back too.
    pub restore_in_tools: bool,
}

impl std::fmt::Debug for Sinks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sinks").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Sinks {
    /// `redactor` makes one that looks for the kinds that it is given. `None` if nothing is done with
    /// what passes through.
    #[must_use]
    pub fn new(
        policy: Policy,
        redactor: impl Fn(&dyn Fn(PiiKind) -> bool) -> Redactor,
        options: SinkOptions,
    ) -> Option<Self> {
        if !policy.is_on(Sink::Client) && !policy.is_on(Sink::Upstream) {
            return None;
        }
        let at_client = |is_in: fn(Action) -> bool| {
            let is_in = |kind| is_in(policy.action(Sink::Client, kind));
            PiiKind::ALL.into_iter().any(is_in).then(|| redactor(&is_in))
        };
        Some(Self {
            scanner: redactor(&|_| true),
            // What is blocked is masked first, so that none of it has gone out when it is found.
            client: at_client(|action| action > Action::Detect),
            counted: at_client(|action| action == Action::Detect),
            policy,
            options,
        })
    }
}

impl Sinks {
    /// Whether what cannot be scanned goes on: it is set so, or nothing would be changed anyway.
    fn passes_unscanned(&self, sink: Sink) -> bool {
        self.options.on_unscannable == OnUnscannable::Pass
            || self.policy.unscannable(sink).is_none()
    }
}

/// What makes the scanner fail must not get past it.
fn guarded<T>(scan: impl FnOnce() -> Result<T, Unscanned>) -> Result<T, Unscanned> {
    catch_unwind(AssertUnwindSafe(scan)).unwrap_or(Err(Unscanned::Panic))
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

pub(crate) fn name_of<T: PartialEq>(names: &[(&'static str, T)], one: T) -> &'static str {
    names.iter().find(|(_, each)| *each == one).map_or("", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scanner_that_panics_is_an_error() {
        let failing = || -> Result<(), Unscanned> { panic!("as a test") };
        assert_eq!(guarded(failing), Err(Unscanned::Panic));
        assert_eq!(guarded(|| Ok(1)), Ok(1));
    }
}
