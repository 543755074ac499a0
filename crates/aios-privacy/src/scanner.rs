//! One pass over the bytes and one over an automaton of words find anchors; detectors look from there.
//!
//! Most text holds no anchor, so the cost of a scan is that of two table walks. One set of regular
//! expressions over all kinds would be fifty times slower: its lazy automaton outgrows its cache.
//!
//! A detector tells how far it has consumed the text and is not asked again before that point.
//! With looks that are bounded ([`WINDOW_MAX`](crate::source::WINDOW_MAX)) this makes hostile text linear.

use aho_corasick::{AhoCorasick, AhoCorasickKind, Anchored, Input, MatchKind, StartKind};

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

/// How many bytes are passed over at a time.
const STRIDE: usize = 16;

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
    starts: Starts,
}

/// Where a word may begin, by its first three bytes.
///
/// Each word is in one of 32 groups; a bit stays set only if all three bytes can begin a word of the
/// same group. The idea is Teddy's (of Hyperscan), without its vector instructions. Prose passes at
/// three look-ups per byte, and the automaton runs only where a word is nearly sure to stand.
struct Starts([[u32; 256]; 3]);

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
            words.find_each(source.bytes(), |owner, at| {
                sweep.look(owner, self.detectors[owner], at);
            });
        }
        if sweep.claims.is_empty() { Vec::new() } else { resolve(source, sweep.claims) }
    }

    /// Most bytes interest nobody, so they are passed over several at a time.
    fn scan_bytes(&self, sweep: &mut Sweep<'_, '_>) {
        let bytes = sweep.source.bytes();
        let (chunks, rest) = bytes.as_chunks::<STRIDE>();
        for (n, chunk) in chunks.iter().enumerate() {
            let any = chunk.iter().fold(0, |any, byte| any | self.interest[usize::from(*byte)]);
            if any != 0 {
                self.look_at(sweep, chunk, n * STRIDE);
            }
        }
        self.look_at(sweep, rest, bytes.len() - rest.len());
    }

    /// Looks from each byte of `chunk`, which begins at `start`, that interests somebody.
    fn look_at(&self, sweep: &mut Sweep<'_, '_>, chunk: &[u8], start: usize) {
        for (at, byte) in (start..).zip(chunk) {
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
        let starts = Starts::new(&words);
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .start_kind(StartKind::Anchored)
            .kind(Some(AhoCorasickKind::DFA))
            .build(words)
            .expect("a few dozen short words fit an automaton");
        Some(Self { automaton, owners, starts })
    }

    /// Tells the owner and the place of each word: the longest at its place, none within another.
    fn find_each(&self, bytes: &[u8], mut found: impl FnMut(usize, usize)) {
        let mut resume = 0;
        for start in (0..bytes.len()).step_by(STRIDE) {
            let chunk = bytes.get(start..start + STRIDE + 2).and_then(|chunk| chunk.as_array());
            if chunk.is_some_and(|chunk| !self.starts.may_begin_within(chunk)) {
                continue;
            }
            for at in start.max(resume)..(start + STRIDE).min(bytes.len()) {
                let here = Input::new(bytes).range(at..).anchored(Anchored::Yes);
                if at >= resume
                    && self.starts.may_begin(bytes, at)
                    && let Some(word) = self.automaton.find(here)
                {
                    resume = word.end();
                    found(self.owners[word.pattern().as_usize()], at);
                }
            }
        }
    }
}

impl Starts {
    fn new(words: &[&str]) -> Self {
        let mut starts = [[0; 256]; 3];
        for (index, word) in words.iter().enumerate() {
            let group = 1 << (index % 32);
            debug_assert!(
                word.len() >= starts.len(),
                "{word} is too short to be told by its start"
            );
            for (table, byte) in starts.iter_mut().zip(word.bytes()) {
                table[usize::from(byte.to_ascii_lowercase())] |= group;
                table[usize::from(byte.to_ascii_uppercase())] |= group;
            }
        }
        Self(starts)
    }

    /// Whether a word may begin at one of the first [`STRIDE`] bytes.
    fn may_begin_within(&self, chunk: &[u8; STRIDE + 2]) -> bool {
        let [one, two, three] = &self.0;
        let groups = |at: usize| {
            one[usize::from(chunk[at])]
                & two[usize::from(chunk[at + 1])]
                & three[usize::from(chunk[at + 2])]
        };
        (0..STRIDE).fold(0, |any, at| any | groups(at)) != 0
    }

    fn may_begin(&self, bytes: &[u8], at: usize) -> bool {
        let [one, two, three] = &self.0;
        bytes.get(at..at + 3).is_some_and(|word| {
            one[usize::from(word[0])] & two[usize::from(word[1])] & three[usize::from(word[2])] != 0
        })
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
