//! Every role at every endpoint, from the list of endpoints itself: a new one without a row fails.

mod doors;
mod live;
mod record;
mod sessions;
pub(crate) mod shapes;
mod views;

use std::collections::BTreeMap;

use aios_core::{Clock, Percent, Split, Timestamp};
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
use crate::nightly::House;

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
    ("POST /admin/v1/logs/acknowledge", "logs:write"),
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
        let desk = Arc::new(Desk {
            keeper: Arc::new(CanaryKeeper::open(&dir, config.canary.start).unwrap()),
            config: tokio::sync::watch::channel(config).1,
            controller: Arc::clone(&controller),
            gateway: Arc::clone(&gateway),
            data_dir: Arc::clone(&dir),
            n_panics: 0.into(),
        });
        let status = StatusReader {
            desk: Arc::clone(&desk),
            gateway: Arc::clone(&gateway),
            controller,
            reload: Arc::default(),
        };
        let keyring = Arc::new(Keyring::new(&[(1, KeyMaterial::new([1; 32]))]).unwrap());
        let housekeeper = Housekeeper::new(House {
            gateway: Arc::clone(&gateway),
            address: ([127, 0, 0, 1], 1).into(),
            data_dir: Arc::clone(&dir),
            rotator: Arc::clone(&rotator),
            audit: Arc::clone(&audit),
            keyring: Arc::clone(&keyring),
        });
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
            faults: Some(Arc::default()),
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
    Split::plain(Percent::new(10.0).unwrap(), "test")
}

pub(crate) fn gateway(dir: Arc<DataDir>) -> Arc<Gateway> {
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
        policy: aios_privacy::Policy::default(),
        redactor: Arc::new(Redactor::new(&[])),
        names: crate::KnownNames::default(),
        sinks: None,
        judge: None,
        memory: Arc::default(),
        clients: crate::Clients::new(false, vec![], None),
        nightly: Arc::default(),
        shown: Arc::default(),
        needs_restart: Vec::new(),
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

/// The endpoint with something in the place of its parameters.
fn concrete(endpoint: &str) -> String {
    endpoint.replace("{id}", "none")
}
