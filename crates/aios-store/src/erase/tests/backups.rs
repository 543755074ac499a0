//! What was put back from a backup, taken out of the ledger or written into a receipt does not count.

use std::path::PathBuf;

use aios_privacy::Pseudonym;

use super::*;
use crate::{Fault, Rotator};

const LEDGER: &str = "erasures/ledger.ndjson";
const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

impl Rig {
    fn faults(&self) -> Vec<String> {
        let told =
            |fault: &Fault| format!("{}: {}", fault.path.file_name().unwrap().display(), fault.why);
        crate::verify(&self.dir, true, &()).unwrap().faults.iter().map(told).collect()
    }

    fn recheck(&self) -> Vec<Receipt> {
        self.eraser.recheck(self.clock.now()).unwrap().receipts
    }

    /// What the sealed segments are, and how to put them back.
    fn backup(&self) -> Vec<(PathBuf, Vec<u8>)> {
        self.log.seal_blocking().unwrap();
        // Their footers are another thread's to write: without one, a copy is of half a segment.
        for segment in Segments::of(&self.dir).list().unwrap() {
            Segments::of(&self.dir).finish(segment.id).unwrap();
        }
        let analytics = self.dir.analytics_path();
        let names = crate::disk::entries_in(&analytics).unwrap();
        let sealed = names.iter().filter(|name| name.contains('Z'));
        sealed.map(|name| (analytics.join(name), fs::read(analytics.join(name)).unwrap())).collect()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.temp.path().join(name)).unwrap()
    }
}

/// Erases, does something to the ledger, and starts again: the erasure is named, fenced and repeated.
#[track_caller]
fn check_ledger(harm: impl FnOnce(&Rig)) {
    let rig = Rig::filled();
    let receipt = rig.erase(7);
    assert_eq!(rig.faults(), Vec::<String>::new());
    harm(&rig);
    let faults = rig.faults();
    assert!(faults.iter().any(|fault| fault.starts_with("ledger.ndjson: ")), "{faults:?}");
    let rig = rig.restart();
    rig.append(527..528);
    assert_eq!(rig.look(7).n_events, 0, "the fence stands before the first event");
    let again = rig.eraser.resume().receipts;
    assert_eq!((again.len(), again[0].id.as_str()), (1, receipt.id.as_str()));
    assert_eq!(again[0].state, ErasureState::Completed);
    assert_eq!(rig.faults(), Vec::<String>::new());
    assert!(rig.read(LEDGER).contains(&receipt.id));
    assert!(rig.restart().eraser.resume().receipts.is_empty(), "once is enough");
}

#[test]
fn a_ledger_that_was_shortened_is_restored_from_the_audit_trail() {
    check_ledger(|rig| fs::remove_file(rig.temp.path().join(LEDGER)).unwrap());
    check_ledger(|rig| rig.write(LEDGER, ""));
    let other = fixture::conversation(99).to_string();
    let ours = fixture::conversation(7).to_string();
    check_ledger(|rig| rig.write(LEDGER, &rig.read(LEDGER).replace(&ours, &other)));
    check_ledger(|rig| {
        let ledger = rig.read(LEDGER);
        let planned: String = ledger.lines().take(2).map(|line| format!("{line}\n")).collect();
        rig.write(LEDGER, &planned);
    });
}

#[test]
fn an_erasure_that_nobody_has_decided_is_named() {
    let rig = Rig::filled();
    let id = rig.erase(7).id;
    let (ours, other) =
        (fixture::conversation(7).to_string(), fixture::conversation(8).to_string());
    let forged = rig.read(LEDGER).replace(&id, "er_0000000000000000").replace(&ours, &other);
    rig.write(LEDGER, &(rig.read(LEDGER) + &forged));
    let faults = rig.faults();
    assert!(
        faults.iter().any(|fault| fault.contains("er_0000000000000000 is in here and not on")),
        "{faults:?}"
    );
}

