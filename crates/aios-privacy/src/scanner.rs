//! One pass over the bytes and one over an automaton of words find anchors; detectors look from there.
//!
//! Most text holds no anchor, so the cost of a scan is that of two table walks. One set of regular
//! expressions over all kinds would be fifty times slower: its lazy automaton outgrows its cache.
//!
//! A detector tells how far it has consumed the text and is not asked again before that point.
//! With looks that are bounded ([`WINDOW_MAX`](crate::source::WINDOW_MAX)) this makes hostile text linear.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use crate::finding::{Claim, Finding, resolve};
use crate::kind::PiiKind;
use crate::kinds;
use crate::source::Source;

/// One way of finding one kind.
pub(crate) struct Detector {
    pub(crate) kind: PiiKind,
    pub(crate) anchors: Anchors,
    pub(crate) look: fn(&Source<'_>, usize) -> Look,
}

/// Where a detector wants to look.
pub(crate) enum Anchors {
    /// At each of these bytes.
    Bytes(&'static [u8]),
    /// Where one of these words begins, in any case.
    Words(&'static [&'static str]),
}

/// What a detector saw from an anchor.
pub(crate) struct Look {
    found: Option<Found>,
    /// No anchor before this offset concerns the detector any more.
    resume: usize,
}

/// A span that a detector claims.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) rule: &'static str,
    pub(crate) confidence: f32,
}

impl Look {
    /// Nothing here; go on at `resume`.
    pub(crate) fn nothing(resume: usize) -> Self {
        Self { found: None, resume }
    }

    /// A finding; go on after it.
    pub(crate) fn found(found: Found) -> Self {
        Self { resume: found.end, found: Some(found) }
    }

    /// A finding if there is one; else go on at `resume`.
    pub(crate) fn maybe(found: Option<Found>, resume: usize) -> Self {
        found.map_or_else(
            || Self::nothing(resume),
            |found| Self { resume: resume.max(found.end), found: Some(found) },
        )
    }
}

// A byte's interest has one bit per detector.
const _: () = assert!(kinds::DETECTORS.len() <= u32::BITS as usize);

/// The anchors of the kinds that are on.
pub(crate) struct Scanner {
    detectors: Vec<&'static Detector>,
    /// For each byte, one bit per detector that it anchors.
    interest: [u32; 256],
    words: Option<Words>,
}

/// An automaton over all words, and the detector to which each belongs.
struct Words {
    automaton: AhoCorasick,
    owners: Vec<usize>,
}

impl Scanner {
    pub(crate) fn new(is_on: impl Fn(PiiKind) -> bool) -> Self {
        let detectors: Vec<_> =
            kinds::DETECTORS.iter().copied().filter(|d| is_on(d.kind)).collect();
        let interest = interest(&detectors);
        let words = Words::new(&detectors);
        Self { detectors, interest, words }
    }

    pub(crate) fn scan(&self, source: &Source<'_>) -> Vec<Finding> {
        let mut sweep = Sweep { source, claims: Vec::new(), resume: [0; kinds::DETECTORS.len()] };
        self.scan_bytes(&mut sweep);
        if let Some(words) = &self.words {
            for word in words.automaton.find_iter(source.bytes()) {
                let owner = words.owners[word.pattern().as_usize()];
                sweep.look(owner, self.detectors[owner], word.start());
            }
        }
        if sweep.claims.is_empty() { Vec::new() } else { resolve(source, sweep.claims) }
    }

    fn scan_bytes(&self, sweep: &mut Sweep<'_, '_>) {
        for (at, byte) in sweep.source.bytes().iter().enumerate() {
            let mut interested = self.interest[usize::from(*byte)];
            while interested != 0 {
                let index = interested.trailing_zeros() as usize;
                interested &= interested - 1;
                sweep.look(index, self.detectors[index], at);
            }
        }
    }
}

impl Words {
    fn new(detectors: &[&'static Detector]) -> Option<Self> {
        let (mut words, mut owners) = (Vec::new(), Vec::new());
        for (index, detector) in detectors.iter().enumerate() {
            if let Anchors::Words(own) = &detector.anchors {
                words.extend_from_slice(own);
                owners.resize(words.len(), index);
            }
        }
        if words.is_empty() {
            return None;
        }
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .kind(Some(AhoCorasickKind::DFA))
            .build(words)
            .expect("a few dozen short words fit an automaton");
        Some(Self { automaton, owners })
    }
}

/// The state of one scan.
struct Sweep<'s, 'a> {
    source: &'s Source<'a>,
    claims: Vec<Claim>,
    /// Per detector, the offset before which it has nothing more to see.
    resume: [usize; kinds::DETECTORS.len()],
}

impl Sweep<'_, '_> {
    fn look(&mut self, index: usize, detector: &Detector, at: usize) {
        if at < self.resume[index] {
            return;
        }
        let look = (detector.look)(self.source, at);
        self.resume[index] = look.resume.max(at + 1);
        if let Some(found) = look.found {
            let Found { start, end, rule, confidence } = found;
            let finding = Finding { kind: detector.kind, start, end, rule, confidence };
            self.claims.push(Claim { finding, rank: index });
        }
    }
}

fn interest(detectors: &[&'static Detector]) -> [u32; 256] {
    let mut interest = [0; 256];
    for (index, detector) in detectors.iter().enumerate() {
        if let Anchors::Bytes(bytes) = &detector.anchors {
            for byte in *bytes {
                interest[usize::from(*byte)] |= 1 << index;
            }
        }
    }
    interest
}
