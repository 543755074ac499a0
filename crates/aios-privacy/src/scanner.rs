//! One pass over the bytes and one over words find anchors; detectors look from there.
//!
//! Most text holds no anchor, so the cost of a scan is that of passing it over. One set of regular
//! expressions over all kinds would be fifty times slower: its lazy automaton outgrows its cache.
//!
//! A detector tells how far it has consumed the text and is not asked again before that point.
//! With looks that are bounded ([`WINDOW_MAX`](crate::source::WINDOW_MAX)) this makes hostile text linear.
//! A detector is given the anchor's line only, so that what is found in a line depends on nothing
//! else: text that changed in one line needs to be scanned again in that line alone.

mod bytes;
pub(crate) mod line;
mod numbers;
mod signs;
mod words;

use std::ops::Range;

use crate::custom::CustomRule;
use crate::detector::{Anchors, Detector, Found, Scope};
use crate::finding::{Claim, Finding, resolve};
use crate::kind::PiiKind;
use crate::kinds;
use crate::source::Source;
use crate::view::{self, View};
use line::Line;
use numbers::Numbers;
use signs::Signs;
use words::{NEEDLE, Words};

// A byte's interest has one bit per detector, and one for forms.
const _: () = assert!(kinds::DETECTORS.len() < u64::BITS as usize);

/// Stands for the interest of the second view.
const FORM: u64 = 1 << 63;

/// So much text is walked over at a time, by words and by bytes, while it is in the fastest cache.
const BLOCK: usize = 1024;

/// The anchors of the kinds that are on.
pub(crate) struct Scanner {
    detectors: Vec<&'static Detector>,
    signs: Signs,
    numbers: Numbers,
    words: Option<Words>,
    custom: Vec<CustomRule>,
}

impl Scanner {
    pub(crate) fn new(is_on: impl Fn(PiiKind) -> bool, custom: Vec<CustomRule>) -> Self {
        let custom = if is_on(PiiKind::Custom) { custom } else { Vec::new() };
        Self::of(kinds::DETECTORS.iter().copied().filter(|d| is_on(d.kind)).collect(), custom)
    }

    pub(crate) fn of(detectors: Vec<&'static Detector>, custom: Vec<CustomRule>) -> Self {
        let mut scanner = Self {
            signs: Signs::default(),
            numbers: Numbers::default(),
            words: None,
            custom,
            detectors,
        };
        let mut words = Vec::new();
        for (index, detector) in scanner.detectors.iter().enumerate() {
            let bit = 1 << index;
            for anchors in detector.anchors {
                match anchors {
                    Anchors::Bytes(bytes) => scanner.signs.add(bytes, |_| true, bit),
                    Anchors::Before(bytes, follows) => scanner.signs.add(bytes, follows, bit),
                    Anchors::Signs(is_head) => scanner.signs.add_heads(*is_head, bit),
                    Anchors::Words(own) => words.extend(own.iter().map(|word| (*word, bit))),
                    Anchors::Numbers(number) => scanner.numbers.add(number, bit),
                }
            }
        }
        // Between brackets, these are spelled out as well: `jo[@]example[.]com`, `https[:]//`.
        let closes = |byte| matches!(byte, b']' | b')' | b'}' | b'>');
        scanner.signs.add(b"@.:", closes, FORM);
        words.extend(view::WORDS.iter().map(|word| (*word, FORM)));
        scanner.words = Words::new(words);
        scanner
    }

    /// Every finding, sorted, without overlaps.
    pub(crate) fn scan(&self, source: &Source<'_>) -> Vec<Finding<'_>> {
        self.scan_lines(source, std::slice::from_ref(&(0..source.bytes().len())))
    }

    /// The findings that begin in `ranges`, which are whole lines, in order.
    pub(crate) fn scan_lines(
        &self,
        source: &Source<'_>,
        ranges: &[Range<usize>],
    ) -> Vec<Finding<'_>> {
        let mut sweep = Sweep::new(source, &self.detectors);
        for range in ranges {
            self.walk(&mut sweep, range.clone());
        }
        let mut claims = std::mem::take(&mut sweep.claims);
        let mut view = View::default();
        for window in sweep.near_forms(ranges) {
            self.scan_view(source, window, &mut view, &mut claims);
        }
        if !self.custom.is_empty() {
            for range in ranges {
                self.scan_custom(source.text(), range.clone(), &mut claims);
            }
        }
        if claims.is_empty() { Vec::new() } else { resolve(source, claims) }
    }

