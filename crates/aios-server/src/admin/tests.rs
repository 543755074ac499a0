//! Every role at every endpoint, from the list of endpoints itself: a new one without a row fails.

mod live;
mod views;

use std::collections::BTreeMap;

use aios_core::{BOUNDARY_DEFAULT, Clock, Percent, Split, Timestamp};
use aios_privacy::{KeyMaterial, Pseudonymizer, Redactor, SecretDigest};
use aios_route::{BucketKey, Policy};
use aios_store::{
    AuditConfig, AuditEntry, EventLogConfig, EventStore as _, FileEventLog, OnFull, RamEventLog,
    SyncPolicy, audit_tail,
};
use aios_upstream::{BreakerPolicy, RetryPolicy, Timeouts, UpstreamConfig, Upstreams};
use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode};
use tower_service::Service;

use super::*;
use crate::canary::{CanaryKeeper, ControlConfig};
use crate::controller::ControllerState;
use crate::gateway::{IdSource, Keys};
use crate::live::{GatewayConfig, Live};
use crate::nightly::{House, Nightly};

/// What each endpoint needs: "anyone", "visitor", "local <scope>", "known" or a scope. Written by hand, on purpose.
const MATRIX: &[(&str, &str)] = &[
    ("GET /healthz", "anyone"),
    ("GET /readyz", "anyone"),
    ("GET /metrics", "local config:read"),
    ("GET /status", "local config:read"),
    ("GET /", "visitor"),
    ("GET /admin/v1/whoami", "known"),
    ("POST /admin/v1/login-links", "known"),
    ("POST /admin/v1/login", "known"),
    ("POST /admin/v1/logout", "known"),
    ("GET /admin/v1/audit", "audit:read"),
    ("GET /admin/v1/audit/verify", "audit:read"),
    ("POST /admin/v1/audit/found", "privacy:find"),
    ("POST /admin/v1/keys/rotate", "config:write"),
    ("POST /admin/v1/keys/retire", "config:write"),
    ("POST /admin/v1/data/find", "privacy:find"),
    ("POST /admin/v1/erasures", "privacy:plan"),
    ("GET /admin/v1/erasures/{id}", "privacy:find"),
    ("POST /admin/v1/erasures/{id}/execute", "privacy:execute"),
    ("GET /admin/v1/canary", "canary:read"),
    ("POST /admin/v1/canary/check", "canary:write"),
    ("POST /admin/v1/canary/reset", "canary:write"),
    ("POST /admin/v1/canary/hold", "canary:write"),
    ("POST /admin/v1/canary/resume", "canary:write"),
    ("POST /admin/v1/canary/approve", "canary:write"),
    ("POST /admin/v1/routing/override", "canary:write"),
    ("POST /admin/v1/routing/clear", "canary:write"),
    ("GET /admin/v1/logs/holds", "logs:read"),
    ("POST /admin/v1/logs/holds/add", "logs:write"),
    ("POST /admin/v1/logs/holds/release", "logs:write"),
    ("POST /admin/v1/logs/reindex", "logs:write"),
    ("POST /admin/v1/nightly", "logs:write"),
    ("POST /admin/v1/logs/rotate", "logs:write"),
    ("GET /admin/v1/faults", "config:read"),
    ("POST /admin/v1/faults/order", "config:write"),
    ("POST /admin/v1/faults/clear", "config:write"),
    ("GET /admin/v1/memory/stats", "memory:read"),
    ("POST /admin/v1/memory/search", "memory:read"),
    ("POST /admin/v1/memory/add", "memory:write"),
    ("POST /admin/v1/memory/dedup", "memory:write"),
    ("POST /admin/v1/memory/decay", "memory:write"),
    ("POST /admin/v1/memory/restore", "memory:write"),
    ("POST /admin/v1/memory/rebuild", "memory:write"),
    ("POST /admin/v1/memory/pin", "memory:write"),
    ("POST /admin/v1/memory/supersede", "memory:write"),
    ("GET /admin/v1/openapi.json", "known"),
    ("GET /admin/v1/live", "logs:read"),
    ("GET /admin/v1/index", "known"),
    ("GET /admin/v1/view/overview", "config:read"),
    ("GET /admin/v1/view/hypotheses", "canary:read"),
    ("GET /admin/v1/view/routing", "canary:read"),
    ("POST /admin/v1/routing/explain", "canary:read"),
    ("GET /admin/v1/events", "logs:read"),
    ("GET /admin/v1/events/{id}", "logs:read"),
    ("GET /admin/v1/view/settings", "config:read"),
    ("GET /admin/v1/view/canary", "canary:read"),
    ("GET /admin/v1/view/goldens", "goldens:read"),
    ("GET /admin/v1/goldens/candidates", "goldens:read"),
    ("GET /admin/v1/goldens/run", "goldens:read"),
    ("POST /admin/v1/goldens/run", "goldens:write"),
    ("POST /admin/v1/goldens/promote", "goldens:write"),
    ("GET /admin/v1/view/memory", "memory:read"),
    ("GET /admin/v1/memory/fragments", "memory:read"),
    ("GET /admin/v1/view/privacy", "audit:read"),
    ("POST /admin/v1/alerts/test", "config:write"),
];

