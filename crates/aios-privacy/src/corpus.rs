//! A seeded maker of labelled text, and the bars that the scanner must clear on it.

use std::collections::BTreeMap;

use crate::kind::PiiKind;
use crate::redactor::Redactor;

mod negative;
mod random;
mod value;

use random::Random;

/// Text in which it is known what is personal.
pub(crate) struct Record {
    pub(crate) text: String,
    pub(crate) labels: Vec<Label>,
}

/// A span that must be found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Label {
    kind: PiiKind,
    start: usize,
    end: usize,
}

/// One record: prose with up to two values and up to two things that look like values.
pub(crate) fn record(seed: u64) -> Record {
    let random = &mut Random::new(seed);
    let mut record = Record { text: String::new(), labels: Vec::new() };
    for _ in 0..1 + random.below(4) {
        match random.below(3) {
            0 => record.text.push_str(random.pick(&PROSE)),
            1 => record.text.push_str(&negative::sentence(random)),
            _ => record.push_value(random),
        }
        record.text.push_str(random.pick(&[" ", "\n", " ", "  "]));
    }
    record
}

pub(crate) const PROSE: [&str; 8] = [
    "The meeting moved to Thursday, so please update the agenda.",
    "Can you explain how a B-tree differs from a skip list?",
    "I tried it twice: once with 16 GB of memory and once with 32.",
    "Traduis ce paragraphe en anglais, s'il te plaît.",
    "请把这段话翻译成英文。",
    "The function returns None when the list is empty; otherwise the first item.",
    "In 1998 the company had 12,500 employees and 3.4 billion in revenue.",
    "We should call it a day and contact nobody until Monday.",
];

impl Record {
    fn push_value(&mut self, random: &mut Random) {
        let kind = random.pick(&PiiKind::ALL[..9]);
        let (before, value, after) = value::labelled(kind, random);
        self.text.push_str(&before);
        let start = self.text.len();
        self.text.push_str(&value);
        self.labels.push(Label { kind, start, end: self.text.len() });
        self.text.push_str(after);
    }
}

/// Counts of one kind.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    n_labels: u32,
    n_recalled: u32,
    n_found: u32,
    n_right: u32,
}

impl Tally {
    fn recall(self) -> f64 {
        f64::from(self.n_recalled) / f64::from(self.n_labels)
    }

    fn precision(self) -> f64 {
        f64::from(self.n_right) / f64::from(self.n_found)
    }
}

/// Scans `n` records and counts labels found and findings labelled. A finding fits a label of its
/// kind if it covers four fifths of it and at most 16 bytes, or its length again, besides.
fn tally(first_seed: u64, n: u64) -> BTreeMap<PiiKind, Tally> {
    let redactor = Redactor::default();
    let mut tallies = BTreeMap::<PiiKind, Tally>::new();
    for seed in first_seed..first_seed + n {
        let record = record(seed);
        let findings = redactor.scan(&record.text);
        let fits = |label: &Label, finding: &crate::Finding| {
            let common = finding.end.min(label.end).saturating_sub(finding.start.max(label.start));
            let length = label.end - label.start;
            finding.kind == label.kind
                && common * 5 >= length * 4
                && finding.end - finding.start - common <= length.max(16)
        };
        for label in &record.labels {
            let tally = tallies.entry(label.kind).or_default();
            let is_found = findings.iter().any(|finding| fits(label, finding));
            tally.n_labels += 1;
            tally.n_recalled += u32::from(is_found);
            report(!is_found, "missed", label.kind, &record.text, label.start, label.end);
        }
        for finding in &findings {
            let tally = tallies.entry(finding.kind).or_default();
            let is_right = record.labels.iter().any(|label| fits(label, finding));
            tally.n_found += 1;
            tally.n_right += u32::from(is_right);
            report(!is_right, "false", finding.kind, &record.text, finding.start, finding.end);
        }
    }
    tallies
}

/// Shown when the test fails, so that a lost bar explains itself.
fn report(is_wrong: bool, what: &str, kind: PiiKind, text: &str, start: usize, end: usize) {
    if is_wrong {
        let from = text.floor_char_boundary(start.saturating_sub(30));
        println!("{what} {}: {:?} in {:?}", kind.name(), text.get(start..end), text.get(from..end));
    }
}

/// The least recall and precision of a kind.
fn bars(kind: PiiKind) -> (f64, f64) {
    match kind {
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
        | PiiKind::Custom
        | PiiKind::Secret => (0.98, 0.98),
    }
}

#[test]
fn every_kind_clears_its_bars_on_several_seeds() {
    for first_seed in [1, 1_000_003, 77_000_041] {
        for (kind, tally) in tally(first_seed, 4_000) {
            let (recall, precision) = (tally.recall(), tally.precision());
            println!(
                "{:>12} n {:>4} recall {recall:.3} precision {precision:.3}",
                kind.name(),
                tally.n_labels
            );
            let (recall_min, precision_min) = bars(kind);
            assert!(tally.n_labels > 200, "{kind:?}: too few labels");
            assert!(
                recall >= recall_min && precision >= precision_min,
                "{kind:?}: {recall:.3} {precision:.3}"
            );
        }
    }
}
