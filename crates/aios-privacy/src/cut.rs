//! Where to cut text so that no word and no finding is split.

use crate::finding::Finding;
use crate::source::WINDOW_MAX;

/// How far back from the cut a word's end is looked for, in bytes; a longer word is cut.
const WORD_MAX: usize = 128;

/// The part of `text` to scan before a cut at `max_bytes`.
pub(crate) fn window(text: &str, max_bytes: usize) -> &str {
    let end = text.floor_char_boundary(max_bytes.saturating_add(WINDOW_MAX));
    text.get(..end).unwrap_or(text)
}

/// The head of `text` to keep, and how many of its `findings` lie in it. Longer than `max_bytes`
/// only by the rest of a finding that crosses the cut.
pub(crate) fn head<'a>(
    text: &'a str,
    max_bytes: usize,
    findings: &[Finding<'_>],
) -> (&'a str, usize) {
    let crosses = |finding: &&Finding<'_>| finding.start < max_bytes && max_bytes < finding.end;
    let wish = findings
        .iter()
        .find(crosses)
        .map_or_else(|| word_end(text, max_bytes), |finding| finding.end);
    let n_kept = findings.partition_point(|finding| finding.start < wish);
    let end = findings.get(..n_kept).and_then(<[_]>::last).map_or(wish, |last| last.end.max(wish));
    (text.get(..end).unwrap_or_default(), n_kept)
}

fn word_end(text: &str, max_bytes: usize) -> usize {
    let end = text.floor_char_boundary(max_bytes);
    let head = text.get(..end).unwrap_or_default();
    let at_space = text.get(end..).is_none_or(|rest| rest.starts_with(char::is_whitespace));
    if at_space {
        return head.trim_end().len();
    }
    match head.rfind(char::is_whitespace) {
        Some(space) if end - space <= WORD_MAX => {
            head.get(..space).map_or(0, |kept| kept.trim_end().len())
        }
        _ => end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::PiiKind;

    fn finding(start: usize, end: usize) -> Finding<'static> {
        Finding { kind: PiiKind::Phone, start, end, rule: "test", confidence: 1.0 }
    }

    fn check(text: &str, max_bytes: usize, findings: &[Finding<'_>], expect: &str) {
        assert_eq!(head(text, max_bytes, findings).0, expect);
    }

    #[test]
    fn the_cut_falls_on_a_words_end() {
        check("one two three", 9, &[], "one two");
        check("one two three", 7, &[], "one two");
        check("one two three", 8, &[], "one two");
        check("one", 0, &[], "");
    }

    #[test]
    fn a_long_word_is_cut_between_characters() {
        let word = "é".repeat(200);
        check(&word, 301, &[], &"é".repeat(150));
    }

    #[test]
    fn a_finding_across_the_cut_is_kept_whole() {
        check("call 202 555 0143 now", 10, &[finding(5, 17)], "call 202 555 0143");
        check("call 202 555 0143 now", 4, &[finding(5, 17)], "call");
    }
}
