//! What is done with findings, for each kind and each place that a text goes to.
//!
//! The default masks everything that is kept and leaves what passes through as it is: a gateway that
//! changes prompts unasked breaks its users. A text that cannot be scanned goes nowhere that masks
//! or blocks: the policy fails closed.

use std::collections::BTreeMap;

use crate::kind::{PiiKind, RedactionCounts};
use crate::placeholder::Vault;
use crate::redactor::Redactor;

/// A place that a text goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sink {
    /// The event log: what is kept.
    Log,
    /// The model.
    Upstream,
    /// Whoever asked.
    Client,
    /// What is remembered between requests.
    Memory,
}

/// What is done with a finding, from the mildest to the strictest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// It is not looked for.
    Off,
    /// It is counted and stays.
    Detect,
    /// A placeholder stands for it, and can be undone.
    Placeholder,
    /// A mask stands for it.
    Mask,
    /// The text goes nowhere.
    Block,
}

impl Sink {
    /// Every sink, with its name in configuration and metrics.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("log", Self::Log),
        ("upstream", Self::Upstream),
        ("client", Self::Client),
        ("memory", Self::Memory),
    ];

    /// What is done there by default.
    #[must_use]
    pub const fn default_action(self) -> Action {
        match self {
            Self::Log | Self::Memory => Action::Mask,
            Self::Upstream | Self::Client => Action::Off,
        }
    }
}

impl Action {
    /// Every action, with its name in configuration and metrics.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("off", Self::Off),
        ("detect", Self::Detect),
        ("placeholder", Self::Placeholder),
        ("mask", Self::Mask),
        ("block", Self::Block),
    ];
}

/// The actions that differ from their sink's default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    defaults: BTreeMap<Sink, Action>,
    actions: BTreeMap<(Sink, PiiKind), Action>,
}

/// What a policy makes of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// It may go on as it is. What was found is counted.
    Unchanged(RedactionCounts),
    /// This goes on in its place.
    Changed(String, RedactionCounts),
    /// It goes nowhere, because of these.
    Blocked(RedactionCounts),
}

/// How much text was looked at, and how much went by without.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Bytes that were scanned.
    pub bytes_scanned: u64,
    /// Bytes that went to a sink without a scan, since nothing is looked for there.
    pub bytes_unscanned: u64,
}

impl Policy {
    /// The same with another action for all kinds that have none of their own.
    #[must_use]
    pub fn with_default(mut self, sink: Sink, action: Action) -> Self {
        self.defaults.insert(sink, action);
        self
    }

    /// The same with another action.
    #[must_use]
    pub fn with(mut self, sink: Sink, kind: PiiKind, action: Action) -> Self {
        self.actions.insert((sink, kind), action);
        self
    }

    /// What is done with findings of a kind.
    #[must_use]
    pub fn action(&self, sink: Sink, kind: PiiKind) -> Action {
        let default = || self.defaults.get(&sink).copied().unwrap_or(sink.default_action());
        self.actions.get(&(sink, kind)).copied().unwrap_or_else(default)
    }

    /// Whether anything is looked for in texts that go there.
    #[must_use]
    pub fn is_on(&self, sink: Sink) -> bool {
        PiiKind::ALL.into_iter().any(|kind| self.action(sink, kind) != Action::Off)
    }

    /// Whether anything becomes a placeholder there.
    #[must_use]
    pub fn hides(&self, sink: Sink) -> bool {
        PiiKind::ALL.into_iter().any(|kind| self.action(sink, kind) == Action::Placeholder)
    }

    /// What may stand in place of a text that cannot be scanned: it is too large, or no text. `None`
    /// where it may go on, since nothing would be changed there.
    #[must_use]
    pub fn unscannable(&self, sink: Sink) -> Option<Applied> {
        let strictest = PiiKind::ALL.into_iter().map(|kind| self.action(sink, kind)).max();
        match strictest.unwrap_or(Action::Off) {
            Action::Off | Action::Detect => None,
            Action::Placeholder | Action::Mask => {
                Some(Applied::Changed("[WITHHELD]".to_owned(), RedactionCounts::default()))
            }
            Action::Block => Some(Applied::Blocked(RedactionCounts::default())),
        }
    }

    /// Does what is to be done with a text that goes to `sink`. Without a vault, what would become a
    /// placeholder is masked.
    #[must_use]
    pub fn apply(
        &self,
        redactor: &Redactor,
        sink: Sink,
        text: &str,
        vault: Option<&mut Vault>,
        coverage: &mut Coverage,
    ) -> Applied {
        let n_bytes = text.len() as u64;
        if !self.is_on(sink) {
            coverage.bytes_unscanned += n_bytes;
            return Applied::Unchanged(RedactionCounts::default());
        }
        coverage.bytes_scanned += n_bytes;
        let mut findings = redactor.scan(text);
        findings.retain(|one| self.action(sink, one.kind) != Action::Off);
        let strictest = findings.iter().map(|one| self.action(sink, one.kind)).max();
        match strictest.unwrap_or(Action::Off) {
            Action::Off | Action::Detect => {
                self.escaped(sink, text, vault, RedactionCounts::of(&findings))
            }
            Action::Block => {
                findings.retain(|one| self.action(sink, one.kind) == Action::Block);
                Applied::Blocked(RedactionCounts::of(&findings))
            }
            Action::Placeholder | Action::Mask => {
                let kinds = |action| move |kind| self.action(sink, kind) == action;
                let masked = redactor.redact_kinds(text, kinds(Action::Mask));
                match vault {
                    Some(vault) => {
                        let hidden =
                            vault.hide_kinds(redactor, &masked, kinds(Action::Placeholder));
                        Applied::Changed(hidden, RedactionCounts::of(&findings))
                    }
                    None => {
                        let masked = redactor.redact_kinds(&masked, kinds(Action::Placeholder));
                        Applied::Changed(masked, RedactionCounts::of(&findings))
                    }
                }
            }
        }
    }

