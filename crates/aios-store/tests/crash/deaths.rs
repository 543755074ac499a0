//! The process dies at every point at which it could: nothing is lost, nothing comes back, nothing lies
//! about afterwards.
//!
//! Each scenario runs in a child process that ends itself, as if killed, at one fail point after the
//! other. Needs the cargo feature `fail-points`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use aios_core::{Clock, Event, EventId, Timestamp};
use aios_privacy::{KeyMaterial, Keyring, Pseudonym, Redactor};
use aios_store::{
    AuditConfig, AuditLog, DataDir, EventLogConfig, EventStore, FileEventLog, Filter, Keep, Look,
    Migration, Rotate, Rotator, Segments, SyncPolicy, migrate,
};
use serde_json::json;

/// Tells a child which scenario to run where, and at which point to end: `name|dir|point|n_before`.
const ORDER: &str = "AIOS_CRASH_ORDER";

/// How often a point is passed by before the process ends there.
const PASSES: [usize; 2] = [0, 1];

const V1_0: &str = include_str!("../../../../fixtures/events/v1.0.ndjson");

const DAY: i64 = 86_400;

/// When the first event happened.
const START: i64 = 1_800_000_000;

/// A clock that stands still, after all that happened.
#[derive(Debug)]
pub(crate) struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_800_050_000_000_000)
    }
}

pub(crate) fn conversation(n: u64) -> Pseudonym {
    Pseudonym::parse(&format!("c1_{n:032x}")).unwrap()
}

/// What is done, and what must be true of the numbers of the events afterwards.
struct Scenario {
    name: &'static str,
    /// Brings a directory into its first state.
    setup: fn(&DataDir),
    /// What the process was doing.
    work: fn(&DataDir),
    /// Events that must be there at every moment.
    always: fn(u64) -> bool,
    /// Events that are there at first.
    before: std::ops::Range<u64>,
    /// Events that the work adds.
    added: std::ops::Range<u64>,
}

