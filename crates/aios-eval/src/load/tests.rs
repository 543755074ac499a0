use std::time::Duration;

use aios_core::{Tier, Timestamp, Verdict};

use super::*;

/// Request `n` of a run of ten in a second: sent when it should be, answered `ms` later.
fn sample(n: u64, ms: u64) -> Sample {
    let intended = Duration::from_millis(n * 100);
    Sample {
        intended,
        sent: intended,
        ended: intended + Duration::from_millis(ms),
        first: None,
        gaps: Vec::new(),
        failed: None,
        tier: Some(if n % 5 < 3 { Tier::Main } else { Tier::Embedder }),
        fell_back: false,
        simulated: false,
    }
}

fn report(samples: impl IntoIterator<Item = Sample>) -> LoadReport {
    let mut tally = Tally::default();
    samples.into_iter().for_each(|sample| tally.add(&sample));
    LoadReport::new(about(), &tally)
}

fn about() -> About {
    About {
        started_at: Timestamp::from_micros(1_800_000_000_000_000),
        url: "http://127.0.0.1:8500/v1".into(),
        model: "aios-auto".into(),
        pace: Pace::Open { rate: 10.0 },
        prompts: "the guide's".into(),
        n_prompts: Some(50),
        stream_pct: 0.0,
        max_tokens: None,
        timeout_ms: Some(120_000),
        interrupted: false,
        n_under_way: 0,
    }
}

fn verdict(report: &LoadReport, name: &str) -> Verdict {
    report.checks.iter().find(|check| check.name == name).unwrap().verdict
}

#[test]
fn a_good_run_passes_and_its_figures_are_exact_to_three_digits() {
    let report = report((0..100).map(|n| sample(n, 100 + n)));
    assert_eq!(report.verdict, Verdict::Met);
    let latency = report.latency.unwrap();
    assert!((latency.p95_ms - 194.0).abs() < 0.2, "{latency:?}");
    assert!((latency.max_ms - 199.0).abs() < 0.2, "{latency:?}");
    assert_eq!(report.routed.unwrap().main_share, 0.6);
    assert_eq!(report.slices.len(), 10);
    let written = serde_json::to_string(&report).unwrap();
    assert_eq!(LoadReport::parse(&written).unwrap(), report);
}

#[test]
fn what_is_not_good_enough_or_not_known_is_no_pass() {
    let slow = report((0..100).map(|n| sample(n, if n % 10 == 0 { 21_000 } else { 10 })));
    assert_eq!((verdict(&slow, "p95"), slow.verdict), (Verdict::Breached, Verdict::Breached));
    let failing = report(
        (0..100)
            .map(|n| Sample { failed: (n == 7).then_some(Cause::Status(503)), ..sample(n, 10) }),
    );
    assert_eq!((verdict(&failing, "errors"), failing.errors["status_503"]), (Verdict::Breached, 1));
    let all_main = report((0..100).map(|n| Sample { tier: Some(Tier::Main), ..sample(n, 10) }));
    assert_eq!(verdict(&all_main, "main_share"), Verdict::Breached);
    let silent = report((0..100).map(|n| Sample { tier: None, ..sample(n, 10) }));
    assert_eq!(
        (verdict(&silent, "main_share"), silent.verdict),
        (Verdict::NoData, Verdict::NoData)
    );
    // A few answers that say so do not speak for all the others.
    let half = report(
        (0..100)
            .map(|n| Sample { tier: sample(n, 10).tier.filter(|_| n % 2 == 0), ..sample(n, 10) }),
    );
    assert_eq!(verdict(&half, "main_share"), Verdict::NoData);
    assert!(half.checks[3].figure.contains("50 do not say"), "{:?}", half.checks);
    let nothing = report([]);
    assert!(nothing.checks.iter().all(|check| check.verdict == Verdict::NoData), "{nothing:?}");
    let unsent = report(
        (0..100).map(|n| Sample { failed: (n < 2).then_some(Cause::NotSent), ..sample(n, 10) }),
    );
    assert_eq!(verdict(&unsent, "sent"), Verdict::NoData);
    // What was not sent is no error of the server, and what was sent met all that is asked: still nothing is proven.
    assert_eq!((verdict(&unsent, "errors"), unsent.verdict), (Verdict::Met, Verdict::NoData));
    assert_eq!((unsent.n, unsent.n_unsent, unsent.n_failed), (98, 2, 0));
    let none_sent =
        report((0..100).map(|n| Sample { failed: Some(Cause::NotSent), ..sample(n, 0) }));
    assert!(none_sent.checks.iter().all(|check| check.verdict == Verdict::NoData), "{none_sent:?}");
    let half = LoadReport::new(About { interrupted: true, ..about() }, &{
        let mut tally = Tally::default();
        (0..100).for_each(|n| tally.add(&sample(n, 10)));
        tally
    });
    assert_eq!(half.verdict, Verdict::NoData);
}

