//! What a golden run is for: a slower system, another route and a wrong answer are caught, and an unchanged one is let be.
//!
//! On a real clock the noise of a busy machine hides a slowdown of 30 %. So time is tokio's here, which stands still while
//! anybody works and goes on to the next timer when all wait. Real are the gateway's pipeline with its routing, the event
//! log, the endpoints with the simulated models and their latencies, and the golden run: asking, asking again, comparing,
//! the report and its seal. Made up are the clock, the way between client and gateway (no socket, and some milliseconds
//! that are drawn for each question), and nothing else.

#![expect(clippy::unwrap_used, reason = "a test may fail this way")]

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aios_core::{Boundary, Bucket, Clock, Percent, Split, Timestamp};
use aios_eval::{BUILT_IN_SET, GoldenSet, Kind, Report, Status};
use aios_privacy::{KeyMaterial, PiiKind, Pseudonymizer, Redactor};
use aios_route::{BucketKey, Policy};
use aios_server::golden::{About, Asker, Judge, Post, Run, compared, draft};
use aios_server::{
    Clients, ControlConfig, GatewayConfig, Keys, KnownNames, Live, Pieces, RoutingState, Unplugged,
};
use aios_store::{DataDir, EventLogConfig, FileEventLog, SyncPolicy};
use aios_upstream::{
    BreakerPolicy, CallError, CallReply, EndpointConfig, RetryPolicy, ServerKind, Timeouts,
    UpstreamConfig, Upstreams,
};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use tokio::time::Instant;

/// What `canary.golden_threshold` is by default: a quarter.
const THRESHOLD: f64 = 0.25;

/// What `aios golden record` asks by default.
const REPEAT: usize = 3;
const CONCURRENCY: usize = 4;

/// A model's median time to the first token.
const TTFT_MS: f64 = 300.0;

/// The longest that a question is held up on its way; one in twenty is so for five times as long.
const WAY_MAX_MS: u64 = 8;

const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_800_000_000_000_000)
    }
}

/// How a system is.
#[derive(Clone, Copy)]
struct System {
    ttft_ms: f64,
    boundary: f64,
    /// What the models' answers are drawn from.
    seed: u64,
}

const UNCHANGED: System = System { ttft_ms: TTFT_MS, boundary: 0.5, seed: 1 };

/// A gateway in this process, and the way to it.
struct Gateway {
    plane: Unplugged,
    way: Way,
    _dir: tempfile::TempDir,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").finish_non_exhaustive()
    }
}

/// Delays by lot: the same seed, the same delays.
struct Way(AtomicU64);

impl Way {
    fn draw(&self) -> Duration {
        // splitmix64.
        let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        let micros = z % (WAY_MAX_MS * 1_000);
        Duration::from_micros(if (z >> 32).is_multiple_of(20) { micros * 5 } else { micros })
    }
}

impl Post for Gateway {
    fn post<'a>(
        &'a self,
        path: &'a str,
        json: Vec<u8>,
        at_most: Duration,
    ) -> BoxFuture<'a, Result<CallReply, CallError>> {
        let calling = async move {
            let started = Instant::now();
            tokio::time::sleep(self.way.draw()).await;
            let mut request = Request::post(format!("/v1{path}"));
            request.headers_mut().unwrap().extend(Asker::headers(Bucket::Control));
            let request = request.header("content-type", "application/json");
            let request = request.body(Full::from(json)).unwrap();
            let reply = self.plane.serve(([127, 0, 0, 1], 1).into(), request).await;
            let (head, body) = reply.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let (status, took) = (head.status.as_u16(), started.elapsed());
            Ok(CallReply { status, headers: head.headers, body, took })
        };
        let waiting = tokio::time::timeout(at_most, calling);
        waiting.map(move |ended| ended.unwrap_or(Err(CallError::Timeout(at_most)))).boxed()
    }
}