const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "sealing",
        setup: |dir| write_active(dir, 0..5),
        work: |dir| {
            let log = open(dir);
            append(&log, 5..8);
            rotate(&log, START, Rotate { seal: true, ..Rotate::default() });
            append(&log, 8..10);
            // A day later, and one that is late.
            append(&log, 86_400..86_401);
            append(&log, 10..12);
            drop(log);
            drop(open(dir));
        },
        always: |n| n < 5,
        before: 0..5,
        added: 5..86_401,
    },
    Scenario {
        name: "a torn end",
        setup: |dir| {
            write_active(dir, 0..5);
            let path = dir.events_path();
            let text = fs::read_to_string(&path).unwrap();
            fs::write(path, text + "{\"event_type\":\"resp").unwrap();
        },
        work: |dir| drop(open(dir)),
        always: |n| n < 5,
        before: 0..5,
        added: 0..0,
    },
    Scenario {
        name: "half a line in the register",
        setup: |dir| {
            write_active(dir, 0..5);
            rotate(&open(dir), START, Rotate { seal: true, ..Rotate::default() });
            let path = dir.path().join("audit/segments.ndjson");
            let text = fs::read_to_string(&path).unwrap();
            fs::write(path, text + "{\"seq\":").unwrap();
        },
        work: |dir| drop(open(dir)),
        always: |_| true,
        before: 0..5,
        added: 0..0,
    },
    Scenario {
        name: "half a footer",
        setup: |dir| {
            write_active(dir, 0..5);
            rotate(&open(dir), START, Rotate { seal: true, ..Rotate::default() });
            let path = &Segments::of(dir).list().unwrap()[0].path;
            let text = fs::read_to_string(path).unwrap();
            fs::write(path, text.split_at(text.len() - 20).0).unwrap();
        },
        work: |dir| drop(open(dir)),
        always: |_| true,
        before: 0..5,
        added: 0..0,
    },
    Scenario {
        name: "a torn copy of a cold segment",
        setup: |dir| {
            write_active(dir, 0..30);
            rotate(&open(dir), START, Rotate { seal: true, ..Rotate::default() });
            let info = Segments::of(dir).list().unwrap().remove(0);
            let (hot, text) = (&info.path, fs::read(&info.path).unwrap());
            Segments::of(dir).compress(info.id).unwrap();
            assert!(!hot.exists());
            fs::write(hot, &text[..text.len() / 2]).unwrap();
        },
        work: |dir| drop(open(dir)),
        always: |_| true,
        before: 0..0,
        // A reader goes by the hot one, of which the end is missing.
        added: 0..30,
    },
    Scenario {
        name: "what crashes before this one have left",
        setup: |dir| {
            write_active(dir, 0..30);
            rotate(&open(dir), START, Rotate { seal: true, ..Rotate::default() });
            let info = Segments::of(dir).list().unwrap().remove(0);
            let text = fs::read(&info.path).unwrap();
            Segments::of(dir).compress(info.id).unwrap();
            // It was whole already, and half of something stands beside it.
            fs::write(&info.path, text).unwrap();
            let put = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
            put("analytics/hypotheses.ndjson.tmp", "half");
            put("analytics/hypotheses.late.ndjson", "");
            put("index.sqlite", &"no database ".repeat(1000));
        },
        work: |dir| {
            open(dir).catch_up_index().unwrap();
        },
        always: |_| true,
        before: 0..0,
        added: 0..0,
    },
    Scenario {
        name: "cutting by day",
        setup: |dir| write_active_days(dir, &[(0, 5), (1, 5), (3, 5)]),
        work: |dir| drop(open(dir)),
        always: |_| true,
        before: 0..0,
        added: 0..0,
    },
    Scenario {
        name: "retention",
        setup: |dir| {
            write_active_days(dir, &[(0, 3), (70, 400), (90, 30)]);
            for name in ["analytics/quarantine/hypotheses.at-1-1.torn", "reports/nightly.json"] {
                let path = dir.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, "half").unwrap();
                let file = fs::File::options().write(true).open(path).unwrap();
                let at = UNIX_EPOCH + Duration::from_secs(START.cast_unsigned());
                file.set_modified(at).unwrap();
            }
        },
        work: |dir| {
            rotate(&open(dir), START + 91 * DAY, Rotate::default());
            let now = Timestamp::from_micros((START + 91 * DAY) * 1_000_000);
            dir.expire_reports(now, Duration::from_secs(86_400), false).unwrap();
            assert!(!dir.path().join("reports/nightly.json").exists());
        },
        // Those of the first day may go.
        always: |n| n >= DAY as u64,
        before: 0..0,
        added: 0..0,
    },
    Scenario {
        name: "ageing the register",
        setup: |dir| {
            write_active_days(dir, &[(0, 3), (90, 30)]);
            drop(open(dir));
            // Somebody has taken it away, so that it is missed until its time is over.
            fs::remove_file(&Segments::of(dir).list().unwrap()[0].path).unwrap();
        },
        work: |dir| {
            let now = Timestamp::from_micros((START + 91 * DAY) * 1_000_000);
            let audit = Arc::new(AuditLog::open(dir, AuditConfig::default(), now).unwrap());
            let rotator = Rotator::new(Arc::new(open(dir)), audit);
            let done = rotator.rotate("test", now, Rotate::default()).unwrap();
            assert_eq!((done.failed, done.stopped), (Vec::new(), None));
        },
        always: |n| n >= DAY as u64,
        before: 0..0,
        added: 0..0,
    },
    Scenario {
        name: "rewriting hot",
        setup: |dir| {
            write_active(dir, 0..300);
            rotate(&open(dir), START, Rotate { seal: true, ..Rotate::default() });
        },
        work: drop_every_seventh,
        always: |n| n % 7 != 0,
        before: 0..300,
        added: 0..0,
    },
    Scenario {
        name: "rewriting cold",
        setup: |dir| {
            write_active(dir, 0..700);
            rotate(&open(dir), START + 20 * DAY, Rotate { seal: true, ..Rotate::default() });
        },
        work: drop_every_seventh,
        always: |n| n % 7 != 0,
        before: 0..700,
        added: 0..0,
    },
    Scenario {
        name: "migration",
        setup: |dir| {
            fs::create_dir_all(dir.events_path().parent().unwrap()).unwrap();
            fs::write(dir.events_path(), V1_0).unwrap();
        },
        work: |dir| {
            let how = Migration {
                redactor: &Redactor::default(),
                keyring: &Keyring::new(&[(1, KeyMaterial::new([7; 32]))]).unwrap(),
                text_max: 1000,
                utc_offset: "Z",
            };
            migrate(dir, how, true).unwrap();
            drop(open(dir));
        },
        // They are not readable before. That they are afterwards is told by the files.
        always: |_| true,
        before: 0..0,
        added: 0..0,
    },
    Scenario {
        name: "rewriting to nothing",
        setup: |dir| {
            write_active(dir, 0..30);
            rotate(&open(dir), START + 20 * DAY, Rotate { seal: true, ..Rotate::default() });
        },
        work: |dir| {
            drop(open(dir));
            for info in Segments::of(dir).list().unwrap() {
                Segments::of(dir).rewrite(info.id, Look::Everywhere, &mut |_| Keep::Drop).unwrap();
            }
        },
        always: |_| false,
        before: 0..30,
        added: 0..0,
    },
];

