//! However a text is cut, what goes out is what redacting the whole gives, and nothing too early.

use proptest::prelude::*;

use super::*;
use crate::corpus;

/// What goes out for pieces of text, one by one, and at the end.
fn run<'p>(pieces: impl IntoIterator<Item = &'p str>) -> Vec<String> {
    let (redactor, mut hold) = (Redactor::default(), HoldBack::new());
    let mut out: Vec<_> = pieces.into_iter().map(|piece| hold.push(&redactor, piece)).collect();
    out.push(hold.finish(&redactor));
    out
}

fn redacted(text: &str) -> String {
    Redactor::default().redact(text).text.as_str().to_owned()
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
fn what_never_ends_is_withheld() {
    let token = "a1B2".repeat(40_000);
    let out = run([token.as_str(), " and more jo@example.com"]);
    assert_eq!(out.concat(), WITHHELD);
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
        let (mut pieces, mut rest) = (Vec::new(), text.as_str());
        for n in cuts.iter().cycle() {
            if rest.is_empty() { break }
            let (piece, after) = rest.split_at(rest.ceil_char_boundary((*n).min(rest.len())));
            pieces.push(piece);
            rest = after;
        }
        prop_assert_eq!(run(pieces).concat(), redacted(&text), "{}", text);
    }
}
