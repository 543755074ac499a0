//! Counts of what is done with texts that pass through, and of what went by unscanned.

use std::fmt;

use aios_privacy::RedactionCounts;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// Counted only where a sink is on.
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
            "Text that was scanned on its way to a sink",
            scanned.clone(),
        );
        registry.register(
            "privacy_unscanned_bytes",
            "What went to a sink that is on, or was kept from it, without a scan",
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

    /// Counts what was found and stays.
    pub(crate) fn detected(&self, sink: &'static str, counts: &RedactionCounts) {
        let action = "detect";
        counts.iter().for_each(|(kind, n)| self.found(kind.name(), sink, action, n));
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
