//! The process dies at every step of an erasure: before it was decided nothing has changed, after that
//! the next start finishes it. What stays is the same bytes, and nothing lies about.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use aios_core::{Clock, Event, ResponseEvent, Timestamp};
use aios_store::{
    AuditConfig, AuditLog, Census, DataDir, Depth, EraseRequest, EraseTarget, Eraser, ErasureState,
    EventLogConfig, EventStore, FileEventLog, Policy, Segments, SyncPolicy, verify_audit,
};

use crate::deaths::{Noon, armed, conversation, event, print_passed, write};

/// Tells a child where to erase, and at which point to end: `dir|point|n_before`.
const ORDER: &str = "AIOS_ERASURE_ORDER";

/// How often a point is passed by before the process ends there.
const PASSES: [usize; 3] = [0, 2, 5];

/// Conversations in the log.
const N_CONVERSATIONS: u64 = 10;

const ERASED: u64 = 7;

/// Tells a child where to forget, and at which point to end: `dir|point|n_before`.
const FORGET: &str = "AIOS_FORGET_ORDER";
const FORGETS: &str = "erasure::a_child_forgets_as_it_is_told";

/// After the terms of the audit trail and of the log, one behind the other.
#[derive(Debug)]
struct Later;

impl Clock for Later {
    fn now(&self) -> Timestamp {
        Noon.now().plus(Duration::from_secs(500 * 24 * 60 * 60))
    }
}

fn target() -> EraseTarget {
    EraseTarget::new(vec![conversation(ERASED)], None).unwrap()
}

fn open(dir: &DataDir) -> (Arc<FileEventLog>, Arc<AuditLog>, Eraser) {
    let config = EventLogConfig { sync: SyncPolicy::Always, ..EventLogConfig::default() };
    let log = Arc::new(FileEventLog::open(dir, config).unwrap());
    let audit = Arc::new(AuditLog::open(dir, AuditConfig::default(), Noon.now()).unwrap());
    let eraser = Eraser::open(dir, Arc::clone(&log), Arc::clone(&audit), Arc::new(Noon)).unwrap();
    (log, audit, eraser)
}

fn numbered(n: u64) -> Event {
    let conv_id = conversation(n % N_CONVERSATIONS);
    let event = event(n).response().unwrap().clone();
    Event::Response(Box::new(ResponseEvent { conv_id, ..event }))
}