#[derive(Debug)]
pub(super) struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_800_000_000_000_000)
    }
}

/// An admin listener without its socket.
struct Admin {
    router: Router,
    auth: Arc<Auth>,
    dir: Arc<DataDir>,
    log: Arc<FileEventLog>,
    gateway: Arc<Gateway>,
    hub: Arc<Hub>,
    _temp: tempfile::TempDir,
}

fn token_of(scope: &str) -> String {
    format!("token of {scope}")
}

impl Admin {
    /// A token for each scope, one for all and one for none.
    fn new(is_loopback: bool) -> Self {
        let token = |name: &str, scopes: Scopes| AdminToken {
            name: name.to_owned(),
            digest: SecretDigest::of(token_of(name).as_bytes()),
            scopes,
        };
        let mut tokens: Vec<_> = Scope::ALL
            .iter()
            .map(|scope| token(scope.name(), Scopes::parse([scope.name()]).unwrap()))
            .collect();
        tokens.push(token("all", Scopes::all()));
        tokens.push(token("none", Scopes::parse([]).unwrap()));
        let temp = tempfile::tempdir().unwrap();
        let dir = Arc::new(DataDir::open(temp.path()).unwrap());
        let audit = AuditLog::open(&dir, AuditConfig::default(), FixedClock.now()).unwrap();
        let audit = Arc::new(audit);
        let config = EventLogConfig { sync: SyncPolicy::Always, ..EventLogConfig::default() };
        let log = Arc::new(FileEventLog::open(&dir, config).unwrap());
        let rotator = Arc::new(Rotator::new(Arc::clone(&log) as _, Arc::clone(&audit)));
        let own_log = Arc::clone(&log);
        let eraser = Eraser::open(&dir, log, Arc::clone(&audit), Arc::new(FixedClock)).unwrap();
        let auth = auth(AdminConfig {
            tokens,
            hosts: vec!["aios.internal".into()],
            instance: "1f".into(),
        });
        let gateway = gateway(Arc::clone(&dir));
        let controller =
            Arc::new(ControllerState::new(FixedClock.now(), tokio::sync::mpsc::channel(1).0));
        let config = ControlConfig::fixed(gateway.split().as_ref().clone());
        let desk = Desk {
            keeper: Arc::new(CanaryKeeper::open(&dir, config.canary.start).unwrap()),
            config: tokio::sync::watch::channel(config).1,
            controller: Arc::clone(&controller),
            gateway: Arc::clone(&gateway),
            data_dir: Arc::clone(&dir),
            n_panics: 0.into(),
        };
        let status =
            StatusReader { gateway: Arc::clone(&gateway), controller, reload: Arc::default() };
        let keyring = Arc::new(Keyring::new(&[(1, KeyMaterial::new([1; 32]))]).unwrap());
        let housekeeper = Housekeeper::new(House {
            gateway: Arc::clone(&gateway),
            address: ([127, 0, 0, 1], 1).into(),
            data_dir: Arc::clone(&dir),
            rotator: Arc::clone(&rotator),
            audit: Arc::clone(&audit),
            keyring: Arc::clone(&keyring),
            nightly: Nightly::default(),
        });
        let desk = Arc::new(desk);
        let goldens = Arc::new(GoldenRuns::new(Arc::new(FixedClock)));
        let stage = Stage {
            desk: Arc::clone(&desk),
            status: status.clone(),
            alerts: Arc::default(),
            goldens: Arc::clone(&goldens),
            audit: Arc::clone(&audit),
        };
        let views = stage.views();
        let hub = Hub::new(Arc::clone(&gateway), views.clone());
        let own_gateway = Arc::clone(&gateway);
        let state = AdminState {
            hub: Arc::clone(&hub),
            views,
            page: Page::default(),
            goldens,
            receivers: Arc::new([]),
            gateway,
            nightly: Arc::new(housekeeper),
            status,
            auth: Arc::clone(&auth),
            audit,
            data_dir: Arc::clone(&dir),
            eraser: Arc::new(eraser),
            desk,
            rotator,
            keyring,
            is_loopback,
            faults: None,
        };
        let router = router(state);
        Self { router, auth, dir, log: own_log, gateway: own_gateway, hub, _temp: temp }
    }