/// A server that stalls for ten seconds: whoever waits for it sees one slow request, and everybody who would have come
/// meanwhile has waited too.
#[test]
fn a_stall_is_seen_by_everybody_who_came_in_it() {
    let stalled = |n: u64| {
        let sent = Duration::from_millis(n * 100).max(Duration::from_secs(10));
        let sent = if n == 0 { Duration::ZERO } else { sent };
        let ended = sent.max(Duration::from_secs(10)) + Duration::from_millis(5);
        Sample { sent, ended, ..sample(n, 0) }
    };
    let report = report((0..200).map(stalled));
    let (latency, service) = (report.latency.unwrap(), report.service.unwrap());
    assert!(latency.p50_ms < 100.0 && latency.p90_ms > 7_900.0, "{latency:?}");
    assert!(service.p95_ms < 10.0, "{service:?}");
    assert!(report.n_late > 90 && report.late_ms_max > 9_000.0);
}

#[test]
fn fast_refusals_do_not_make_a_server_fast() {
    let refused = |n: u64| Sample { failed: Some(Cause::Unreachable), ..sample(n, 1) };
    let report = report((0..50).map(refused).chain((50..100).map(|n| sample(n, 500))));
    assert!(report.latency.unwrap().p50_ms > 490.0);
    assert_eq!(report.latency.unwrap().n, 50);
}

#[test]
fn who_gives_up_early_does_not_make_a_server_fast() {
    let hangs = |n: u64, ms: u64| Sample { failed: Some(Cause::Timeout), ..sample(n, ms) };
    let early = report((0..50).map(|n| hangs(n, 10_000)));
    assert_eq!(verdict(&early, "p95"), Verdict::NoData);
    assert_eq!(verdict(&report((0..50).map(|n| hangs(n, 30_000))), "p95"), Verdict::Breached);
    let few = report((0..100).map(|n| if n < 5 { hangs(n, 10_000) } else { sample(n, 500) }));
    assert_eq!(verdict(&few, "p95"), Verdict::Met);
}

#[test]
fn a_long_run_needs_no_more_room() {
    let every_second = |n: u64| {
        let at = Duration::from_secs(n);
        Sample { intended: at, sent: at, ended: at + Duration::from_millis(7), ..sample(n, 0) }
    };
    let report = report((0..5_000).map(every_second));
    assert!((120..=240).contains(&report.slices.len()), "{}", report.slices.len());
    assert_eq!(report.slices.iter().map(|slice| slice.n).sum::<u64>(), 5_000);
    assert!(
        report.slices.iter().all(|slice| slice.p50_ms.is_some_and(|ms| (ms - 7.0).abs() < 0.1))
    );
}

#[test]
fn two_runs_are_compared_figure_by_figure() {
    let (before, now) =
        (report((0..100).map(|n| sample(n, 100))), report((0..100).map(|n| sample(n, 150))));
    let differences = Compared::new(&now, &before).differences;
    let p95 = differences.iter().find(|it| it.name == "latency_ms_p95").unwrap();
    assert!((p95.change_pct.unwrap() - 50.0).abs() < 0.5, "{p95:?}");
    let errors = differences.iter().find(|it| it.name == "error_rate").unwrap();
    assert_eq!(errors.change_pct, None);
}

/// A hundred requests say nothing of one in a thousand, and what has failed is seen where it did.
#[test]
fn a_page_shows_what_was_seen_and_no_more() {
    let page = |report: &LoadReport| crate::render::load_html(report, None);
    let few = page(&report((0..100).map(|n| sample(n, 100 + n))));
    assert!(few.contains(">p99<") && !few.contains(">p99.9<") && !few.contains("\"failed\""));
    let many = page(&report((0..5_000).map(|n| sample(n, 100 + n))));
    assert!(many.contains(">p99.9<"));
    let failing =
        (0..100).map(|n| Sample { failed: (n == 7).then_some(Cause::Lost), ..sample(n, 10) });
    assert_eq!(page(&report(failing)).matches("\"failed\"").count(), 1);
}