/// A cold segment, a hot one, an active one, and files of other stores.
fn setup(temp: &Path) {
    let dir = DataDir::open(temp).unwrap();
    write(&dir, &(0..600).map(numbered).collect::<Vec<_>>());
    let (log, _audit, _eraser) = open(&dir);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(log.seal()).unwrap();
    for segment in Segments::of(&dir).list().unwrap() {
        Segments::of(&dir).compress(segment.id).unwrap();
    }
    runtime.block_on(append(&log, 600..650));
    runtime.block_on(log.seal()).unwrap();
    runtime.block_on(append(&log, 650..670));
    let put = |name: &str, text: String| {
        let path = temp.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let ours = conversation(ERASED);
    // A crash has come between the ledger's line and its end.
    put("erasures/ledger.ndjson", "{\"id\":\"half".to_owned());
    put("router/outcomes.ndjson", format!("{{\"a\":1}}\n{{\"of\":\"{ours}\"}}\n"));
    put("analytics/quarantine/hypotheses.at-1-1.torn", format!("half of {ours}"));
    put("cache/answers", format!("{ours}"));
    put("goldens/set.json", "[{\"id\":\"a\"},{\"id\":\"b\"}]".to_owned());
    put("goldens/set.provenance.json", format!("{{\"a\":{{\"conv_id\":\"{ours}\"}}}}"));
}

/// Takes the end of the cold segment away, as a disk may do it.
fn damage(temp: &Path) {
    let all = files(temp);
    let (sidecar, members) = all.iter().find(|(name, _)| name.ends_with(".members")).unwrap();
    let last = String::from_utf8_lossy(members).lines().last().unwrap().to_owned();
    let number = |key: &str| -> usize {
        let (_, rest) = last.split_once(&format!("\"{key}\":")).unwrap();
        rest.split(',').next().unwrap().parse().unwrap()
    };
    let cold = temp.join(sidecar.replace(".members", ".ndjson.gz"));
    let bytes = fs::read(&cold).unwrap();
    fs::write(&cold, &bytes[..number("offset") + number("len")]).unwrap();
}

async fn append(log: &FileEventLog, numbers: std::ops::Range<u64>) {
    for n in numbers {
        log.reserve().await.unwrap().append(numbered(n)).durable().await.unwrap();
    }
}

/// The end of a child: erases and prints the points it has passed.
#[test]
fn a_child_erases_as_it_is_told() {
    let Ok(order) = std::env::var(ORDER) else { return };
    let parts: Vec<_> = order.split('|').collect();
    let [dir, point, n_before] = parts[..] else { panic!("{order}") };
    let dir = DataDir::open(dir).unwrap();
    let (_log, _audit, eraser) = open(&dir);
    let before = armed(point, n_before);
    let request = EraseRequest::new("cli", "request", &aios_privacy::Redactor::new(&[]));
    let plan = eraser.plan(&target(), &request).unwrap();
    let receipt = eraser.execute(&plan.id, &plan.plan_hash, None).unwrap();
    assert_eq!(receipt.state, ErasureState::Completed);
    print_passed(&before);
}

#[test]
fn whenever_the_process_dies_the_erasure_is_finished_or_was_never_begun() {
    let whole = tempfile::tempdir().unwrap();
    setup(whole.path());
    let points = child(whole.path(), "", 0).unwrap();
    for step in [
        "ledger.done",
        "erase_lines.before_rename",
        "erase_document.before_rename",
        "rewrite_cold.before_rename",
        "erase.removed",
    ] {
        assert!(points.iter().any(|point| point == step), "no {step} in {points:?}");
    }
    let (mut n_deaths, mut n_finished) = (0, 0);
    for point in &points {
        for n_before in PASSES {
            let temp = tempfile::tempdir().unwrap();
            setup(temp.path());
            if child(temp.path(), point, n_before).is_some() {
                break;
            }
            n_deaths += 1;
            n_finished += usize::from(check(temp.path(), &format!("{point} after {n_before}")));
        }
    }
    assert!(n_deaths > 35 && n_finished > 30 && n_finished < n_deaths, "{n_deaths} {n_finished}");
}

/// Every point at which one of these dies.
pub(crate) fn points() -> Vec<String> {
    let (whole, damaged, erased) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    setup(whole.path());
    setup(damaged.path());
    damage(damaged.path());
    setup_erased(erased.path());
    let mut salvage = child(damaged.path(), "", 0).unwrap();
    salvage.retain(|point| point.starts_with("salvage"));
    let all = [child(whole.path(), "", 0).unwrap(), salvage];
    let forgets = told(FORGETS, FORGET, erased.path(), "", 0).unwrap();
    all.concat().into_iter().chain(forgets).collect()
}

#[test]
fn a_damaged_segment_is_taken_apart_once_whenever_the_process_dies() {
    let whole = tempfile::tempdir().unwrap();
    setup(whole.path());
    damage(whole.path());
    let points = child(whole.path(), "", 0).unwrap();
    let points: Vec<_> = points.iter().filter(|point| point.starts_with("salvage")).collect();
    assert!(points.len() > 4, "{points:?}");
    for point in points {
        let temp = tempfile::tempdir().unwrap();
        setup(temp.path());
        damage(temp.path());
        assert!(child(temp.path(), point, 0).is_none(), "{point}");
        let dir = DataDir::open(temp.path()).unwrap();
        let (log, _audit, eraser) = open(&dir);
        let resumed = eraser.resume();
        assert_eq!(resumed.receipts[0].state, ErasureState::Completed, "{point}: {resumed:?}");
        drop((log, eraser));
        let is_kept = |n: &u64| n % N_CONVERSATIONS != ERASED;
        assert!(lines(temp.path()) == (0..670).filter(is_kept).map(line).collect(), "{point}");
        let faults = aios_store::verify(&dir, true, &()).unwrap().faults;
        let named: Vec<_> = faults.iter().map(|fault| fault.why.as_str()).collect();
        assert_eq!(named, ["its end is missing"], "{point}");
    }
}

/// Two erasures are finished. Returns their ids.
fn setup_erased(temp: &Path) -> Vec<String> {
    setup(temp);
    let dir = DataDir::open(temp).unwrap();
    let (_log, _audit, eraser) = open(&dir);
    let erase = |n| {
        let target = EraseTarget::new(vec![conversation(n)], None).unwrap();
        let request = EraseRequest::new("cli", "request", &aios_privacy::Redactor::new(&[]));
        let plan = eraser.plan(&target, &request).unwrap();
        eraser.execute(&plan.id, &plan.plan_hash, None).unwrap().id
    };
    vec![erase(ERASED), erase(ERASED - 1)]
}

/// What the rotation does once their time is over. Returns how many were forgotten.
fn forget(dir: &DataDir) -> u64 {
    let log = Arc::new(FileEventLog::open(dir, EventLogConfig::default()).unwrap());
    let audit = Arc::new(AuditLog::open(dir, AuditConfig::default(), Later.now()).unwrap());
    let eraser = Eraser::open(dir, log, Arc::clone(&audit), Arc::new(Later)).unwrap();
    assert!(eraser.resume().receipts.is_empty(), "nothing is done once more");
    audit.prune(Later.now(), true).unwrap();
    let n = eraser.forget("server", Later.now(), Policy::default().erasures()).unwrap();
    audit.close(Later.now()).unwrap();
    n
}

#[test]
fn a_child_forgets_as_it_is_told() {
    let Ok(order) = std::env::var(FORGET) else { return };
    let parts: Vec<_> = order.split('|').collect();
    let [dir, point, n_before] = parts[..] else { panic!("{order}") };
    let dir = DataDir::open(dir).unwrap();
    let before = armed(point, n_before);
    forget(&dir);
    print_passed(&before);
}

/// An erasure in the ledger binds, one that is out of it is forgotten whole, and there is no state between that stays.
#[test]
fn whenever_the_process_dies_an_erasure_is_forgotten_whole_or_still_binds() {
    let whole = tempfile::tempdir().unwrap();
    setup_erased(whole.path());
    let points = told(FORGETS, FORGET, whole.path(), "", 0).unwrap();
    let ours = ["forget.before_receipt", "forget.receipt_removed", "forget.before_ledger"];
    for step in ours.into_iter().chain([
        "file.before_rename",
        "audit.synced",
        "audit.before_head",
        "audit.headed",
        "forget.done",
    ]) {
        assert!(points.iter().any(|point| point == step), "no {step} in {points:?}");
    }
    let mut n_deaths = [0, 0];
    for point in &points {
        for n_before in PASSES {
            let temp = tempfile::tempdir().unwrap();
            let ids = setup_erased(temp.path());
            if told(FORGETS, FORGET, temp.path(), point, n_before).is_some() {
                break;
            }
            let what = format!("{point} after {n_before}");
            n_deaths[usize::from(check_forgotten(temp.path(), &ids, &what))] += 1;
        }
    }
    assert!(n_deaths[0] > 10 && n_deaths[1] > 0, "before and behind the ledger: {n_deaths:?}");
}

/// After a death: whether the ledger had let go of them.
fn check_forgotten(temp: &Path, ids: &[String], what: &str) -> bool {
    let dir = DataDir::open(temp).unwrap();
    let ledger = || fs::read_to_string(temp.join("erasures/ledger.ndjson")).unwrap();
    let n_named = ids.iter().filter(|id| ledger().contains(*id)).count();
    assert!(n_named == 0 || n_named == ids.len(), "{what}: both or neither");
    let log = FileEventLog::open(&dir, EventLogConfig::default()).unwrap();
    assert_eq!(log.fence().n_refused(), n_named, "{what}: who is in the ledger stays erased");
    drop(log);
    assert_eq!(forget(&dir), n_named as u64, "{what}: it is made up for, once");
    assert_eq!(forget(&dir), 0, "{what}");
    assert!(ledger().starts_with("{\"forgotten_before\":"), "{what}: {}", ledger());
    assert!(ledger().contains("\"n_forgotten\":2"), "{what}: {}", ledger());
    for (name, bytes) in files(temp) {
        let is_stray = name.ends_with(".tmp") || name.ends_with(".receipt.json");
        assert!(!is_stray, "{what}: {name} lies about");
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(conversation(ERASED).as_str()), "{what}: {name} names somebody");
    }
    assert!(verify_audit(&dir, &[]).unwrap().is_sound(), "{what}");
    assert_eq!(aios_store::verify(&dir, true, &()).unwrap().faults, [], "{what}");
    n_named == 0
}

