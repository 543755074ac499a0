//! What is erased leaves no byte.

use super::*;

/// Words that stand in what conversation `n` said, and nowhere else.
fn planted(n: u64, place: u64) -> String {
    format!("planted{n}word{place}x")
}

/// Conversations that talk at the same time, so that their rows share pages.
fn filled() -> (tempfile::TempDir, DataDir, MemoryStore) {
    let (temp, dir, memory) = open();
    for place in 0..300_u64 {
        let new = (0..4).map(|n| {
            let text = format!("{} and the ferry leaves at {place}", planted(n, place));
            named(&format!("id{n}p{place}"), said(n, place as i64, &text))
        });
        add(&memory, new.collect());
    }
    (temp, dir, memory)
}

/// How many planted words of a conversation stand in the files of the memory.
fn n_left(temp: &tempfile::TempDir, n: u64) -> usize {
    let files = fs::read_dir(temp.path().join("memory")).unwrap();
    let bytes: Vec<u8> = files.flat_map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
    let is_in = |place: &u64| memchr::memmem::find(&bytes, planted(n, *place).as_bytes()).is_some();
    (0..300).filter(is_in).count()
}

#[test]
fn no_byte_of_it_is_left_and_nothing_else_is_touched() {
    let (temp, dir, memory) = filled();
    // Changed and merged rows leave older bytes about, too.
    let again = (0..300).map(|place| {
        let text = format!("{} was changed", planted(2, place));
        named(&format!("id2p{place}"), said(2, 1, &text))
    });
    add(&memory, again.collect());
    memory.merge_copies().unwrap();
    found(&memory, &scope(2), "ferry");
    assert_eq!(n_left(&temp, 2), 300);
    assert_eq!(memory.erase(&[fixture::conversation(2)]).unwrap(), 300);
    assert_eq!(n_left(&temp, 2), 0);
    assert_eq!(memory.cached_bytes(), 0);
    assert_eq!(found(&memory, &scope(2), "ferry"), [""; 0]);
    for n in [0, 1, 3] {
        assert_eq!(n_left(&temp, n), 300);
        assert!(!found(&memory, &scope(n), &planted(n, 7)).is_empty());
    }
    assert_eq!(memory.erase(&[fixture::conversation(2)]).unwrap(), 0, "done again");
    let name = fixture::conversation(2).to_string();
    let file = fs::read(dir.memory_path()).unwrap();
    assert!(memchr::memmem::find(&file, name.as_bytes()).is_none());
}

#[test]
fn a_person_is_erased_in_every_conversation() {
    let (_temp, _dir, memory) = open();
    let ann = Pseudonym::parse(&format!("s1_{}", "a".repeat(32))).unwrap();
    for n in 0..3 {
        let of_ann =
            NewFragment { subject: Some(ann.clone()), ..said(n, 1, "the ferry leaves at noon") };
        add(&memory, vec![of_ann, said(n, 2, "the harbor is closed")]);
    }
    assert_eq!(memory.erase(std::slice::from_ref(&ann)).unwrap(), 3);
    for n in 0..3 {
        assert_eq!(found(&memory, &scope(n), "the ferry at the harbor"), ["the harbor is closed"]);
    }
    let late = NewFragment { subject: Some(ann), ..said(1, 3, "the ferry again") };
    assert_eq!(add(&memory, vec![late]), [Outcome::Refused { why: Refusal::Erased }]);
}

#[test]
fn what_waits_in_the_queue_when_it_is_erased_does_not_come_back() {
    let (temp, _dir, memory) = open();
    let late: Vec<_> = (0..200)
        .map(|place| memory.add(vec![said(2, place as i64, &planted(2, place))]).unwrap())
        .collect();
    memory.erase(&[fixture::conversation(2)]).unwrap();
    late.into_iter().for_each(|pending| drop(pending.wait().unwrap()));
    let after = add(&memory, vec![said(2, 999, &planted(2, 1))]);
    assert_eq!(after, [Outcome::Refused { why: Refusal::Erased }]);
    assert_eq!((n_left(&temp, 2), memory.stats().unwrap().n_fragments), (0, 0));
}
