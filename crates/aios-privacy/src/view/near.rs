//! What is near a form: a second view is made of that alone, since the rest of its line reads the same.
//!
//! A long line with one escape in it, such as a document in JSON, is so not scanned twice. Windows
//! begin and end between words, and never inside a row of digits, so that their edges bring nothing to
//! light.

use std::ops::Range;

/// Bytes before a form that are looked at once more: half of the longest value of several words, and
/// its cue before it.
const BEFORE: usize = 88;
/// Bytes from a form on: the rest of such a value.
const AFTER: usize = 48;

/// How much further a word is followed to its end.
const WORD_MAX: usize = 16 * 1024;

/// Adds the window around `at`, which is in `line` of `text`, to those of the places before it.
pub(crate) fn add_window(
    text: &str,
    line: Range<usize>,
    at: usize,
    windows: &mut Vec<Range<usize>>,
) {
    let last = windows.last_mut().filter(|last| last.end > line.start);
    // What the last window holds is not looked at again, or many forms would cost a square.
    let seen = last.as_ref().map_or(line.start, |last| last.end);
    let reach = (at + AFTER).min(line.end);
    if last.is_some() && reach <= seen {
        return;
    }
    let end = word_end(text, reach, line.end);
    match last {
        Some(last) if at <= seen + BEFORE => last.end = end,
        _ => windows.push(word_start(text, at.saturating_sub(BEFORE).max(seen), seen)..end),
    }
}

/// The last place at or before `at` where a window may begin.
fn word_start(text: &str, at: usize, start: usize) -> usize {
    let least = start.max(at.saturating_sub(WORD_MAX));
    let found = (least + 1..=at).rev().find(|at| is_between_words(text.as_bytes(), *at));
    let edge = if least == start { start } else { at };
    text.floor_char_boundary(found.unwrap_or(edge))
}

/// The first place at or after `at` where a window may end.
fn word_end(text: &str, at: usize, end: usize) -> usize {
    let most = end.min(at.saturating_add(WORD_MAX));
    let found = (at..most).find(|at| is_between_words(text.as_bytes(), *at));
    text.ceil_char_boundary(found.unwrap_or(most))
}

/// Whether a word ends before `at`, and no number goes on past the blank.
fn is_between_words(bytes: &[u8], at: usize) -> bool {
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let is_blank = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_whitespace);
    let blank = at.checked_sub(1).filter(|blank| is_blank(*blank) && !is_blank(at));
    blank.is_some_and(|blank| !(is_digit(at) && blank.checked_sub(1).is_some_and(is_digit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, places: &[usize], expect: &str) {
        let mut found = Vec::new();
        places.iter().for_each(|at| add_window(line, 0..line.len(), *at, &mut found));
        assert_eq!(shown(&found), expect);
    }

    fn shown(windows: &[Range<usize>]) -> String {
        let shown = windows.iter().map(|window| format!("{window:?}"));
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_window_is_of_whole_words_and_of_one_line() {
        check("jo%40example.com", &[2], "0..16");
        let long = "word ".repeat(200);
        check(&long, &[500], "410..550");
        check(&long, &[500, 510, 900], "410..560 810..950");
        let mut found = vec![Range { start: 0, end: 300 }];
        add_window(&long, 350..1000, 400, &mut found);
        assert_eq!(shown(&found), "0..300 350..450");
    }

    #[test]
    fn a_row_of_digits_is_not_cut() {
        let row = format!("{} 12 34 56 78 {}%40", "a".repeat(30), "b ".repeat(40));
        check(&row, &[row.len() - 3], "31..126");
    }

    #[test]
    fn windows_that_meet_are_one_and_a_long_word_is_whole() {
        let text = "a ".repeat(100) + &"b".repeat(1000) + &" c".repeat(200);
        check(&text, &[250, 1100], "162..1201");
        check(&text, &[700], "200..1201");
    }
}