impl System {
    fn start(self, way: u64) -> Gateway {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = Arc::new(DataDir::open(dir.path()).unwrap());
        let log = EventLogConfig { sync: SyncPolicy::Never, ..EventLogConfig::default() };
        let store = FileEventLog::open(&data_dir, log).unwrap();
        let (learned_to, learned) = tokio::sync::mpsc::channel(1);
        let boundary = Boundary::new(self.boundary).unwrap();
        let split = Split {
            control_boundary: boundary,
            treatment_boundary: boundary,
            ..Split::plain(Percent::ZERO, "test")
        };
        let plane = Unplugged::new(Pieces {
            live: self.live(),
            control: ControlConfig::fixed(split),
            routing: Arc::new(RoutingState::new(Policy::golden(), None, learned_to)),
            learned,
            store: Arc::new(store),
            data_dir,
            clock: Arc::new(FixedClock),
            observer: None,
            keys: Keys {
                pseudonyms: Pseudonymizer::new(1, &KeyMaterial::new([1; 32])),
                older: vec![],
                bucket: BucketKey::new(&KeyMaterial::new([2; 32])),
            },
            ids: Some([1, 2]),
        });
        Gateway { plane: plane.unwrap(), way: Way(way.into()), _dir: dir }
    }

    fn live(self) -> Live {
        let gateway = GatewayConfig {
            sequels: true,
            body_max: 1 << 20,
            body_timeout: MINUTE,
            total_timeout: MINUTE,
            text_max: 16 * 1024,
            aliases: vec![],
        };
        let upstreams = Upstreams::new(self.upstreams(), None).with_draws(1);
        let redactor = Redactor::new(&PiiKind::ALL);
        Live {
            generation: 1,
            hash: "0123456789ab".to_owned(),
            answers_hash: "0123456789ab".to_owned(),
            names: KnownNames::new(&gateway, &upstreams, &redactor),
            gateway,
            upstreams: Arc::new(upstreams),
            policy: aios_privacy::Policy::default(),
            redactor: Arc::new(redactor),
            sinks: None,
            memory: Arc::default(),
            objectives: Arc::default(),
            judge: None,
            nightly: Arc::default(),
            clients: Clients::new(false, vec![], None),
            shown: Arc::default(),
            needs_restart: Vec::new(),
        }
    }

    fn upstreams(self) -> UpstreamConfig {
        let endpoint = |tier: &str| EndpointConfig {
            name: format!("{tier}-1"),
            url: format!("sim://{tier}?ttft_ms={}&tps=1000000&seed={}", self.ttft_ms, self.seed),
            model: format!("sim-{tier}"),
            kind: ServerKind::Simulated,
            api_key: None,
            concurrency_max: 8,
            queue_max: 8,
            queue_timeout: MINUTE,
            input_usd_per_mtok: None,
            output_usd_per_mtok: None,
        };
        UpstreamConfig {
            main: vec![endpoint("main")],
            embedder: vec![endpoint("embedder")],
            timeouts: Timeouts {
                connect: MINUTE,
                first_token: MINUTE,
                whole: MINUTE,
                inter_token: MINUTE,
                total: MINUTE,
                finish_grace: MINUTE,
            },
            retries: RetryPolicy { attempts_max: 1, backoff_base: MINUTE, backoff_max: MINUTE },
            breaker: BreakerPolicy { failures: 5, open: MINUTE, open_max: MINUTE },
            lmstudio_preload: false,
        }
    }

    fn run(self, set: &str, way: u64) -> Run<'static> {
        let gateway = Arc::new(self.start(way));
        let asker = Asker::through(gateway, Bucket::Control, MINUTE, Judge::default());
        Run::new(GoldenSet::parse(set).unwrap(), asker, CONCURRENCY, &())
    }

    /// As `aios golden record`, as it is read back.
    async fn record(self, set: &str) -> Report {
        let mut run = self.run(set, 0);
        run.ask_all(REPEAT).await;
        let redactor = Redactor::new(&PiiKind::ALL);
        let about = About { redactor: &redactor, now: FixedClock.now(), fingerprint: None };
        read_back(&draft(&run, Kind::Baseline, &about).sealed())
    }

    /// As `aios golden compare`. `way` is another one each time.
    async fn compare(self, set: &str, baseline: &Report, way: u64) -> Report {
        let mut run = self.run(set, way);
        run.ask_until_sure(1, baseline, THRESHOLD).await;
        let redactor = Redactor::new(&PiiKind::ALL);
        let about = About { redactor: &redactor, now: FixedClock.now(), fingerprint: None };
        read_back(&compared(&run, baseline, THRESHOLD, &about))
    }
}

