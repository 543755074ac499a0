//! The process dies while days of the audit trail that are past their time go: what is left is one piece, vouched for,
//! and the next time does the rest.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use aios_core::Timestamp;
use aios_store::{
    AuditAction, AuditConfig, AuditEntry, AuditLog, AuditVerdict, DataDir, actor, audit_tail,
    verify_audit,
};

/// Tells a child where to prune, and at which point to end: `dir|point|n_before`.
const ORDER: &str = "AIOS_AUDIT_ORDER";

/// How often a point is passed by before the process ends there.
const PASSES: [usize; 4] = [0, 1, 2, 3];

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Days on which something is done, and those that are kept of them.
const DAYS: u32 = 9;
const KEPT: u32 = 8;

fn day(n: u32) -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000).plus(DAY * n)
}

fn open(dir: &DataDir) -> AuditLog {
    let config = AuditConfig { keep_days: KEPT, ..AuditConfig::default() };
    AuditLog::open(dir, config, day(DAYS + 4)).unwrap()
}

/// A file for each day, with two entries of it.
fn fill(path: &Path) {
    let dir = DataDir::open(path).unwrap();
    let config = AuditConfig { keep_days: KEPT, ..AuditConfig::default() };
    let audit = AuditLog::open(&dir, config, day(0)).unwrap();
    for n in 0..=DAYS {
        for more in 0..2 {
            let action = AuditAction::RefusedMore { n: u64::from(2 * n + more) };
            audit.append(day(n), actor::SERVER, action).unwrap();
        }
        // So that the trail begins behind a checkpoint already.
        audit.prune(day(n), true).unwrap();
    }
    audit.close(day(DAYS)).unwrap();
}

/// Some days later four of them are past their time.
fn work(dir: &DataDir) {
    open(dir).prune(day(DAYS + 4), true).unwrap();
}

#[test]
fn a_child_prunes() {
    let Ok(order) = std::env::var(ORDER) else { return };
    let mut parts = order.split('|');
    let (dir, point, n_before) =
        (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    aios_store::arm(point, n_before.parse().unwrap());
    work(&DataDir::open(dir).unwrap());
}

#[test]
fn whenever_the_process_dies_the_trail_is_whole() {
    let temp = tempfile::tempdir().unwrap();
    fill(temp.path());
    let before = kept(&entries(temp.path()));
    let filled = tempfile::tempdir().unwrap();
    copy(temp.path(), filled.path());
    work(&DataDir::open(temp.path()).unwrap());
    let expect = kept(&entries(temp.path()));
    assert_eq!((before.len(), expect.len()), (18, 10), "two of each day, and four days go");
    let points: Vec<_> = aios_store::passed()
        .into_iter()
        .filter(|point| {
            ["prune.", "file.", "audit.", "checkpoint."].iter().any(|head| point.starts_with(head))
        })
        .collect();
    assert!(
        points.contains(&"prune.before_remove") && points.contains(&"prune.removed"),
        "{points:?}"
    );
    let mut n_deaths = 0;
    for point in points {
        for n_before in PASSES {
            let temp = tempfile::tempdir().unwrap();
            copy(filled.path(), temp.path());
            n_deaths += usize::from(dies_at(temp.path(), point, n_before));
            check(temp.path(), &expect, &format!("{point} after {n_before}"));
        }
    }
    assert!(n_deaths > 12, "{n_deaths}");
}

/// A directory with what is in it, and in its folders.
fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&to).unwrap();
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// What is seen at once, and what there is when it was done again.
fn check(path: &Path, expect: &[u64], what: &str) {
    let is_sound = || {
        let verdict = verify_audit(&DataDir::read(path).unwrap(), &[]).unwrap();
        assert!(!matches!(verdict, AuditVerdict::Bad(_)), "{what}: {verdict:?}");
    };
    let seen = kept(&entries(path));
    assert!(seen.ends_with(expect), "{what}: {seen:?}");
    is_sound();
    let dir = DataDir::open(path).unwrap();
    work(&dir);
    assert_eq!(kept(&entries(path)), expect, "{what}");
    is_sound();
}

fn entries(path: &Path) -> Vec<AuditEntry> {
    audit_tail(&DataDir::read(path).unwrap(), 1000).unwrap()
}

/// The numbers that the entries of the days were given, oldest first.
fn kept(entries: &[AuditEntry]) -> Vec<u64> {
    let number = |entry: &AuditEntry| match entry.action {
        AuditAction::RefusedMore { n } => Some(n),
        _ => None,
    };
    entries.iter().filter_map(number).collect()
}

fn dies_at(dir: &Path, point: &str, n_before: usize) -> bool {
    let order = format!("{}|{point}|{n_before}", dir.display());
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "audit::a_child_prunes"]).env(ORDER, order);
    // It may also pass the point too seldom to end there.
    !child.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
}
