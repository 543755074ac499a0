//! However a text is cut, what goes out is what redacting the whole gives, and nothing too early.

use proptest::prelude::*;

use super::*;
use crate::corpus;
use crate::custom::CustomRule;
use crate::kind::PiiKind;

/// What goes out for pieces of text, one by one, and at the end.
fn run<'p>(pieces: impl IntoIterator<Item = &'p str>) -> Vec<String> {
    run_with(&Redactor::default(), pieces)
}

fn run_with<'p>(redactor: &Redactor, pieces: impl IntoIterator<Item = &'p str>) -> Vec<String> {
    let mut hold = HoldBack::new();
    let mut out: Vec<_> = pieces.into_iter().map(|piece| hold.push(redactor, piece)).collect();
    out.push(hold.finish(redactor));
    out
}

/// All kinds, and rules that look further than any detector.
fn far_sighted() -> Redactor {
    let rules = [
        ("note", "NOTE .{60,}END"),
        ("case", r"(?i)\bcase(?: number)? +\d+(?: of \w+)*"),
        ("memo", r"^memo .*$"),
        ("sent", r"sent to \[EMAIL\] .{50,}\."),
        ("corp", r"\w+@corp .{50,}over"),
        ("part", r"part \d{2} and then some"),
    ];
    let rules = rules.map(|(name, pattern)| CustomRule::new(name, pattern).unwrap());
    Redactor::with_rules(&PiiKind::ALL, rules.into())
}

fn redacted(text: &str) -> String {
    Redactor::default().redact(text).text.as_str().to_owned()
}

fn cut<'t>(text: &'t str, cuts: &[usize]) -> Vec<&'t str> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    for n in cuts.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at(rest.ceil_char_boundary((*n).min(rest.len())));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

fn chars(text: &str) -> Vec<&str> {
    text.char_indices().map(|(at, c)| text.get(at..at + c.len_utf8()).unwrap()).collect()
}

fn check(text: &str) {
    assert_eq!(run(chars(text)).concat(), redacted(text), "{text}");
}

#[test]
fn values_are_masked_whole_though_they_come_in_characters() {
    let prose = "and so it goes on and on, word by word, until nobody listens any more. ";
    check(&format!("mail jo@example.com {prose}call 202-555-0143 ext. 12 {prose}"));
    check(&format!(
        "{prose}{prose}password: \"correct horse battery staple and much more than that\" {prose}"
    ));
    check(&format!(
        "jo at example dot com {prose} IBAN GB82 WEST 1234 5698 7654 32 {prose}\n{prose}"
    ));
    check(&format!("请联系jo@example.com谢谢{}\n{prose}", "这是一个很长的句子".repeat(12)));
    let dashes = "-----";
    let key = format!(
        "{dashes}BEGIN PRIVATE KEY{dashes}\n{}{dashes}END PRIVATE KEY{dashes}",
        "Ab1+\n".repeat(200)
    );
    check(&format!("{prose}\n{key}\n{prose}{prose}"));
}

#[test]
fn what_a_rule_has_begun_to_match_waits_for_its_end() {
    let redactor = far_sighted();
    let prose = "and so it goes on and on, word by word, until nobody listens any more. ";
    for text in [
        format!("{prose}NOTE {prose}{prose}END {prose}"),
        format!("{prose}NOTE {prose}{prose}\n{prose}"),
        format!("{prose}NOTE {} \\u0045ND {prose}", "a ".repeat(40)),
        format!("{prose}mail sent to jo@example.com {prose}{prose}\n"),
        format!("{prose}jo [ at ] corp {prose}{prose}, over {prose}"),
        format!("memo {prose}{prose}\nnext memo {prose}{prose}"),
        format!("{prose}Case 12 of one of two of three of four of five of six, {prose}"),
    ] {
        let out = run_with(&redactor, chars(&text)).concat();
        assert_eq!(out, redactor.redact(&text).text.as_str(), "{text}");
    }
    // What no rule has begun to match does not wait.
    let out = run_with(&redactor, chars(&prose.repeat(3)));
    assert!(out[..200].concat().chars().count() > 120);
}

#[test]
fn what_was_masked_is_counted_once_though_it_is_scanned_often() {
    let text = "jo@example.com and li@example.com wrote from 81.2.69.142 and so on, and on, and on until the line ends\nand al@example.com";
    let (redactor, mut hold) = (Redactor::default(), HoldBack::new());
    for piece in chars(text) {
        drop(hold.push(&redactor, piece));
    }
    drop(hold.finish(&redactor));
    assert_eq!(*hold.counts(), redactor.redact(text).counts);
}

