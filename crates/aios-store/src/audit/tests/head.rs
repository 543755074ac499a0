//! The trail's head: what is missed by it, and what it cannot be made to hide.

use std::fs;

use serde_json::Value;

use super::*;
use crate::ControlHistory;
use crate::head::HeadOf;

fn head_of(dir: &DataDir) -> PathBuf {
    HeadOf::Audit.path(dir)
}

fn verdict(dir: &DataDir) -> AuditVerdict {
    verify_audit(dir, &[]).unwrap()
}

#[track_caller]
fn bad(dir: &DataDir, why: &str) {
    let AuditVerdict::Bad(fault) = verdict(dir) else { panic!("{:?}", verdict(dir)) };
    assert!(fault.why.contains(why), "{fault}");
}

fn open(dir: &DataDir, day: u32) -> AuditLog {
    AuditLog::open(dir, config(), at(day)).unwrap()
}

/// The trail up to entry `n`, and no checkpoint that knows of more.
fn cut_to(trail: &Trail, n: usize) {
    fs::remove_file(checkpoint::path(&trail.dir.audit_path())).unwrap();
    fs::remove_file(trail.file(1)).unwrap();
    trail.change(0, |lines| lines.truncate(n));
}

#[test]
fn a_trail_that_was_cut_with_its_checkpoints_is_missed() {
    for n in [6, 5, 1] {
        let trail = Trail::of(6);
        cut_to(&trail, n);
        bad(&trail.dir, "cut off: by its head the trail had come to entry 12");
        // Going on with it does not make it whole, however long it gets.
        let log = open(&trail.dir, 1);
        write(&log, at(1), 0..20);
        drop(log);
        bad(&trail.dir, "by its head the trail had another entry here");
    }
}

/// What is left where a trail was cut and a server started: entries before it can be put back.
#[test]
fn a_head_that_contradicts_the_trail_is_not_written_over() {
    let trail = Trail::of(6);
    let files = [trail.file(0), trail.file(1), checkpoint::path(&trail.dir.audit_path())];
    let kept = files.each_ref().map(|file| fs::read(file).unwrap());
    let head = fs::read(head_of(&trail.dir)).unwrap();
    cut_to(&trail, 3);
    drop(open(&trail.dir, 0));
    assert_eq!(fs::read(head_of(&trail.dir)).unwrap(), head);
    let entries = audit_tail(&trail.dir, 2).unwrap();
    assert_eq!(entries[0].action, AuditAction::Lost { last_seq: 12 });
    for (file, bytes) in files.iter().zip(kept) {
        fs::write(file, bytes).unwrap();
    }
    assert!(verdict(&trail.dir).is_sound());
    drop(open(&trail.dir, 1));
    assert_eq!(trail.verify().unwrap().last_seq, 13);
}

#[test]
fn a_head_that_is_gone_or_was_edited_is_missed() {
    let trail = Trail::of(6);
    let text = fs::read_to_string(head_of(&trail.dir)).unwrap();
    for other in [text.replace("\"seq\":12", "\"seq\":1"), String::new(), "{}".to_owned()] {
        fs::write(head_of(&trail.dir), other).unwrap();
        bad(&trail.dir, "not as it was written");
    }
    fs::remove_file(head_of(&trail.dir)).unwrap();
    bad(&trail.dir, "analytics/audit.head, is gone");
    drop(open(&trail.dir, 1));
    bad(&trail.dir, "when it was opened here, its head or all that was before was gone");
}

/// After a crash the trail may be an entry further.
#[test]
fn a_head_that_is_an_entry_behind_catches_up() {
    let trail = Trail::of(6);
    let head = fs::read(head_of(&trail.dir)).unwrap();
    write(&AuditLog::offline(&trail.dir, config(), at(1)).unwrap(), at(1), 0..1);
    let newer = fs::read(head_of(&trail.dir)).unwrap();
    fs::write(head_of(&trail.dir), head).unwrap();
    assert_eq!(trail.verify().unwrap().last_seq, 13);
    drop(AuditLog::offline(&trail.dir, config(), at(1)).unwrap());
    assert_eq!(fs::read(head_of(&trail.dir)).unwrap(), newer);
}