    /// Scans the second view of a part of a line.
    fn scan_view<'r>(
        &'r self,
        source: &Source<'_>,
        part: Range<usize>,
        view: &mut View,
        claims: &mut Vec<Claim<'r>>,
    ) {
        if !view.read(source.part(part.start, part.end).text()) {
            return;
        }
        let seen = Source::new(&view.text);
        let mut sweep = Sweep::new(&seen, &self.detectors);
        self.walk(&mut sweep, 0..view.text.len());
        let is_new = |claim: &Claim<'_>| view.is_near(claim.finding.start, claim.finding.end);
        let found = sweep.claims.into_iter().filter(is_new).map(|mut claim| {
            let (start, end) = view.in_line(claim.finding.start, claim.finding.end);
            (claim.finding.start, claim.finding.end) = (part.start + start, part.start + end);
            claim
        });
        claims.extend(found);
        source.count(seen.work());
    }

    /// Comes by every anchor in the range.
    fn walk<'r>(&'r self, sweep: &mut Sweep<'r, '_, '_>, range: Range<usize>) {
        for start in range.clone().step_by(BLOCK) {
            let end = (start + BLOCK).min(range.end);
            let n_before = sweep.claims.len();
            self.scan_words(sweep, start, end);
            self.scan_bytes(sweep, start, end);
            // A few that are nearly in order: cheaper than all of them together at the end.
            if let Some(new) = sweep.claims.get_mut(n_before..) {
                new.sort_unstable_by_key(Claim::order);
            }
        }
    }

    /// Lets the configuration's own rules see each line of the range, and its second view.
    fn scan_custom<'r>(&'r self, text: &str, range: Range<usize>, claims: &mut Vec<Claim<'r>>) {
        let (mut line_start, mut view) = (range.start, View::default());
        for line in text.get(range).unwrap_or_default().split('\n') {
            let seen = if view.read(line) { view.text.as_str() } else { "" };
            for (n, custom) in self.custom.iter().enumerate() {
                let undone = custom.find_each(seen).map(|(start, end)| view.in_line(start, end));
                claims.extend(custom.find_each(line).chain(undone).map(|(start, end)| Claim {
                    finding: Finding {
                        kind: PiiKind::Custom,
                        start: line_start + start,
                        end: line_start + end,
                        rule: custom.rule(),
                        confidence: CustomRule::CONFIDENCE,
                    },
                    rank: kinds::DETECTORS.len() + n,
                }));
            }
            line_start += line.len() + 1;
        }
    }

    /// Where before `cut`, in its line, one of the configuration's own rules may begin to match what only
    /// the text behind `cut` decides; `cut` if none does.
    pub(crate) fn begun(&self, text: &str, cut: usize) -> usize {
        if self.custom.is_empty() {
            return cut;
        }
        let (mut line, mut view) = (Line::default(), View::default());
        line.move_to(text.as_bytes(), cut);
        let part = |end| text.get(line.start..end).unwrap_or_default();
        let head = part(cut);
        let seen = if view.read(part(line.end)) { view.before(head.len()) } else { "" };
        let begun = self.custom.iter().flat_map(|custom| {
            let undone = custom.begun_in(seen).map(|at| view.in_line(at, at).0);
            custom.begun_in(head).into_iter().chain(undone)
        });
        begun.min().map_or(cut, |begun| line.start + begun)
    }

    /// Looks from the words that begin in `start..end`, a block.
    fn scan_words(&self, sweep: &mut Sweep<'_, '_, '_>, start: usize, end: usize) {
        let Some(words) = &self.words else { return };
        let text = sweep.source.bytes();
        let text = text.get(start..text.len().min(end + NEEDLE - 1)).unwrap_or_default();
        words.each(text, |owners, at| sweep.look_all(owners, start + at, Walk::Words));
    }

    /// Looks from the bytes and the numbers in `start..end`.
    fn scan_bytes(&self, sweep: &mut Sweep<'_, '_, '_>, start: usize, end: usize) {
        let text = sweep.source.bytes();
        let before = start.checked_sub(1).and_then(|at| text.get(at)).copied();
        bytes::each(before, text.get(start..end).unwrap_or_default(), |at| {
            let at = start + at;
            let byte = text[at];
            let owners = if byte.is_ascii_digit() {
                self.numbers.owners(sweep.source, at)
            } else {
                self.signs.owners(text, at)
            };
            if owners != 0 {
                sweep.look_all(owners, at, Walk::Bytes);
            }
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
struct Sweep<'r, 's, 'a> {
    source: &'s Source<'a>,
    detectors: &'r [&'static Detector],
    claims: Vec<Claim<'r>>,
    /// Per detector, the offset before which it has nothing more to see.
    /// Each walk has its own, since the one is ahead of the other.
    resume: [[usize; kinds::DETECTORS.len()]; 2],
    lines: [Line; 2],
    /// Where something may be spelled out.
    forms: Vec<usize>,
}

impl<'r, 's, 'a> Sweep<'r, 's, 'a> {
    fn new(source: &'s Source<'a>, detectors: &'r [&'static Detector]) -> Self {
        let resume = [[0; kinds::DETECTORS.len()]; 2];
        Self {
            source,
            detectors,
            claims: Vec::new(),
            resume,
            lines: [Line::default(); 2],
            forms: Vec::new(),
        }
    }

    /// Lets all `owners` look that have not consumed the text before `at` already.
    fn look_all(&mut self, mut owners: u64, at: usize, walk: Walk) {
        if owners & FORM != 0 {
            owners &= !FORM;
            self.note_form(at, walk);
        }
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

    /// Remembers that something may be spelled out at `at`.
    fn note_form(&mut self, at: usize, walk: Walk) {
        // A sign is spelled out between brackets, one of which is before it.
        self.forms.push(if let Walk::Words = walk { at } else { at.saturating_sub(1) });
    }

    /// What in `ranges` is near a form which the second view undoes.
    fn near_forms(&self, ranges: &[Range<usize>]) -> Vec<Range<usize>> {
        let text = self.source.text();
        let is_spelled = |at: &usize| view::is_spelled(text, *at);
        let mut places: Vec<_> = self.forms.iter().copied().filter(is_spelled).collect();
        for range in ranges {
            let part = text.get(range.clone()).unwrap_or_default();
            places.extend(view::places(part).map(|at| range.start + at));
        }
        places.sort_unstable();
        let (mut windows, mut line) = (Vec::new(), Line::default());
        for at in places {
            line.move_to(text.as_bytes(), at);
            view::add_window(text, line.start..line.end, at, &mut windows);
        }
        windows
    }
}
