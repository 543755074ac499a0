//! The trail under everything that can be done to it.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use aios_core::Timestamp;

use super::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

struct Trail {
    temp: tempfile::TempDir,
    dir: DataDir,
}

fn at(day: u32) -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000).plus(DAY * day)
}

fn config() -> AuditConfig {
    AuditConfig { checkpoint_every: 4, ..AuditConfig::default() }
}

fn action(version: u16) -> AuditAction {
    AuditAction::Key { change: "rotated".into(), version }
}

/// One entry for each number.
fn write(log: &AuditLog, at: Timestamp, numbers: std::ops::Range<u16>) {
    for n in numbers {
        log.append(at, "cli", action(n)).unwrap();
    }
}

impl Trail {
    /// `n` entries on day 0 and as many on day 1, the first of them that it was opened.
    fn of(n: u16) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let log = AuditLog::open(&dir, config(), at(0)).unwrap();
        write(&log, at(0), 1..n);
        write(&log, at(1), 0..n);
        Self { temp, dir }
    }

    fn file(&self, day: u32) -> PathBuf {
        files::path(&self.dir.audit_path(), &files::day(at(day)))
    }

    /// Changes the lines of a day.
    fn change(&self, day: u32, change: impl FnOnce(&mut Vec<String>)) {
        let text = fs::read_to_string(self.file(day)).unwrap();
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        change(&mut lines);
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(self.file(day), text).unwrap();
    }

    fn verify(&self) -> Result<AuditVerified, AuditFault> {
        verify_audit(&self.dir, &[]).unwrap()
    }

    /// The first bad entry, and why.
    fn fault(&self) -> (u64, String) {
        let fault = self.verify().unwrap_err();
        (fault.seq, fault.why)
    }
}

#[track_caller]
fn check(change: impl FnOnce(&Trail), seq: u64, why: &str) {
    let trail = Trail::of(6);
    assert_eq!(trail.verify().unwrap().n_entries, 12);
    change(&trail);
    let (bad, reason) = trail.fault();
    assert!(bad == seq && reason.contains(why), "entry {bad}: {reason}");
}

#[test]
fn a_whole_trail_is_verified_across_its_files() {
    let trail = Trail::of(6);
    let verified = trail.verify().unwrap();
    assert_eq!((verified.first_seq, verified.last_seq), (1, 12));
    // At 4, at the end of the day (6), at 10.
    assert_eq!((verified.n_checkpoints, verified.signed_up_to), (3, 10));
    let last = audit_tail(&trail.dir, 2).unwrap();
    assert_eq!(last.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [11, 12]);
    assert_eq!(audit_tail(&trail.dir, 99).unwrap().len(), 12);
}

#[test]
fn an_edited_entry_is_named() {
    let edit = |line: &mut String| *line = line.replace("\"version\":2", "\"version\":3");
    check(|trail| trail.change(0, |lines| edit(&mut lines[2])), 3, "edited");
    check(|trail| trail.change(0, |lines| lines[2] = "{}".into()), 3, "no entry");
    // With a hash to match, it is the next one that does not follow.
    let forge = |trail: &Trail| {
        trail.change(1, |lines| {
            let mut entry = entry::read(&lines[2]).unwrap().entry;
            entry.actor = "nobody".into();
            lines[2] = entry::line(&entry).unwrap().0.trim_end().to_owned();
        });
    };
    check(forge, 10, "does not follow entry 9");
}

#[test]
fn a_dropped_entry_is_named() {
    check(|trail| trail.change(0, |lines| drop(lines.remove(2))), 3, "dropped");
    check(|trail| trail.change(0, |lines| drop(lines.remove(0))), 2, "no checkpoint vouches");
    check(|trail| fs::remove_file(trail.file(1)).unwrap(), 7, "cut off");
}

#[test]
fn entries_out_of_order_are_named() {
    check(|trail| trail.change(0, |lines| lines.swap(1, 2)), 2, "dropped");
    check(|trail| trail.change(0, |lines| lines.insert(3, lines[1].clone())), 2, "out of order");
}

#[test]
fn a_cut_trail_is_named_as_far_as_it_was_signed() {
    check(|trail| trail.change(1, |lines| lines.truncate(2)), 9, "cut off: entry 10 was signed");
    // Two entries are newer than the last checkpoint.
    let trail = Trail::of(6);
    trail.change(1, |lines| lines.truncate(4));
    assert_eq!(trail.verify().unwrap().last_seq, 10);
}