    /// Where there are placeholders, text of the user's own that looks like one is escaped even if it
    /// holds nothing else, because the escape is undone in every answer.
    fn escaped(
        &self,
        sink: Sink,
        text: &str,
        vault: Option<&mut Vault>,
        counts: RedactionCounts,
    ) -> Applied {
        match vault.filter(|_| self.hides(sink)).and_then(|_| Vault::escape(text)) {
            Some(escaped) => Applied::Changed(escaped, counts),
            None => Applied::Unchanged(counts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pseudonym::KeyMaterial;

    const TEXT: &str = "jo@example.com from 81.2.69.142";

    fn apply(policy: &Policy, sink: Sink, vault: Option<&mut Vault>) -> (Applied, Coverage) {
        let mut coverage = Coverage::default();
        let applied = policy.apply(&Redactor::default(), sink, TEXT, vault, &mut coverage);
        (applied, coverage)
    }

    fn text_of(applied: Applied) -> String {
        match applied {
            Applied::Changed(text, _) => text,
            Applied::Unchanged(_) => TEXT.to_owned(),
            Applied::Blocked(counts) => {
                format!("blocked by {:?}", counts.iter().collect::<Vec<_>>())
            }
        }
    }

    #[test]
    fn by_default_what_is_kept_is_masked_and_all_else_passes_unscanned() {
        let policy = Policy::default();
        for sink in [Sink::Log, Sink::Memory] {
            assert_eq!(text_of(apply(&policy, sink, None).0), "[EMAIL] from [IPV4]");
        }
        for sink in [Sink::Upstream, Sink::Client] {
            let (applied, coverage) = apply(&policy, sink, None);
            assert_eq!(applied, Applied::Unchanged(RedactionCounts::default()));
            assert_eq!((coverage.bytes_scanned, coverage.bytes_unscanned), (0, TEXT.len() as u64));
        }
    }

    #[test]
    fn each_kind_has_its_action() {
        let policy = Policy::default()
            .with(Sink::Upstream, PiiKind::Email, Action::Placeholder)
            .with(Sink::Upstream, PiiKind::Ipv4, Action::Mask);
        let mut vault = Vault::new(&KeyMaterial::new([7; 32]));
        let (applied, coverage) = apply(&policy, Sink::Upstream, Some(&mut vault));
        let out = text_of(applied);
        assert!(out.starts_with("<EMAIL_") && out.ends_with("> from [IPV4]"), "{out}");
        assert_eq!(vault.restore(&out), "jo@example.com from [IPV4]");
        assert_eq!(coverage.bytes_scanned, TEXT.len() as u64);
        assert_eq!(text_of(apply(&policy, Sink::Upstream, None).0), "[EMAIL] from [IPV4]");
    }

    #[test]
    fn a_default_holds_for_the_kinds_without_an_action() {
        let policy = Policy::default().with_default(Sink::Upstream, Action::Mask).with(
            Sink::Upstream,
            PiiKind::Ipv4,
            Action::Off,
        );
        assert_eq!(text_of(apply(&policy, Sink::Upstream, None).0), "[EMAIL] from 81.2.69.142");
        assert!(!policy.hides(Sink::Upstream) && !policy.is_on(Sink::Client));
    }

    #[test]
    fn what_looks_like_a_placeholder_is_escaped_though_nothing_is_found() {
        let policy = Policy::default().with_default(Sink::Upstream, Action::Placeholder);
        let mut vault = Vault::new(&KeyMaterial::new([7; 32]));
        let text = "is <=EMAIL_7QK2> mine?";
        let (redactor, mut coverage) = (Redactor::default(), Coverage::default());
        let applied =
            policy.apply(&redactor, Sink::Upstream, text, Some(&mut vault), &mut coverage);
        assert_eq!(text_of(applied.clone()), "is <==EMAIL_7QK2> mine?");
        assert_eq!(vault.restore(&text_of(applied)), text);
    }

    #[test]
    fn what_is_detected_stays_and_what_is_blocked_goes_nowhere() {
        let policy = Policy::default().with(Sink::Client, PiiKind::Email, Action::Detect);
        let Applied::Unchanged(counts) = apply(&policy, Sink::Client, None).0 else {
            panic!("nothing is to be changed")
        };
        assert_eq!(counts.iter().collect::<Vec<_>>(), [(PiiKind::Email, 1)]);
        let policy = policy.with(Sink::Client, PiiKind::Ipv4, Action::Block);
        assert_eq!(text_of(apply(&policy, Sink::Client, None).0), "blocked by [(Ipv4, 1)]");
    }

    #[test]
    fn what_cannot_be_scanned_goes_only_where_nothing_would_be_changed() {
        let policy = Policy::default().with(Sink::Client, PiiKind::Email, Action::Detect);
        assert_eq!(policy.unscannable(Sink::Client), None);
        assert_eq!(text_of(policy.unscannable(Sink::Log).unwrap()), "[WITHHELD]");
        let policy = policy.with(Sink::Client, PiiKind::Secret, Action::Block);
        assert_eq!(text_of(policy.unscannable(Sink::Client).unwrap()), "blocked by []");
    }
}
