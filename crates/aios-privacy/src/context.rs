//! The words before a value: "call", "version", "order no".
//!
//! A shape without a checksum is believed only where the text says what it is. The nearest telling
//! word decides, so `phone 1: order 4155552671` is an order.

use crate::digits::values;
use crate::source::Source;

/// How far before a value a cue word may stand, in bytes.
pub(crate) const CUE_WINDOW: usize = 40;

/// The colon of Chinese and Japanese.
const COLON: &str = "：";

/// The longest name in a mask.
const MASK_MAX: usize = 16;

/// So many digits between a word and a value are a number of their own.
const SPENT_DIGITS: usize = 3;

/// A list of words, in lower case.
type Words = &'static [&'static str];

/// Words that speak for a reading of a value, and words that speak against it.
pub(crate) struct Cues {
    speak_for: &'static [Words],
    speak_against: &'static [Words],
    /// One bit for each class of words, as [`class_of`] has it, that one of the words is of. Nearly
    /// every word of a text is of none, which spares the search in the lists.
    classes: [u64; CLASSES / 64],
}

const CLASSES: usize = 4096;

/// What the nearest telling word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    For,
    Against,
    Silent,
}

impl Cues {
    pub(crate) const fn new(speak_for: &'static [Words], speak_against: &'static [Words]) -> Self {
        let mut classes = [0; CLASSES / 64];
        let lists = [speak_for, speak_against];
        let mut side = 0;
        while side < lists.len() {
            let mut list = 0;
            while list < lists[side].len() {
                let mut word = 0;
                while word < lists[side][list].len() {
                    let class = class_of(lists[side][list][word].as_bytes());
                    classes[class / 64] |= 1 << (class % 64);
                    word += 1;
                }
                list += 1;
            }
            side += 1;
        }
        Self { speak_for, speak_against, classes }
    }

    /// Reads the words in the `window` bytes before `at`, nearest first.
    ///
    /// A word against is spent on the number that follows it: in `order 4711, mine is 202-555-0143`
    /// it says nothing of the second. A word for is not: `call 555-0143 or 555-0144`.
    pub(crate) fn before(&self, source: &Source<'_>, at: usize, window: usize) -> Verdict {
        let start = source.run_left(at, window, |byte| byte != b'\n');
        let (mut end, mut n_digits_passed) = (at, 0);
        while let Some((from, to)) = word_before(source, start, end) {
            n_digits_passed += values(source, to, end).count();
            if ends_sentence(source, from, to) || holds_sentence_end(source, to, end) {
                break;
            }
            let is_spent = n_digits_passed >= SPENT_DIGITS;
            match self.verdict(source, from, to) {
                Verdict::For => return Verdict::For,
                Verdict::Against if !is_spent => return Verdict::Against,
                Verdict::Against | Verdict::Silent => end = from,
            }
        }
        Verdict::Silent
    }

    fn verdict(&self, source: &Source<'_>, from: usize, to: usize) -> Verdict {
        let whole = source.run_left(from, CUE_WINDOW, is_letter);
        let may_know = |from| self.may_know(source, from, to);
        if !(may_know(from) || (whole < from && may_know(whole))) {
            return Verdict::Silent;
        }
        let is = |word: &&str| match (to - from).checked_sub(word.len()) {
            Some(0) => source.has_word(from, word),
            // Scripts without blanks run words together.
            Some(_) if !word.is_ascii() => source.has_word(to - word.len(), word),
            // `WhatsApp` is one word all the same.
            _ => whole < from && to - whole == word.len() && source.has_word(whole, word),
        };
        let has = |lists: &[Words]| lists.iter().any(|words| words.iter().any(is));
        if is_mask(source, from, to) {
            Verdict::Silent
        } else if has(self.speak_for) {
            Verdict::For
        } else if has(self.speak_against) {
            Verdict::Against
        } else {
            Verdict::Silent
        }
    }

    /// Whether a word may be in one of the lists. Of other scripts, all may: their words run together.
    fn may_know(&self, source: &Source<'_>, from: usize, to: usize) -> bool {
        let word = source.bytes().get(from..to).unwrap_or_default();
        let class = class_of(word);
        let is_foreign = word.last().is_some_and(|byte| !byte.is_ascii());
        is_foreign || self.classes[class / 64] >> (class % 64) & 1 == 1
    }
}

