//! Every answer is what the API's description says of it, and has nothing that the description leaves out.

use std::collections::BTreeMap;
use std::time::Duration;

use aios_core::{Event, EventId, Fault, Tier};
use aios_privacy::Pseudonym;
use aios_store::{
    AuditFault, CaughtUp, FragmentUse, Held, HoldId, Left, Rewritten, Salvaged, SegmentId, Stop,
};
use aios_upstream::{BreakerState, BreakerStatus, EndpointStatus, ModelInfo, ServerKind};
use serde_json::{Value, json};

use super::views::event;
use super::*;
use crate::admin::openapi::document;

/// The API's description, in which no type may have more than is said of it.
pub(crate) struct Description(Value);

impl Description {
    pub(crate) fn read() -> Self {
        let mut document = document();
        for schema in document["components"]["schemas"].as_object_mut().unwrap().values_mut() {
            let schema = schema.as_object_mut().unwrap();
            if schema.contains_key("properties") || schema.contains_key("oneOf") {
                schema.insert("unevaluatedProperties".to_owned(), false.into());
            }
        }
        Self(document)
    }

    /// Holds an answer of `endpoint`, such as `GET /status`, against what is said of it.
    #[track_caller]
    pub(crate) fn check(&self, endpoint: &str, status: u16, answer: &Value) {
        let (method, path) = endpoint.split_once(' ').unwrap();
        let responses = &self.0["paths"][path][method.to_lowercase()]["responses"];
        let schema = &responses[status.to_string()]["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{endpoint} says nothing of {status}: {answer}");
        self.check_schema(endpoint, schema, answer);
    }

    /// Holds a value against what is said of a type.
    #[track_caller]
    pub(crate) fn check_type(&self, name: &str, value: &impl serde::Serialize) {
        assert!(self.0["components"]["schemas"][name].is_object(), "there is no {name}");
        let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
        self.check_schema(name, &reference, &json!(value));
    }

    #[track_caller]
    fn check_schema(&self, name: &str, schema: &Value, value: &Value) {
        let mut whole = self.0.clone();
        whole.as_object_mut().unwrap().extend(schema.as_object().unwrap().clone());
        let validator = jsonschema::validator_for(&whole).unwrap();
        let wrong: Vec<_> = validator.iter_errors(value).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{name}: {wrong:?} in {value}");
    }
}