fn drop_every_seventh(dir: &DataDir) {
    drop(open(dir));
    for info in Segments::of(dir).list().unwrap() {
        let mut keep = |line: &[u8]| match number(&serde_json::from_slice(line).unwrap()) % 7 {
            0 => Keep::Drop,
            _ => Keep::Keep,
        };
        Segments::of(dir).rewrite(info.id, Look::Everywhere, &mut keep).unwrap();
    }
}

/// The end of a child: runs its scenario and prints the points it has passed.
#[test]
fn a_child_does_as_it_is_told() {
    let Ok(order) = std::env::var(ORDER) else { return };
    let parts: Vec<_> = order.split('|').collect();
    let [name, dir, point, n_before] = parts[..] else { panic!("{order}") };
    let scenario = SCENARIOS.iter().find(|scenario| scenario.name == name).unwrap();
    let dir = DataDir::open(dir).unwrap();
    let before = armed(point, n_before);
    (scenario.work)(&dir);
    print_passed(&before);
}

/// Ends the process at that point, if there is one. The points that were passed by then.
pub(crate) fn armed(point: &str, n_before: &str) -> BTreeMap<&'static str, usize> {
    if !point.is_empty() {
        aios_store::arm(point, n_before.parse().unwrap());
    }
    aios_store::passes()
}

/// Says which points were passed since.
pub(crate) fn print_passed(before: &BTreeMap<&'static str, usize>) {
    let mut passes = aios_store::passes();
    passes.retain(|point, n| before.get(point).is_none_or(|before| before < n));
    println!("\npassed: {}", passes.into_keys().collect::<Vec<_>>().join(" "));
}

#[test]
fn whenever_the_process_dies_the_log_is_whole() {
    let mut n_deaths = 0;
    for scenario in SCENARIOS {
        let expect = undisturbed(scenario);
        let points = child(scenario, &Temp::new(scenario), "", 0).unwrap();
        assert!(!points.is_empty(), "{}", scenario.name);
        for point in &points {
            for n_before in PASSES {
                let temp = Temp::new(scenario);
                let has_ended = child(scenario, &temp, point, n_before).is_some();
                assert!(!has_ended || n_before > 0, "{}: it outlived {point}", scenario.name);
                n_deaths += usize::from(!has_ended);
                check(scenario, &temp, point, &expect);
            }
        }
    }
    assert!(n_deaths > 60, "{n_deaths}");
}

/// Every point at which one of these dies.
pub(crate) fn points() -> Vec<String> {
    let all = SCENARIOS.iter();
    all.flat_map(|scenario| child(scenario, &Temp::new(scenario), "", 0).unwrap()).collect()
}