/// A number for the length, the first and the last letter of a word, in any case.
const fn class_of(word: &[u8]) -> usize {
    match word {
        [] => 0,
        [first, .., last] => {
            let letters = ((*first & 31) as usize) << 5 | (*last & 31) as usize;
            (letters * 4 + word.len() * 37) % CLASSES
        }
        [only] => (*only & 31) as usize,
    }
}

/// Whether `from..to` is the name in a mask such as `[PHONE]`. A mask must not be a cue, or masking
/// one number would make the next one suspect.
pub(crate) fn is_mask(source: &Source<'_>, from: usize, to: usize) -> bool {
    // Of `[NATIONAL_ID]`, both words are.
    let is_part = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
    let start = source.run_left(from, MASK_MAX, is_part);
    source.before(start) == Some(b'[')
        && source.byte(source.run_right(to, MASK_MAX, is_part)) == Some(b']')
}

/// Whether a sentence ends after the word, so that it and the words before it do not speak of the
/// value. A dot after up to three letters is that of an abbreviation, as in `tel.` and `no.`.
fn ends_sentence(source: &Source<'_>, from: usize, to: usize) -> bool {
    let is_end = matches!(source.byte(to), Some(b'.' | b'!')) && source.byte(to + 1) == Some(b' ');
    is_end && to - from > 3
}

/// Whether a sentence ends after something that is no word, such as a number or a quote.
fn holds_sentence_end(source: &Source<'_>, start: usize, end: usize) -> bool {
    let gap = source.bytes().get(start..end).unwrap_or_default();
    gap.windows(2).skip(1).any(|pair| matches!(pair, b". " | b"! " | b"? "))
}

/// The last word that ends at or before `end`. `userPhone` and `user_phone` are two words each;
/// letters that are not ASCII belong to words.
fn word_before(source: &Source<'_>, start: usize, end: usize) -> Option<(usize, usize)> {
    let mut to = source.run_left(end, end - start, |byte| !is_letter(byte));
    while source.has(to.saturating_sub(COLON.len()), COLON) && to >= start + COLON.len() {
        to -= COLON.len();
    }
    let mut from =
        source.run_left(to, to - start, |byte| is_letter(byte) && !byte.is_ascii_uppercase());
    if from > start && source.before(from).is_some_and(|byte| byte.is_ascii_uppercase()) {
        let is_camel = from < to;
        from = if is_camel {
            from - 1
        } else {
            source.run_left(from, from - start, |byte| byte.is_ascii_uppercase())
        };
    }
    (from < to).then_some((from, to))
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    static CUES: Cues = Cues::new(&[&["phone", "tel", "téléphone"]], &[&["order"]]);

    fn check(before: &str, expect: Verdict) {
        assert_eq!(CUES.before(&Source::new(before), before.len(), CUE_WINDOW), expect, "{before}");
    }

    #[test]
    fn the_nearest_telling_word_decides() {
        check("phone: ", Verdict::For);
        check("phone 1, order ", Verdict::Against);
        check("phone 555-0143 or ", Verdict::For);
        check("order by PHONE ", Verdict::For);
        check("nothing here ", Verdict::Silent);
        check("", Verdict::Silent);
    }

    #[test]
    fn identifiers_are_split_into_words() {
        for before in ["user_phone=", "userPhone: ", "\"phone\":\"", "Téléphone ", "Tel. "] {
            check(before, Verdict::For);
        }
        check("telegram ", Verdict::Silent);
    }

    #[test]
    fn masks_far_words_and_other_lines_say_nothing() {
        check("[PHONE] ", Verdict::Silent);
        check("phone\n", Verdict::Silent);
        check("I lost my phone. It is ", Verdict::Silent);
        check("order no. ", Verdict::Against);
        check("order 4711, mine is ", Verdict::Silent);
        check(&format!("phone{}", " ".repeat(CUE_WINDOW)), Verdict::Silent);
    }
}
