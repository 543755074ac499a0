//! Logs of an older schema that wait to be migrated.

use aios_privacy::{KeyMaterial, Keyring, legacy_conversation};

use super::*;

fn older(id: &str, n: u64) -> String {
    format!(
        "{{\"schema_version\":\"1.0\",\"event_type\":\"response\",\"ts\":\"2027-01-10T10:00:0{n}\",\
         \"conv_id\":\"{id}\",\"question\":\"q{n}\",\"response\":\"r\"}}\n"
    )
}

/// The pseudonyms that the gateway and a migration give to an id.
fn ring(rig: &Rig) -> Keyring {
    let key: KeyMaterial = rig.dir.load_or_create_key("pseudonyms").unwrap();
    Keyring::new(&[(1, key)]).unwrap()
}

const OLDER: &str = "analytics/hypotheses.older.ndjson";

#[test]
fn a_log_that_was_not_migrated_is_searched_and_cut() {
    let rig = Rig::filled();
    let ring = ring(&rig);
    let hashed = legacy_conversation("alice");
    let (ann, bob) = (older("ann", 3), older("bob", 4));
    rig.write(OLDER, &[older(&hashed, 1), older(&hashed, 2), ann.clone(), bob.clone()].concat());
    rig.write(
        "analytics/quarantine/hypotheses.before-2.0.torn",
        &older(&hashed, 5).replace("response", "vote"),
    );
    let look = |target: &EraseTarget| {
        Census::take(&rig.dir, target, Depth::EveryByte, rig.clock.now(), &()).unwrap()
    };
    // By pseudonym alone, as after a crash.
    let alice = EraseTarget::new(ring.legacy_conversation(&hashed), None).unwrap();
    let census = look(&alice);
    assert_eq!((census.n_events, census.n_records()), (2, 3));
    assert_eq!(census.by_pseudonym.values().sum::<u64>(), 2);
    // Whoever sends the hash as an id has another conversation.
    let mallory = EraseTarget::new(ring.conversation(&[b"", hashed.as_bytes()]), None).unwrap();
    assert_eq!(look(&mallory).n_events, 0);
    let plan = rig.eraser.plan(&alice, &request()).unwrap();
    let receipt = rig.eraser.execute(&plan.id, &plan.plan_hash, None).unwrap();
    assert_eq!((receipt.state, receipt.n_records_erased), (ErasureState::Completed, 3));
    let left = fs::read_to_string(rig.temp.path().join(OLDER)).unwrap();
    assert_eq!(left, ann + &bob);
    // An id that was kept as it is, also with the words around it.
    let ann = EraseTarget::new(ring.conversation(&[b"", b"ann"]), Some("ann")).unwrap();
    assert_eq!(look(&ann).n_events, 1);
    let plan = rig.eraser.plan(&ann, &request()).unwrap();
    rig.eraser.execute(&plan.id, &plan.plan_hash, Some(&ann)).unwrap();
    assert_eq!(fs::read_to_string(rig.temp.path().join(OLDER)).unwrap(), bob);
    assert!(look(&ann).is_clean());
}

#[test]
fn a_hold_keeps_what_has_no_time_of_its_own() {
    let rig = Rig::filled();
    let ring = ring(&rig);
    rig.write(OLDER, &older("ann", 3));
    rig.hold_from(Some(event(510).at()));
    let ann = EraseTarget::new(ring.conversation(&[b"", b"ann"]), None).unwrap();
    let census = Census::take(&rig.dir, &ann, Depth::Catalogued, rig.clock.now(), &()).unwrap();
    assert_eq!(census.held_by.len(), 1);
}

#[test]
fn without_the_key_an_older_log_is_not_called_clean() {
    let rig = Rig::filled();
    rig.write(OLDER, &older("ann", 3));
    let census = rig.look(7);
    assert!(!census.is_complete(), "nobody is known by its ids");
    assert_eq!(census.unreadable[0].file, Path::new(OLDER));
}

