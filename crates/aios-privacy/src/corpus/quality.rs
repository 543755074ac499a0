//! How well a scanner does on texts of the corpus, and the bars for it.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Label, Sample};
use crate::finding::Finding;
use crate::kind::PiiKind;
use crate::redactor::Redactor;

/// The least recall and precision of a kind.
#[derive(Debug, Clone, Copy)]
pub struct Bar {
    /// Of values in their usual forms.
    pub recall_min: f64,
    /// Of values in forms that hide them.
    pub hard_recall_min: f64,
    /// Of findings.
    pub precision_min: f64,
}

/// Largest share of the bytes of values that may stay uncovered.
pub const LEAKED_MAX: f64 = 0.03;
/// Largest share of all other bytes that may be covered.
pub const OVER_REDACTED_MAX: f64 = 0.002;

impl Bar {
    /// The bar of a kind.
    #[must_use]
    pub const fn of(kind: PiiKind) -> Self {
        let (recall_min, precision_min) = match kind {
            PiiKind::Phone => (0.95, 0.92),
            PiiKind::Ipv4 => (0.98, 0.92),
            PiiKind::Ipv6 => (0.98, 0.95),
            PiiKind::Email
            | PiiKind::Url
            | PiiKind::Mac
            | PiiKind::CreditCard
            | PiiKind::Iban
            | PiiKind::UsSsn
            | PiiKind::NationalId
            | PiiKind::Crypto
            | PiiKind::Secret
            | PiiKind::Custom => (0.98, 0.98),
        };
        let hard_recall_min = if matches!(kind, PiiKind::Email) { 0.75 } else { 0.8 };
        Self { recall_min, hard_recall_min, precision_min }
    }
}

/// Counts of one kind.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    /// Values in their usual forms, and those of them that were found.
    pub n_core: u32,
    /// See `n_core`.
    pub n_core_found: u32,
    /// Values in forms that hide them, and those of them that were found.
    pub n_hard: u32,
    /// See `n_hard`.
    pub n_hard_found: u32,
    /// Findings, and those of them that are values.
    pub n_findings: u32,
    /// See `n_findings`.
    pub n_right: u32,
}

/// Counts of all kinds.
#[derive(Debug, Default, Clone)]
pub struct Quality {
    /// By kind.
    pub tallies: BTreeMap<PiiKind, Tally>,
    n_value_bytes: usize,
    n_leaked_bytes: usize,
    n_other_bytes: usize,
    n_over_bytes: usize,
}

/// Scans the texts that `make` makes of these seeds. Tells what was missed and what was found wrongly
/// to `report`.
pub fn measure(
    redactor: &Redactor,
    make: fn(u64) -> Sample,
    seeds: Range<u64>,
    mut report: impl FnMut(&str, PiiKind, &Sample, Range<usize>),
) -> Quality {
    let mut quality = Quality::default();
    for seed in seeds {
        let sample = make(seed);
        let findings = redactor.scan(&sample.text);
        quality.add(&sample, &findings);
        for label in
            sample.labels.iter().filter(|label| !findings.iter().any(|one| fits(label, one)))
        {
            report("missed", label.kind, &sample, label.start..label.end);
        }
        for one in findings.iter().filter(|one| !sample.labels.iter().any(|label| fits(label, one)))
        {
            report("wrong", one.kind, &sample, one.start..one.end);
        }
    }
    quality
}

/// A finding fits a label of its kind if it covers four fifths of it and at most 16 bytes, or its
/// length again, besides.
fn fits(label: &Label, finding: &Finding<'_>) -> bool {
    let common = overlap(label, finding);
    let length = label.end - label.start;
    finding.kind == label.kind
        && common * 5 >= length * 4
        && finding.end - finding.start - common <= length.max(16)
}

fn overlap(label: &Label, finding: &Finding<'_>) -> usize {
    finding.end.min(label.end).saturating_sub(finding.start.max(label.start))
}

impl Quality {
    fn add(&mut self, sample: &Sample, findings: &[Finding<'_>]) {
        for label in &sample.labels {
            let tally = self.tallies.entry(label.kind).or_default();
            let found = u32::from(findings.iter().any(|one| fits(label, one)));
            if label.is_hard {
                tally.n_hard += 1;
                tally.n_hard_found += found;
            } else {
                tally.n_core += 1;
                tally.n_core_found += found;
            }
        }
        for one in findings {
            let tally = self.tallies.entry(one.kind).or_default();
            tally.n_findings += 1;
            tally.n_right += u32::from(sample.labels.iter().any(|label| fits(label, one)));
        }
        let n_value: usize = sample.labels.iter().map(|label| label.end - label.start).sum();
        let n_found: usize = findings.iter().map(|one| one.end - one.start).sum();
        let pairs =
            sample.labels.iter().flat_map(|label| findings.iter().map(move |one| (label, one)));
        let n_covered: usize = pairs.map(|(label, one)| overlap(label, one)).sum();
        self.n_value_bytes += n_value;
        self.n_leaked_bytes += n_value - n_covered;
        self.n_other_bytes += sample.text.len() - n_value;
        self.n_over_bytes += n_found - n_covered;
    }

    /// Share of the bytes of values that no finding covers.
    #[must_use]
    pub fn leaked(&self) -> f64 {
        share(self.n_leaked_bytes, self.n_value_bytes)
    }

    /// Share of all other bytes that a finding covers.
    #[must_use]
    pub fn over_redacted(&self) -> f64 {
        share(self.n_over_bytes, self.n_other_bytes)
    }

    /// What falls short of its bar, in words.
    #[must_use]
    pub fn missed_bars(&self) -> Vec<String> {
        let mut missed = Vec::new();
        let mut hold = |what: String, value: f64, is_met: bool| {
            if !is_met {
                missed.push(format!("{what} {value:.4}"));
            }
        };
        for (kind, tally) in &self.tallies {
            let (bar, name) = (Bar::of(*kind), kind.name());
            hold(format!("{name} recall"), tally.recall(), tally.recall() >= bar.recall_min);
            let is_met = tally.n_hard == 0 || tally.hard_recall() >= bar.hard_recall_min;
            hold(format!("{name} hard recall"), tally.hard_recall(), is_met);
            hold(
                format!("{name} precision"),
                tally.precision(),
                tally.precision() >= bar.precision_min,
            );
        }
        hold("leaked".to_owned(), self.leaked(), self.leaked() <= LEAKED_MAX);
        let over = self.over_redacted();
        hold("over-redacted".to_owned(), over, over <= OVER_REDACTED_MAX);
        missed
    }
}

impl Tally {
    /// Of values in their usual forms.
    #[must_use]
    pub fn recall(&self) -> f64 {
        share(self.n_core_found, self.n_core)
    }

    /// Of values in forms that hide them.
    #[must_use]
    pub fn hard_recall(&self) -> f64 {
        share(self.n_hard_found, self.n_hard)
    }

    /// Of findings.
    #[must_use]
    pub fn precision(&self) -> f64 {
        share(self.n_right, self.n_findings)
    }
}

fn share<N: TryInto<u32>>(part: N, whole: N) -> f64 {
    let number = |n: N| f64::from(n.try_into().unwrap_or(u32::MAX));
    let (part, whole) = (number(part), number(whole));
    if whole == 0.0 { 0.0 } else { part / whole }
}