    async fn ask(&self, endpoint: &str, headers: &[(&str, &str)]) -> http::Response<Body> {
        let (method, path) = endpoint.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "127.0.0.1:8501");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        self.router.clone().call(request).await.unwrap()
    }

    async fn status(&self, endpoint: &str, headers: &[(&str, &str)]) -> StatusCode {
        self.ask(endpoint, headers).await.status()
    }

    /// The cookie of a session of `name`'s.
    fn session(&self, name: &str, scopes: Scopes) -> String {
        let caller = auth::Caller { name: name.into(), scopes, by_cookie: false };
        let now = tokio::time::Instant::now();
        let code = self.auth.new_code(&caller, now).unwrap();
        let cookie = self.auth.redeem(&code, now).unwrap().cookie;
        cookie.split(';').next().unwrap().to_owned()
    }

    /// Has an event recorded, counted and indexed.
    async fn record(&self, events: Vec<aios_core::Event>) {
        for event in events {
            event.response().into_iter().for_each(|event| self.gateway.metrics.completed(event));
            let slot = self.log.reserve().await.unwrap();
            slot.append(event).durable().await.unwrap();
        }
        let log = Arc::clone(&self.log);
        tokio::task::spawn_blocking(move || log.catch_up_index()).await.unwrap().unwrap();
    }

    fn trail(&self) -> Vec<AuditEntry> {
        audit_tail(&self.dir, 1000).unwrap()
    }
}

pub(super) fn split() -> Split {
    Split {
        treatment_pct: Percent::new(10.0).unwrap(),
        control_boundary: BOUNDARY_DEFAULT,
        treatment_boundary: BOUNDARY_DEFAULT,
        adaptive: true,
        frozen: false,
        origin: "test".into(),
    }
}

