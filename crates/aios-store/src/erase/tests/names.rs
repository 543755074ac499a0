//! What files and directories are called is searched too.

use super::*;

#[test]
fn a_name_that_names_the_target_is_told_of_and_keeps_an_erasure_from_being_whole() {
    let rig = Rig::filled();
    rig.erase(7);
    assert!(rig.look(7).is_clean());
    let ours = fixture::conversation(7).to_string();
    let directory = rig.temp.path().join("exports").join(&ours);
    fs::create_dir_all(&directory).unwrap();
    rig.write("goldens/for chat-of-ann.json", "[]");
    // Neither another's name nor a longer word is the target's.
    rig.write("reports/chat-of-annabel.json", "{}");
    rig.write(&format!("reports/{}.json", fixture::conversation(8)), "{}");
    let census = rig.look(7);
    let found: Vec<_> = census.names.iter().map(|left| left.file.display().to_string()).collect();
    let expect = [format!("exports/{ours}"), "goldens/for chat-of-ann.json".to_owned()];
    assert_eq!(found, expect);
    assert!(!census.is_clean() && census.is_complete());
    let receipt = rig.erase(7);
    assert_eq!(receipt.state, ErasureState::Incomplete);
    let left: Vec<_> = receipt.verified.left.iter().map(|left| left.why.as_str()).collect();
    assert_eq!(left, ["its name names the target"; 2]);
    assert!(!serde_json::to_string(&receipt).unwrap().contains("chat-of-ann."), "{receipt:?}");
    fs::remove_dir(directory).unwrap();
    fs::remove_file(rig.temp.path().join("goldens/for chat-of-ann.json")).unwrap();
    assert!(rig.look(7).is_clean());
}

#[test]
fn an_id_that_is_anybodys_word_is_only_mentioned() {
    let rig = Rig::filled();
    rig.write("exports/ann.csv", "");
    let target = EraseTarget::new(vec![fixture::conversation(7)], Some("exports")).unwrap();
    let now = rig.clock.now();
    let census = Census::take(&rig.dir, &target, Depth::EveryByte, now, &()).unwrap();
    assert_eq!((census.names.len(), census.n_names_mentioning), (0, 1));
    assert!(census.stays().iter().any(|stays| stays.store == "names of files"));
}
