//! What holds for all kinds together: masks, cuts, and that hostile text costs linear work.

use proptest::prelude::*;

use super::*;
use crate::corpus::{self, HOSTILE};

fn check(text: &str, expect: &str) {
    let redactor = Redactor::default();
    let redacted = redactor.redact(text);
    assert_eq!(redacted.text.as_str(), expect);
    assert_eq!(redactor.scan(expect), [], "{expect}");
}

fn check_cut(text: &str, max_bytes: usize, expect: &str) {
    assert_eq!(Redactor::default().redact_cut(text, max_bytes).text.as_str(), expect);
}

#[test]
fn every_kind_has_its_mask() {
    check("jo@example.com, call 202-555-0143", "[EMAIL], call [PHONE]");
    check("see https://example.com/a?b=c.", "see https://example.com/[URL].");
    check(
        "from 81.2.69.142 or 2a02:8109::7e at 3c:22:fb:9a:01:7e",
        "from [IPV4] or [IPV6] at [MAC]",
    );
    check(
        "card 4111 1111 1111 1111, IBAN DE89370400440532013000",
        "card [CREDIT_CARD], IBAN [IBAN]",
    );
    check("ssn 512-44-7781, password: hunter22", "ssn [US_SSN], password: [SECRET]");
}

#[test]
fn text_without_findings_is_kept_as_it_is() {
    let text = "Version 4.2.10.1 fixes issue 12345 (see main.rs:17) — naïve café, 你好.";
    assert_eq!(Redactor::default().redact(text).text.as_str(), text);
    assert!(Redactor::default().redact(text).counts.is_empty());
}

#[test]
fn only_the_kinds_that_are_on_are_masked() {
    let redactor = Redactor::new(&[PiiKind::Email]);
    let redacted = redactor.redact("jo@example.com 81.2.69.142");
    assert_eq!(redacted.text.as_str(), "[EMAIL] 81.2.69.142");
    assert_eq!(redacted.counts.iter().collect::<Vec<_>>(), [(PiiKind::Email, 1)]);
    assert_eq!(Redactor::new(&[]).redact("jo@example.com").text.as_str(), "jo@example.com");
}

