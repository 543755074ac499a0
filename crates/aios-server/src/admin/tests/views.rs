//! Every view of an empty directory and of one in which something happened: each answers, in the shape that the API
//! says it has.

use std::time::Duration;

use aios_core::{Event, EventId, Outcome, Tier, Weight};
use aios_store::Index;
use serde_json::Value;

use super::shapes::Description;
use super::*;
use crate::admin::view::{hypotheses, scene::Scene};

const HOUR: Duration = Duration::from_secs(3_600);

/// An answer of main.
pub(super) fn event() -> aios_core::ResponseEvent {
    let value = serde_json::json!({
        "schema_version": "2.0", "event_id": "01900000-0000-7000-8000-000000000001",
        "ts": "2027-01-15T08:00:00Z", "request_id": "req_1", "operation": "chat", "stream": false,
        "conv_id": format!("c1_{:032x}", 1), "conv_id_source": "header", "msg_id": 1,
        "request_model": "aios-auto", "question": "Why is the sky blue?", "response": "So.",
        "source": "main", "tier": "main", "bucket": "control", "boundary": 0.5, "weight": 0.7,
        "profile": "golden", "route_reason": "at_or_above_boundary", "propensity": 1.0,
        "attempts": [], "outcome": "ok", "status": 200, "latency_ms": 1.0, "overhead_ms": 0.1,
        "redactions": { "email": 2 }, "config_generation": 1, "config_hash": "0",
    });
    serde_json::from_value(value).unwrap()
}

/// Asks for something with every right.
pub(super) async fn get(admin: &Admin, path: &str) -> (u16, Value) {
    let bearer = format!("Bearer {}", token_of("all"));
    let reply = admin.ask(&format!("GET {path}"), &[("authorization", &bearer)]).await;
    let status = reply.status().as_u16();
    let body = axum::body::to_bytes(reply.into_body(), 1 << 20).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

/// What stands before an hour, a minute and at this moment: one that failed, one in treatment, one of embedder.
fn events() -> Vec<Event> {
    let now = FixedClock.now();
    let made = |n: u8, ago: Duration, change: &dyn Fn(&mut aios_core::ResponseEvent)| {
        let mut event = event();
        event.ts = now.minus(ago);
        event.event_id = EventId::new(event.ts, [n; 10]);
        event.weight = Some(Weight::new(0.7).unwrap());
        change(&mut event);
        Event::Response(Box::new(event))
    };
    vec![
        made(1, HOUR, &|event| {
            event.outcome = Outcome::Timeout;
            event.source = None;
        }),
        made(2, Duration::from_secs(60), &|event| event.bucket = aios_core::Bucket::Treatment),
        made(3, Duration::from_secs(1), &|event| {
            event.source = Some(Tier::Embedder);
            event.timings.latency_ms = 1_500.0;
        }),
    ]
}

async fn seeded() -> Admin {
    let admin = Admin::new(true);
    admin.record(events()).await;
    assert_eq!(Index::read(&admin.dir).unwrap().unwrap().n_events().unwrap(), 3);
    admin
}

const VIEWS: [&str; 13] = [
    "/admin/v1/index",
    "/admin/v1/view/overview",
    "/admin/v1/view/hypotheses",
    "/admin/v1/view/routing",
    "/admin/v1/view/settings",
    "/admin/v1/view/canary",
    "/admin/v1/view/goldens",
    "/admin/v1/view/memory",
    "/admin/v1/view/privacy",
    "/admin/v1/events",
    "/admin/v1/memory/fragments",
    "/admin/v1/goldens/candidates",
    "/admin/v1/goldens/run",
];

#[tokio::test]
async fn every_view_is_what_the_description_says_with_and_without_events() {
    let description = Description::read();
    for admin in [Admin::new(true), seeded().await] {
        for path in VIEWS {
            let (status, answer) = get(&admin, path).await;
            description.check(&format!("GET {path}"), status, &answer);
        }
    }
}

#[tokio::test]
async fn the_overview_counts_what_happened() {
    let admin = seeded().await;
    let (_, overview) = get(&admin, "/admin/v1/view/overview").await;
    let totals = &overview["totals"];
    assert_eq!((&totals["n_requests"], &totals["n_failed"]), (&3.into(), &1.into()));
    // Embedder answered one that was routed to main.
    assert_eq!(totals["main_share"], 1.0);
    let sum = |column: &Value| -> u64 {
        column.as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).sum()
    };
    let traffic = &overview["traffic"];
    assert_eq!(sum(&traffic["n"]), 3);
    assert_eq!(traffic["at_ms"].as_array().unwrap().len(), traffic["n"].as_array().unwrap().len());
    let lanes = traffic["lanes"].as_array().unwrap();
    let lanes: Vec<_> = lanes.iter().map(|lane| (&lane["tier"], &lane["bucket"])).collect();
    assert_eq!(lanes.len(), 3, "{lanes:?}");
    // Half an hour ago the one that failed is not yet over, and afterwards it is.
    let since = FixedClock.now().minus(HOUR / 2);
    let (_, later) = get(&admin, &format!("/admin/v1/view/overview?since={since}")).await;
    assert_eq!(later["totals"]["n_requests"], 2);
}

