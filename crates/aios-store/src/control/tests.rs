use std::fs;
use std::time::Duration;

use aios_core::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::sign::Signer;
use crate::{AuditConfig, AuditLog, Policy};

type Opened = (ControlLog, Vec<Kept<Value>>);

fn open(dir: &DataDir) -> Opened {
    ControlLog::open(dir).unwrap().unwrap()
}

fn numbered(dir: &DataDir) -> Vec<u64> {
    let history = ControlHistory::<Value>::read(dir).unwrap();
    assert_eq!(history.fault, None);
    history.lines.iter().map(|kept| kept.record["n"].as_u64().unwrap()).collect()
}

fn day(n: u64) -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000).plus(Duration::from_secs(n * 86_400))
}

fn with_lines(n: u64) -> (tempfile::TempDir, DataDir) {
    let temp = tempfile::tempdir().unwrap();
    let dir = DataDir::open(temp.path()).unwrap();
    let (mut log, _) = open(&dir);
    for n in 1..=n {
        assert_eq!(log.append(day(0), &json!({ "n": n, "ts": day(0) })).unwrap(), n);
    }
    (temp, dir)
}

#[test]
fn lines_are_numbered_and_read_back_by_whoever_looks() {
    let (temp, dir) = with_lines(3);
    assert_eq!(numbered(&dir), [1, 2, 3]);
    let (mut log, kept) = open(&dir);
    assert_eq!(kept.last().unwrap().seq, 3);
    assert_eq!(log.append(day(0), &json!({ "n": 4 })).unwrap(), 4);
    let reader = DataDir::read(temp.path()).unwrap();
    assert_eq!(numbered(&reader), [1, 2, 3, 4]);
    assert!(matches!(ControlLog::open::<Value>(&reader), Err(StoreError::ReadOnly { .. })));
}

#[test]
fn half_a_line_counts_for_nothing_and_is_cut_off() {
    let (_temp, dir) = with_lines(2);
    let whole = fs::read_to_string(dir.control_path()).unwrap();
    fs::write(dir.control_path(), format!("{whole}{{\"seq\":3,\"pr")).unwrap();
    assert_eq!(numbered(&dir), [1, 2]);
    drop(open(&dir));
    assert_eq!(fs::read_to_string(dir.control_path()).unwrap(), whole);
}

