//! Other forms of ASCII characters, and characters that cannot be seen.
//!
//! Of Unicode's compatibility forms (NFKC), those that people type or paste into values: full width,
//! mathematical letters and digits, blanks and hyphens of typesetters.

use super::Form;

const FULL_WIDTH: u32 = 0xfee0;
const LETTERS: u32 = 52;

/// Where such a character may begin.
pub(super) fn places(bytes: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let common = memchr::memchr3_iter(0xe2, 0xef, 0xc2, bytes);
    let is_math = |at: &usize| bytes.get(at + 1) == Some(&0x9d);
    common.chain(memchr::memchr_iter(0xf0, bytes).filter(is_math))
}

/// Whether the character at `at` can hide a value. Typesetters' signs can between digits only, and
/// the unseen beside ASCII: elsewhere they belong to other scripts and to emoji.
pub(super) fn is_telling(text: &str, at: usize) -> bool {
    let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) else { return false };
    let Some(form) = read(text, at) else { return false };
    let before = at.checked_sub(1).and_then(|i| text.as_bytes().get(i));
    let after = text.as_bytes().get(at + form.len);
    let both = |is: fn(&u8) -> bool| before.is_some_and(is) && after.is_some_and(is);
    match (c, form.stands_for) {
        (_, None) => {
            before.is_some_and(u8::is_ascii_graphic) || after.is_some_and(u8::is_ascii_graphic)
        }
        ('\u{a0}' | '\u{2000}'..='\u{206f}' | '\u{2212}', _) => {
            let is_part =
                |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b')' | b'(' | b'+');
            both(is_part)
                && (before.is_some_and(u8::is_ascii_digit) || after.is_some_and(u8::is_ascii_digit))
        }
        (_, Some(plain)) if plain.is_ascii_alphanumeric() || plain == '@' => true,
        _ => both(u8::is_ascii_alphanumeric),
    }
}

/// The character at `at`, if it has a plain form or none.
pub(super) fn read(text: &str, at: usize) -> Option<Form> {
    let c = text.get(at..)?.chars().next()?;
    let stands_for = match c {
        '\u{ad}' | '\u{34f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => None,
        '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => None,
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => Some(' '),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' => Some('-'),
        '\u{2024}' | '\u{fe52}' => Some('.'),
        '\u{fe6b}' => Some('@'),
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - FULL_WIDTH),
        '\u{1d400}'..='\u{1d6a3}' => mathematical(u32::from(c) - 0x1d400),
        '\u{1d7ce}'..='\u{1d7ff}' => char::from_digit((u32::from(c) - 0x1d7ce) % 10, 10),
        _ => return None,
    };
    Some(Form { stands_for, len: c.len_utf8() })
}

/// Thirteen alphabets of capitals and small letters follow each other.
fn mathematical(place: u32) -> Option<char> {
    let letter = u8::try_from(place % LETTERS).ok()?;
    Some(char::from(if letter < 26 { b'A' + letter } else { b'a' + letter - 26 }))
}
