use aios_core::{Bucket, Tier, Timestamp};

use super::*;
use crate::report::{Change, Kind, Metrics, Report, SetRef, Status, Summary};
use crate::{GoldenSet, Observation};

/// A failed run in which every text tries to be more than a text.
fn hostile() -> Report {
    let set = GoldenSet::parse(
        r#"[{"id": "a<b>&\"'", "question": "<script>alert(1)</script>", "contains": "]]>", "trait": "x\"y"},
            {"id": "good", "question": "Hi"}]"#,
    );
    let run = |answer: &str| Observation {
        answer: answer.to_owned(),
        latency_ms: 12.5,
        source: Some(Tier::Main),
        tier: Some(Tier::Main),
        ..Observation::default()
    };
    let answers = ["<img src=x onerror=alert(1)>\u{1b}\u{0}\n::error::x", "Hello"];
    let set = set.unwrap();
    let tests: Vec<_> = set
        .cases()
        .iter()
        .zip(answers)
        .map(|(case, answer)| TestResult::of(case, vec![run(answer)]))
        .collect();
    let what = |detail: &str| Change {
        what: "case".to_owned(),
        id: Some("a<b>".to_owned()),
        detail: detail.to_owned(),
        p_value: Some(0.01),
    };
    Report {
        schema_version: "1.0".to_owned(),
        report_id: "id".to_owned(),
        kind: Kind::Comparison,
        timestamp: Timestamp::from_micros(1_800_000_000_000_000),
        baseline_timestamp: None,
        regression_threshold: 0.25,
        status: Status::Fail,
        error: None,
        concurrency: 1,
        bucket: Bucket::Control,
        candidate_fingerprint: None,
        golden_set: SetRef { sha256: "s".to_owned(), count: 2 },
        baseline: None,
        judge: None,
        metrics: Metrics::of(&tests),
        summary: Summary::of(&tests, |_| false),
        regressions_detected: vec![what("1/1 before\n::error::injected <b>")],
        improvements_detected: vec![],
        notes: vec!["a|b `c`".to_owned()],
        tests,
        erased: 0,
        replaced: vec![],
    }
}

#[test]
fn a_page_is_whole_and_holds_texts_as_texts() {
    let report = hostile();
    let page = html(&report, Some(&report));
    for wrong in ["<script", "<img", "http://", "https://", "url(", "\u{1b}", "\u{0}"] {
        assert!(!page.contains(wrong), "{wrong:?}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(page.contains("<svg viewBox") && page.contains("class=\"then\""));
    for tag in ["div", "details", "ul", "li", "span", "summary", "svg", "h2"] {
        let open: usize =
            [">", " "].iter().map(|end| page.matches(&format!("<{tag}{end}")).count()).sum();
        let close = page.matches(&format!("</{tag}>")).count();
        assert_eq!(open, close, "{tag}");
    }
}

#[test]
fn junit_counts_what_failed() {
    let xml = junit(&hostile());
    assert!(xml.contains("tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\""), "{xml}");
    assert!(
        xml.contains("classname=\"golden.x&quot;y\" name=\"a&lt;b&gt;&amp;&quot;&#39;\""),
        "{xml}"
    );
    assert!(!xml.contains("]]>") && !xml.contains('\u{1b}') && !xml.contains('\u{0}'));
    let mut slower = hostile();
    slower.regressions_detected[0].id = None;
    slower.regressions_detected[0].what = "latency".to_owned();
    assert!(junit(&slower).contains("tests=\"3\" failures=\"2\""));
}

#[test]
fn annotations_are_one_line_each_and_give_no_commands() {
    let lines = github(&hostile());
    assert_eq!(
        lines,
        "::error title=golden case a<b>::1/1 before%0A::error::injected <b>\n\
         ::warning title=golden::a|b `c`\n\
         ::error title=golden::FAIL: 1/2 cases passed\n"
    );
}

#[test]
fn markdown_holds_no_markup_of_others() {
    let text = markdown(&hostile(), None);
    assert!(text.starts_with("## ❌ Golden run: FAIL\n"), "{text}");
    assert!(text.contains("| Cases passed | – | 1/2 |"), "{text}");
    assert!(
        !text.contains("<script") && !text.contains("<img") && !text.contains("\n::"),
        "{text}"
    );
    assert!(text.contains("> a\\|b \\`c\\`"), "{text}");
}