fn gateway(dir: Arc<DataDir>) -> Arc<Gateway> {
    let (learned_to, _) = tokio::sync::mpsc::channel(1);
    let second = std::time::Duration::from_secs(1);
    let timeouts = Timeouts {
        connect: second,
        first_token: second,
        whole: second,
        inter_token: second,
        total: second,
        finish_grace: second,
    };
    let upstreams = UpstreamConfig {
        main: vec![],
        embedder: vec![],
        timeouts,
        retries: RetryPolicy { attempts_max: 1, backoff_base: second, backoff_max: second },
        breaker: BreakerPolicy { failures: 1, open: second, open_max: second },
        lmstudio_preload: false,
    };
    let live = Live {
        generation: 1,
        hash: "0123456789ab".into(),
        answers_hash: "0123456789ab".into(),
        objectives: Arc::default(),
        gateway: GatewayConfig {
            sequels: true,
            body_max: 1024,
            body_timeout: second,
            total_timeout: second,
            text_max: 1024,
            aliases: vec![],
        },
        upstreams: Arc::new(Upstreams::new(upstreams, None)),
        redactor: Arc::new(Redactor::new(&[])),
        names: crate::KnownNames::default(),
        sinks: None,
        judge: None,
        memory: Arc::default(),
        clients: crate::Clients::new(false, vec![], None),
        shown: Arc::default(),
    };
    let metrics = Arc::new(crate::metrics::Metrics::new());
    Arc::new(Gateway {
        live: arc_swap::ArcSwap::from_pointee(live),
        split: tokio::sync::watch::channel(Arc::new(split())).1,
        routing: Arc::new(crate::RoutingState::new(Policy::golden(), None, learned_to)),
        store: Arc::new(RamEventLog::new(1, OnFull::Drop)),
        memory: crate::gateway::memory::Memory::new(Arc::clone(&dir), metrics.memory.clone()),
        data_dir: dir,
        sequels: crate::gateway::Sequels::default(),
        words: crate::gateway::WordCounts::default(),
        clock: Arc::new(FixedClock),
        keys: Keys {
            pseudonyms: Pseudonymizer::new(1, &KeyMaterial::new([1; 32])),
            older: vec![],
            bucket: BucketKey::new(&KeyMaterial::new([2; 32])),
        },
        observer: None,
        metrics,
        draining: false.into(),
        stopping: false.into(),
        ids: IdSource::new(),
        started_at: FixedClock.now(),
    })
}

/// Whether a role may call an endpoint that needs `access`.
fn may(access: &str, scopes: Option<&Scopes>, is_loopback: bool) -> bool {
    let holds = |name: &str| {
        let scope = Scope::ALL.into_iter().find(|scope| scope.name() == name).unwrap();
        scopes.is_some_and(|scopes| scopes.hold(scope))
    };
    match access.split_once(' ') {
        _ if matches!(access, "anyone" | "visitor") => true,
        _ if access == "known" => scopes.is_some(),
        Some((_, scope)) => is_loopback || holds(scope),
        None => holds(access),
    }
}

#[tokio::test]
async fn every_role_at_every_endpoint() {
    let matrix: BTreeMap<_, _> = MATRIX.iter().copied().collect();
    let endpoints: Vec<_> = routes::endpoints()
        .iter()
        .map(|endpoint| format!("{} {}", endpoint.method, endpoint.path))
        .collect();
    for endpoint in &endpoints {
        assert!(matrix.contains_key(endpoint.as_str()), "{endpoint} has no row");
    }
    assert_eq!(endpoints.len(), matrix.len(), "a row without an endpoint");
    for is_loopback in [true, false] {
        let admin = Admin::new(is_loopback);
        for (endpoint, access) in &matrix {
            check_endpoint(&admin, endpoint, access, is_loopback).await;
        }
    }
}

async fn check_endpoint(admin: &Admin, endpoint: &str, access: &str, is_loopback: bool) {
    for role in Scope::ALL.iter().map(|scope| scope.name()).chain(["all", "none"]) {
        let scopes = match role {
            "all" => Scopes::all(),
            "none" => Scopes::parse([]).unwrap(),
            scope => Scopes::parse([scope]).unwrap(),
        };
        let expect = may(access, Some(&scopes), is_loopback);
        let bearer = format!("Bearer {}", token_of(role));
        let cookie = admin.session(role, scopes);
        let shown: [&[(&str, &str)]; 2] = [
            &[("authorization", &bearer)],
            &[("cookie", &cookie), ("origin", "http://127.0.0.1:8501")],
        ];
        for headers in shown {
            let status = admin.status(&concrete(endpoint), headers).await;
            assert_eq!(!is_refused(status), expect, "{role} at {endpoint}: {status} ({headers:?})");
        }
    }
    for headers in [&[][..], &[("authorization", "Bearer guess")][..]] {
        let status = admin.status(&concrete(endpoint), headers).await;
        let expect = may(access, None, is_loopback);
        assert_eq!(!is_refused(status), expect, "nobody at {endpoint}: {status} ({headers:?})");
    }
}

/// Refused as somebody without the right, or as one of too many.
fn is_refused(status: StatusCode) -> bool {
    matches!(status.as_u16(), 401 | 403 | 429)
}

