//! Whichever two of the files that decide over the log are removed together: it is told, who was erased stays so, and what is
//! held stays held.

use std::time::Duration;

use super::*;
use crate::audit::AuditAction;
use crate::{Holds, disk, verify};

const CHECKPOINTS: &str = "audit/checkpoints.ndjson";
const HEAD: &str = "analytics/audit.head";

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// What is said of it by whoever looks.
fn told(dir: &DataDir) -> Vec<String> {
    let mut told: Vec<_> =
        verify(dir, true, &()).unwrap().faults.into_iter().map(|fault| fault.why).collect();
    let verdict = verify_audit(dir, &[]).unwrap();
    if !verdict.is_sound() {
        told.push(format!("{verdict:?}"));
    }
    told
}

#[test]
fn whichever_two_files_are_removed_it_is_told_and_nobody_is_let_go() {
    let rig = Rig::filled();
    let receipt = rig.erase(7);
    // Of other events, so that it is in no erasure's way.
    let hold = rig.hold_from(Some(rig.clock.now().plus(Duration::from_secs(30))));
    rig.audit.append(rig.clock.now(), "cli", AuditAction::of_hold("set", &hold)).unwrap();
    rig.audit.close(rig.clock.now()).unwrap();
    assert_eq!(told(&rig.dir), [""; 0]);
    let trail = disk::entries_in(&rig.dir.audit_path()).unwrap();
    let mut files: Vec<_> = trail.iter().map(|name| format!("audit/{name}")).collect();
    assert!(files.len() == 3 && files.iter().any(|name| name == CHECKPOINTS), "{files:?}");
    let day = files.iter().find(|name| name.contains("2027-")).unwrap().clone();
    let own = ["holds.json", "erasures/ledger.ndjson", HEAD];
    files.extend(own.map(str::to_owned));
    files.push(format!("erasures/{}.receipt.json", receipt.id));
    for (n, one) in files.iter().enumerate() {
        for other in files.iter().skip(n) {
            let temp = tempfile::tempdir().unwrap();
            copy(rig.temp.path(), temp.path());
            for name in BTreeSet::from([one, other]) {
                fs::remove_file(temp.path().join(name)).unwrap();
            }
            let gone = |name: &str| one == name || other == name;
            let before = told(&DataDir::read(temp.path()).unwrap());
            assert!(!before.is_empty(), "{one} and {other}");

            let started = Rig::at(temp);
            started.append(527..528);
            assert_eq!(started.look(7).n_events, 0, "{one} and {other}: the fence stands");
            for again in started.eraser.resume().receipts {
                assert_eq!(again.state, ErasureState::Completed, "{one} and {other}");
            }
            let is_held = Holds::of(&started.dir).list().unwrap().iter().any(|it| it.id == hold.id);
            // Where both who know of it are gone, the head still tells that something is.
            assert_eq!(is_held, !(gone("holds.json") && gone(&day)), "{one} and {other}");
            // What is gone of the trail is told for good. Signatures alone can be made again: the head has vouched for the end.
            let is_lost = gone(&day) || gone(HEAD);
            let after = verify_audit(&started.dir, &[]).unwrap();
            let is_told = after.is_sound() != is_lost || (gone(CHECKPOINTS) && !is_lost);
            assert!(is_told, "{one} and {other}: {after:?}");
        }
    }
}

#[test]
fn a_hold_that_the_file_has_lost_is_kept_to_and_can_be_released() {
    let rig = Rig::filled();
    let set = || {
        let hold = rig.hold();
        rig.audit.append(rig.clock.now(), "cli", AuditAction::of_hold("set", &hold)).unwrap();
        hold
    };
    let (first, second) = (set(), set());
    fs::remove_file(rig.dir.holds_path()).unwrap();
    let names = |holds: Vec<crate::Hold>| holds.into_iter().map(|hold| hold.id).collect::<Vec<_>>();
    let lost = Holds::of(&rig.dir).lost().unwrap();
    assert_eq!(lost[0].reason.as_str(), "restored from the audit trail, which keeps no words");
    assert_eq!((lost[0].expires_at, lost[0].since), (first.expires_at, first.since));
    assert_eq!(names(lost), [first.id, second.id]);
    let told = told(&rig.dir).join("\n");
    assert!(told.contains("the hold h1 is on the audit record and not in here"), "{told}");
    // A reader, who owns nothing, sees the same.
    assert_eq!(names(Holds::of(&DataDir::read(rig.temp.path()).unwrap()).list().unwrap()).len(), 2);
    // A number is not given twice, and with the next change the file has them again.
    assert_eq!(rig.hold().id.to_string(), "h3");
    assert_eq!(names(Holds::of(&rig.dir).lost().unwrap()), []);
    let record = |action| rig.audit.append(rig.clock.now(), "cli", action).map(drop);
    Holds::of(&rig.dir).release(first.id, record).unwrap();
    fs::remove_file(rig.dir.holds_path()).unwrap();
    assert_eq!(names(Holds::of(&rig.dir).list().unwrap()), [second.id]);
    // What has ended by now is not missed.
    rig.clock.0.fetch_add(61_000_000, Ordering::SeqCst);
    rig.audit.append(rig.clock.now(), "cli", AuditAction::SignedIn).unwrap();
    let reader = DataDir::read(rig.temp.path()).unwrap();
    assert_eq!(names(Holds::of(&reader).list().unwrap()), []);
}
