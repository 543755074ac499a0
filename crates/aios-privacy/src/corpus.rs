//! A seeded maker of labelled text, and the bars that the scanner must clear on it.
//!
//! Values are put into chat, JSON, logs, tables and code, some in a form that hides them; between
//! them stand prose and things that look like values and are none. One seed always makes one text.
//!
//! Rules are tuned by looking at texts of [`DEV_SEEDS`]. Those of [`TEST_SEEDS`] only judge: a rule
//! that was made to fit them would prove nothing.

mod bank;
mod crypto;
mod frame;
mod hard;
mod hostile;
mod identity;
mod negative;
mod pages;
mod prose;
mod quality;
mod random;
mod secret;
mod value;

use std::ops::Range;

use crate::kind::PiiKind;

pub use hostile::HOSTILE;
pub use pages::{DESK_DEV, DESK_TEST, PAGES_DEV, PAGES_TEST, desk, page};
pub use quality::{Bar, LEAKED_MAX, OVER_REDACTED_MAX, Quality, Tally, measure};

use random::Random;

/// Seeds whose texts may be looked at.
pub const DEV_SEEDS: Range<u64> = 0..6_000;
/// Seeds whose texts judge.
pub const TEST_SEEDS: Range<u64> = 9_000_000..9_006_000;

/// Text in which it is known what is personal.
#[derive(Debug, Default)]
pub struct Sample {
    /// The text.
    pub text: String,
    /// What must be found in it, in order.
    pub labels: Vec<Label>,
}

/// A span that must be found.
#[derive(Debug, Clone, Copy)]
pub struct Label {
    /// What it is.
    pub kind: PiiKind,
    /// Its first byte.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// Whether it is written in a form that hides it.
    pub is_hard: bool,
}

/// A value as it is written, with the words that announce it.
struct Value {
    cue: &'static str,
    text: String,
    is_hard: bool,
}

/// The text of a seed: a few lines, two in five of which hold a value.
#[must_use]
pub fn sample(seed: u64) -> Sample {
    let random = &mut Random::new(seed);
    let mut sample = Sample::default();
    for _ in 0..1 + random.below(5) {
        match random.below(10) {
            0..=2 => sample.text.push_str(&prose::sentence(random)),
            3..=5 => sample.text.push_str(&negative::sentence(random)),
            _ => frame::push_value(&mut sample, random),
        }
        sample.text.push_str(random.pick(&[" ", "\n", "\n\n", " ", "  ", "\r\n"]));
    }
    sample
}

/// Prose of at least so many bytes, in one record of twenty of which is a value.
#[must_use]
pub fn prose(seed: u64, bytes_min: usize) -> String {
    text_of(seed, bytes_min, |sample, random| match random.below(60) {
        0 => frame::push_value(sample, random),
        _ => sample.text.push_str(&prose::sentence(random)),
    })
}

/// Prose of at least so many bytes without any value.
#[cfg(test)]
pub(crate) fn prose_alone(seed: u64, bytes_min: usize) -> String {
    text_of(seed, bytes_min, |sample, random| sample.text.push_str(&prose::sentence(random)))
}

/// Text of at least so many bytes that is nothing but values, each in what stands around it.
#[must_use]
pub fn dense(seed: u64, bytes_min: usize) -> String {
    text_of(seed, bytes_min, frame::push_value)
}

fn text_of(seed: u64, bytes_min: usize, push: impl Fn(&mut Sample, &mut Random)) -> String {
    let random = &mut Random::new(seed);
    let mut sample = Sample::default();
    while sample.text.len() < bytes_min {
        push(&mut sample, random);
        sample.text.push_str(random.pick(&[" ", " ", " ", "\n"]));
    }
    sample.text
}

impl Sample {
    fn push_label(&mut self, kind: PiiKind, value: &Value) {
        let start = self.text.len();
        self.text.push_str(&value.text);
        self.labels.push(Label { kind, start, end: self.text.len(), is_hard: value.is_hard });
    }
}

#[cfg(test)]
mod tests;
