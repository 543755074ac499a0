//! Counts of what is done with texts that pass through or are kept, and of what went by unscanned.

use std::collections::BTreeMap;
use std::fmt;

use aios_privacy::{Action, Coverage, PiiKind, Policy, Redacted, RedactionCounts, Sink};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use crate::gateway::{Unscanned, name_of};

/// Clones count together. Of what passes through, texts are counted only where a sink is on.
#[derive(Clone)]
pub(crate) struct PrivacyMetrics {
    scanned: Family<SinkLabel, Counter>,
    unscanned: Family<UnscannedLabels, Counter>,
    found: Family<FindingLabels, Counter>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct SinkLabel {
    sink: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct UnscannedLabels {
    sink: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct FindingLabels {
    kind: &'static str,
    sink: &'static str,
    action: &'static str,
}

/// A sink, and why something on its way there was not scanned.
pub(crate) type Missed = (&'static str, &'static str);

/// A sink, and what was done on the way there.
pub(crate) type Deed = (&'static str, &'static str);

/// Why a text is not scanned that nothing is looked for in.
const OFF: &str = "off";

/// Why a text is not scanned that ought to be.
const FAULTS: [&str; 3] =
    [Unscanned::TooLarge.name(), Unscanned::Unreadable.name(), Unscanned::Panic.name()];

impl fmt::Debug for PrivacyMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivacyMetrics")
    }
}

impl PrivacyMetrics {
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let (scanned, unscanned, found) = (Family::default(), Family::default(), Family::default());
        registry.register(
            "privacy_scanned_bytes",
            "Text that was scanned on its way to a sink, in bytes",
            scanned.clone(),
        );
        registry.register(
            "privacy_unscanned_bytes",
            "What went to a sink, or was kept from it, without a scan, in bytes",
            unscanned.clone(),
        );
        registry.register(
            "privacy_findings",
            "Findings on the way to a sink, and what is done with them",
            found.clone(),
        );
        Self { scanned, unscanned, found }
    }

    pub(crate) fn scanned(&self, sink: &'static str, n_bytes: u64) {
        self.scanned.get_or_create(&SinkLabel { sink }).inc_by(n_bytes);
    }

    pub(crate) fn unscanned(&self, sink: &'static str, reason: &'static str, n_bytes: u64) {
        self.unscanned.get_or_create(&UnscannedLabels { sink, reason }).inc_by(n_bytes);
    }

    /// Counts what was looked at of texts that are kept, and what was found in them.
    pub(crate) fn kept(
        &self,
        policy: &Policy,
        sink: Sink,
        coverage: Coverage,
        found: &RedactionCounts,
    ) {
        let name = name_of(&Sink::NAMES, sink);
        if coverage.bytes_scanned > 0 {
            self.scanned(name, coverage.bytes_scanned);
        }
        if coverage.bytes_unscanned > 0 {
            self.unscanned(name, OFF, coverage.bytes_unscanned);
        }
        for (kind, n) in found.iter() {
            let action = name_of(&Action::NAMES, policy.action(sink, kind));
            self.found(kind.name(), name, action, n);
        }
    }

    /// The same of a text on its way to the event log, of which at most so many bytes are kept.
    pub(crate) fn logged_text(&self, policy: &Policy, n_bytes: usize, kept: &Redacted) {
        let n_scanned = if kept.bytes_unscanned == 0 { n_bytes } else { 0 };
        self.logged(policy, [n_scanned, kept.bytes_unscanned], [&kept.counts, &kept.detected]);
    }

    /// The same of several: the bytes that are kept, and those at which the scanner failed.
    pub(crate) fn logged(
        &self,
        policy: &Policy,
        [n_bytes, n_failed]: [usize; 2],
        found: [&RedactionCounts; 2],
    ) {
        if n_failed > 0 {
            self.failed(Sink::Log, n_failed);
        }
        let n_bytes = n_bytes as u64;
        let is_on = policy.is_on(Sink::Log);
        let coverage = Coverage {
            bytes_scanned: if is_on { n_bytes } else { 0 },
            bytes_unscanned: if is_on { 0 } else { n_bytes },
        };
        let mut all = RedactionCounts::default();
        found.into_iter().for_each(|counts| all.merge(counts));
        self.kept(policy, Sink::Log, coverage, &all);
    }

    /// Counts a text at which the scanner failed, and of which nothing is kept.
    pub(crate) fn failed(&self, sink: Sink, n_bytes: usize) {
        let sink = name_of(&Sink::NAMES, sink);
        self.unscanned(sink, Unscanned::Panic.name(), n_bytes as u64);
    }

    /// Bytes so far that should have been scanned and could not be, by sink and reason. Pictures and sounds, which
    /// nothing here can scan, are none of them, and what is not to be scanned neither.
    pub(crate) fn missed(&self) -> BTreeMap<Missed, u64> {
        let all = Sink::NAMES.iter().flat_map(|(sink, _)| FAULTS.map(|reason| (*sink, reason)));
        let counted = |(sink, reason)| {
            let n = self.unscanned.get(&UnscannedLabels { sink, reason })?.get();
            Some(((sink, reason), n))
        };
        all.filter_map(counted).collect()
    }

    /// What was changed or stopped so far, by sink and action, then by kind.
    pub(crate) fn masked(&self) -> BTreeMap<Deed, BTreeMap<&'static str, u64>> {
        let mut deeds: BTreeMap<Deed, BTreeMap<_, _>> = BTreeMap::new();
        let actions = Action::NAMES.into_iter().filter(|(_, action)| *action > Action::Detect);
        for (action, _) in actions {
            for (sink, _) in Sink::NAMES {
                for kind in PiiKind::ALL.map(PiiKind::name) {
                    let counter = self.found.get(&FindingLabels { kind, sink, action });
                    if let Some(n) = counter.map(|counter| counter.get()) {
                        deeds.entry((sink, action)).or_default().insert(kind, n);
                    }
                }
            }
        }
        deeds
    }

    pub(crate) fn found(
        &self,
        kind: &'static str,
        sink: &'static str,
        action: &'static str,
        n: u32,
    ) {
        self.found.get_or_create(&FindingLabels { kind, sink, action }).inc_by(u64::from(n));
    }
}
