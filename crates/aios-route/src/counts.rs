//! What there is to count in a message: tokens, listed words and marks, in one pass.
//!
//! A token is a longest run of `[a-z0-9+']` in lower case. Letters beyond ASCII belong to the run
//! they stand in (`résumé` is one token, not three with `sum` among them). Where a script writes no
//! spaces, each pair of neighboring characters is a token, so that length still tells something.

use serde::Serialize;

use crate::ascii::{Class, word_length};
use crate::marks::{code_mark_length, ends_with_code_word};
use crate::words::{Lists, TOKEN_MAX, key_of, lists_of, lower_key};

/// How much of a long message's beginning is read, in bytes.
pub const HEAD_BYTES_MAX: usize = 2 * 1024;

/// How much of a long message's end is read, in bytes.
pub const TAIL_BYTES_MAX: usize = 1024;

/// Only this many tokens are looked at for LOGIC words.
const LOGIC_TOKENS_MAX: u32 = 400;
/// A MAKE word must be among this many first tokens.
const MAKE_TOKENS_MAX: u32 = 8;
/// A word that asks for a role must be among this many first tokens …
const PRETEND_TOKENS_MAX: u32 = 12;
/// … and the word that gives it among this many.
const PERSONA_TOKENS_MAX: u32 = 14;

/// The counts from which every term of the prior is made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Bytes of the message that were read.
    pub n_bytes: usize,
    /// Tokens.
    pub n_tokens: u32,
    /// Tokens that start with a digit.
    pub n_numbers: u32,
    /// Tokens about amounts.
    pub n_quant_words: u32,
    /// Tokens about programming.
    pub n_code_words: u32,
    /// Different tokens that ask for reasons, counted up to two.
    pub n_reason_words: u32,
    /// Tokens of condition and exception among the first 400.
    pub n_logic_words: u32,
    /// Tokens that ask for a change of a given text.
    pub n_transform_words: u32,
    /// Greetings, thanks and assent.
    pub n_greet_words: u32,
    /// The first token is one that looks something up.
    pub starts_with_lookup: bool,
    /// A text or a role is asked for.
    pub is_creative: bool,
    /// Mathematical marks.
    pub n_math_marks: u32,
    /// Marks of program text.
    pub n_code_marks: u32,
    /// Line feeds.
    pub n_newlines: u32,
    /// Question marks.
    pub n_question_marks: u32,
}

/// Counts what is in the first 2 KiB and the last 1 KiB of `text`.
#[must_use]
pub fn count(text: &str) -> Counts {
    let mut pass = Pass::default();
    for part in excerpt(text) {
        pass.read(part);
    }
    pass.finish()
}

/// The parts of a message that are read: all of it, or its beginning and its end.
fn excerpt(text: &str) -> [&str; 2] {
    if text.len() <= HEAD_BYTES_MAX + TAIL_BYTES_MAX {
        return [text, ""];
    }
    let (head, rest) = text.split_at(text.floor_char_boundary(HEAD_BYTES_MAX));
    let tail = rest.split_at(rest.ceil_char_boundary(rest.len() - TAIL_BYTES_MAX)).1;
    [head, tail]
}

/// The state of one pass.
#[derive(Default)]
struct Pass {
    counts: Counts,
    token: Token,
    /// No mark of program text begins before this offset of the part: one was found there.
    code_resume: usize,
    /// Length of the run of characters without spaces that is open, in characters.
    spaceless_run: u32,
    /// A token or such a run is open. Words of ASCII alone are seen at once and never are.
    is_open: bool,
    first_reason: Option<u128>,
    makes: bool,
    names_form: bool,
    roleplays: bool,
    pretends: bool,
    addresses_persona: bool,
}

