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