#[test]
fn prose_waits_for_little_more_than_the_tail() {
    let text = corpus::prose_alone(3, 20_000).replace('\n', " ");
    let mut n_out = 0;
    let mut held = Vec::new();
    for (n_in, out) in (1..).zip(run(chars(&text))) {
        n_out += out.chars().count();
        held.push(n_in - n_out.min(n_in));
    }
    let mean = held.iter().sum::<usize>() / held.len();
    assert!((40..70).contains(&mean), "{mean} characters are held on average");
}

#[test]
fn text_without_blanks_does_not_wait_for_its_end() {
    let text = "这是一个很长的句子".repeat(30);
    let out = run(chars(&text));
    assert!(out[..200].concat().chars().count() > 120);
}

#[test]
fn what_is_too_long_to_wait_for_is_withheld_and_the_rest_goes_on() {
    let token = "a1B2".repeat(40_000);
    let image = format!("look: ![](data:image/png;base64,{token}) and more jo@example.com\n");
    let expect = "look: [WITHHELD] and more [EMAIL]\n";
    assert_eq!(run(cut(&image, &[3_000])).concat(), expect);
    assert_eq!(run([token.as_str()]).concat(), WITHHELD);
    assert_eq!(
        run([token.as_str(), &token, " 完", &token, "完"]).concat(),
        "[WITHHELD] 完[WITHHELD]完"
    );
    // In one piece it is seen to end, and to hold nothing.
    assert_eq!(run([image.as_str()]).concat(), redacted(&image));
}

#[test]
fn what_a_rule_never_ends_is_withheld_to_the_end_of_its_line() {
    let text = format!("a\nb NOTE {}\nmore jo@example.com", "and so on ".repeat(20_000));
    let out = run_with(&far_sighted(), cut(&text, &[1_000])).concat();
    assert_eq!(out, "a\nb [WITHHELD]\nmore [EMAIL]");
    // What it has begun in a word goes on behind it.
    let rule = CustomRule::new("key", "KEY=.*").unwrap();
    let redactor = Redactor::with_rules(&[PiiKind::Custom], vec![rule]);
    let text = format!("a KEY={} and more\nb", "x".repeat(100_000));
    assert_eq!(run_with(&redactor, cut(&text, &[1_000])).concat(), "a [WITHHELD]\nb");
}

#[test]
fn bytes_may_be_cut_within_characters() {
    let text =
        "naïve 你好 jo@example.com – ünd 👩 so weiter und so fort, bis die Zeile zu Ende ist";
    let (redactor, mut hold) = (Redactor::default(), HoldBack::new());
    let mut out: String = text.bytes().map(|byte| hold.push_bytes(&redactor, &[byte])).collect();
    out.push_str(&hold.finish(&redactor));
    assert_eq!(out, redacted(text));
    let mut out = hold.push_bytes(&redactor, b"a\xffb\xe4");
    out.push_str(&hold.finish(&redactor));
    assert_eq!(out, "a\u{fffd}b\u{fffd}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn however_a_text_is_cut_the_whole_is_the_same(seeds in proptest::collection::vec(any::<u64>(), 1..5), cuts in proptest::collection::vec(1..90usize, 1..40)) {
        let text: String = seeds.iter().map(|seed| corpus::sample(*seed).text).collect();
        prop_assert_eq!(run(cut(&text, &cuts)).concat(), redacted(&text), "{}", text);
    }

    #[test]
    fn whatever_rules_there_are_the_whole_is_the_same(text in text_of_rules(), cuts in proptest::collection::vec(1..90usize, 1..40)) {
        let redactor = far_sighted();
        let whole = redactor.redact(&text).text;
        prop_assert_eq!(run_with(&redactor, cut(&text, &cuts)).concat(), whole.as_str(), "{}", text);
    }
}

/// Beginnings and ends of what the rules match, between values and prose.
fn text_of_rules() -> impl Strategy<Value = String> {
    const PIECES: [&str; 19] = [
        "NOTE ",
        "\\u004eOTE ",
        "END",
        " END ",
        "case number  12 of one",
        "CASE 7",
        " of two of three",
        "memo ",
        "\nmemo ",
        "sent to ",
        "jo@example.com",
        "jo [at] corp ",
        "jo%40corp ",
        " over ",
        "part 1",
        "2 and then some",
        ".",
        "\n",
        "and so it goes on and on, word by word, until nobody listens ",
    ];
    let piece = prop_oneof![
        5 => proptest::sample::select(&PIECES[..]).prop_map(str::to_owned),
        1 => any::<u64>().prop_map(|seed| corpus::sample(seed).text),
    ];
    proptest::collection::vec(piece, 1..16).prop_map(|pieces| pieces.concat())
}