#[tokio::test]
async fn who_is_nobody_and_who_lacks_the_right_are_told_apart() {
    let admin = Admin::new(true);
    let bearer = |name: &str| format!("Bearer {}", token_of(name));
    let check = async |value: &str, expect: u16| {
        let status = admin.status("GET /admin/v1/audit", &[("authorization", value)]).await;
        assert_eq!(status, expect, "{value}");
    };
    check(&bearer("audit:read"), 200).await;
    check(&bearer("logs:read"), 403).await;
    check(&bearer("somebody"), 401).await;
}

/// The endpoint with something in the place of its parameters.
fn concrete(endpoint: &str) -> String {
    endpoint.replace("{id}", "none")
}

#[tokio::test]
async fn what_changes_something_and_who_is_refused_is_on_record() {
    let admin = Admin::new(true);
    let bearer = |name: &str| format!("Bearer {}", token_of(name));
    let cookie = admin.session("all", Scopes::all());
    let ask = async |endpoint: &str, name: &str, value: &str| {
        admin.status(endpoint, &[(name, value), ("origin", "http://127.0.0.1:8501")]).await;
    };
    ask("POST /admin/v1/login-links", "authorization", &bearer("all")).await;
    ask("POST /admin/v1/login-links", "cookie", &cookie).await;
    ask("GET /admin/v1/audit?n=1", "authorization", &bearer("all")).await;
    // What it is asked stands in a body, and it only reads all the same.
    ask("POST /admin/v1/routing/explain", "authorization", &bearer("all")).await;
    ask("POST /admin/v1/memory/search", "authorization", &bearer("all")).await;
    ask("GET /admin/v1/audit?n=2", "authorization", "Bearer guess").await;
    ask("GET /admin/v1/audit?n=3", "authorization", &bearer("logs:read")).await;
    ask("POST /admin/v1/routing/explain", "authorization", &bearer("logs:read")).await;
    let trail: Vec<_> =
        admin.trail().into_iter().map(|entry| (entry.actor, entry.action)).collect();
    let changed =
        || AuditAction::Changed { request: "POST /admin/v1/login-links".into(), status: 200 };
    let refused = |status| AuditAction::Refused { request: "GET /admin/v1/audit".into(), status };
    let explain =
        AuditAction::Refused { request: "POST /admin/v1/routing/explain".into(), status: 403 };
    let expect = [
        ("all", changed()),
        ("all (session)", changed()),
        ("stranger", refused(401)),
        ("logs:read", refused(403)),
        ("logs:read", explain),
    ];
    assert_eq!(trail[1..], expect.map(|(actor, action)| (actor.to_owned(), action)));
}