#[test]
fn segments_from_a_backup_are_erased_once_more() {
    let rig = Rig::filled();
    let backup = rig.backup();
    assert!(backup.iter().any(|(path, _)| path.extension().unwrap() == "gz"), "{backup:?}");
    let first = rig.erase(7);
    let receipt = rig.receipts();
    assert!(rig.recheck().is_empty());
    for (path, bytes) in &backup {
        fs::write(path, bytes).unwrap();
    }
    let rig = rig.restart();
    assert_eq!(rig.look(7).n_events, 52, "that is what a backup does");
    let again = rig.recheck();
    assert_eq!((again.len(), again[0].n_records_erased), (1, 52));
    assert_eq!((&again[0].id, again[0].state), (&first.id, ErasureState::Completed));
    assert!(rig.receipts().contains(&receipt[0]), "what the first run cut stays told");
    rig.good_receipts(&[ErasureState::Completed; 2]);
    assert!(rig.look(7).is_clean() && rig.lines() == kept(0..520, 7));
    assert!(rig.recheck().is_empty());
    assert_eq!(rig.faults(), Vec::<String>::new());
    // Nobody else's erasure is repeated, and nobody who was not erased is.
    rig.erase(8);
    let rig = rig.restart();
    assert!(rig.recheck().is_empty());
}

impl Rig {
    /// The receipts as they stand, by name.
    fn receipts(&self) -> Vec<(String, Vec<u8>)> {
        let erasures = self.dir.erasures_path();
        let names = crate::disk::names_in(&erasures).unwrap().into_iter();
        let receipts = names.filter(|name| name.ends_with(".receipt.json"));
        receipts.map(|name| (name.clone(), fs::read(erasures.join(name)).unwrap())).collect()
    }

    #[track_caller]
    fn good_receipts(&self, expect: &[ErasureState]) {
        let names = self.receipts().into_iter().map(|(name, _)| name);
        let mut checked: Vec<_> = names
            .map(|name| {
                (
                    name.len(),
                    verify_receipt(&self.dir, &self.dir.erasures_path().join(name)).unwrap(),
                )
            })
            .collect();
        checked.sort_by_key(|(len, _)| *len);
        assert!(checked.iter().all(|(_, checked)| checked.is_good()), "{checked:?}");
        let states: Vec<_> = checked.iter().map(|(_, checked)| checked.state).collect();
        assert_eq!(states, expect);
    }
}

#[test]
fn a_run_without_the_id_does_not_call_whole_what_the_run_with_it_could_not() {
    let rig = Rig::filled();
    // Of no store, so no erasure changes it; and it has the id alone.
    rig.write("notes.txt", "see chat-of-ann");
    assert_eq!(rig.erase(7).state, ErasureState::Incomplete);
    let first = rig.receipts();
    let later = || rig.clock.now().plus(40 * DAY);
    let again = || rig.eraser.recheck(later()).unwrap().receipts.remove(0);
    for _ in 0..2 {
        let receipt = again();
        assert_eq!(receipt.state, ErasureState::Incomplete);
        assert!(receipt.note.unwrap().contains("with the id does the rest"), "{:?}", receipt.note);
        assert_eq!(rig.receipts(), first, "it has changed nothing");
    }
    // What comes to it is told of beside.
    rig.write("memory/fragments.ndjson", &format!("{{\"of\":\"{}\"}}\n", fixture::conversation(7)));
    assert_eq!((again().n_records_erased, rig.receipts().len()), (1, 2));
    assert!(rig.receipts().contains(&first[0]));
    rig.good_receipts(&[ErasureState::Incomplete; 2]);
    assert_eq!(rig.faults(), Vec::<String>::new());
}

#[test]
fn what_was_never_searched_for_by_id_is_whole_once_the_rest_is() {
    let rig = Rig::filled();
    let archive = rig.temp.path().join("exports/x.zip");
    rig.write("exports/x.zip", "PK\u{3}\u{4}");
    let plan = rig.eraser.plan(&target(7), &request()).unwrap();
    let first = rig.eraser.execute(&plan.id, &plan.plan_hash, None).unwrap();
    assert_eq!(first.state, ErasureState::Incomplete);
    fs::remove_file(archive).unwrap();
    rig.clock.0.fetch_add(1_000_000, Ordering::SeqCst);
    let later = rig.clock.now().plus(40 * DAY);
    let again = rig.eraser.recheck(later).unwrap().receipts;
    assert_eq!(again[0].state, ErasureState::Completed);
    rig.good_receipts(&[ErasureState::Incomplete, ErasureState::Completed]);
    assert_eq!(rig.faults(), Vec::<String>::new());
}