impl Pass {
    fn read(&mut self, text: &str) {
        let bytes = text.as_bytes();
        (self.counts.n_bytes, self.code_resume) = (self.counts.n_bytes + bytes.len(), 0);
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let class = Class::of(*byte);
            if class.has(Class::WORD) {
                at = self.read_word(bytes, at);
            } else if byte.is_ascii() {
                self.end_runs();
                if class.has(Class::MARK) {
                    self.see_mark(char::from(*byte));
                    self.see_code_mark(bytes, at);
                }
                at += 1;
            } else {
                let wide = text.get(at..).and_then(|rest| rest.chars().next()).unwrap_or_default();
                self.step(wide);
                at += wide.len_utf8();
            }
        }
        self.end_runs();
    }

    /// Takes a run of ASCII letters, digits, `+` and `'` at once: most of most messages. Returns its end.
    fn read_word(&mut self, bytes: &[u8], at: usize) -> usize {
        let rest = bytes.get(at..).unwrap_or_default();
        let (length, classes) = word_length(rest);
        let word = rest.get(..length).unwrap_or_default();
        let next = rest.get(length);
        if classes.has(Class::PLUS) {
            // A mark as well as a part of the token.
            self.counts.n_math_marks +=
                word.iter().map(|byte| u32::from(*byte == b'+')).sum::<u32>();
        }
        if next == Some(&b' ') && ends_with_code_word(word) {
            self.counts.n_code_marks += 1;
        }
        // Only letters beyond ASCII can go on with a token.
        if !self.is_open && next.is_none_or(u8::is_ascii) {
            self.counts.n_numbers += u32::from(word.first().is_some_and(u8::is_ascii_digit));
            let key = key_of(rest, length);
            self.see_token(if classes.has(Class::UPPER) { key.map(lower_key) } else { key });
        } else {
            word.iter().for_each(|byte| self.continue_token(char::from(byte.to_ascii_lowercase())));
        }
        at + length
    }

    /// Takes a character beyond ASCII.
    fn step(&mut self, c: char) {
        if is_spaceless(c) {
            self.continue_spaceless();
        } else if c.is_alphanumeric() || is_joining_mark(c) {
            self.continue_token(c);
        } else {
            self.end_runs();
            self.see_mark(c);
        }
    }

    fn see_code_mark(&mut self, bytes: &[u8], at: usize) {
        if at >= self.code_resume
            && let Some(length) = bytes.get(at..).and_then(code_mark_length)
        {
            self.counts.n_code_marks += 1;
            self.code_resume = at + length;
        }
    }

    fn see_mark(&mut self, c: char) {
        match c {
            '=' | '^' | '*' | '<' | '>' | '%' | '$' | '\\' | '√' | '∑' | '∫' => {
                self.counts.n_math_marks += 1;
            }
            '\n' => self.counts.n_newlines += 1,
            '?' | '？' | '؟' => self.counts.n_question_marks += 1,
            _ => {}
        }
    }

    fn continue_token(&mut self, c: char) {
        self.is_open = true;
        if self.spaceless_run > 0 {
            self.end_spaceless();
        }
        self.token.push(c);
    }

    fn continue_spaceless(&mut self) {
        self.is_open = true;
        self.end_token();
        self.spaceless_run += 1;
        if self.spaceless_run > 1 {
            self.counts.n_tokens += 1;
        }
    }

    fn end_runs(&mut self) {
        if self.is_open {
            self.end_token();
            self.end_spaceless();
            self.is_open = false;
        }
    }

    /// A character that stands alone is a token of its own.
    fn end_spaceless(&mut self) {
        self.counts.n_tokens += u32::from(self.spaceless_run == 1);
        self.spaceless_run = 0;
    }

    fn end_token(&mut self) {
        if self.token.length == 0 {
            return;
        }
        let token = std::mem::take(&mut self.token);
        self.counts.n_numbers += u32::from(token.is_number);
        self.see_token(token.key());
    }

    /// A token is complete; it has a key if it can be on a list.
    fn see_token(&mut self, key: Option<u128>) {
        let index = self.counts.n_tokens;
        self.counts.n_tokens += 1;
        if let Some(key) = key {
            let lists = lists_of(key);
            if lists != Lists::NONE {
                self.see_listed(lists, index, key);
            }
        }
    }

    fn see_listed(&mut self, lists: Lists, index: u32, key: u128) {
        let counts = &mut self.counts;
        counts.n_quant_words += u32::from(lists.has(Lists::QUANT));
        counts.n_code_words += u32::from(lists.has(Lists::CODE));
        counts.n_logic_words += u32::from(lists.has(Lists::LOGIC) && index < LOGIC_TOKENS_MAX);
        counts.n_transform_words += u32::from(lists.has(Lists::XFORM));
        counts.n_greet_words += u32::from(lists.has(Lists::GREET));
        counts.starts_with_lookup |= lists.has(Lists::LOOKUP) && index == 0;
        self.makes |= lists.has(Lists::MAKE) && index < MAKE_TOKENS_MAX;
        self.names_form |= lists.has(Lists::FORM);
        self.roleplays |= lists.has(Lists::ROLEPLAY);
        self.pretends |= lists.has(Lists::PRETEND) && index < PRETEND_TOKENS_MAX;
        self.addresses_persona |= lists.has(Lists::PERSONA) && index < PERSONA_TOKENS_MAX;
        if lists.has(Lists::REASON) {
            self.see_reason(key);
        }
    }

    /// Two different words are all that the prior asks for, so one is remembered.
    fn see_reason(&mut self, key: u128) {
        let first = *self.first_reason.get_or_insert(key);
        let n = if first == key { 1 } else { 2 };
        self.counts.n_reason_words = self.counts.n_reason_words.max(n);
    }

    fn finish(self) -> Counts {
        let is_creative = (self.makes && self.names_form)
            || self.roleplays
            || (self.pretends && self.addresses_persona);
        Counts { is_creative, ..self.counts }
    }
}

/// The token that is being read, in lower case as far as it may be on a list.
#[derive(Default)]
struct Token {
    bytes: [u8; TOKEN_MAX],
    length: usize,
    is_number: bool,
    is_wide: bool,
}

impl Token {
    fn push(&mut self, c: char) {
        if self.length == 0 {
            self.is_number = c.is_numeric();
        }
        match u8::try_from(c).ok().filter(u8::is_ascii) {
            None => self.is_wide = true,
            Some(byte) => {
                if let Some(slot) = self.bytes.get_mut(self.length) {
                    *slot = byte;
                }
            }
        }
        self.length += 1;
    }

    /// The key in the word lists; `None` if the token cannot be on one.
    fn key(&self) -> Option<u128> {
        let is_plain = !self.is_wide && self.length <= TOKEN_MAX;
        is_plain.then(|| u128::from_le_bytes(self.bytes))
    }
}

/// Whether `c` is of a script that writes no spaces between words: Thai, Lao, Tibetan, Burmese,
/// Khmer, Chinese, Japanese.
fn is_spaceless(c: char) -> bool {
    let in_block = matches!(c,
        '\u{e00}'..='\u{eff}' | '\u{f00}'..='\u{fff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{3ffff}');
    in_block && c.is_alphanumeric()
}

/// Whether `c` is no letter but holds a word together: a combining accent, a joiner, or the vowel
/// killer and dot below, which stand at the same place in each Indic block.
fn is_joining_mark(c: char) -> bool {
    match c {
        '\u{300}'..='\u{36f}' | '\u{200c}' | '\u{200d}' => true,
        '\u{900}'..='\u{d7f}' => matches!(u32::from(c) & 0x7f, 0x3c | 0x4d),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