/// After a death: what a reader sees at once, and what there is when the work was done again.
fn check(scenario: &Scenario, temp: &Temp, point: &str, expect: &State) {
    let what = format!("{} at {point}", scenario.name);
    let seen = numbers(&DataDir::read(temp.0.path()).unwrap());
    let first = numbers_of(&temp.1);
    for n in first.iter().filter(|n| (scenario.always)(**n)) {
        assert_eq!(seen.iter().filter(|seen| *seen == n).count(), 1, "{what}: event {n}");
    }
    // Those of an older log happened before the start, and are not read before they are migrated.
    let is_older = |n: u64| n.cast_signed() < 0;
    let known = |n: &u64| first.contains(n) || scenario.added.contains(n) || is_older(*n);
    assert!(seen.iter().all(known), "{what}: {seen:?}");
    let missed = |faults: Vec<aios_store::Fault>| {
        let is_missed = |fault: &aios_store::Fault| fault.why.contains("events missing");
        faults.iter().filter(|fault| is_missed(fault)).count()
    };
    // Whatever was written down, no segment is missed that is not.
    let damaged = ["ageing the register", "a torn copy of a cold segment"];
    let n_missed = usize::from(damaged.contains(&scenario.name));
    let at_once = aios_store::verify(&DataDir::read(temp.0.path()).unwrap(), false, &()).unwrap();
    assert!(missed(at_once.faults.clone()) <= n_missed, "{what}: {:?}", at_once.faults);
    let dir = temp.open();
    // What the work adds was not acknowledged, and is not added twice.
    if scenario.added.is_empty() {
        (scenario.work)(&dir);
        assert_eq!(State::of(&dir), *expect, "{what}");
    } else {
        drop(open(&dir));
    }
    let verified = aios_store::verify(&dir, true, &()).unwrap();
    assert_eq!(verified.faults, [], "{what}");
    // What a migration has made is written down at the next start.
    drop(open(&dir));
    let register = fs::read_to_string(dir.path().join("audit/segments.ndjson")).unwrap_or_default();
    for info in Segments::of(&dir).list().unwrap() {
        assert!(register.contains(&info.id.to_string()), "{what}: {} is not on record", info.id);
    }
    let mut left = numbers(&dir);
    let n_left = left.len();
    left.dedup();
    assert_eq!(left.len(), n_left, "{what}: an event is there twice");
    assert!(first.iter().filter(|n| (scenario.always)(**n)).all(|n| left.contains(n)), "{what}");
}

/// The files of the log and what is in them.
#[derive(PartialEq, Eq)]
struct State(BTreeMap<String, Vec<u8>>);

/// How far the audit trail has come differs with what is done again after a death; whether it is sound is verified.
const NOT_OF_THE_LOG: &str = "audit.head";

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text =
            |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).chars().take(200).collect::<String>();
        f.debug_map().entries(self.0.iter().map(|(name, bytes)| (name, text(bytes)))).finish()
    }
}

impl State {
    fn of(dir: &DataDir) -> Self {
        let analytics = dir.path().join("analytics");
        let files = fs::read_dir(&analytics).unwrap().map(|entry| entry.unwrap().path());
        let files = files.filter(|path| path.is_file() && !path.ends_with(NOT_OF_THE_LOG));
        let read = |path: &Path| fs::read(path).unwrap();
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        Self(files.map(|path| (name(&path), read(&path))).collect())
    }
}

/// What the work comes to if nobody dies.
fn undisturbed(scenario: &Scenario) -> State {
    let temp = Temp::new(scenario);
    let dir = temp.open();
    (scenario.work)(&dir);
    State::of(&dir)
}

/// A directory in a scenario's first state, and the events in it.
struct Temp(tempfile::TempDir, String);

impl Temp {
    fn new(scenario: &Scenario) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        (scenario.setup)(&dir);
        let numbers: Vec<_> = numbers(&dir).iter().map(u64::to_string).collect();
        assert!(scenario.before.clone().all(|n| numbers.contains(&n.to_string())));
        Self(temp, numbers.join(" "))
    }

    fn open(&self) -> DataDir {
        DataDir::open(self.0.path()).unwrap()
    }
}

