//! How a kind is looked for: where its detector wants to look, and what it saw there.

use crate::kind::PiiKind;
use crate::source::Source;

/// One way of finding one kind.
pub(crate) struct Detector {
    pub(crate) kind: PiiKind,
    pub(crate) anchors: &'static [Anchors],
    pub(crate) look: fn(&Source<'_>, usize) -> Look,
    pub(crate) scope: Scope,
}

/// Where a detector wants to look.
pub(crate) enum Anchors {
    /// At each of these signs, unless a blank follows.
    Bytes(&'static [u8]),
    /// At each of these signs before a byte of which this is true.
    Before(&'static [u8], fn(u8) -> bool),
    /// At a `-`, `_` or `.` behind two letters of which this is true, unless a blank follows. It is asked once for all
    /// letters, and knows neither their case nor them from other bytes with the same five low bits.
    Signs(fn(u8, u8) -> bool),
    /// Where one of these words may begin, in any case. Only its first four bytes, which it
    /// must have, have been seen.
    Words(&'static [&'static str]),
    /// At the first digit of a number.
    Numbers(Number),
}

/// What numbers concern a detector. Most numbers in prose are short, and most digits in code stand
/// in names and hashes, so this spares most detectors the look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number {
    /// So many digits at least, a few signs between them not counted.
    pub(crate) digits_min: usize,
    /// How many digits may stand before the first sign; any number if the list is empty.
    pub(crate) first: &'static [usize],
    /// With which digits it may begin; with any if the list is empty.
    pub(crate) begins: &'static [u8],
    /// Whether a letter stands right before.
    pub(crate) after_letter: Letter,
    /// Whether one stands right after the first run.
    pub(crate) before_letter: Letter,
}

/// Whether a letter stands beside a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Letter {
    Never,
    Maybe,
    Always,
    /// Always, and no other digit before in the word: of a hash, most digits have some.
    First,
}

impl Number {
    /// Numbers of so many digits at least, the first run of which has one of these lengths.
    pub(crate) const fn new(digits_min: usize, first: &'static [usize]) -> Self {
        Self {
            digits_min,
            first,
            begins: &[],
            after_letter: Letter::Never,
            before_letter: Letter::Maybe,
        }
    }

    /// The same, beginning with one of these digits.
    pub(crate) const fn begins(self, begins: &'static [u8]) -> Self {
        Self { begins, ..self }
    }

    /// The same, perhaps or always right after a letter.
    pub(crate) const fn after_letter(self, after_letter: Letter) -> Self {
        Self { after_letter, ..self }
    }

    /// The same, always with a letter right after the first run.
    pub(crate) const fn before_letter(self) -> Self {
        Self { before_letter: Letter::Always, ..self }
    }
}

/// How much of the text a detector sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The line that the anchor is in: nothing beyond it can change what is found.
    Line,
    /// All of it, for what spans lines. What begins such a finding must be told from its line alone.
    Text,
}

/// What a detector saw from an anchor.
pub(crate) struct Look {
    pub(crate) found: Option<Found>,
    /// No anchor before this offset concerns the detector any more.
    pub(crate) resume: usize,
}

/// A span that a detector claims.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) rule: &'static str,
    pub(crate) confidence: f32,
}

impl Detector {
    /// A detector that sees the line of its anchor.
    pub(crate) const fn new(
        kind: PiiKind,
        anchors: &'static [Anchors],
        look: fn(&Source<'_>, usize) -> Look,
    ) -> Self {
        Self { kind, anchors, look, scope: Scope::Line }
    }

    /// The same, but it sees all of the text.
    pub(crate) const fn across_lines(self) -> Self {
        Self { scope: Scope::Text, ..self }
    }
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
