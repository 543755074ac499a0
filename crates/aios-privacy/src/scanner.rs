//! One pass over the bytes and one over words in lower case find anchors; detectors look from there.
//!
//! Most text holds no anchor, so the cost of a scan is that of passing it over. One set of regular
//! expressions over all kinds would be fifty times slower: its lazy automaton outgrows its cache.
//!
//! A detector tells how far it has consumed the text and is not asked again before that point.
//! With looks that are bounded ([`WINDOW_MAX`](crate::source::WINDOW_MAX)) this makes hostile text linear.
//! A detector is given the anchor's line only, so that what is found in a line depends on nothing
//! else: text that changed in one line needs to be scanned again in that line alone.

mod bytes;
mod line;
mod words;

use std::ops::Range;

use crate::detector::{Anchors, Detector, Found, Scope};
use crate::finding::{Claim, Finding, resolve};
use crate::kind::PiiKind;
use crate::kinds;
use crate::source::Source;
use line::Line;
use words::{NEEDLE, Words};

// A byte's interest has one bit per detector.
const _: () = assert!(kinds::DETECTORS.len() <= u64::BITS as usize);

/// So much text is put into lower case at a time, in a buffer that stays in the fastest cache.
const BLOCK: usize = 1024;
/// Blanks after a block's end, so that the search for words always has whole vectors to read.
const PADDING: usize = 64;

/// More digits than any number here has.
const DIGITS_MAX: usize = 20;
/// How far digits of one number are looked for, and the longest run of signs inside it, in bytes.
const NUMBER_MAX: usize = 48;
const SIGNS_MAX: usize = 3;

/// The anchors of the kinds that are on.
pub(crate) struct Scanner {
    detectors: Vec<&'static Detector>,
    /// For each byte, one bit per detector that it anchors.
    interest: [u64; 256],
    /// For each number of digits, one bit per detector that so many are enough for.
    numbers: [u64; DIGITS_MAX + 1],
    words: Option<Words>,
}

impl Scanner {
    pub(crate) fn new(is_on: impl Fn(PiiKind) -> bool) -> Self {
        let detectors: Vec<_> =
            kinds::DETECTORS.iter().copied().filter(|d| is_on(d.kind)).collect();
        let mut scanner =
            Self { interest: [0; 256], numbers: [0; DIGITS_MAX + 1], words: None, detectors };
        let mut words = Vec::new();
        for (index, detector) in scanner.detectors.iter().enumerate() {
            let bit = 1 << index;
            for anchors in detector.anchors {
                match anchors {
                    Anchors::Bytes(bytes) => {
                        debug_assert!(bytes.iter().all(|byte| bytes::may_anchor(*byte)));
                        bytes.iter().for_each(|byte| scanner.interest[usize::from(*byte)] |= bit);
                    }
                    Anchors::Words(own) => words.extend(own.iter().map(|word| (*word, bit))),
                    Anchors::Numbers(least) => {
                        scanner.numbers.iter_mut().skip(*least).for_each(|owners| *owners |= bit);
                    }
                }
            }
        }
        scanner.words = Words::new(words);
        scanner
    }

    /// Every finding, sorted, without overlaps.
    pub(crate) fn scan(&self, source: &Source<'_>) -> Vec<Finding> {
        self.scan_lines(source, std::slice::from_ref(&(0..source.bytes().len())))
    }

    /// The findings that begin in `ranges`, which are whole lines, in order.
    pub(crate) fn scan_lines(&self, source: &Source<'_>, ranges: &[Range<usize>]) -> Vec<Finding> {
        let mut sweep = Sweep::new(source, &self.detectors);
        for range in ranges {
            for start in range.clone().step_by(BLOCK) {
                let end = (start + BLOCK).min(range.end);
                self.scan_words(&mut sweep, start, end);
                self.scan_bytes(&mut sweep, start, end);
            }
        }
        if sweep.claims.is_empty() { Vec::new() } else { resolve(source, sweep.claims) }
    }