#[test]
fn json_is_masked_however_deep_it_stands_in_json() {
    let mut json = format!(
        r#"{{"to":"jo\u0040example.com","jo@example.com":1,"pay":{{"card":"{}","phone":2025550143}},"password":"{}"}}"#,
        "4111 1111 1111 1111",
        ["hunter", "22"].concat(),
    );
    for depth in 0..5 {
        let redacted = Redactor::default().redact(&json);
        for value in ["jo", "4111", "2025550143", "hunter"] {
            assert!(!redacted.text.as_str().contains(value), "{depth}: {:?}", redacted.text);
        }
        assert_eq!(redacted.counts.iter().map(|(_, n)| n).sum::<u32>(), 5, "{depth}");
        json = format!(r#"{{"arguments":"{}"}}"#, json.replace('\\', "\\\\").replace('"', "\\\""));
    }
}

#[test]
fn some_kinds_withhold_a_text_and_some_are_only_counted() {
    let redactor = Redactor::new(&[PiiKind::Email, PiiKind::Ipv4])
        .withholding(&[PiiKind::Ipv4])
        .counting(&[PiiKind::Phone], Vec::new());
    let kept = redactor.redact("jo@example.com, call 202-555-0143");
    assert_eq!(kept.text.as_str(), "[EMAIL], call 202-555-0143");
    assert_eq!(kept.counts.iter().collect::<Vec<_>>(), [(PiiKind::Email, 1)]);
    assert_eq!(kept.detected.iter().collect::<Vec<_>>(), [(PiiKind::Phone, 1)]);
    let gone = redactor.redact("jo@example.com from 81.2.69.142");
    assert_eq!(gone.text.as_str(), WITHHELD);
    assert_eq!(gone.counts.iter().collect::<Vec<_>>(), [(PiiKind::Email, 1), (PiiKind::Ipv4, 1)]);
    // What is cut off is not kept, so it withholds nothing.
    let text = format!("jo@example.com {} from 81.2.69.142", "and so on ".repeat(300));
    assert!(redactor.redact_cut(&text, 20).text.as_str().starts_with("[EMAIL] and"));
    assert_eq!(redactor.redact_cut(&text, text.len() - 4).text.as_str(), WITHHELD);
}

#[test]
fn the_wider_finding_swallows_the_narrower() {
    check("https://jo:pw@example.com/?to=jo@example.com", "https://example.com/[URL]");
    check(&format!("postgres://app:{}@10.1.2.3/app", "x7".repeat(4)), "[SECRET]");
    check("mailto:2025550143@example.com", "mailto:[EMAIL]");
}

#[test]
fn a_host_that_is_an_address_is_masked_too() {
    check("http://81.2.69.142:8080/x", "http://[IPV4]:8080/[URL]");
}

#[test]
fn identifiers_of_our_own_are_no_findings() {
    let text = "018f3b5e-7c1a-7d2e-9f10-123456789012 c1_0123456789abcdef0123456789abcdef gpt-4.1-mini-2025-04-14";
    assert_eq!(Redactor::default().scan(text), []);
}

#[test]
fn a_cut_falls_on_a_words_end_and_is_marked() {
    check_cut("one two three", 100, "one two three");
    check_cut("one two three", 9, "one two…");
    check_cut("one two three", 0, "…");
}

#[test]
fn a_finding_across_the_cut_is_masked_whole() {
    let text = "card 4111 1111 1111 1111 is mine";
    for max_bytes in 6..text.len() - 8 {
        check_cut(text, max_bytes, "card [CREDIT_CARD]…");
    }
    check_cut(
        &format!("see https://example.com/{} x", "a".repeat(9000)),
        100,
        "see https://example.com/[URL]…",
    );
}

#[test]
fn hostile_text_costs_linear_work() {
    for unit in HOSTILE {
        let work = |n: usize| {
            let text = unit.repeat(n / unit.len());
            let source = Source::new(&text);
            Redactor::default().scanner.scan(&source);
            source.work()
        };
        let (short, long) = (work(20_000), work(200_000));
        println!("{unit:?}: {:.1} looks per byte", long as f64 / 200_000.0);
        assert!(long <= 200_000 * WORK_PER_BYTE_MAX, "{unit:?}: {long}");
        assert!(long <= short * 12, "{unit:?}: {short} then {long}");
    }
}

/// Text is walked over in blocks of a KiB.
#[test]
fn a_word_is_found_wherever_a_block_ends() {
    for before in 1_000..1_040 {
        let text = format!("{} PASSWORD=hunter22 and jo [at] x [dot] example", "x".repeat(before));
        let redacted = Redactor::default().redact(&text).text;
        let expect = format!("{} PASSWORD=[SECRET] and [EMAIL]", "x".repeat(before));
        assert_eq!(redacted.as_str(), expect, "{before}");
    }
}

#[test]
fn prose_costs_a_look_every_five_bytes_at_most() {
    let text = corpus::prose_alone(1, 40_000);
    let source = Source::new(&text);
    assert_eq!(Redactor::default().scanner.scan(&source), []);
    assert!(source.work() < text.len() / 5, "{} looks at {} bytes", source.work(), text.len());
}

/// Bytes looked at per byte of text, all detectors together.
const WORK_PER_BYTE_MAX: usize = 100;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn findings_of_any_text_are_sorted_apart_and_on_boundaries(text in any_text()) {
        let mut last = 0;
        for finding in Redactor::default().scan(&text) {
            prop_assert!(finding.start >= last && finding.end > finding.start);
            prop_assert!(text.get(finding.start..finding.end).is_some());
            last = finding.end;
        }
    }

    #[test]
    fn redacting_twice_changes_nothing(text in any_text()) {
        let redactor = Redactor::default();
        let once = redactor.redact(&text);
        let twice = redactor.redact(once.text.as_str());
        prop_assert_eq!(&twice.text, &once.text);
        prop_assert!(twice.counts.is_empty());
    }

    #[test]
    fn a_cut_leaves_no_part_of_a_finding(seed: u64, share in 0.0..1.0f64) {
        let record = corpus::sample(seed);
        let max_bytes = (record.text.len() as f64 * share) as usize;
        let redactor = Redactor::default();
        let cut = redactor.redact_cut(&record.text, max_bytes);
        for finding in redactor.scan(&record.text).iter().filter(|finding| finding.kind != PiiKind::Url) {
            let value = record.text.get(finding.start..finding.end).unwrap();
            // Six characters of a value, unless they are also elsewhere in the text.
            let head: String = value.chars().take(6).collect();
            let is_elsewhere = record.text.matches(&head).count() > 1;
            prop_assert!(is_elsewhere || !cut.text.as_str().contains(&head), "{:?} of {:?}", cut.text, record.text);
        }
    }
}

/// Arbitrary text, text of pieces that anchor detectors, and records of the corpus run together.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => proptest::sample::select(HOSTILE).prop_map(str::to_owned),
        3 => proptest::sample::select(&PIECES[..]).prop_map(str::to_owned),
        2 => any::<u64>().prop_map(|seed| corpus::sample(seed).text),
        2 => "[0-9+() .:/@a-f-]{1,24}",
        1 => "\\PC{0,8}",
    ];
    prop_oneof![1 => any::<String>(), 6 => proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())]
}

const PIECES: [&str; 24] = [
    "[EMAIL]",
    "[PHONE]",
    "[URL]",
    "[SECRET]",
    "/[URL]",
    "https://example.com",
    "jo@example.com",
    "202-555-0143",
    "call ",
    "password: ",
    "order ",
    "ssn ",
    "version ",
    " ",
    "\n",
    "(",
    ")",
    ".",
    ",",
    "é",
    "\\n",
    "你好",
    "www.",
    "81.2.69.142",
];