/// Main is down, and the embedder answers all: the routing is right, and main has done nothing.
#[test]
fn what_fell_back_is_none_of_mains() {
    let answered = |n_down: u64| {
        report((0..100).map(|n| {
            let sample = sample(n, 10);
            Sample { fell_back: n < n_down && sample.tier == Some(Tier::Main), ..sample }
        }))
    };
    let down = answered(100);
    assert_eq!((down.routed.unwrap().main_share, verdict(&down, "errors")), (0.6, Verdict::Met));
    let by = down.answered.unwrap();
    assert_eq!((by.n_main, by.n_embedder, by.n_fallback), (0, 100, 60));
    assert_eq!(
        (verdict(&down, "main_share"), down.verdict),
        (Verdict::Breached, Verdict::Breached)
    );
    let told = "60.0 % (60 of 100) routed, 0.0 % (0 of 100) answered; 60 fell back";
    assert_eq!(down.checks[3].figure, told);
    for text in [
        crate::render::load_markdown(&down, None),
        crate::render::load_html(&down, None),
        serde_json::to_string(&down).unwrap(),
    ] {
        assert!(text.contains(told), "{text}");
    }
    // A few leave the share where it should be, and are told all the same.
    let few = answered(5);
    assert_eq!((few.answered.unwrap().n_fallback, few.verdict), (3, Verdict::Met));
    assert!(few.checks[3].figure.ends_with("57.0 % (57 of 100) answered; 3 fell back"));
}

#[test]
fn fewer_than_the_guides_fifty_prove_nothing() {
    let of = |n: u64| report((0..n).map(|n| sample(n, 10)));
    assert_eq!(of(50).verdict, Verdict::Met);
    let few = of(49);
    assert!(few.checks.iter().all(|check| check.verdict == Verdict::NoData), "{few:?}");
    // Nor do they miss what those that are not there could have made good.
    let all_main = report((0..10).map(|n| Sample { tier: Some(Tier::Main), ..sample(n, 30_000) }));
    assert_eq!(all_main.verdict, Verdict::NoData);
    // One failure would be too much among fifty also if there were no other.
    let failing =
        report((0..10).map(|n| Sample { failed: (n == 0).then_some(Cause::Lost), ..sample(n, 1) }));
    assert_eq!(
        (verdict(&failing, "errors"), failing.verdict),
        (Verdict::Breached, Verdict::Breached)
    );
}

#[test]
fn runs_that_differ_in_more_than_their_figures_are_told() {
    let before = report((0..100).map(|n| sample(n, 10)));
    let now = report((0..105).map(|n| sample(n, 10)));
    assert!(Compared::new(&now, &before).unlike.is_empty());
    let mut other = report((0..50).map(|n| sample(n, 10)));
    other.about.url = "http://127.0.0.1:1/v1".into();
    other.about.model = "another".into();
    other.about.max_tokens = Some(1);
    other.about.timeout_ms = Some(1);
    let unlike = Compared::new(&other, &before).unlike;
    assert_eq!(unlike, ["url", "model", "most tokens", "timeout", "number of requests"]);
    let told = "not run alike (url, model, most tokens, timeout, number of requests)";
    assert!(crate::render::load_markdown(&other, Some(&before)).contains(told));
    assert!(crate::render::load_html(&other, Some(&before)).contains(told));
}

#[test]
fn a_report_that_was_never_measured_is_refused() {
    let written = serde_json::to_value(report((0..100).map(|n| sample(n, 10)))).unwrap();
    let check = |pointer: &str, value: f64| {
        let mut changed = written.clone();
        *changed.pointer_mut(pointer).unwrap() = value.into();
        let refused = LoadReport::parse(&changed.to_string());
        assert!(refused.is_err_and(|why| why.contains("never measured")), "{pointer} {value}");
    };
    check("/error_rate", -5.0);
    check("/error_rate", 1e308);
    check("/latency/p95_ms", -1.0);
    check("/latency/p50_ms", 1e308);
    check("/routed/main_share", 1.5);
    check("/answered/main_share", -0.5);
    check("/per_second", -1.0);
    check("/curve/0/1", 1e308);
}
