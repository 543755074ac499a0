//! The process dies while days of the audit trail that are past their time go, and while the end that a crash has torn is
//! cut off: what is left is one piece, vouched for, and the next time does the rest.

use std::fs;
use std::path::Path;
use std::time::Duration;

use aios_core::Timestamp;
use aios_store::{
    AuditAction, AuditConfig, AuditEntry, AuditLog, AuditVerdict, DataDir, actor, audit_tail,
    verify_audit,
};

use crate::deaths::{armed, print_passed};
use crate::erasure::told;

/// Tells a child where to prune, and at which point to end: `dir|point|n_before`.
const ORDER: &str = "AIOS_AUDIT_ORDER";
const PRUNES: &str = "audit::a_child_prunes";

/// The same for one that goes on behind half a line.
const TORN: &str = "AIOS_TORN_AUDIT_ORDER";
const GOES_ON: &str = "audit::a_child_goes_on";

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
    as_told(ORDER, work);
}

/// A crash has left half a line in the trail, and half a checkpoint.
fn tear(path: &Path) {
    let days = fs::read_dir(path.join("audit")).unwrap().map(|entry| entry.unwrap().path());
    let is_day = |path: &std::path::PathBuf| path.file_name().unwrap().to_str().unwrap() > "2";
    let is_day = |path: &std::path::PathBuf| is_day(path) && !path.ends_with(CHECKPOINTS);
    let last = days.filter(is_day).filter(|path| !path.ends_with("segments.ndjson")).max().unwrap();
    for path in [last, path.join("audit").join(CHECKPOINTS)] {
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text + "{\"seq\":").unwrap();
    }
}

const CHECKPOINTS: &str = "checkpoints.ndjson";

/// The next start goes on behind it.
fn go_on(dir: &DataDir) {
    let audit = open(dir);
    audit.append(day(DAYS), actor::SERVER, AuditAction::RefusedMore { n: GONE_ON }).unwrap();
    audit.close(day(DAYS)).unwrap();
}

const GONE_ON: u64 = 100;

#[test]
fn a_child_goes_on() {
    as_told(TORN, go_on);
}

/// Does as a process was told in its environment, and says which points it has passed.
pub(crate) fn as_told(order: &str, work: fn(&DataDir)) {
    let Ok(order) = std::env::var(order) else { return };
    let parts: Vec<_> = order.split('|').collect();
    let [dir, point, n_before] = parts[..] else { panic!("{order}") };
    let dir = DataDir::open(dir).unwrap();
    let before = armed(point, n_before);
    work(&dir);
    print_passed(&before);
}

/// Every point at which one of these dies.
pub(crate) fn points() -> Vec<String> {
    let (old, torn) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(old.path());
    fill(torn.path());
    tear(torn.path());
    let all = [told(PRUNES, ORDER, old.path(), "", 0), told(GOES_ON, TORN, torn.path(), "", 0)];
    let ours = |point: &String| {
        ["prune.", "file.", "audit.", "checkpoint."].iter().any(|head| point.starts_with(head))
    };
    all.into_iter().flat_map(Option::unwrap).filter(ours).collect()
}

#[test]
fn whenever_the_process_dies_the_trail_is_whole() {
    let filled = tempfile::tempdir().unwrap();
    fill(filled.path());
    let whole = tempfile::tempdir().unwrap();
    copy(filled.path(), whole.path());
    let before = kept(&entries(whole.path()));
    work(&DataDir::open(whole.path()).unwrap());
    let expect = kept(&entries(whole.path()));
    assert_eq!((before.len(), expect.len()), (18, 10), "two of each day, and four days go");
    let mut n_deaths = 0;
    for point in points() {
        for n_before in PASSES {
            let temp = tempfile::tempdir().unwrap();
            copy(filled.path(), temp.path());
            n_deaths += usize::from(told(PRUNES, ORDER, temp.path(), &point, n_before).is_none());
            check(temp.path(), &expect, &format!("{point} after {n_before}"));
        }
    }
    assert!(n_deaths > 12, "{n_deaths}");
}

#[test]
fn half_a_line_is_cut_off_the_trail_whenever_the_process_dies() {
    let torn = tempfile::tempdir().unwrap();
    fill(torn.path());
    tear(torn.path());
    let whole = tempfile::tempdir().unwrap();
    copy(torn.path(), whole.path());
    let passed = told(GOES_ON, TORN, whole.path(), "", 0).unwrap();
    assert!(passed.iter().any(|point| point == "audit.cut"), "{passed:?}");
    assert!(passed.iter().any(|point| point == "checkpoint.cut"), "{passed:?}");
    let expect = kept(&entries(whole.path()));
    assert_eq!((expect.len(), expect.last()), (19, Some(&GONE_ON)));
    let (before, mut n_deaths) = (&expect[..18], 0);
    for point in &passed {
        for n_before in PASSES {
            let temp = tempfile::tempdir().unwrap();
            copy(torn.path(), temp.path());
            if told(GOES_ON, TORN, temp.path(), point, n_before).is_some() {
                break;
            }
            n_deaths += 1;
            let what = format!("{point} after {n_before}");
            is_sound(temp.path(), &what);
            assert!(kept(&entries(temp.path())).starts_with(before), "{what}");
            go_on(&DataDir::open(temp.path()).unwrap());
            let left = kept(&entries(temp.path()));
            // Of what was being written nobody was told.
            assert!(left.starts_with(before) && left.ends_with(&[GONE_ON]), "{what}: {left:?}");
            is_sound(temp.path(), &what);
        }
    }
    assert!(n_deaths > 12, "{n_deaths}");
}

/// A directory with what is in it, and in its folders.
pub(crate) fn copy(from: &Path, to: &Path) {
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
    let seen = kept(&entries(path));
    assert!(seen.ends_with(expect), "{what}: {seen:?}");
    is_sound(path, what);
    let dir = DataDir::open(path).unwrap();
    work(&dir);
    assert_eq!(kept(&entries(path)), expect, "{what}");
    is_sound(path, what);
}

fn is_sound(path: &Path, what: &str) {
    let verdict = verify_audit(&DataDir::read(path).unwrap(), &[]).unwrap();
    assert!(!matches!(verdict, AuditVerdict::Bad(_)), "{what}: {verdict:?}");
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