    /// Looks from the words that begin in `start..end`, a block.
    fn scan_words(&self, sweep: &mut Sweep<'_, '_>, start: usize, end: usize) {
        let Some(words) = &self.words else { return };
        let text = sweep.source.bytes();
        let text = text.get(start..text.len().min(end + NEEDLE - 1)).unwrap_or_default();
        let mut buffer = [b' '; BLOCK + NEEDLE + PADDING];
        let Some(lower) = buffer.get_mut(..text.len() + PADDING) else { return };
        lower[..text.len()].copy_from_slice(text);
        lower[..text.len()].make_ascii_lowercase();
        let mut from = 0;
        while let Some((owners, at)) = words.next(lower, from)
            && start + at < end
        {
            sweep.look_all(owners, start + at, Walk::Words);
            from = at + 1;
        }
    }

    /// Looks from the bytes and the numbers in `start..end`.
    fn scan_bytes(&self, sweep: &mut Sweep<'_, '_>, start: usize, end: usize) {
        let text = sweep.source.bytes();
        bytes::each(text.get(start..end).unwrap_or_default(), |at| {
            let at = start + at;
            let byte = text[at];
            let owners = if byte.is_ascii_digit() {
                let is_first = at.checked_sub(1).is_none_or(|i| !text[i].is_ascii_digit());
                if is_first { self.numbers[sweep.n_digits(at)] } else { 0 }
            } else {
                let joins = text.get(at + 1).is_some_and(|next| !next.is_ascii_whitespace());
                if joins { self.interest[usize::from(byte)] } else { 0 }
            };
            sweep.look_all(owners, at, Walk::Bytes);
        });
    }
}

/// The two walks over a block; each comes by its anchors in order.
#[derive(Debug, Clone, Copy)]
enum Walk {
    Words,
    Bytes,
}

/// The state of one scan.
struct Sweep<'s, 'a> {
    source: &'s Source<'a>,
    detectors: &'s [&'static Detector],
    claims: Vec<Claim>,
    /// Per detector, the offset before which it has nothing more to see.
    /// Each walk has its own, since the one is ahead of the other.
    resume: [[usize; kinds::DETECTORS.len()]; 2],
    lines: [Line; 2],
}

impl<'s, 'a> Sweep<'s, 'a> {
    fn new(source: &'s Source<'a>, detectors: &'s [&'static Detector]) -> Self {
        let resume = [[0; kinds::DETECTORS.len()]; 2];
        Self { source, detectors, claims: Vec::new(), resume, lines: [Line::default(); 2] }
    }

    /// Lets all `owners` look that have not consumed the text before `at` already.
    fn look_all(&mut self, mut owners: u64, at: usize, walk: Walk) {
        if owners == 0 {
            return;
        }
        let line = &mut self.lines[walk as usize];
        line.move_to(self.source.bytes(), at);
        let start = line.start;
        let line = self.source.part(start, line.end);
        while owners != 0 {
            let index = owners.trailing_zeros() as usize;
            owners &= owners - 1;
            if at >= self.resume[walk as usize][index] {
                match self.detectors[index].scope {
                    Scope::Line => self.look(index, &line, start, at, walk),
                    Scope::Text => self.look(index, self.source, 0, at, walk),
                }
            }
        }
        self.source.absorb(&line);
    }

    /// Lets one detector look at a part of the text that begins at `start`.
    fn look(&mut self, index: usize, part: &Source<'a>, start: usize, at: usize, walk: Walk) {
        let detector = self.detectors[index];
        let look = (detector.look)(part, at - start);
        self.resume[walk as usize][index] = (start + look.resume).max(at + 1);
        if let Some(Found { start: from, end, rule, confidence }) = look.found {
            let (from, end) = (start + from, start + end);
            let finding = Finding { kind: detector.kind, start: from, end, rule, confidence };
            self.claims.push(Claim { finding, rank: index });
        }
    }

    /// How many digits, [`DIGITS_MAX`] at most, stand from `at` on with only a few signs between them.
    fn n_digits(&self, at: usize) -> usize {
        let (mut n_digits, mut n_signs, mut n_seen) = (0, 0, 0);
        for byte in self.source.bytes().iter().skip(at).take(NUMBER_MAX) {
            n_seen += 1;
            if byte.is_ascii_digit() {
                (n_digits, n_signs) = (n_digits + 1, 0);
            } else if n_signs < SIGNS_MAX && is_sign(*byte) {
                n_signs += 1;
            } else {
                break;
            }
            if n_digits == DIGITS_MAX {
                break;
            }
        }
        self.source.count(n_seen);
        n_digits
    }
}

/// What people put between the digits of one number.
fn is_sign(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'.' | b'(' | b')' | b'/')
}