#[tokio::test]
async fn what_was_done_is_on_record_with_who_did_it() {
    let admin = Admin::new(true);
    let bearer = format!("Bearer {}", token_of("all"));
    let post = async |path: &str, body: &str| {
        let request = Request::builder()
            .method("POST")
            .uri(path)
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("authorization", &bearer)
            .body(Body::from(body.to_owned()))
            .unwrap();
        admin.router.clone().call(request).await.unwrap().status().as_u16()
    };
    let hold = r#"{"owner":"legal","reason":"case 7","expires_at":"2027-01-16T08:00:00Z"}"#;
    assert_eq!(post("/admin/v1/logs/holds/add", hold).await, 200);
    assert_eq!(post("/admin/v1/logs/holds/add", &hold.replace("2027", "2026")).await, 400);
    assert_eq!(post("/admin/v1/logs/holds/release", r#"{"id":"h1"}"#).await, 200);
    assert_eq!(post("/admin/v1/logs/reindex", "").await, 200);
    assert_eq!(post("/admin/v1/keys/rotate", "").await, 200);
    assert_eq!(post("/admin/v1/data/find", r#"{"conv_id":"chat-1"}"#).await, 200);
    // What is kept for good is some words, and no document.
    let long = format!(r#"{{"reason":"{}"}}"#, "x".repeat(501));
    assert_eq!(post("/admin/v1/canary/hold", &long).await, 422);
    let trail = admin.trail();
    let done: Vec<_> = trail
        .iter()
        .filter(|entry| !matches!(entry.action, AuditAction::Changed { .. }))
        .map(|entry| {
            let action = serde_json::to_value(&entry.action).unwrap();
            let change = action["change"].as_str().unwrap_or_default();
            format!("{} {} {change}", entry.actor, action["action"].as_str().unwrap())
        })
        .collect();
    let expect = ["all hold set", "all hold released", "all reindexed ", "all key rotated"];
    assert_eq!(done[1..5], expect);
    assert_eq!(done[5..], ["all found "]);
}

#[tokio::test]
async fn a_server_that_is_named_twice_is_not_asked() {
    let admin = Admin::new(true);
    for path in ["/healthz", "/status", "/admin/v1/audit"] {
        let request = Request::builder()
            .uri(path)
            .header("host", "127.0.0.1:8501")
            .header("host", "evil.example")
            .body(Body::empty())
            .unwrap();
        let reply = admin.router.clone().call(request).await.unwrap();
        assert_eq!(reply.status(), 400, "{path}");
    }
}

#[tokio::test]
async fn what_cannot_be_understood_is_told_in_the_form_of_every_error() {
    let admin = Admin::new(true);
    let bearer = format!("Bearer {}", token_of("all"));
    let check = async |endpoint: &str, content: &str, expect: (u16, &str)| {
        let headers = [("authorization", bearer.as_str()), ("content-type", content)];
        let reply = admin.ask(endpoint, &headers).await;
        let status = reply.status().as_u16();
        let body = axum::body::to_bytes(reply.into_body(), 9999).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((status, body["error"]["code"].as_str()), (expect.0, Some(expect.1)), "{body}");
        assert!(!body["error"]["message"].as_str().unwrap().is_empty());
    };
    check("POST /admin/v1/logs/rotate", "application/json", (400, "bad_body")).await;
    check("POST /admin/v1/logs/rotate", "text/plain", (415, "bad_body")).await;
    check("GET /admin/v1/audit?n=x", "text/plain", (400, "bad_query")).await;
    check("GET /admin/v1/nothing", "text/plain", (404, "unknown_path")).await;
    check("GET /admin/v1/logs/rotate", "text/plain", (405, "bad_method")).await;
}

#[tokio::test]
async fn a_session_changes_nothing_for_another_sites_page() {
    let admin = Admin::new(true);
    let cookie = admin.session("all", Scopes::all());
    let post = "POST /admin/v1/login-links";
    let from = |origin: &'static str| [("cookie", cookie.clone()), ("origin", origin.to_owned())];
    for (origin, expect) in [("http://127.0.0.1:8501", 200), ("http://evil.example", 403)] {
        let headers = from(origin);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(admin.status(post, &headers).await, expect, "{origin}");
    }
    assert_eq!(admin.status(post, &[("cookie", &cookie)]).await, 403, "no page at all");
    assert_eq!(admin.status("GET /admin/v1/whoami", &[("cookie", &cookie)]).await, 200);
}

#[tokio::test]
async fn who_signs_out_is_known_no_more_and_the_browser_forgets() {
    let admin = Admin::new(true);
    let cookie = admin.session("all", Scopes::all());
    let mine = [("cookie", cookie.as_str()), ("origin", "http://127.0.0.1:8501")];
    let reply = admin.ask("POST /admin/v1/logout", &mine).await;
    assert_eq!(reply.status(), 200);
    let forgets = reply.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(forgets.starts_with("aios_session_1f=; Max-Age=0;"), "{forgets}");
    let body = axum::body::to_bytes(reply.into_body(), 999).await.unwrap();
    assert_eq!(body, r#"{"is_signed_out":true}"#);
    assert_eq!(admin.status("GET /admin/v1/whoami", &mine).await, 401);
}

#[tokio::test]
async fn a_foreign_name_is_not_served() {
    let admin = Admin::new(true);
    let host = |name: &'static str| [("host", name)];
    for path in ["GET /status", "GET /metrics", "GET /", "GET /admin/v1/audit", "GET /nothing"] {
        assert_eq!(admin.status(path, &host("evil.example")).await, 421, "{path}");
    }
    assert_eq!(admin.status("GET /status", &host("aios.internal:8501")).await, 200);
    assert_eq!(admin.status("GET /healthz", &host("10.1.2.3:8501")).await, 200);
}

#[tokio::test]
async fn nobody_learns_which_paths_there_are() {
    let admin = Admin::new(true);
    for path in ["GET /admin/v1/audit", "GET /admin/v1/nothing", "POST /nothing", "PUT /%2e%2e"] {
        assert_eq!(admin.status(path, &[]).await, 401, "{path}");
    }
    let bearer = format!("Bearer {}", token_of("none"));
    let known = [("authorization", bearer.as_str())];
    assert_eq!(admin.status("GET /admin/v1/nothing", &known).await, 404);
}

#[tokio::test]
async fn too_many_failures_are_told_so_and_the_right_token_still_works() {
    let admin = Admin::new(true);
    let wrong = [("authorization", "Bearer guess")];
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(admin.status("GET /admin/v1/whoami", &wrong).await.as_u16());
    }
    assert_eq!(statuses, [[401; 10].as_slice(), &[429; 2]].concat());
    assert_eq!(admin.trail().len(), 11, "the trail does not grow with each guess");
    let bearer = format!("Bearer {}", token_of("none"));
    assert_eq!(admin.status("GET /admin/v1/whoami", &[("authorization", &bearer)]).await, 200);
}

#[tokio::test]
async fn a_link_is_exchanged_for_a_session_once() {
    let admin = Admin::new(true);
    let path = format!("GET {}", first_link(&admin.auth).unwrap());
    let reply = admin.ask(&path, &[]).await;
    assert_eq!(
        (reply.status().as_u16(), &reply.headers()["location"]),
        (303, &"/".parse().unwrap())
    );
    let cookie = reply.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap();
    assert_eq!(admin.status("GET /admin/v1/audit", &[("cookie", cookie)]).await, 200);
    assert_eq!(admin.status(&path, &[]).await, 401);
    // The guard never lets the code in as anything but a code.
    let code = path.rsplit('=').next().unwrap();
    let bearer = format!("Bearer {code}");
    assert_eq!(admin.status("GET /admin/v1/whoami", &[("authorization", &bearer)]).await, 401);
}

#[tokio::test]
async fn a_link_that_was_only_looked_at_is_still_good() {
    let admin = Admin::new(true);
    let link = first_link(&admin.auth).unwrap();
    assert_eq!(admin.status(&format!("HEAD {link}"), &[]).await, 200);
    let prefetch = [("sec-purpose", "prefetch;prerender")];
    assert_eq!(admin.status(&format!("GET {link}"), &prefetch).await, 200);
    assert_eq!(admin.trail().len(), 1, "nobody has come in");
    assert_eq!(admin.status(&format!("GET {link}"), &[]).await, 303);
}

#[tokio::test]
async fn who_comes_in_by_a_link_and_who_does_not_is_on_record() {
    let admin = Admin::new(true);
    let link = format!("GET {}", first_link(&admin.auth).unwrap());
    assert_eq!(admin.status(&link, &[]).await, 303);
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(admin.status(&link, &[]).await.as_u16());
    }
    assert_eq!(statuses, [[401; 10].as_slice(), &[429; 2]].concat());
    let trail = admin.trail();
    assert_eq!(
        (trail[1].actor.as_str(), &trail[1].action),
        ("all (session)", &AuditAction::SignedIn)
    );
    let refused = AuditAction::Refused { request: "GET /".into(), status: 401 };
    assert_eq!((trail[2].actor.as_str(), &trail[2].action), ("stranger", &refused));
    assert_eq!(trail.len(), 12, "the trail does not grow with each guess");
    // Whoever has a good link is let in all the same.
    let link = format!("GET {}", first_link(&admin.auth).unwrap());
    assert_eq!(admin.status(&link, &[]).await, 303);
}

#[tokio::test]
async fn without_a_token_the_admin_api_is_closed() {
    let auth = auth(AdminConfig { tokens: vec![], hosts: vec![], instance: "1f".into() });
    assert_eq!(first_link(&auth), None);
}