#[test]
fn an_old_log_in_the_place_of_the_active_segment_is_read_as_what_it_is() {
    let rig = Rig::new();
    let ring = ring(&rig);
    let hashed = legacy_conversation("alice");
    let alice = EraseTarget::new(ring.legacy_conversation(&hashed), Some("alice")).unwrap();
    let look = |rig: &Rig| {
        Census::take(&rig.dir, &alice, Depth::Catalogued, rig.clock.now(), &()).unwrap().n_events
    };
    // No server was started on it yet.
    fs::write(rig.dir.events_path(), older(&hashed, 1) + &older("bob", 2)).unwrap();
    assert_eq!(look(&rig), 1);
    // Among the lines of a segment they are nobody's events, and still hers.
    let mixed = line(1) + &older(&hashed, 1) + &older("bob", 2) + &line(2);
    fs::write(rig.dir.events_path(), mixed).unwrap();
    let rig = rig.restart();
    rig.log.seal_blocking().unwrap();
    let id = Segments::of(&rig.dir).list().unwrap()[0].id;
    Segments::of(&rig.dir).compress(id).unwrap();
    assert_eq!(look(&rig), 1);
    let plan = rig.eraser.plan(&alice, &request()).unwrap();
    let receipt = rig.eraser.execute(&plan.id, &plan.plan_hash, None).unwrap();
    assert_eq!((receipt.state, receipt.n_records_erased), (ErasureState::Completed, 1));
    assert_eq!(rig.lines(), [line(1), older("bob", 2), line(2)].into());
}

/// A migration's quarantine, an older log and a segment with older lines in it, put back from a backup: by pseudonym alone
/// nothing of them reads like somebody who was erased.
#[test]
fn older_lines_that_are_put_back_are_erased_once_more() {
    let rig = Rig::filled();
    let ring = ring(&rig);
    let (hashed, bob) = (legacy_conversation("alice"), older("bob", 4));
    // Both pseudonyms of hers, as whoever asks for it by id gives them.
    let names = [ring.legacy_conversation(&hashed), ring.conversation(&[b"", b"alice"])].concat();
    let alice = EraseTarget::new(names, Some("alice")).unwrap();
    let plan = rig.eraser.plan(&alice, &request()).unwrap();
    rig.eraser.execute(&plan.id, &plan.plan_hash, Some(&alice)).unwrap();
    let verified =
        |rig: &Rig| Census::take(&rig.dir, &alice, Depth::EveryByte, rig.clock.now(), &()).unwrap();
    let look = |rig: &Rig| {
        let resumed = rig.eraser.look_again(rig.clock.now()).unwrap();
        resumed.map(|resumed| resumed.receipts.len())
    };
    assert_eq!([look(&rig), look(&rig)], [None; 2]);
    let torn = "analytics/quarantine/hypotheses.before-2.0.torn";
    let half = older("alice", 2).split_at(110).0.to_owned();
    let put_back = [
        (torn, older(&hashed, 5).replace("response", "vote") + &bob + &half, bob.clone()),
        (torn, older("alice", 6) + &bob, bob.clone()),
        (OLDER, older(&hashed, 1) + &bob, bob.clone()),
    ];
    for (file, text, left) in put_back {
        rig.write(file, &text);
        assert!(!verified(&rig).is_clean(), "{file}: that is what a backup does");
        assert_eq!([look(&rig), look(&rig)], [Some(1), None], "{file} {text}");
        assert_eq!(fs::read_to_string(rig.temp.path().join(file)).unwrap(), left, "{file}");
        assert!(verified(&rig).is_clean(), "{file}");
        // By a start too.
        rig.write(file, &text);
        assert_eq!(rig.eraser.recheck_at_start().unwrap().receipts.len(), 1, "{file}");
        assert!(verified(&rig).is_clean(), "{file}");
    }
    // A sealed segment: the index reads none of its lines that are of an older schema.
    let rig = rig.restart();
    rig.append(520..521);
    rig.log.seal_blocking().unwrap();
    let sealed = Segments::of(&rig.dir).list().unwrap().pop().unwrap().path;
    let text = fs::read_to_string(&sealed).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    fs::write(&sealed, format!("{}\n{}", lines[0], older(&hashed, 1))).unwrap();
    assert!(!verified(&rig).is_clean());
    let rig = rig.restart();
    assert_eq!(rig.eraser.recheck_at_start().unwrap().receipts.len(), 1);
    assert!(verified(&rig).is_clean());
    assert!(fs::read_to_string(&sealed).unwrap().starts_with(lines[0]));
}