/// Events that are all one way or another, by a number each.
fn made(
    n: std::ops::Range<u8>,
    ago: Duration,
    change: impl Fn(&mut aios_core::ResponseEvent),
) -> Vec<Event> {
    let one = |n| {
        let mut event = event();
        event.ts = FixedClock.now().minus(ago);
        event.event_id = EventId::new(event.ts, [n; 10]);
        event.weight = Some(Weight::new(0.7).unwrap());
        change(&mut event);
        Event::Response(Box::new(event))
    };
    n.map(one).collect()
}

#[tokio::test]
async fn only_what_was_routed_counts_for_the_share_of_main() {
    let admin = Admin::new(true);
    let second = Duration::from_secs(1);
    let pinned = |event: &mut aios_core::ResponseEvent| {
        event.weight = None;
        event.route_reason = aios_core::RouteReason::PinnedTier;
    };
    admin.record(made(0..6, second, pinned)).await;
    admin.record(made(6..7, second, |_| {})).await;
    admin.record(made(7..10, second, |event| event.tier = Tier::Embedder)).await;
    let (_, overview) = get(&admin, "/admin/v1/view/overview").await;
    assert_eq!(overview["totals"]["n_requests"], 10);
    assert_eq!(overview["totals"]["main_share"], 0.25);
}

#[tokio::test]
async fn a_percentile_of_a_bucket_is_of_all_its_requests_whoever_answered() {
    let admin = Admin::new(true);
    let second = Duration::from_secs(1);
    admin.record(made(0..19, second, |event| event.timings.latency_ms = 10.0)).await;
    let slow = |event: &mut aios_core::ResponseEvent| {
        event.source = Some(Tier::Embedder);
        event.timings.latency_ms = 1_000.0;
    };
    admin.record(made(19..20, second, slow)).await;
    let (_, canary) = get(&admin, "/admin/v1/view/canary").await;
    let buckets = canary["traffic"]["buckets"].as_array().unwrap();
    let names: Vec<_> = buckets.iter().map(|bucket| &bucket["bucket"]).collect();
    assert_eq!(names, ["control", "treatment"]);
    let n = buckets[0]["n"].as_array().unwrap();
    let place = n.iter().rposition(|n| *n != 0).unwrap();
    let latest = |column: &str| buckets[0][column][place].as_f64();
    let p95 = latest("latency_ms_p95").unwrap();
    assert!((9.0..11.0).contains(&p95), "{p95}");
    assert_eq!(latest("n"), Some(20.0));
    let treatment = buckets[1]["latency_ms_p95"].as_array().unwrap();
    assert!(treatment.iter().all(Value::is_null));
}