/// Asks with every right; the status and what came back.
async fn ask(admin: &Admin, endpoint: &str, body: &Value) -> (u16, Value) {
    let (method, path) = endpoint.split_once(' ').unwrap();
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {}", token_of("all")))
        .body(Body::from(if method == "GET" { String::new() } else { body.to_string() }))
        .unwrap();
    let reply = admin.router.clone().call(request).await.unwrap();
    let status = reply.status().as_u16();
    let bytes = axum::body::to_bytes(reply.into_body(), 4 << 20).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

/// An event that is found by its id.
fn kept() -> aios_core::ResponseEvent {
    let mut event = event();
    event.event_id = EventId::new(event.ts, [1; 10]);
    event
}

/// An admin listener of which much is asked, all of which it has to do.
struct Asking {
    admin: Admin,
    description: Description,
    asked: std::cell::RefCell<BTreeMap<String, usize>>,
}

impl Asking {
    async fn done(&self, endpoint: &str, body: Value) -> Value {
        self.done_of(endpoint, endpoint, body).await
    }

    /// The same where a parameter stands in the path.
    async fn done_of(&self, endpoint: &str, concrete: &str, body: Value) -> Value {
        let (status, answer) = ask(&self.admin, concrete, &body).await;
        self.description.check(endpoint, status, &answer);
        *self.asked.borrow_mut().entry(endpoint.to_owned()).or_default() += 1;
        answer
    }
}

/// What needs more than there is here to be done: a second version of the key that is in use, a canary that is switched
/// on, models to ask, receivers of alerts. The stream and what is no JSON is looked at elsewhere.
const NOT_HERE: [&str; 14] = [
    "GET /",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "GET /admin/v1/live",
    "POST /admin/v1/keys/retire",
    "POST /admin/v1/canary/check",
    "POST /admin/v1/canary/reset",
    "POST /admin/v1/canary/hold",
    "POST /admin/v1/canary/resume",
    "POST /admin/v1/canary/approve",
    "POST /admin/v1/goldens/run",
    "POST /admin/v1/goldens/promote",
    "POST /admin/v1/alerts/test",
];

#[tokio::test]
async fn everything_answers_as_it_is_described() {
    let asking = Asking {
        admin: Admin::new(true),
        description: Description::read(),
        asked: Default::default(),
    };
    asking.admin.record(vec![Event::Response(Box::new(kept()))]).await;
    let none = || json!({});
    let read = routes::endpoints();
    let read = read.iter().filter(|one| one.method == "GET" && !one.path.contains('{'));
    let read: Vec<_> = read.map(|one| format!("GET {}", one.path)).collect();
    for endpoint in read.iter().filter(|endpoint| !NOT_HERE.contains(&endpoint.as_str())) {
        asking.done(endpoint, none()).await;
    }
    in_and_out(&asking).await;
    faults(&asking).await;
    memory(&asking).await;
    erasure(&asking).await;
    asking.done("POST /admin/v1/routing/override", json!({ "boundary": 0.6 })).await;
    asking.done("POST /admin/v1/routing/override", json!({ "freeze": true })).await;
    asking.done("POST /admin/v1/routing/clear", none()).await;
    asking.done("POST /admin/v1/routing/explain", json!({ "text": "Why?" })).await;
    asking.done("POST /admin/v1/logs/reindex", none()).await;
    asking.done("POST /admin/v1/nightly", json!({ "dry_run": true })).await;
    asking.done("POST /admin/v1/keys/rotate", none()).await;
    // By now much is on record and has happened.
    for endpoint in read.iter().filter(|endpoint| !NOT_HERE.contains(&endpoint.as_str())) {
        asking.done(endpoint, none()).await;
    }
    let asked = asking.asked.into_inner();
    for endpoint in routes::endpoints() {
        let name = format!("{} {}", endpoint.method, endpoint.path);
        let is_asked = asked.contains_key(&name);
        assert!(is_asked != NOT_HERE.contains(&name.as_str()), "{name} was asked: {is_asked}");
    }
}

async fn in_and_out(asking: &Asking) {
    for endpoint in ["POST /admin/v1/login-links", "POST /admin/v1/login", "POST /admin/v1/logout"]
    {
        asking.done(endpoint, json!({})).await;
    }
    let who = asking.done("GET /admin/v1/whoami", json!({})).await;
    assert_eq!((&who["name"], &who["is_read_only"]), (&json!("all"), &json!(false)));
    let id = kept().event_id;
    asking
        .done_of("GET /admin/v1/events/{id}", &format!("GET /admin/v1/events/{id}"), json!({}))
        .await;
}

async fn faults(asking: &Asking) {
    let tier = Tier::Main;
    let all = [
        Fault::Refuse { tier },
        Fault::Hang { tier },
        Fault::Status { tier, code: 500, share_pct: 50 },
        Fault::Delay { tier, ms: 1 },
        Fault::Cut { tier, pieces: 1 },
        Fault::DiskFull {},
        Fault::DiskSlow { ms: 1 },
        Fault::ClockJump { seconds: -1 },
    ];
    for fault in &all {
        asking.description.check_type("Fault", fault);
        asking.done("POST /admin/v1/faults/order", json!({ "fault": fault, "for_s": 60 })).await;
    }
    let told = asking.done("GET /admin/v1/faults", json!({})).await;
    assert_eq!(told["faults"].as_array().unwrap().len(), all.len());
    let cleared = asking.done("POST /admin/v1/faults/clear", json!({})).await;
    assert_eq!(cleared, json!({ "n_cleared": all.len() }));
}

async fn memory(asking: &Asking) {
    let at = |end: &str| format!("POST /admin/v1/memory/{end}");
    let fragments = json!([
        { "text": "The ferry leaves at noon.", "id": "a" },
        { "text": "The ferry leaves at noon.", "id": "a" },
        { "text": "The ferry leaves at one.", "id": "a", "speaker": "Robin" },
        { "text": "", "id": "b" },
        { "text": "The museum opens on Mondays.", "id": "c" },
    ]);
    let kept = asking.done(&at("add"), json!({ "fragments": fragments })).await;
    let outcomes = kept["added"].as_array().unwrap().iter().map(|one| one["outcome"].as_str());
    let outcomes: Vec<_> = outcomes.map(Option::unwrap).collect();
    assert_eq!(outcomes, ["new", "seen", "changed", "refused", "new"]);
    let question = json!({ "question": "When does the ferry leave?", "shared": true });
    let found = asking.done(&at("search"), question).await;
    assert_eq!(found["results"][0]["fragments"][0]["speaker"], "Robin");
    for execute in [false, true] {
        asking.done(&at("dedup"), json!({ "execute": execute })).await;
        asking.done(&at("decay"), json!({ "execute": execute })).await;
    }
    asking.done(&at("restore"), json!({})).await;
    asking.done(&at("rebuild"), json!({ "language": "english" })).await;
    let pin = json!({ "shared": true, "id": "a", "stays": true });
    assert_eq!(asking.done(&at("pin"), pin).await, json!({ "revised": "done" }));
    let supersede = json!({ "shared": true, "earlier": "a", "later": "nothing" });
    assert_eq!(asking.done(&at("supersede"), supersede).await, json!({ "revised": "unknown" }));
}

/// A segment is taken away, somebody takes note of it, and it comes back.
async fn loss(asking: &Asking) {
    let dir = &asking.admin.dir;
    let register = dir.path().join("audit/segments.ndjson");
    // It is another thread that writes down what was sealed.
    while !std::fs::read_to_string(&register).is_ok_and(|text| text.ends_with('\n')) {
        tokio::task::yield_now().await;
    }
    let segment = aios_store::Segments::of(dir).list().unwrap().remove(0).path;
    let text = std::fs::read(&segment).unwrap();
    std::fs::remove_file(&segment).unwrap();
    let verified = aios_store::verify(dir, false, &()).unwrap();
    let loss = verified.faults.iter().find_map(|fault| fault.loss.clone()).unwrap();
    let said = json!({ "loss": loss, "reason": "the disk broke" });
    let known = asking.done("POST /admin/v1/logs/acknowledge", said).await;
    assert_eq!((&known["loss"], &known["reason"]), (&json!(loss), &json!("the disk broke")));
    std::fs::write(&segment, text).unwrap();
}

async fn erasure(asking: &Asking) {
    let whose = json!({ "pseudonym": format!("c1_{:032x}", 1) });
    asking.done("POST /admin/v1/logs/rotate", json!({ "seal": true, "dry_run": true })).await;
    asking.done("POST /admin/v1/logs/rotate", json!({ "seal": true })).await;
    loss(asking).await;
    let hold = json!({ "owner": "legal", "reason": "case 7", "expires_at": "2027-01-16T08:00:00Z", "since": "2026-01-01T00:00:00Z" });
    asking.done("POST /admin/v1/logs/holds/add", hold).await;
    asking.done("GET /admin/v1/logs/holds", json!({})).await;
    let found = asking.done("POST /admin/v1/data/find", whose.clone()).await;
    assert_eq!(found["census"]["held_by"][0]["owner"], "legal");
    asking.done("POST /admin/v1/logs/holds/release", json!({ "id": "h1" })).await;
    let said = json!({ "subjects": found["pseudonyms"], "n_events": 1 });
    asking.done("POST /admin/v1/audit/found", said).await;
    let plan = json!({ "whose": whose, "basis": "asked for" });
    let plan = asking.done("POST /admin/v1/erasures", plan).await;
    let id = plan["id"].as_str().unwrap();
    let show = async || {
        let concrete = format!("GET /admin/v1/erasures/{id}");
        asking.done_of("GET /admin/v1/erasures/{id}", &concrete, json!({})).await
    };
    assert_eq!(show().await["state"], "planned");
    let concrete = format!("POST /admin/v1/erasures/{id}/execute");
    let decided = json!({ "plan_hash": plan["plan_hash"] });
    let receipt = asking.done_of("POST /admin/v1/erasures/{id}/execute", &concrete, decided).await;
    assert_eq!(receipt["segments"][0]["dropped"], 1, "{receipt}");
    assert!(receipt["note"].is_string(), "only the pseudonym is known: {receipt}");
    assert_eq!(show().await["state"], "completed");
}

/// A body that no type takes is refused by whatever takes one.
#[tokio::test]
async fn what_takes_a_body_says_which() {
    let admin = Admin::new(true);
    for endpoint in routes::endpoints().iter().filter(|one| one.method == "POST") {
        let name = format!("POST {}", endpoint.path);
        let (_, answer) = ask(&admin, &concrete(&name), &json!("nothing")).await;
        let takes = answer["error"]["code"] == "bad_body";
        assert_eq!(takes, endpoint.asks.is_some(), "{name}: {answer}");
    }
}

#[test]
fn whatever_can_be_on_record_is_described() {
    let (description, at) = (Description::read(), FixedClock.now());
    let (text, subjects) =
        (|| "x".to_owned(), || vec![Pseudonym::parse(&format!("c1_{:032x}", 1)).unwrap()]);
    let hold = |since| AuditAction::Hold {
        change: text(),
        id: "h1".parse::<HoldId>().unwrap(),
        expires_at: at,
        since,
        until: since,
    };
    let erasure = |n_records, receipt| AuditAction::Erasure {
        id: text(),
        state: text(),
        subjects: subjects(),
        n_records,
        receipt,
    };
    let rotated = |stopped| AuditAction::Rotated {
        n_sealed: 1,
        n_compressed: 1,
        n_removed: 1,
        n_failed: 1,
        forced: false,
        stopped,
    };
    let night =
        |steps| AuditAction::Night { n_done: 1, n_skipped: 1, n_violations: 0, n_failed: 0, steps };
    let all = [
        AuditAction::Opened { version: text(), headed: true },
        AuditAction::Opened { version: text(), headed: false },
        AuditAction::Headed { last_seq: 1 },
        AuditAction::Lost { last_seq: 1 },
        AuditAction::TornTailCut { n_bytes: 1 },
        AuditAction::Redacted {
            sink: text(),
            done: text(),
            config_hash: text(),
            since: at,
            counts: BTreeMap::from([(text(), 1)]),
        },
        AuditAction::Changed { request: text(), status: 200 },
        AuditAction::SignedIn,
        AuditAction::Refused { request: text(), status: 401 },
        AuditAction::RefusedMore { n: 1 },
        rotated(None),
        rotated(Some(text())),
        AuditAction::Reindexed { n_events: 1 },
        AuditAction::Migrated { n_events: 1, n_erased: 1, n_not_migrated: 1 },
        hold(None),
        hold(Some(at)),
        AuditAction::Found { subjects: subjects(), n_events: 1 },
        AuditAction::Memory { change: text() },
        erasure(None, None),
        erasure(Some(1), Some(text())),
        AuditAction::Forgot { n_erasures: 1, before: at },
        AuditAction::Key { change: text(), version: 1 },
        night(BTreeMap::new()),
        night(BTreeMap::from([(text(), text())])),
        AuditAction::ControlHead { last_line: 1 },
        AuditAction::SegmentsHead { last_line: 1, hash: text() },
        AuditAction::LossAcknowledged { loss: text(), n_events: 1 },
        AuditAction::Pruned { n_files: 1, last_seq: 1 },
        AuditAction::Closed,
    ];
    let kinds: std::collections::BTreeSet<_> =
        all.iter().map(|action| json!(action)["action"].to_string()).collect();
    let described = document()["components"]["schemas"]["AuditEntry"]["oneOf"].clone();
    assert_eq!(described.as_array().map(Vec::len), Some(kinds.len()), "{described}");
    for action in all {
        let entry = AuditEntry { seq: 1, prev: text(), ts: at, actor: text(), action };
        description.check_type("AuditEntry", &entry);
    }
}

#[test]
fn what_is_seldom_said_is_described_too() {
    let (description, now) = (Description::read(), FixedClock.now());
    for stop in [
        Stop::ClockJumped { before: now, now },
        Stop::RemovesTooMuch { n_removed: 1, n_events: 2 },
        Stop::RemovesTooMuchAudit { n_removed: 1, n_entries: 2 },
        Stop::Unremembered,
        Stop::HoldsUnreadable,
    ] {
        description.check_type("Stop", &stop);
    }
    let breaker = |retry_in_ms: Option<u64>| BreakerStatus {
        state: BreakerState::HalfOpen,
        n_failures: 1,
        reason: retry_in_ms.map(|ms| ms.to_string()),
        retry_in_ms,
        hint: retry_in_ms.map(|_| "start it"),
    };
    let endpoint = |retry_in_ms: Option<u64>| EndpointStatus {
        name: "main".into(),
        tier: Tier::Main,
        url: "http://127.0.0.1:1".into(),
        model: "m".into(),
        kind: ServerKind::LmStudio,
        simulated: false,
        breaker: breaker(retry_in_ms),
        embeddings: retry_in_ms.map(|ms| breaker(Some(ms))),
        in_flight: 1,
        queued: 0,
        concurrency_max: 4,
        latency_ms: retry_in_ms.map(|ms| Duration::from_millis(ms).as_secs_f64()),
        n_model_mismatches: 0,
        warning: retry_in_ms.map(|_| "slow".into()),
    };
    for retry_in_ms in [None, Some(5)] {
        description.check_type("EndpointStatus", &endpoint(retry_in_ms));
    }
    let (id, endpoint) = ("m".to_owned(), "main".to_owned());
    let model = ModelInfo { id, tier: Tier::Main, endpoint, owned_by: "us", simulated: true };
    description.check_type("ModelInfo", &model);
    let (file, why, text) = ("x.ndjson", || "torn".to_owned(), || "x".to_owned());
    description.check_type("Left", &Left { file: file.into(), why: why() });
    for line in [None, Some(1)] {
        let fault = AuditFault { seq: 1, file: file.into(), line, why: why() };
        description.check_type("AuditFault", &fault);
    }
    let segment: SegmentId = serde_json::from_value(json!("20270115T083000Z-1a2b3c4d")).unwrap();
    let aside = vec![file.into()];
    let salvaged = Salvaged { segment, n_members: 1, aside, flaw: why() };
    description.check_type("Salvaged", &salvaged);
    for flaw in [None, Some(why())] {
        let rewritten = Rewritten {
            segment,
            kept: 1,
            dropped: 1,
            bytes_before: 2,
            bytes_after: 1,
            old_sha256: text(),
            new_sha256: flaw.clone(),
            flaw,
        };
        description.check_type("Rewritten", &rewritten);
    }
    let owner = Redactor::new(&[]).redact("legal").text;
    let held = Held { segment, hold: "h1".parse::<HoldId>().unwrap(), owner };
    description.check_type("HeldSegment", &held);
    for is_behind in [false, true] {
        description.check_type("CaughtUp", &CaughtUp { n_events: 1, n_forgotten: 1, is_behind });
    }
    for confirmed_at in [None, Some(now)] {
        let fragment = FragmentUse {
            number: 1,
            id: text(),
            home: text(),
            ts: now,
            n_seen: 1,
            n_injected: 1,
            n_confirmed: 1,
            confirmed_at,
            is_pinned: false,
            is_archived: true,
        };
        description.check_type("FragmentUse", &fragment);
    }
}
