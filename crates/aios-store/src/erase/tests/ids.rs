//! The id by which the caller knows somebody may be a number like others, or stand in what is said of the erasure.

use super::*;

#[test]
fn an_id_that_reads_like_a_number_takes_nothing_of_others_out_and_ends_clean() {
    let rig = Rig::filled();
    let ours = fixture::conversation(7);
    let known_as = EraseTarget::new(vec![ours.clone()], Some("1042")).unwrap();
    let numbers = "{\"seq\":1042,\"n\":1}\n";
    for own in ["erasures/er_x.receipt.json", "alerts/book.json"] {
        rig.write(own, numbers);
    }
    let others = "id;n;text\nbob;1042;hello\n";
    rig.write("exports/usage.csv", &format!("{others}{ours};1;mine\n"));
    rig.write("reports/week.html", "<p>1042 ms</p>");
    let redactor = aios_privacy::Redactor::new(&aios_privacy::PiiKind::ALL);
    let request = EraseRequest::new("cli", "request of user behind 1042", &redactor);
    let plan = rig.eraser.plan(&known_as, &request).unwrap();
    let receipt = rig.eraser.execute(&plan.id, &plan.plan_hash, Some(&known_as)).unwrap();
    assert_eq!(receipt.state, ErasureState::Completed, "{:?}", receipt.verified.left);
    let read = |name: &str| fs::read_to_string(rig.temp.path().join(name)).unwrap();
    assert_eq!(read("exports/usage.csv"), others);
    assert_eq!(read("reports/week.html"), "<p>1042 ms</p>");
    let census = Census::take(&rig.dir, &known_as, Depth::EveryByte, rig.clock.now(), &()).unwrap();
    assert!(census.is_clean() && census.is_complete(), "{census:?}");
    assert_eq!(census.n_mentions(), 2, "the row and the page are told of");
}

#[test]
fn a_ground_that_names_the_id_is_kept_without_it() {
    let rig = Rig::filled();
    let redactor = aios_privacy::Redactor::new(&aios_privacy::PiiKind::ALL);
    let request = EraseRequest::new("cli", "request of chat-of-ann, see chat-of-anna", &redactor);
    let plan = rig.eraser.plan(&target(7), &request).unwrap();
    let receipt = rig.eraser.execute(&plan.id, &plan.plan_hash, Some(&target(7))).unwrap();
    assert_eq!(receipt.state, ErasureState::Completed, "{:?}", receipt.verified.left);
    assert_eq!(receipt.basis.as_str(), "request of [ID], see chat-of-anna");
    let ledger = fs::read_to_string(rig.temp.path().join("erasures/ledger.ndjson")).unwrap();
    assert!(!ledger.contains("chat-of-ann,"), "{ledger}");
    assert!(rig.look(7).is_clean());
}