/// Every byte of the middle line is of account, and so is every whole line.
#[test]
fn a_line_that_is_not_as_it_was_written_is_named() {
    let (_temp, dir) = with_lines(3);
    let text = fs::read_to_string(dir.control_path()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let start = lines[0].len() + 1;
    for at in (start..start + lines[1].len()).step_by(7) {
        let mut bytes = text.clone().into_bytes();
        bytes[at] = if bytes[at] == b'1' { b'2' } else { b'1' };
        fs::write(dir.control_path(), bytes).unwrap();
        let fault = ControlLog::open::<Value>(&dir).unwrap().unwrap_err();
        assert_eq!(fault.line, 2, "byte {at}: {fault}");
    }
    fs::write(dir.control_path(), format!("{}\n{}\n", lines[0], lines[2])).unwrap();
    let fault = ControlLog::open::<Value>(&dir).unwrap().unwrap_err();
    assert!(
        fault.to_string().ends_with("line 2: it does not follow line 1 of the chain"),
        "{fault}"
    );
}

/// Each line less is sound in itself, and noticed.
#[test]
fn an_end_that_was_cut_off_is_named() {
    let (_temp, dir) = with_lines(3);
    let text = fs::read_to_string(dir.control_path()).unwrap();
    for n_left in [2, 1, 0] {
        let left: String = text.split_inclusive('\n').take(n_left).collect();
        fs::write(dir.control_path(), left).unwrap();
        let fault = ControlLog::open::<Value>(&dir).unwrap().unwrap_err();
        assert_eq!(fault.line, n_left as u64 + 1);
        assert!(fault.why.contains(&format!("came to line 3, and ends with line {n_left}")));
    }
    fs::remove_file(dir.control_path()).unwrap();
    assert!(ControlHistory::<Value>::read(&dir).unwrap().fault.is_some());
    // What was put aside is out of the way, its head too.
    ControlLog::put_aside(&dir, day(0)).unwrap();
    assert_eq!(open(&dir).1.len(), 0);
}

/// A line that was written anew from the beginning, hashes and all, is another one.
#[test]
fn another_chain_of_the_same_length_is_not_taken_for_this_one() {
    let (_temp, dir) = with_lines(2);
    let (_other_temp, other) = with_lines(1);
    let (mut log, _) = open(&other);
    log.append(day(0), &json!({ "n": 7, "ts": day(0) })).unwrap();
    fs::copy(other.control_path(), dir.control_path()).unwrap();
    let fault = ControlLog::open::<Value>(&dir).unwrap().unwrap_err();
    assert!(fault.why.contains("line 2 of the chain was another one"), "{fault}");
}

#[test]
fn a_head_that_is_not_as_it_was_written_proves_nothing() {
    let (_temp, dir) = with_lines(2);
    let head = head::path(&dir);
    let text = fs::read_to_string(&head).unwrap();
    for other in [text.replace("\"seq\":2", "\"seq\":1"), String::new(), "{}".to_owned()] {
        fs::write(&head, other).unwrap();
        let fault = ControlHistory::<Value>::read(&dir).unwrap().fault.unwrap();
        assert_eq!(fault.file, head);
    }
    fs::write(&head, text).unwrap();
    assert_eq!(numbered(&dir), [1, 2]);
}

/// Without the head lines could be taken from the end, and nobody would see it.
#[test]
fn a_chain_without_its_head_is_not_believed() {
    let (_temp, dir) = with_lines(3);
    let text = fs::read_to_string(dir.control_path()).unwrap();
    fs::remove_file(head::path(&dir)).unwrap();
    for n_left in [3, 1] {
        let left: String = text.split_inclusive('\n').take(n_left).collect();
        fs::write(dir.control_path(), left).unwrap();
        let fault = ControlLog::open::<Value>(&dir).unwrap().unwrap_err();
        assert_eq!(fault.file, head::path(&dir));
    }
    // A reset begins a new one, which counts on as far as anybody knows.
    ControlLog::put_aside(&dir, day(1)).unwrap();
    assert_eq!(open(&dir).0.append(day(1), &json!({ "n": 4 })).unwrap(), 2);
}

/// After a crash the chain may be a line further.
#[test]
fn a_head_that_is_a_line_behind_catches_up() {
    let (_temp, dir) = with_lines(2);
    let head = fs::read_to_string(head::path(&dir)).unwrap();
    let (mut log, _) = open(&dir);
    log.append(day(0), &json!({ "n": 3, "ts": day(0) })).unwrap();
    let newer = fs::read_to_string(head::path(&dir)).unwrap();
    fs::write(head::path(&dir), head).unwrap();
    assert_eq!(numbered(&dir), [1, 2, 3]);
    drop(open(&dir));
    assert_eq!(fs::read_to_string(head::path(&dir)).unwrap(), newer);
}

#[test]
fn what_cannot_be_used_is_put_aside_and_a_new_chain_is_begun() {
    let (_temp, dir) = with_lines(2);
    fs::write(dir.control_path(), "nonsense\n").unwrap();
    assert!(ControlLog::open::<Value>(&dir).unwrap().is_err());
    let at = Timestamp::from_micros(1_800_000_000_000_000);
    let aside = ControlLog::put_aside(&dir, at).unwrap();
    assert_eq!(fs::read_to_string(aside).unwrap(), "nonsense\n");
    let (mut log, kept) = open(&dir);
    // It counts on: a number never stands for two lines.
    assert_eq!((kept.len(), log.append(day(0), &json!({ "n": 1 })).unwrap()), (0, 3));
    assert_eq!(numbered(&dir), [1]);
    drop(log);
    assert_eq!(open(&dir).0.append(day(0), &json!({ "n": 2 })).unwrap(), 4);
}

#[test]
fn a_full_file_is_read_until_its_time_is_over() {
    let (_temp, dir) = with_lines(1);
    let (mut log, _) = open(&dir);
    let filler = "x".repeat(9 << 20);
    log.append(day(0), &json!({ "n": 2, "ts": day(0), "filler": filler })).unwrap();
    log.roll_if_due(day(0)).unwrap();
    assert!(log.is_empty());
    log.append(day(1), &json!({ "n": 3, "ts": day(1) })).unwrap();
    log.roll_if_due(day(1)).unwrap();
    assert_eq!(numbered(&dir), [1, 2, 3]);
    log.roll_if_due(day(2)).unwrap();
    log.append(day(2), &json!({ "n": 4, "ts": day(2) })).unwrap();
    let term = Policy::default().audit;
    assert_eq!(log.prune(term, day(365)).unwrap(), 0);
    assert_eq!(log.prune(term, day(366)).unwrap(), 1);
    assert_eq!(numbered(&dir), [3, 4]);
    assert_eq!(log.prune(term, day(500)).unwrap(), 1);
    assert_eq!(numbered(&dir), [4]);
    drop(log);
    // The chain goes on where it was.
    let (mut log, kept) = open(&dir);
    assert_eq!((kept.len(), log.append(day(3), &json!({ "n": 5 })).unwrap()), (1, 5));
    assert_eq!(numbered(&dir), [4, 5]);
}

/// A head fails before its rename, and then nothing has happened; or behind it, and then the line counts.
#[test]
fn a_head_that_fails_leaves_a_chain_that_is_as_long_as_it_says() {
    let (_temp, dir) = with_lines(2);
    let (mut log, _) = open(&dir);
    let before = log.append_under(|_, _, _| Err(refused()), day(0), &json!({ "n": 3 }));
    assert_eq!(before.unwrap_err().to_string(), refused().to_string());
    assert_eq!(numbered(&dir), [1, 2]);
    let written_and_failed = |dir: &DataDir, signer: &Signer, end: &ChainEnd| {
        head::write(dir, signer, end)?;
        Err(refused())
    };
    let behind = log.append_under(written_and_failed, day(0), &json!({ "n": 3, "ts": day(0) }));
    assert_eq!(behind.unwrap(), 3);
    assert_eq!(numbered(&dir), [1, 2, 3]);
    assert_eq!(log.append(day(0), &json!({ "n": 4, "ts": day(0) })).unwrap(), 4);
    drop(log);
    assert_eq!(open(&dir).1.len(), 4);
}

fn refused() -> StoreError {
    StoreError::io("write", "control.head".as_ref())(std::io::Error::other("no room"))
}

/// Whoever removes all of it has still to make the audit trail forget.
#[test]
fn a_chain_that_is_gone_with_its_head_is_missed() {
    let (temp, dir) = with_lines(2);
    let audit = |at| AuditLog::open(&dir, AuditConfig::default(), at).unwrap();
    audit(day(0)).close(day(0)).unwrap();
    let remove = || {
        fs::remove_file(dir.control_path()).unwrap();
        fs::remove_file(head::path(&dir)).unwrap();
    };
    remove();
    let fault = ControlLog::open::<Value>(&dir).unwrap().unwrap_err();
    assert!(fault.why.contains("the audit trail knows of a line 2"), "{fault}");
    // A reset begins a new one, and says so by a head of its own.
    ControlLog::put_aside(&dir, day(1)).unwrap();
    assert_eq!(open(&dir).1.len(), 0);
    audit(day(1)).close(day(1)).unwrap();
    remove();
    assert!(ControlLog::open::<Value>(&dir).unwrap().is_err());
    drop(temp);
}

#[test]
fn who_shows_it_reads_from_the_end_back_as_far_as_is_asked() {
    let (_temp, dir) = with_lines(3);
    // A day later another file is begun.
    let (mut log, _) = open(&dir);
    log.roll_if_due(day(1)).unwrap();
    for n in 4..=5 {
        log.append(day(1), &json!({ "n": n, "ts": day(1) })).unwrap();
    }
    assert_eq!(files(&dir).unwrap().len(), 2);
    let seqs = |before| {
        let tail = ControlTail::<Value>::before(&dir, before).unwrap();
        tail.map(|kept| kept.unwrap().seq).collect::<Vec<_>>()
    };
    assert_eq!(seqs(None), [5, 4, 3, 2, 1]);
    assert_eq!(seqs(Some(5)), [4, 3, 2, 1]);
    assert_eq!(seqs(Some(3)), [2, 1]);
    assert_eq!(seqs(Some(1)), [] as [u64; 0]);
    // Only as much is read as is taken: the file before is not even looked at.
    fs::remove_file(&files(&dir).unwrap()[0]).unwrap();
    let newest: Vec<_> = ControlTail::<Value>::open(&dir).unwrap().take(2).collect();
    assert!(newest.iter().all(Result::is_ok) && newest.len() == 2);
}

/// Both agree with each other; the trail agrees with neither.
#[test]
fn an_older_chain_with_its_head_is_not_taken_for_the_newest() {
    let (_temp, dir) = with_lines(2);
    let audit = |at| AuditLog::open(&dir, AuditConfig::default(), at).unwrap();
    let verify = || crate::verify_audit(&dir, &[]).unwrap();
    let files = [dir.control_path(), head::path(&dir)];
    let backup = files.clone().map(|file| fs::read(file).unwrap());
    let restore =
        || files.iter().zip(&backup).for_each(|(file, text)| fs::write(file, text).unwrap());
    let (mut log, _) = open(&dir);
    for n in 3..=5 {
        log.append(day(0), &json!({ "n": n, "ts": day(0) })).unwrap();
    }
    drop(log);
    audit(day(0)).close(day(0)).unwrap();
    assert!(verify().is_sound());
    restore();
    // A start with it does not make it the newest.
    audit(day(1)).close(day(1)).unwrap();
    let fault = ControlLog::open::<Value>(&dir).unwrap().unwrap_err();
    assert!(fault.why.contains("knows of a line 5, and it ends with line 2"), "{fault}");
    let crate::AuditVerdict::Bad(fault) = verify() else { panic!("it is not sound") };
    assert!(fault.why.contains("had come to line 5, and that is sound up to line 2"), "{fault}");
    assert!(fault.file.starts_with(dir.audit_path()) && fault.line.is_some(), "{fault}");
    // A reset begins behind all of it, and the trail is sound again.
    ControlLog::put_aside(&dir, day(1)).unwrap();
    assert!(verify().is_sound());
    assert_eq!(open(&dir).0.append(day(1), &json!({ "n": 6, "ts": day(1) })).unwrap(), 6);
    assert_eq!(numbered(&dir), [6]);
    audit(day(2)).close(day(2)).unwrap();
    restore();
    assert!(ControlLog::open::<Value>(&dir).unwrap().is_err(), "nor after a reset");
}

/// Whoever can write the directory must not be able to hold up a look, or have it read for ever.
#[test]
fn what_is_too_large_to_be_ours_is_named_and_put_aside() {
    let (_temp, dir) = with_lines(2);
    let file = fs::File::options().write(true).open(dir.control_path()).unwrap();
    file.set_len(FILE_MAX + 1).unwrap();
    let fault = ControlHistory::<Value>::read(&dir).unwrap().fault.unwrap();
    assert!(fault.to_string().ends_with("line 1: it is larger than 67108864 bytes"), "{fault}");
    assert_eq!(ControlLog::open::<Value>(&dir).unwrap().err(), Some(fault));
    ControlLog::put_aside(&dir, day(1)).unwrap();
    assert!(numbered(&dir).is_empty());
}

#[cfg(unix)]
#[test]
fn a_pipe_in_its_place_is_not_waited_for() {
    let (_temp, dir) = with_lines(2);
    for what in ["pipe", "device"] {
        fs::remove_file(dir.control_path()).unwrap();
        if what == "pipe" {
            let made = std::process::Command::new("mkfifo").arg(dir.control_path()).status();
            assert!(made.unwrap().success());
        } else {
            std::os::unix::fs::symlink("/dev/zero", dir.control_path()).unwrap();
        }
        let fault = ControlHistory::<Value>::read(&dir).unwrap().fault.unwrap();
        assert!(fault.to_string().ends_with("line 1: it is not a regular file"), "{fault}");
        assert_eq!(ControlLog::open::<Value>(&dir).unwrap().err(), Some(fault));
        assert!(ControlTail::<Value>::open(&dir).unwrap().next().unwrap().is_err());
    }
    ControlLog::put_aside(&dir, day(1)).unwrap();
    assert!(numbered(&dir).is_empty());
}