fn numbers_of(text: &str) -> Vec<u64> {
    text.split_whitespace().map(|n| n.parse().unwrap()).collect()
}

/// Runs the scenario in a process of its own. The points it passed; `None` if it died.
fn child(scenario: &Scenario, temp: &Temp, point: &str, n_before: usize) -> Option<Vec<String>> {
    let order = format!("{}|{}|{point}|{n_before}", scenario.name, temp.0.path().display());
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "deaths::a_child_does_as_it_is_told", "--nocapture"])
        .env(ORDER, order);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let passed = said.lines().find_map(|line| line.strip_prefix("passed: "));
    // A child that fails in another way says why.
    assert!(output.status.success() == passed.is_some(), "{said}");
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!complaint.contains("panicked"), "{} at {point}: {complaint}", scenario.name);
    passed.map(|points| points.split(' ').map(str::to_owned).collect())
}

fn open(dir: &DataDir) -> FileEventLog {
    let config = EventLogConfig { sync: SyncPolicy::Always, ..EventLogConfig::default() };
    FileEventLog::open(dir, config).unwrap()
}

fn append(log: &FileEventLog, events: std::ops::Range<u64>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        for n in events {
            log.reserve().await.unwrap().append(event(n)).durable().await.unwrap();
        }
    });
}

fn rotate(log: &FileEventLog, now: i64, rotate: Rotate) {
    let now = Timestamp::from_micros(now * 1_000_000).plus(Duration::from_secs(3600));
    let done = log.rotate(now, rotate).unwrap();
    assert_eq!((done.failed.len(), done.stopped), (0, None));
}

/// The event that happened `n` seconds after the start.
pub(crate) fn event(n: u64) -> Event {
    let at = Timestamp::from_micros((START + n as i64) * 1_000_000);
    let [.., a, b, c, d] = n.to_be_bytes();
    serde_json::from_value(json!({
        "event_type": "response", "schema_version": "2.0",
        "event_id": EventId::new(at, [9, 9, 9, 9, 9, 9, a, b, c, d]), "ts": at,
        "request_id": format!("req_{n}"), "operation": "chat", "stream": false,
        "conv_id": format!("c1_{n:032x}"), "conv_id_source": "header", "msg_id": 1,
        "request_model": "aios-auto", "question": "How?", "response": format!("{n:x}, so. ").repeat(60),
        "source": "main", "tier": "main", "bucket": "control", "boundary": 0.5, "weight": 0.7,
        "profile": "golden", "route_reason": "at_or_above_boundary", "propensity": 1.0,
        "attempts": [], "outcome": "ok", "status": 200, "latency_ms": 1.0, "overhead_ms": 0.1,
        "config_generation": 1, "config_hash": "0123456789ab",
    }))
    .unwrap()
}

fn number(event: &Event) -> u64 {
    (event.at().as_secs() - START) as u64
}

/// The numbers of the events in a log, in order.
fn numbers(dir: &DataDir) -> Vec<u64> {
    let events = aios_store::query(dir, &Filter::default()).unwrap();
    let mut numbers: Vec<_> = events.filter_map(|line| Some(number(&line.ok()?.event))).collect();
    numbers.sort_unstable();
    numbers
}

fn write_active(dir: &DataDir, events: std::ops::Range<u64>) {
    write(dir, &events.map(event).collect::<Vec<_>>());
}

/// Some events of some days.
fn write_active_days(dir: &DataDir, days: &[(i64, u64)]) {
    let events = days
        .iter()
        .flat_map(|(day, count)| (0..*count).map(move |n| event((day * DAY) as u64 + n)));
    write(dir, &events.collect::<Vec<_>>());
}

pub(crate) fn write(dir: &DataDir, events: &[Event]) {
    let lines = events.iter().map(|event| serde_json::to_string(event).unwrap() + "\n");
    fs::create_dir_all(dir.events_path().parent().unwrap()).unwrap();
    fs::write(dir.events_path(), lines.collect::<String>()).unwrap();
}