fn read_back(report: &Report) -> Report {
    Report::trusted(&serde_json::to_string(report).unwrap(), FixedClock.now()).unwrap()
}

/// What got worse, and of which case.
fn worse(report: &Report) -> Vec<(&str, &str)> {
    let changes = report.regressions_detected.iter();
    changes.map(|change| (change.what.as_str(), change.id.as_deref().unwrap_or_default())).collect()
}

#[tokio::test(start_paused = true)]
async fn five_reruns_of_an_unchanged_system_raise_none() {
    let baseline = UNCHANGED.record(BUILT_IN_SET).await;
    assert_eq!((baseline.status, baseline.summary.passed), (Status::Pass, 10));
    assert_eq!(baseline.metrics.main_model_percent, 60.0);
    let latencies_of = |report: &Report| {
        let first = report.tests.iter().map(|test| test.runs[0].latency_ms.to_string());
        first.collect::<Vec<_>>().join(" ")
    };
    let mut latencies = vec![latencies_of(&baseline)];
    for way in 1..=5 {
        let report = UNCHANGED.compare(BUILT_IN_SET, &baseline, way).await;
        assert_eq!((report.status, worse(&report)), (Status::Pass, vec![]), "way {way}");
        latencies.push(latencies_of(&report));
    }
    // Each run had its own noise, so that none passes for being the same.
    latencies.sort_unstable();
    latencies.dedup();
    assert_eq!(latencies.len(), 6, "{latencies:?}");
}

#[tokio::test(start_paused = true)]
async fn a_slowdown_of_thirty_percent_is_caught_and_one_of_half_that_is_let_pass() {
    let baseline = UNCHANGED.record(BUILT_IN_SET).await;
    let slower = |by: f64| System { ttft_ms: TTFT_MS * by, ..UNCHANGED };
    for way in 1..=5 {
        let report = slower(1.3).compare(BUILT_IN_SET, &baseline, way).await;
        assert_eq!(
            (report.status, worse(&report)),
            (Status::Fail, vec![("latency", "")]),
            "way {way}"
        );
        let report = slower(1.15).compare(BUILT_IN_SET, &baseline, way).await;
        assert_eq!((report.status, worse(&report)), (Status::Pass, vec![]), "way {way}");
    }
}

#[tokio::test(start_paused = true)]
async fn another_route_is_caught() {
    let baseline = UNCHANGED.record(BUILT_IN_SET).await;
    let moved = System { boundary: 0.99, ..UNCHANGED };
    let report = moved.compare(BUILT_IN_SET, &baseline, 1).await;
    assert_eq!(report.status, Status::Fail);
    let what: Vec<_> = worse(&report).into_iter().map(|(what, _)| what).collect();
    assert_eq!(what.iter().filter(|what| **what == "case").count(), 6, "{what:?}");
    assert!(what.contains(&"main_share"), "{what:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_answer_is_caught() {
    const CASE: &str = "explanation-tides";
    let said = UNCHANGED.record(BUILT_IN_SET).await;
    let answer = said.tests.iter().find(|test| test.id == CASE).unwrap().runs[0].answer.clone();
    // What the model says today is what it must say tomorrow.
    let mut set: serde_json::Value = serde_json::from_str(BUILT_IN_SET).unwrap();
    let case = set.as_array_mut().unwrap().iter_mut().find(|case| case["id"] == CASE).unwrap();
    case["equals"] = answer.into();
    let set = set.to_string();
    let baseline = UNCHANGED.record(&set).await;
    assert_eq!((baseline.status, baseline.summary.passed), (Status::Pass, 10));
    let other = System { seed: 2, ..UNCHANGED };
    let report = other.compare(&set, &baseline, 1).await;
    assert_eq!(report.status, Status::Fail);
    assert!(worse(&report).contains(&("case", CASE)), "{:?}", worse(&report));
    let report = UNCHANGED.compare(&set, &baseline, 2).await;
    assert_eq!((report.status, worse(&report)), (Status::Pass, vec![]));
}