/// Erases, puts files back as they were, and looks again: what is the target's goes, and what else is there stays.
/// `left` is what a file then holds; `None` if it is gone.
#[track_caller]
fn check_put_back(files: &[(&str, String, Option<&str>)]) {
    let rig = Rig::filled();
    let put_back = || files.iter().for_each(|(name, text, _)| rig.write(name, text));
    put_back();
    rig.erase(7);
    assert!(rig.recheck().is_empty());
    put_back();
    let again = rig.recheck();
    let states: Vec<_> = again.iter().map(|receipt| receipt.state).collect();
    assert_eq!(states, [ErasureState::Completed], "{files:?}");
    for (name, _, left) in files {
        let path = rig.temp.path().join(name);
        assert_eq!(fs::read_to_string(path).ok().as_deref(), *left, "{name}");
    }
    assert!(rig.look(7).is_clean());
    assert!(rig.recheck().is_empty());
}

#[test]
fn what_no_index_follows_is_erased_once_more_too_each_for_itself() {
    let (ours, theirs) = (fixture::conversation(7), fixture::conversation(8));
    let case = |id: &str, of: &Pseudonym| {
        format!(r#"{{"id":"{id}","question":"of {id}","metadata":{{"conv_id":"{of}"}}}}"#)
    };
    let (a, b) = (case("a", &ours), case("b", &theirs));
    let (set, left) = (format!("[{a},{b}]"), format!("[{b}]"));
    check_put_back(&[("goldens/sample_set.json", set, Some(&left))]);
    let fragment = |of: &Pseudonym| format!("{{\"conv_id\":\"{of}\",\"text\":\"x\"}}\n");
    let (both, left) = (fragment(&ours) + &fragment(&theirs), fragment(&theirs));
    let quarantine = "analytics/quarantine/hypotheses.at-9-1.torn";
    for lines in ["memory/fragments.ndjson", "router/outcomes.ndjson", quarantine] {
        check_put_back(&[(lines, both.clone(), Some(&left))]);
    }
    check_put_back(&[("cache/answers", ours.to_string(), None)]);
}

#[test]
fn what_is_put_back_under_a_hold_waits_for_its_end_behind_the_fence() {
    let rig = Rig::filled();
    let backup = rig.backup();
    rig.erase(7);
    for (path, bytes) in &backup {
        fs::write(path, bytes).unwrap();
    }
    let rig = rig.restart();
    rig.clock.0.fetch_add(1_000_000_000, Ordering::SeqCst);
    let hold = rig.hold();
    let resumed = rig.eraser.recheck(rig.clock.now()).unwrap();
    assert_eq!((resumed.receipts.len(), resumed.n_waiting), (0, 1));
    assert_eq!(rig.look(7).n_events, 52, "the hold keeps them");
    let rig = rig.restart();
    rig.append(527..528);
    assert_eq!(rig.look(7).n_events, 52, "and nothing comes to them");
    crate::Holds::of(&rig.dir).release(hold.id, fixture::unrecorded).unwrap();
    assert_eq!(rig.recheck().len(), 1);
    assert_eq!(rig.look(7).n_events, 0);
}

#[test]
fn what_is_put_back_while_the_server_runs_is_erased_by_the_next_rotation() {
    let rig = Rig::filled();
    let backup = rig.backup();
    rig.erase(7);
    // A cold one without its sidecar, and beside a hot one an older, compressed state of it.
    for (path, bytes) in backup.iter().filter(|(path, _)| path.extension().unwrap() != "members") {
        fs::write(path, bytes).unwrap();
    }
    let (hot, text) =
        backup.iter().find(|(path, _)| path.extension().unwrap() == "ndjson").unwrap();
    let beside = hot.with_extension("ndjson.gz");
    fs::write(&beside, text).unwrap();
    let faults = rig.faults();
    let named = |fault: &&String| fault.contains("events of somebody who was erased");
    assert_eq!(faults.iter().filter(named).count(), 3, "{faults:?}");
    let rotator = Rotator::new(Arc::clone(&rig.log) as _, Arc::clone(&rig.audit))
        .with_eraser(Arc::clone(&rig.eraser), &crate::Policy::default());
    let rotate = || rotator.rotate("x", rig.clock.now(), crate::Rotate::default()).unwrap();
    let done = rotate();
    assert_eq!((done.n_erased_again, done.failed), (1, vec![]));
    assert!(rig.look(7).is_clean() && rig.lines() == kept(0..520, 7));
    assert!(!beside.exists());
    assert_eq!((rotate().n_erased_again, rig.faults()), (0, vec![]));
}

#[test]
fn what_could_not_be_erased_whole_is_tried_again_after_a_day() {
    let rig = Rig::filled();
    rig.log.seal_blocking().unwrap();
    let cold =
        rig.backup().into_iter().find(|(path, _)| path.extension().unwrap() == "gz").unwrap();
    rig.log.catch_up_index().unwrap();
    let mut text = cold.1.clone();
    text.truncate(cold.1.len() - 9);
    fs::write(&cold.0, &text).unwrap();
    assert_eq!(rig.erase(7).state, ErasureState::Incomplete);
    let rotator = Rotator::new(Arc::clone(&rig.log) as _, Arc::clone(&rig.audit))
        .with_eraser(Arc::clone(&rig.eraser), &crate::Policy::default());
    fs::write(&cold.0, &cold.1).unwrap();
    for (hours, expect) in [(1, 0), (25, 1)] {
        let now = rig.clock.now().plus(std::time::Duration::from_secs(hours * 3600));
        let done = rotator.rotate("x", now, crate::Rotate::default()).unwrap();
        assert_eq!((done.n_erased_again, done.failed), (expect, vec![]), "{hours}");
    }
    assert!(rig.look(7).is_clean());
}

#[test]
fn what_nobody_can_finish_is_tried_less_and_less_often_and_then_left_to_a_person() {
    let rig = Rig::filled();
    rig.write("exports/x.zip", "PK\u{3}\u{4}");
    let first = rig.erase(7);
    assert_eq!(first.state, ErasureState::Incomplete);
    let unfinished = || crate::unfinished(&rig.dir).unwrap();
    let start = rig.clock.now();
    assert_eq!(unfinished()[0].next_try, Some(start.plus(DAY)));
    let mut tried_on = Vec::new();
    for day in 0..400_u32 {
        rig.clock.0.store(start.plus(DAY * day).as_micros(), Ordering::SeqCst);
        if !rig.recheck().is_empty() {
            tried_on.push(day);
        }
    }
    assert_eq!(tried_on, [1, 3, 7, 15, 31]);
    assert!(rig.eraser.recheck_at_start().unwrap().receipts.is_empty(), "not by a start either");
    let [left] = unfinished().try_into().unwrap();
    assert_eq!((&left.id, left.state, left.next_try), (&first.id, ErasureState::Incomplete, None));
    assert!(left.why.starts_with("exports/x.zip: it is packed"), "{}", left.why);
    // Whoever has seen to it erases anew, and the old one is made up for.
    fs::remove_file(rig.temp.path().join("exports/x.zip")).unwrap();
    assert_eq!(rig.erase(7).state, ErasureState::Completed);
    assert_eq!(unfinished(), []);
}

#[test]
fn what_waits_or_needs_the_id_is_named_with_what_it_waits_for() {
    let rig = Rig::filled();
    rig.clock.0.fetch_add(1_000_000_000, Ordering::SeqCst);
    rig.hold();
    let plan = rig.eraser.plan(&target(7), &request()).unwrap();
    rig.eraser.execute(&plan.id, &plan.plan_hash, None).unwrap_err();
    let left = crate::unfinished(&rig.dir).unwrap();
    assert_eq!((left.len(), left[0].state), (1, ErasureState::Waiting));
    assert!(left[0].why.contains("aios logs hold list"), "{}", left[0].why);
}

#[test]
fn what_is_put_back_while_the_server_runs_is_noticed_by_the_next_look() {
    let rig = Rig::filled();
    let memory = crate::MemoryStore::open(&rig.dir).unwrap();
    let ts = Timestamp::from_micros(1_800_000_000_000_000);
    let said = fixture::fragment(7, ts, "the ferry leaves at noon");
    memory.add(vec![said]).unwrap().wait().unwrap();
    let database = rig.dir.memory_path();
    drop(memory);
    let backup = rig.backup();
    let remembered = fs::read(&database).unwrap();
    rig.erase(7);
    let look = || {
        let resumed = rig.eraser.look_again(rig.clock.now()).unwrap();
        resumed.map(|resumed| resumed.receipts.len())
    };
    // What the erasure has rewritten itself is read once, and nothing is in it.
    assert_eq!([look(), look()], [None; 2]);
    for ending in ["gz", "ndjson"] {
        for (path, bytes) in backup.iter().filter(|(path, _)| path.extension().unwrap() == ending) {
            fs::write(path, bytes).unwrap();
        }
        assert!(rig.look(7).n_events > 0, "that is what a backup does");
        assert_eq!([look(), look()], [Some(1), None], "{ending}");
        assert!(rig.look(7).is_clean() && rig.lines() == kept(0..520, 7));
    }
    // A line in the middle of a sealed segment: its digest at the end says what it did.
    let sealed = backup.iter().find(|(path, _)| path.extension().unwrap() == "ndjson").unwrap();
    let text = fs::read_to_string(&sealed.0).unwrap();
    fs::write(&sealed.0, fixture::line(7) + &text).unwrap();
    assert_eq!([look(), look()], [Some(1), None], "an edit");
    assert!(rig.look(7).is_clean());
    fs::write(&database, remembered).unwrap();
    assert_eq!([look(), look()], [Some(1), None], "memory");
    assert!(rig.look(7).is_clean());
    let case = format!(r#"[{{"id":"a","metadata":{{"conv_id":"{}"}}}}]"#, fixture::conversation(7));
    rig.write("goldens/sample_set.json", &case);
    assert_eq!([look(), look()], [Some(1), None], "goldens");
    // What goes on by itself is nobody's doing.
    rig.append(520..521);
    assert_eq!(look(), None);
    let on_record = audit_tail(&rig.dir, 99).unwrap();
    let n_again = on_record.iter().filter(|entry| {
        matches!(&entry.action, crate::AuditAction::Erasure { state, .. } if state == "completed")
    });
    assert_eq!(n_again.count(), 6, "each time is on record");
}

#[test]
fn what_could_not_be_erased_whole_is_tried_again_though_the_index_has_nothing_of_it() {
    let rig = Rig::filled();
    let cold =
        rig.backup().into_iter().find(|(path, _)| path.extension().unwrap() == "gz").unwrap();
    let mut text = cold.1.clone();
    text.truncate(cold.1.len() - 9);
    fs::write(&cold.0, &text).unwrap();
    assert_eq!(rig.erase(7).state, ErasureState::Incomplete);
    let segments = Segments::of(&rig.dir).list().unwrap();
    let damaged = segments.iter().find(|segment| segment.path == cold.0).unwrap();
    Segments::of(&rig.dir).remove(damaged.id).unwrap();
    rig.log.reindex().unwrap();
    let at = rig.clock.now();
    let tried = |at| rig.eraser.recheck(at).unwrap().receipts;
    assert!(tried(at.plus(DAY / 2)).is_empty(), "it was just tried");
    // It may end as it did: what was put aside of the damaged file is still there.
    assert_eq!(tried(at.plus(DAY)).len(), 1);
}

#[test]
fn an_erasure_is_forgotten_when_nothing_can_bring_it_back() {
    let rig = Rig::filled();
    let start = rig.clock.now();
    let on_day = |day: u32| rig.clock.0.store(start.plus(DAY * day).as_micros(), Ordering::SeqCst);
    let old = rig.erase(7);
    let receipt = |id: &str| rig.dir.erasures_path().join(format!("{id}.receipt.json"));
    let copy = fs::read(receipt(&old.id)).unwrap();
    rig.eraser.plan(&target(6), &request()).unwrap();
    on_day(300);
    let young = rig.erase(8);
    let kept: String = rig.read(LEDGER).split_inclusive('\n').skip(10).collect();
    assert!(!kept.is_empty() && !kept.contains(&old.id), "{kept}");
    let forget = |day: u32| {
        on_day(day);
        rig.audit.prune(rig.clock.now(), true).unwrap();
        rig.eraser.forget("x", rig.clock.now(), crate::Policy::default().erasures()).unwrap()
    };
    // The trail has it no more, but a segment could.
    assert_eq!(forget(455), 0);
    let now = rig.clock.now();
    let hold = crate::NewHold {
        owner: "legal".into(),
        reason: "case 7".into(),
        expires_at: now.plus(2 * DAY),
        since: None,
        until: None,
    };
    let redactor = aios_privacy::Redactor::new(&[]);
    crate::Holds::of(&rig.dir).add(hold, &redactor, now, fixture::unrecorded).unwrap();
    assert_eq!(forget(456), 0, "a hold keeps what is older");
    // Broken off before the ledger was written: its receipt is gone already.
    fs::remove_file(receipt(&old.id)).unwrap();
    assert_eq!(forget(458), 2, "with the plan that nobody has executed");
    let ledger = rig.read(LEDGER);
    assert!(ledger.starts_with("{\"forgotten_before\":") && ledger.ends_with(&kept), "{ledger}");
    assert!(receipt(&young.id).exists());
    let last = audit_tail(&rig.dir, 1).unwrap().remove(0);
    assert!(matches!(last.action, crate::AuditAction::Forgot { n_erasures: 2, .. }), "{last:?}");
    // Whoever has a copy of the receipt is told that its witnesses are gone, not that it is wrong.
    let path = rig.temp.path().join("copy.json");
    fs::write(&path, copy).unwrap();
    let checked = verify_receipt(&rig.dir, &path).unwrap();
    let says = checked.witnesses.map(|(_, says)| says);
    assert_eq!(says, [Witness::Same, Witness::PastItsTime, Witness::PastItsTime]);
    fs::remove_file(path).unwrap();
    let rig = rig.restart();
    assert_eq!((rig.faults(), rig.log.fence().n_refused()), (vec![], 1));
    assert!(rig.eraser.resume().receipts.is_empty());
}

#[test]
fn an_erasure_that_the_trail_has_is_not_forgotten() {
    let rig = Rig::filled();
    rig.erase(7);
    let later = rig.clock.now().plus(std::time::Duration::from_secs(500 * 86_400));
    let term = crate::Policy::default().erasures();
    assert_eq!(rig.eraser.forget("x", later, term).unwrap(), 0, "it would be restored from there");
}

/// Checks a receipt after something was done to it or to a witness.
#[track_caller]
fn check_receipt(harm: impl FnOnce(&Rig, &Path), expect: [&str; 3]) {
    let rig = Rig::filled();
    let id = rig.erase(7).id;
    let path = rig.dir.erasures_path().join(format!("{id}.receipt.json"));
    harm(&rig, &path);
    let checked = verify_receipt(&rig.dir, &path).unwrap();
    let says = checked.witnesses.map(|(_, says)| match says {
        Witness::Same => "same".to_owned(),
        Witness::PastItsTime => "past".to_owned(),
        Witness::Other(why) => why,
    });
    for (says, expect) in says.iter().zip(expect) {
        assert!(says.contains(expect), "{says}, not {expect}");
    }
    assert_eq!((checked.id, checked.state), (id, ErasureState::Completed));
}

#[test]
fn a_receipt_is_held_against_its_three_witnesses() {
    let digest = "another receipt's digest";
    check_receipt(|_, _| (), ["same", "same", "same"]);
    let edit = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        let edited = text.replace("\"n_records_erased\":52", "\"n_records_erased\":53");
        assert_ne!(edited, text);
        fs::write(path, edited).unwrap();
    };
    check_receipt(|_, path| edit(path), ["not signed by this deployment", "same", digest]);
    // Whoever has the key can sign; the trail still has the digest.
    let forge = |rig: &Rig, path: &Path| {
        edit(path);
        let text = fs::read_to_string(path).unwrap();
        let (_, receipt) = text.split_once("{\"receipt\":").unwrap();
        let (receipt, _) = receipt.rsplit_once(",\"signature\"").unwrap();
        let signature = sign::Signer::load(&rig.dir).unwrap().sign(receipt.as_bytes());
        let text = format!("{{\"receipt\":{receipt},\"signature\":\"{signature}\"}}\n");
        fs::write(path, text).unwrap();
    };
    check_receipt(forge, ["same", "same", digest]);
    let empty = |rig: &Rig, _: &Path| rig.write(LEDGER, "");
    check_receipt(empty, ["same", "not in the ledger", "same"]);
    let forget = |rig: &Rig, _: &Path| fs::remove_dir_all(rig.dir.audit_path()).unwrap();
    check_receipt(forget, ["same", "same", "not on the audit record"]);
    let lose_key =
        |rig: &Rig, _: &Path| fs::remove_file(rig.temp.path().join("keys/signing.key")).unwrap();
    check_receipt(lose_key, ["no signing key", "same", "same"]);
}

#[test]
fn a_receipt_that_is_gone_or_is_none_is_named() {
    let rig = Rig::filled();
    let id = rig.erase(7).id;
    let name = format!("erasures/{id}.receipt.json");
    rig.write(&name, "{\"receipt\":{}}");
    assert!(rig.faults()[0].contains("it is no receipt"), "{:?}", rig.faults());
    let path = rig.temp.path().join(&name);
    assert!(matches!(verify_receipt(&rig.dir, &path), Err(StoreError::Corrupt { .. })));
    fs::remove_file(&path).unwrap();
    assert_eq!(
        rig.faults(),
        [format!("{id}.receipt.json: the receipt of a finished erasure is gone")]
    );
    assert!(matches!(verify_receipt(&rig.dir, &path), Err(StoreError::NoReceipt { .. })));
}

#[test]
fn what_decides_over_the_log_is_checked_with_it() {
    let rig = Rig::filled();
    for name in ["holds.json", "retention.json", LEDGER] {
        rig.write(name, "{");
        // A line counts once its newline is there.
        rig.write(LEDGER, "{\n");
    }
    let faults = rig.faults();
    for name in ["holds.json: it is damaged", "retention.json: it is", "ledger.ndjson: it is"] {
        assert!(faults.iter().any(|fault| fault.starts_with(name)), "{name}: {faults:?}");
    }
    // What cannot be read stops what would go by it, and nothing else.
    let later = rig.clock.now().plus(std::time::Duration::from_secs(15 * 86_400));
    let rotate = crate::Rotate::default();
    rig.log.seal_blocking().unwrap();
    let done = rig.log.rotate(later, rotate).unwrap();
    assert_eq!((done.stopped, done.failed.len()), (Some(crate::Stop::HoldsUnreadable), 2));
    assert_eq!((done.compressed.len(), done.removed.len()), (2, 0));
    fs::remove_file(rig.dir.holds_path()).unwrap();
    let done = rig.log.rotate(later, rotate).unwrap();
    assert_eq!((done.stopped, done.failed.len()), (Some(crate::Stop::Unremembered), 1));
    assert_eq!(rig.read("retention.json"), "{", "it stays until somebody has seen it");
    let done = rig.log.rotate(later, crate::Rotate { force: true, ..rotate }).unwrap();
    assert_eq!((done.stopped, done.failed.len()), (None, 1));
    assert_eq!(rig.log.rotate(later, rotate).unwrap().failed, Vec::<String>::new());
}

#[test]
fn an_erasure_that_waits_for_a_hold_goes_on_waiting_when_the_ledger_has_lost_it() {
    let rig = Rig::filled();
    // When all events have happened.
    rig.clock.0.fetch_add(1_000_000_000, Ordering::SeqCst);
    rig.hold();
    let plan = rig.eraser.plan(&target(7), &request()).unwrap();
    rig.eraser.execute(&plan.id, &plan.plan_hash, None).unwrap_err();
    fs::remove_file(rig.temp.path().join(LEDGER)).unwrap();
    assert!(rig.faults().iter().any(|fault| fault.contains(&plan.id)));
    let ledger = Ledger::read(&rig.dir).unwrap();
    assert_eq!(ledger.get(&plan.id).unwrap().state, ErasureState::Waiting);
    assert_eq!(ledger.binding(), []);
    let rig = rig.restart();
    rig.clock.0.fetch_add(2_000_000_000, Ordering::SeqCst);
    assert_eq!(rig.eraser.resume().receipts.len(), 1, "the hold has ended");
    assert_eq!(rig.look(7).n_events, 0);
}