/// `rm -r audit`, and more and more of what remembers it.
#[test]
fn a_trail_that_is_gone_under_a_directory_in_use_is_missed() {
    let trail = Trail::of(6);
    fs::create_dir_all(trail.dir.analytics_path()).unwrap();
    fs::write(trail.dir.events_path(), "{}\n").unwrap();
    fs::remove_dir_all(trail.dir.audit_path()).unwrap();
    let lost = || ControlHistory::<Value>::read(&trail.dir).unwrap().fault.is_some();
    bad(&trail.dir, "by its head the trail had come to entry 12");
    assert!(lost());
    fs::remove_file(head_of(&trail.dir)).unwrap();
    bad(&trail.dir, "gone: there is no trail and no head of one");
    assert!(lost(), "whose chain is blank, and there is nobody to say that it never was another");
    // A start does not make it a new one.
    drop(open(&trail.dir, 1));
    bad(&trail.dir, "its head or all that was before was gone");
    assert!(lost());
    let entries = audit_tail(&trail.dir, 9).unwrap();
    assert_eq!(entries[0].action, AuditAction::Lost { last_seq: 0 });
}

#[test]
fn a_new_directory_and_a_log_of_another_program_are_none_in_use() {
    let temp = tempfile::tempdir().unwrap();
    let dir = DataDir::open(temp.path()).unwrap();
    assert_eq!(verdict(&dir), AuditVerdict::NoData);
    fs::create_dir_all(dir.analytics_path()).unwrap();
    fs::write(dir.events_path(), "{}\n").unwrap();
    assert!(ControlHistory::<Value>::read(&dir).unwrap().fault.is_none());
    bad(&dir, "in a directory that has events, keys or an index");
    drop(open(&dir, 0));
    assert!(verdict(&dir).is_sound());
    assert!(ControlHistory::<Value>::read(&dir).unwrap().fault.is_none());
}

/// A trail as a version wrote it that had no head: `n` entries, signed every four and with what is grave.
fn of_before(n: u64, last: &AuditAction) -> (tempfile::TempDir, DataDir) {
    let temp = tempfile::tempdir().unwrap();
    let dir = DataDir::open(temp.path()).unwrap();
    fs::create_dir_all(dir.audit_path()).unwrap();
    let signer = crate::sign::Signer::load(&dir).unwrap();
    let (mut text, mut prev) = (String::new(), entry::GENESIS.to_owned());
    for seq in 1..=n {
        let opened = AuditAction::Opened { version: "0.1.0".into(), headed: false };
        let action = if seq == n { last.clone() } else { opened };
        let entry = AuditEntry { seq, prev, ts: at(0), actor: "server".into(), action };
        let (line, h) = entry::line(&entry).unwrap();
        text += &line;
        if seq % 4 == 0 {
            let mark = checkpoint::Checkpoint::new(&signer, seq, &h, at(0));
            mark.append_to(&checkpoint::path(&dir.audit_path())).unwrap();
        }
        prev = h;
    }
    fs::write(day_file(&dir, 0), text).unwrap();
    (temp, dir)
}

#[test]
fn a_trail_of_a_version_before_gets_its_head_once_and_on_record() {
    let (_temp, dir) = of_before(8, &action(1));
    assert!(matches!(verdict(&dir), AuditVerdict::Headless(it) if it.last_seq == 8));
    drop(open(&dir, 1));
    let entries = audit_tail(&dir, 2).unwrap();
    assert_eq!(entries[0].action, AuditAction::Headed { last_seq: 8 });
    for day in [1, 2] {
        let AuditVerdict::Sound(it) = verdict(&dir) else { panic!("{:?}", verdict(&dir)) };
        assert_eq!(it.headed_since, Some(9));
        drop(open(&dir, day));
    }
    fs::remove_file(head_of(&dir)).unwrap();
    bad(&dir, "analytics/audit.head, is gone");
    drop(open(&dir, 3));
    bad(&dir, "its head or all that was before was gone");
}

/// An upgrade is no way to make a cut trail whole.
#[test]
fn what_nothing_vouches_for_gets_no_head_as_if_it_were_whole() {
    let (_temp, dir) = of_before(7, &AuditAction::Closed);
    let marks = checkpoint::path(&dir.audit_path());
    assert!(matches!(verdict(&dir), AuditVerdict::Headless(_)));
    fs::remove_file(&marks).unwrap();
    bad(&dir, "its end was signed, and no checkpoint is there");
    drop(open(&dir, 1));
    assert!(!verdict(&dir).is_sound());
    assert_eq!(audit_tail(&dir, 2).unwrap()[0].action, AuditAction::Lost { last_seq: 0 });
}
