//! The words before a value: "call", "version", "order no".
//!
//! A shape without a checksum is believed only where the text says what it is. The nearest telling
//! word decides, so `phone 1: order 4155552671` is an order.

use crate::digits::values;
use crate::source::Source;

/// How far before a value a cue word may stand, in bytes.
pub(crate) const CUE_WINDOW: usize = 40;

/// How far before a value in columns, which tabs part: the cue is of the column before.
pub(crate) const COLUMN_WINDOW: usize = 16;

/// The colon of Chinese and Japanese.
const COLON: &str = "：";

/// The longest name in a mask.
const MASK_MAX: usize = 16;

/// So many digits between a word and a value are a number of their own.
const SPENT_DIGITS: usize = 3;

/// What may end a label.
const LABEL_ENDINGS: [&str; 6] = ["number", "no", "nr", "num", "id", "is"];

/// A list of words, in lower case.
type Words = &'static [&'static str];

/// Words that speak for a reading of a value, and words that speak against it.
///
/// A table made when this is compiled: nearly every word of a text is of a class that is empty.
pub(crate) struct Cues {
    /// The words, each with what it says. Those that end in another script come first.
    words: [(&'static str, Verdict); WORDS_MAX],
    n_words: usize,
    n_foreign: usize,
    /// For each class of words, as [`class_of`] has it, the place of the first of it, counted from 1.
    first: [u8; CLASSES],
    /// For each word, the next of its class.
    next: [u8; WORDS_MAX],
}

const CLASSES: usize = 1024;
const WORDS_MAX: usize = 224;

/// What the nearest telling word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    For,
    Against,
    Silent,
}

impl Cues {
    pub(crate) const fn new(speak_for: &'static [Words], speak_against: &'static [Words]) -> Self {
        let mut cues = Self {
            words: [("", Verdict::Silent); WORDS_MAX],
            n_words: 0,
            n_foreign: 0,
            first: [0; CLASSES],
            next: [0; WORDS_MAX],
        };
        cues.add(speak_for, Verdict::For, false);
        cues.add(speak_against, Verdict::Against, false);
        cues.n_foreign = cues.n_words;
        // A word that is in both speaks for: of a class, the last that was added is found first.
        cues.add(speak_against, Verdict::Against, true);
        cues.add(speak_for, Verdict::For, true);
        cues
    }

    /// Adds the words of these lists that end in an ASCII letter, or those that do not.
    const fn add(&mut self, lists: &[Words], says: Verdict, in_ascii: bool) {
        let mut list = 0;
        while list < lists.len() {
            let mut at = 0;
            while at < lists[list].len() {
                let word = lists[list][at];
                if word.as_bytes()[word.len() - 1].is_ascii() == in_ascii {
                    self.words[self.n_words] = (word, says);
                    self.n_words += 1;
                    if in_ascii {
                        let class = class_of(word.as_bytes());
                        self.next[self.n_words - 1] = self.first[class];
                        self.first[class] = self.n_words as u8;
                    }
                }
                at += 1;
            }
            list += 1;
        }
    }

    /// Reads the words in the `window` bytes before `at`, nearest first.
    ///
    /// A word against is spent on the number that follows it: in `order 4711, mine is 202-555-0143`
    /// it says nothing of the second. A word for is not: `call 555-0143 or 555-0144`.
    pub(crate) fn before(&self, source: &Source<'_>, at: usize, window: usize) -> Verdict {
        let start = line_start(source, at, window);
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

    /// Whether a word that speaks for it is the value's own label, as in `citizen: …` and `identity_number = "…"`: words in
    /// between, as in `personal cloud account …`, make it that of something else.
    pub(crate) fn label(&self, source: &Source<'_>, at: usize, window: usize) -> bool {
        let start = line_start(source, at, window);
        let mut end = at;
        while let Some((from, to)) = word_before(source, start, end) {
            if self.verdict(source, from, to) == Verdict::For {
                return true;
            }
            let is_ending = |word: &&str| word.len() == to - from && source.has_word(from, word);
            if !LABEL_ENDINGS.iter().any(is_ending) {
                return false;
            }
            end = from;
        }
        false
    }

    fn verdict(&self, source: &Source<'_>, from: usize, to: usize) -> Verdict {
        // `WhatsApp` is one word all the same.
        let whole = source.run_left(from, CUE_WINDOW, is_letter);
        let part = self.find(source, from, to);
        let found = match part {
            Verdict::For => part,
            _ if whole < from => self.find(source, whole, to).or(part),
            _ => part,
        };
        if found != Verdict::Silent && is_mask(source, from, to) { Verdict::Silent } else { found }
    }

    /// What the word says.
    fn find(&self, source: &Source<'_>, from: usize, to: usize) -> Verdict {
        let word = source.bytes().get(from..to).unwrap_or_default();
        if word.last().is_some_and(|byte| !byte.is_ascii()) {
            // Scripts without blanks run words together.
            let foreign = self.words[..self.n_foreign].iter();
            let found =
                foreign.map(|(known, says)| (to.checked_sub(known.len()), known, says)).find(
                    |(at, known, _)| at.is_some_and(|at| at >= from && source.has_word(at, known)),
                );
            return found.map_or(Verdict::Silent, |(_, _, says)| *says);
        }
        let mut place = usize::from(self.first[class_of(word)]);
        while place > 0 {
            let (known, says) = self.words[place - 1];
            if known.len() == word.len() && source.has_word(from, known) {
                return says;
            }
            place = usize::from(self.next[place - 1]);
        }
        Verdict::Silent
    }
}

/// Where the line that ends at `at` begins, at most `window` bytes back.
fn line_start(source: &Source<'_>, at: usize, window: usize) -> usize {
    let from = at.saturating_sub(window);
    let before = source.bytes().get(from..at).unwrap_or_default();
    source.count(before.len());
    memchr::memrchr(b'\n', before).map_or(from, |n| from + n + 1)
}

impl Verdict {
    /// What speaks for comes before what speaks against.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::For, _) | (_, Self::For) => Self::For,
            (Self::Against, _) | (_, Self::Against) => Self::Against,
            (Self::Silent, Self::Silent) => Self::Silent,
        }
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

/// Of four letters.
const ABBREVIATIONS: [&str; 2] = ["cell.", "fisc."];

/// Whether a sentence ends after the word, so that it and the words before it do not speak of the
/// value. A dot after up to three letters is that of an abbreviation, as in `tel.` and `no.`, and so are Italy's.
fn ends_sentence(source: &Source<'_>, from: usize, to: usize) -> bool {
    let is_end = matches!(source.byte(to), Some(b'.' | b'!')) && source.byte(to + 1) == Some(b' ');
    let n_letters = || source.between(from, to).chars().count();
    is_end
        && to - from > 3
        && n_letters() > 3
        && !(to - from == 4 && ABBREVIATIONS.iter().any(|short| source.has_word(from, short)))
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