#[tokio::test]
async fn what_is_counted_is_of_the_time_that_was_asked_for_however_long_it_is() {
    let admin = Admin::new(true);
    let day = 24 * HOUR;
    for (n, ago) in
        [(0, 2 * HOUR), (1, 7 * day - HOUR / 2), (2, 7 * day + HOUR / 4), (3, 300 * day)]
    {
        admin.record(made(n..n + 1, ago, |_| {})).await;
    }
    let now = FixedClock.now();
    let n = async |since: Timestamp, until: Timestamp| {
        let path = format!("/admin/v1/view/overview?since={since}&until={until}");
        let (status, overview) = get(&admin, &path).await;
        assert_eq!(status, 200, "{overview}");
        let steps = overview["traffic"]["n"].as_array().unwrap();
        assert_eq!(
            steps.iter().map(|n| n.as_u64().unwrap()).sum::<u64>(),
            overview["totals"]["n_requests"]
        );
        assert_eq!(overview["traffic"]["since_ms"], since.as_micros() / 60_000_000 * 60_000);
        overview["totals"]["n_requests"].as_u64().unwrap()
    };
    // Within the step in which the time begins, but before it.
    assert_eq!(n(now.minus(7 * day), now).await, 2);
    assert_eq!(n(now.minus(8 * day), now).await, 3);
    assert_eq!(n(now.minus(8 * day), now.minus(7 * day)).await, 1);
    for years in [1, 40, 55] {
        assert_eq!(n(now.minus(years * 365 * day), now).await, 4, "{years}");
    }
}

#[tokio::test]
async fn a_search_in_texts_goes_on_where_it_ended_and_says_how_far_it_came() {
    let admin = seeded().await;
    let (mut found, mut cursor) = (Vec::new(), String::new());
    for _ in 0..4 {
        let (_, page) = get(&admin, &format!("/admin/v1/events?text=blue&n=1{cursor}")).await;
        assert!(page["n_looked"].as_u64().unwrap() <= 3, "{page}");
        found.extend(
            page["events"].as_array().unwrap().iter().map(|row| row["event_id"].to_string()),
        );
        let Some(next) = page["next"].as_str() else { break };
        assert!(page["looked_back_to"].is_string());
        cursor = format!("&cursor={next}");
    }
    found.dedup();
    assert_eq!(found.len(), 3, "{found:?}");
}