/// After a death: starts again, and looks. Whether the erasure had been decided.
fn check(temp: &Path, what: &str) -> bool {
    let dir = DataDir::open(temp).unwrap();
    let (log, audit, eraser) = open(&dir);
    let receipts = eraser.resume().receipts;
    let is_decided = log.fence().n_refused() > 0;
    for receipt in &receipts {
        assert_eq!(receipt.state, ErasureState::Completed, "{what}: {:?}", receipt.verified.left);
    }
    assert!(eraser.resume().receipts.is_empty(), "{what}: it is finished");
    let census = Census::take(&dir, &target(), Depth::EveryByte, Noon.now(), &()).unwrap();
    assert!(census.is_complete(), "{what}: {census:?}");
    let n_expected = if is_decided { 0 } else { 670 / N_CONVERSATIONS };
    assert_eq!(census.n_events, n_expected, "{what}");
    assert_eq!(census.is_clean(), is_decided, "{what}: {census:?}");
    drop((log, eraser));
    let is_kept = |n: &u64| !is_decided || n % N_CONVERSATIONS != ERASED;
    let expect: BTreeSet<String> = (0..670).filter(is_kept).map(line).collect();
    assert!(lines(temp) == expect, "{what}: what stays is the same bytes");
    let strays: Vec<_> = files(temp).into_keys().filter(|name| name.ends_with(".tmp")).collect();
    assert_eq!(strays, [] as [String; 0], "{what}");
    audit.close(Noon.now()).unwrap();
    assert!(verify_audit(&dir, &[]).unwrap().is_sound(), "{what}");
    assert_eq!(aios_store::verify(&dir, true, &()).unwrap().faults, [], "{what}");
    is_decided
}

