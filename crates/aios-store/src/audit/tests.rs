//! The trail under everything that can be done to it.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use aios_core::Timestamp;

use super::*;
use crate::DataDir;

mod head;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The file of a day.
fn day_file(dir: &DataDir, day: u32) -> PathBuf {
    dir.audit_path().join(format!("{}.ndjson", files::day(at(day))))
}

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
        day_file(&self.dir, day)
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
        match verify_audit(&self.dir, &[]).unwrap() {
            AuditVerdict::Sound(verified) => Ok(verified),
            AuditVerdict::Bad(fault) => Err(fault),
            AuditVerdict::Headless(_) => panic!("it has a head"),
            AuditVerdict::NoData => panic!("there is a trail"),
        }
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
fn a_cut_trail_is_named_by_its_head_also_where_nothing_was_signed_yet() {
    check(|trail| trail.change(1, |lines| lines.truncate(2)), 9, "cut off: by its head");
    // Two entries are newer than the last checkpoint.
    check(|trail| trail.change(1, |lines| lines.truncate(4)), 11, "had come to entry 12");
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
fn checkpoints_elsewhere_show_that_all_files_were_rolled_back() {
    let temp = tempfile::tempdir().unwrap();
    let copy = temp.path().join("elsewhere.ndjson");
    let dir = DataDir::open(temp.path().join("data")).unwrap();
    let config = AuditConfig { checkpoint_copy: Some(copy.clone()), ..config() };
    let log = AuditLog::open(&dir, config, at(0)).unwrap();
    write(&log, at(0), 1..4);
    let file = day_file(&dir, 0);
    let marks = checkpoint::path(&dir.audit_path());
    let files = [file, marks, crate::head::HeadOf::Audit.path(&dir)];
    let before = files.each_ref().map(|path| fs::read(path).unwrap());
    write(&log, at(0), 4..9);
    for (file, bytes) in files.iter().zip(before) {
        fs::write(file, bytes).unwrap();
    }
    let alone = verify_audit(&dir, &[]).unwrap();
    assert!(alone.is_sound(), "it is a sound trail of its time");
    let AuditVerdict::Bad(fault) = verify_audit(&dir, std::slice::from_ref(&copy)).unwrap() else {
        panic!("the copy knows better");
    };
    assert!(fault.seq == 5 && fault.why.contains("entry 8 was signed"), "{fault}");
    fs::remove_file(&copy).unwrap();
    let missing = verify_audit(&dir, &[copy]).unwrap_err();
    assert!(matches!(missing, StoreError::NoCheckpoints { .. }) && missing.hint().is_some());
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
    assert_eq!(files::in_order(&trail.dir.audit_path()).unwrap().len(), 2);
}

#[test]
fn days_past_their_time_go_and_the_rest_is_still_verified() {
    let trail = Trail::of(6);
    let log = AuditLog::open(&trail.dir, config(), at(365)).unwrap();
    let prune = |day| log.prune(at(day), true).unwrap().n_files;
    assert_eq!(prune(365), 0, "365 days are kept");
    let stopped = log.prune(at(366), false).unwrap();
    let too_much = crate::Stop::RemovesTooMuchAudit { n_removed: 6, n_entries: 13 };
    assert_eq!((stopped.n_files, stopped.stopped), (0, Some(too_much)));
    assert_eq!(prune(366), 1);
    assert!(!trail.file(0).exists() && trail.file(1).exists());
    let verified = trail.verify().unwrap();
    assert_eq!((verified.first_seq, verified.last_seq), (7, 14));
    assert_eq!(prune(367), 1);
    assert_eq!(trail.verify().unwrap().first_seq, 13);
    // Whoever removes more than was due is found out.
    trail.change(365, |lines| drop(lines.remove(0)));
    assert_eq!(trail.fault(), (13, "dropped: the trail begins with entry 14".into()));
    drop(log);
    drop(trail.temp);
}

#[test]
fn a_day_to_come_neither_takes_all_that_follows_nor_keeps_what_is_past_its_time() {
    let trail = Trail::of(6);
    let log = AuditLog::open(&trail.dir, config(), at(9000)).unwrap();
    drop(log);
    // The clock is right again; some of its days are there already.
    let log = AuditLog::open(&trail.dir, config(), at(1)).unwrap();
    write(&log, at(1), 0..3);
    write(&log, at(2), 0..3);
    let names: Vec<_> = files::in_order(&trail.dir.audit_path())
        .unwrap()
        .iter()
        .map(|file| file.path(std::path::Path::new("")).display().to_string())
        .collect();
    assert_eq!(
        names,
        [
            "2027-01-15.ndjson",
            "2027-01-16.ndjson",
            "2051-09-06.ndjson",
            "2027-01-16.2.ndjson",
            "2027-01-17.ndjson"
        ]
    );
    assert_eq!(trail.verify().unwrap().n_entries, 20);
    assert_eq!(audit_tail(&trail.dir, 1).unwrap()[0].seq, 20);
    drop(log);
    let log = AuditLog::open(&trail.dir, config(), at(2)).unwrap();
    assert_eq!(trail.verify().unwrap().n_entries, 21, "a new process finds the end");
    // It goes with the first file behind it that does, and a clock that was behind takes nothing along.
    write(&log, at(366), 0..1);
    assert_eq!(log.prune(at(366), true).unwrap().n_files, 1);
    assert_eq!(log.prune(at(367), true).unwrap().n_files, 3);
    assert_eq!(trail.verify().unwrap().first_seq, 18);
}

#[test]
fn a_clock_that_was_behind_takes_nothing_along() {
    let trail = Trail::of(6);
    let long_ago = Timestamp::from_micros(0);
    let log = AuditLog::open(&trail.dir, config(), long_ago).unwrap();
    write(&log, at(2), 0..1);
    assert_eq!(log.prune(at(2), true).unwrap().n_files, 0);
    assert_eq!(trail.verify().unwrap().n_entries, 14);
}

#[test]
fn nothing_shown_is_not_sound() {
    let temp = tempfile::tempdir().unwrap();
    let dir = DataDir::open(temp.path()).unwrap();
    assert_eq!(verify_audit(&dir, &[]).unwrap(), AuditVerdict::NoData);
    let gone = |trail: &Trail| {
        for day in [0, 1] {
            fs::remove_file(trail.file(day)).unwrap();
        }
    };
    check(gone, 1, "cut off");
    // Without any checkpoint a long trail could have been cut, too.
    let trail = Trail::of(40);
    fs::remove_file(checkpoint::path(&trail.dir.audit_path())).unwrap();
    assert_eq!(trail.fault().0, 1);
}

#[test]
fn an_entry_is_signed_after_a_while() {
    let trail = Trail::of(2);
    let log = AuditLog::offline(&trail.dir, config(), at(1)).unwrap();
    let signed = || trail.verify().unwrap().signed_up_to;
    let minutes = |n: u64| at(1).plus(Duration::from_secs(n * 60));
    log.append(minutes(0), "x", action(1)).unwrap();
    log.sign_if_due(minutes(9)).unwrap();
    assert_eq!((signed(), log.stats().n_unsigned), (2, 3));
    log.sign_if_due(minutes(10)).unwrap();
    assert_eq!((signed(), log.stats().n_unsigned), (5, 0));
    log.append(minutes(20), "x", action(1)).unwrap();
    log.append(minutes(30), "x", action(1)).unwrap();
    assert_eq!(signed(), 7, "without anybody's asking");
    assert_eq!((log.stats().n_written, log.stats().n_failed), (3, 0));
}

#[cfg(unix)]
#[test]
fn an_entry_whose_signature_fails_is_on_record_and_signed_later() {
    let temp = tempfile::tempdir().unwrap();
    let dir = DataDir::open(temp.path()).unwrap();
    let log = AuditLog::offline(&dir, config(), at(0)).unwrap();
    let marks = checkpoint::path(&dir.audit_path());
    fs::create_dir(&marks).unwrap();
    // The fourth is due to be signed, and so is the first of another day.
    for (n, day) in [0, 0, 0, 0, 1].into_iter().enumerate() {
        assert_eq!(log.append(at(day), "x", action(1)).unwrap(), n as u64 + 1);
    }
    let stats = log.stats();
    assert_eq!((stats.n_written, stats.n_failed, stats.n_unsigned), (5, 0, 5));
    assert_eq!(stats.n_checkpoints_failed, 3);
    log.close(at(1)).unwrap();
    fs::remove_dir(&marks).unwrap();
    log.append(at(1), "x", action(1)).unwrap();
    assert_eq!(log.stats().n_unsigned, 0);
    let AuditVerdict::Sound(verified) = log.verify().unwrap() else { panic!() };
    assert_eq!((verified.n_entries, verified.signed_up_to), (6, 6));
}

#[test]
fn what_is_no_file_of_the_trail_is_not_waited_for() {
    let trail = Trail::of(6);
    let log = AuditLog::open(&trail.dir, config(), at(1)).unwrap();
    let pipe = trail.file(2);
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let error = log.append(at(2), "x", action(1)).unwrap_err().to_string();
    assert!(error.ends_with("it is not a regular file"), "{error}");
    assert_eq!(log.stats().n_failed, 1);
    for refused in [
        verify_audit(&trail.dir, &[]).unwrap_err(),
        audit_tail(&trail.dir, 1).unwrap_err(),
        AuditLog::open(&trail.dir, config(), at(2)).unwrap_err(),
    ] {
        assert!(refused.to_string().contains("2027-01-17.ndjson"), "{refused}");
    }
    fs::remove_file(&pipe).unwrap();
    log.append(at(2), "x", action(1)).unwrap();
}