#[test]
fn a_trail_written_anew_contradicts_its_checkpoints() {
    check(
        |trail| {
            let other = Trail::of(6);
            for day in [0, 1] {
                let text = fs::read_to_string(other.file(day)).unwrap();
                fs::write(trail.file(day), text.replace("cli", "who")).unwrap();
            }
            // Every hash made anew, as whoever can write the files could.
            let mut prev = entry::GENESIS.to_owned();
            for day in [0, 1] {
                trail.change(day, |lines| {
                    for line in lines {
                        let mut entry = entry::read(line).unwrap().entry;
                        entry.prev = prev.clone();
                        let (made, h) = entry::line(&entry).unwrap();
                        (*line, prev) = (made.trim_end().to_owned(), h);
                    }
                });
            }
        },
        4,
        "a signed checkpoint has another hash",
    );
}

#[test]
fn checkpoints_elsewhere_show_that_both_files_were_rolled_back() {
    let temp = tempfile::tempdir().unwrap();
    let copy = temp.path().join("elsewhere.ndjson");
    let dir = DataDir::open(temp.path().join("data")).unwrap();
    let config = AuditConfig { checkpoint_copy: Some(copy.clone()), ..config() };
    let log = AuditLog::open(&dir, config, at(0)).unwrap();
    write(&log, at(0), 1..4);
    let file = files::path(&dir.audit_path(), &files::day(at(0)));
    let marks = checkpoint::path(&dir.audit_path());
    let before = [&file, &marks].map(|path| fs::read(path).unwrap());
    write(&log, at(0), 4..9);
    fs::write(&file, &before[0]).unwrap();
    fs::write(&marks, &before[1]).unwrap();
    assert!(verify_audit(&dir, &[]).unwrap().is_ok(), "it is a sound trail of its time");
    let fault = verify_audit(&dir, &[copy]).unwrap().unwrap_err();
    assert!(fault.seq == 5 && fault.why.contains("entry 8 was signed"), "{fault}");
}

#[test]
fn a_foreign_checkpoint_is_refused() {
    check(
        |trail| {
            let path = checkpoint::path(&trail.dir.audit_path());
            let text = fs::read_to_string(&path).unwrap();
            fs::write(&path, text.replacen("\"seq\":4", "\"seq\":5", 1)).unwrap();
        },
        5,
        "signature",
    );
}

#[test]
fn half_a_line_is_cut_off_and_the_cut_is_on_record() {
    let trail = Trail::of(3);
    let mut text = fs::read(trail.file(1)).unwrap();
    let n_whole = text.len();
    text.extend_from_slice(br#"{"seq":7,"prev":"#);
    fs::write(trail.file(1), &text).unwrap();
    assert!(trail.verify().is_ok(), "what has no newline yet is no entry");
    let log = AuditLog::open(&trail.dir, config(), at(1)).unwrap();
    log.append(at(1), "cli", action(1)).unwrap();
    assert_eq!(trail.verify().unwrap().n_entries, 9);
    let cut = AuditAction::TornTailCut { n_bytes: (text.len() - n_whole) as u64 };
    assert!(audit_tail(&trail.dir, 3).unwrap().iter().any(|entry| entry.action == cut));
}

#[test]
fn a_clock_that_was_set_back_does_not_break_the_order() {
    let trail = Trail::of(2);
    let log = AuditLog::open(&trail.dir, config(), at(0)).unwrap();
    log.append(at(0), "cli", action(9)).unwrap();
    assert_eq!(trail.verify().unwrap().n_entries, 6);
    assert_eq!(files::days(&trail.dir.audit_path()).unwrap().len(), 2);
}

#[test]
fn days_past_their_time_go_and_the_rest_is_still_verified() {
    let trail = Trail::of(6);
    let log = AuditLog::open(&trail.dir, config(), at(365)).unwrap();
    assert_eq!(log.prune(at(365)).unwrap(), 0, "365 days are kept");
    assert_eq!(log.prune(at(366)).unwrap(), 1);
    assert!(!trail.file(0).exists() && trail.file(1).exists());
    let verified = trail.verify().unwrap();
    assert_eq!((verified.first_seq, verified.last_seq), (7, 14));
    assert_eq!(log.prune(at(367)).unwrap(), 1);
    assert_eq!(trail.verify().unwrap().first_seq, 13);
    // Whoever removes more than was due is found out.
    trail.change(365, |lines| drop(lines.remove(0)));
    assert_eq!(trail.fault(), (13, "dropped: the trail begins with entry 14".into()));
    drop(log);
    drop(trail.temp);
}