fn line(n: u64) -> String {
    serde_json::to_string(&numbered(n)).unwrap() + "\n"
}

/// Every line of the event log, unpacked, footers left out.
fn lines(temp: &Path) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let log = files(temp).into_iter().filter(|(name, _)| name.contains("hypotheses."));
    for (name, bytes) in log {
        let text = match name {
            name if name.ends_with(".gz") => unpack(&bytes),
            name if name.ends_with(".ndjson") => String::from_utf8(bytes).unwrap(),
            _ => continue,
        };
        for line in text.split_inclusive('\n').filter(|line| !line.contains("segment_footer")) {
            assert!(all.insert(line.to_owned()), "a line stands twice");
        }
    }
    all
}

fn unpack(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut decoder = flate2::read::MultiGzDecoder::new(bytes);
    std::io::Read::read_to_string(&mut decoder, &mut text).unwrap();
    text
}

/// Every file by its path.
fn files(temp: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut left = vec![temp.to_owned()];
    while let Some(dir) = left.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                let name = path.strip_prefix(temp).unwrap().display().to_string();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// Erases in a process of its own.
fn child(dir: &Path, point: &str, n_before: usize) -> Option<Vec<String>> {
    told("erasure::a_child_erases_as_it_is_told", ORDER, dir, point, n_before)
}

/// Lets a process of its own do something. The points it passed; `None` if it died.
pub(crate) fn told(
    what: &str,
    order: &str,
    dir: &Path,
    point: &str,
    n_before: usize,
) -> Option<Vec<String>> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", what, "--nocapture"])
        .env(order, format!("{}|{point}|{n_before}", dir.display()));
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let passed = said.lines().find_map(|line| line.strip_prefix("passed: "));
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!complaint.contains("panicked"), "{point}: {complaint}");
    // The point may lie behind the work, where the log is closed.
    let passed = passed.filter(|_| output.status.success());
    passed.map(|points| points.split(' ').map(str::to_owned).collect())
}