#[tokio::test]
async fn candidates_are_looked_for_where_the_index_says_that_it_is_worth_it() {
    let admin = Admin::new(true);
    let ask = |event: &mut aios_core::ResponseEvent, text: &str| {
        event.question = Redactor::new(&[]).redact(text).text;
        event.outcome = Outcome::Timeout;
    };
    admin.record(made(0..1, HOUR, |event| ask(event, "Why does it fail?"))).await;
    admin.record(made(1..2, 2 * HOUR, |event| ask(event, "Why did it fail?"))).await;
    admin.record(made(2..9, HOUR, |_| {})).await;
    let (_, found) = get(&admin, "/admin/v1/goldens/candidates").await;
    let questions = |found: &Value| {
        let all = found["candidates"].as_array().unwrap().clone();
        all.iter().map(|one| one["question"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((found["n_looked"].as_u64(), found["n_bad"].as_u64()), (Some(9), Some(0)));
    let mut all = questions(&found);
    all.sort();
    assert_eq!(all, ["Why did it fail?", "Why does it fail?"]);
    let since = FixedClock.now().minus(HOUR + HOUR / 2);
    let (_, found) = get(&admin, &format!("/admin/v1/goldens/candidates?since={since}")).await;
    assert_eq!(questions(&found), ["Why does it fail?"]);
    assert_eq!(found["looked_back_to"], since.to_string());
}

/// A hypothesis of each kind of groups, by the name of its groups.
const FAMILY: &str = r#"[
    {"name": "buckets", "statement": "s", "metric": "errors", "groups": "buckets",
     "direction": "not_worse", "margin": 0.01, "n_pairs_min": 30},
    {"name": "tiers", "statement": "s", "metric": "errors", "groups": "tiers_on_low_weights",
     "direction": "not_worse", "margin": 0.01, "n_pairs_min": 30}
]"#;

/// Each hypothesis as the tab shows it, where at most `tested_max` requests are tested, and the view around them.
fn hypotheses_of(admin: &Admin, tested_max: u64) -> (Value, Vec<Value>) {
    let family: Vec<aios_control::hypothesis::Hypothesis> = serde_json::from_str(FAMILY).unwrap();
    let scene = Scene { hypotheses: family.into(), ..admin.views.scene() };
    let view = hypotheses::look(&admin.dir, &scene, tested_max).unwrap();
    let view = serde_json::to_value(view).unwrap();
    let each = view["hypotheses"].as_array().unwrap().clone();
    (view, each)
}

#[tokio::test]
async fn where_there_is_too_much_to_test_now_the_findings_on_record_are_shown_and_said_to_be_old() {
    let admin = seeded().await;
    let (view, each) = hypotheses_of(&admin, 3);
    assert_eq!(view["n_too_many"], Value::Null);
    assert_eq!(each[0]["history"].as_array().unwrap().len(), 1);
    let (view, each) = hypotheses_of(&admin, 2);
    assert_eq!((&view["n_too_many"], &view["tested_at"]), (&3.into(), &Value::Null));
    for one in &each {
        assert_eq!((&one["finding"], &one["history"]), (&"untested".into(), &Value::Array(vec![])));
        assert!(one["would_change"].as_str().unwrap().contains("aios hypotheses run"), "{one}");
    }
    let found = r#"{"event_type": "hypothesis", "schema_version": "2.0",
        "event_id": "01900000-0000-7000-8000-000000000009", "ts": "2027-01-14T03:00:00Z", "name": "buckets",
        "statement": "s", "finding": "supported", "since": "2027-01-01T00:00:00Z", "n_pairs": 900,
        "effect": -0.2, "interval": [-0.3, -0.1], "log_e_for": 4.0, "log_e_against": -2.0,
        "by_lot": true}"#;
    let found: Event = serde_json::from_str(found).unwrap();
    let found_at = serde_json::to_value(found.at()).unwrap();
    admin.record(vec![found]).await;
    let (view, each) = hypotheses_of(&admin, 2);
    assert_eq!(view["tested_at"], found_at);
    let of_record = (&each[0]["finding"], &each[0]["n_pairs"], &each[0]["log_e_for"]);
    assert_eq!(of_record, (&"supported".into(), &900.into(), &4.0.into()));
    assert_eq!(each[1]["finding"], "untested");
    // How groups are drawn is the hypothesis' own, whether it is tested or not.
    for tested_max in [2, 3] {
        let (_, each) = hypotheses_of(&admin, tested_max);
        let by_lot: Vec<_> = each.iter().map(|one| one["is_by_lot"].as_bool().unwrap()).collect();
        assert_eq!(by_lot, [true, false], "{tested_max}");
    }
}

#[tokio::test]
async fn events_are_found_by_what_is_said_of_them_page_by_page_and_one_by_one() {
    let admin = seeded().await;
    let check = async |query: &str, expect: usize| {
        let (status, page) = get(&admin, &format!("/admin/v1/events?{query}")).await;
        assert_eq!(status, 200, "{query}: {page}");
        assert_eq!(page["events"].as_array().unwrap().len(), expect, "{query}");
        page
    };
    check("outcome=timeout", 1).await;
    check("bucket=treatment", 1).await;
    check("source=embedder&latency_ms_min=1000", 1).await;
    check("latency_ms_max=0", 0).await;
    let whole = check("text=", 3).await;
    let said = whole["events"][0]["question"].as_str().unwrap().to_uppercase();
    let said: String = said.chars().take_while(|letter| letter.is_alphanumeric()).collect();
    check(&format!("text={said}"), 3).await;
    check("text=nobody-said-this", 0).await;
    let first = check("n=2", 2).await;
    let rest = check(&format!("n=2&cursor={}", first["next"].as_str().unwrap()), 1).await;
    assert_eq!(rest["next"], Value::Null);
    let id = rest["events"][0]["event_id"].as_str().unwrap();
    let (status, one) = get(&admin, &format!("/admin/v1/events/{id}")).await;
    assert_eq!((status, one["event"]["event_id"].as_str()), (200, Some(id)));
    assert!(one["why"].as_str().unwrap().ends_with("nobody answered"), "{one}");
    assert_eq!(get(&admin, "/admin/v1/events/none").await.0, 400);
    let unknown = EventId::new(FixedClock.now(), [9; 10]);
    assert_eq!(get(&admin, &format!("/admin/v1/events/{unknown}")).await.0, 404);
    for wrong in ["cursor=1.2", "conv_id=x", "outcome=x", "unknown=1"] {
        assert_eq!(get(&admin, &format!("/admin/v1/events?{wrong}")).await.0, 400, "{wrong}");
    }
}
