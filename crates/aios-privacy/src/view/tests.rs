//! What is undone, and that spans come back to where they were.

use proptest::prelude::*;

use super::*;

fn check(line: &str, expect: &str) {
    let mut view = View::default();
    assert!(view.read("what was read before: %41") && view.read(line), "{line}");
    assert_eq!(view.text, expect, "{line}");
}

/// A line that no second view is made of, since nothing in it can hide a value.
fn check_plain(line: &str) {
    let spelled = line.char_indices().find(|(at, _)| is_spelled(line, *at));
    assert_eq!((spelled, places(line).next()), (None, None), "{line}");
}

#[test]
fn escapes_are_undone_however_deep() {
    check("jo%40example.com jo%2540example.com", "jo@example.com jo@example.com");
    check(r"jo\u0040example.com jo\\u0040example.com \x40", "jo@example.com jo@example.com @");
    check(r"https:\/\/example.com\/x", "https://example.com/x");
    check("jo&#64;example&#x2e;com jo&commat;x&amp;#46;io", "jo@example.com jo@x.io");
    check(r"a\nb \ud83d\ude00", "a\nb 😀");
    check("jo=40example.com", "jo@example.com");
    check_plain("card=4012888888881881&x=40, a=40");
}

#[test]
fn widths_are_made_plain_and_the_unseen_left_out() {
    check("ｊｏ＠ｅｘａｍｐｌｅ．ｃｏｍ", "jo@example.com");
    check("j\u{200b}o@exa\u{ad}mple.com", "jo@example.com");
    check("202\u{a0}555\u{2011}0143", "202 555-0143");
    check("𝟐𝟎𝟐 𝐣𝐨", "202 jo");
}

#[test]
fn spelled_out_signs_are_undone_between_words_only() {
    check("jo [at] example [dot] com", "jo@example.com");
    check("jo(at)example.com, jo {AT} example(DOT)org", "jo@example.com, jo@example.org");
    check("jo at example dot com", "jo@example.com");
    check("https[:]//example.com and jo<at>example.com", "https://example.com and jo@example.com");
    check("81.2.69[.]142 and jo[@]example.com", "81.2.69.142 and jo@example.com");
    check_plain("(at least) we met at noon. (at) [dot]");
    check("look at example dot com", "look at example.com");
}

#[test]
fn plain_text_has_no_second_view() {
    check_plain("100 % sure & certain, a\\b {x} <y> (z) 50%");
    check_plain("“naïve” café – 你好，世界。👩\u{200d}💻");
}

proptest! {
    #[test]
    fn spans_come_back_to_where_they_were(pieces in proptest::collection::vec(piece(), 1..12)) {
        let line = pieces.concat();
        let mut view = View::default();
        if !view.read(&line) { return Ok(()) }
        let mut last = 0;
        for (start, c) in view.text.char_indices() {
            let (from, to) = view.in_line(start, start + c.len_utf8());
            let of_line = line.get(from..to);
            prop_assert!(of_line.is_some() && from < to && from >= last, "{start} {from}..{to} {line:?}");
            // What stands for itself is where it says.
            let is_form = form_at(&line, from).is_some();
            prop_assert!(is_form || of_line.is_some_and(|text| text.starts_with(c)), "{c} {of_line:?}");
            last = to;
        }
    }
}

fn piece() -> impl Strategy<Value = String> {
    let forms = [
        "%40",
        "\\u0040",
        "\\n",
        "\\/",
        "&#64;",
        "＠",
        "\u{200b}",
        "\u{a0}",
        " [at] ",
        " dot ",
        "(at)",
        "é",
        "a",
        "b1",
        " ",
        "1",
        "\\\\u00e9",
        "%25",
        "𝟐",
    ];
    prop_oneof![4 => proptest::sample::select(forms.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,3}"]
}
