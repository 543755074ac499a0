//! The memory is a store like every other.

use super::*;
use crate::{MemoryStore, NewFragment, Outcome, Refusal};

fn said(n: u64, text: &str) -> NewFragment {
    fixture::fragment(n, Timestamp::from_micros(1_800_000_000_000_000), text)
}

fn add(memory: &MemoryStore, new: Vec<NewFragment>) -> Vec<Outcome> {
    let added = memory.add(new).unwrap().wait().unwrap();
    added.into_iter().map(|one| one.outcome).collect()
}

fn memory_of(census: &Census) -> StoreCount {
    census.stores.iter().find(|store| store.store == "memory").unwrap().clone()
}

#[test]
fn what_is_remembered_of_a_conversation_is_planned_erased_and_proven_gone() {
    let rig = Rig::filled();
    let memory = MemoryStore::open(&rig.dir).unwrap();
    add(&memory, vec![said(7, "the ferry leaves at noon"), said(7, "from the old harbor today")]);
    add(&memory, vec![said(8, "somebody said chat-of-ann to me")]);
    let before = memory_of(&rig.look(7));
    assert_eq!((before.n_records, before.n_mentions), (2, 1), "{before:?}");
    let receipt = rig.erase(7);
    assert_eq!(receipt.state, ErasureState::Completed, "{:?}", receipt.verified.left);
    assert_eq!((receipt.n_records_planned, receipt.n_records_erased), (54, 54));
    let after = rig.look(7);
    assert!(after.is_clean() && after.is_complete(), "{after:?}");
    assert_eq!((memory_of(&after).n_records, memory_of(&after).n_mentions), (0, 1));
    assert_eq!(memory.stats().unwrap().n_fragments, 1);
    let refused = [Outcome::Refused { why: Refusal::Erased }];
    assert_eq!(add(&memory, vec![said(7, "the ferry is back")]), refused);
    drop(memory);
    // The ledger binds a later life, too.
    let rig = rig.restart();
    let memory = MemoryStore::open(&rig.dir).unwrap();
    assert_eq!(add(&memory, vec![said(7, "the ferry is back")]), refused);
    assert_eq!(add(&memory, vec![said(6, "the ferry is back")]), [Outcome::New]);
}

#[test]
fn questions_about_what_is_erased_go_with_it() {
    let rig = Rig::filled();
    let memory = MemoryStore::open(&rig.dir).unwrap();
    let named = |n, name: &str, text| NewFragment { id: Some(name.to_owned()), ..said(n, text) };
    let new = vec![
        named(7, "t1", "the ferry leaves at noon"),
        named(7, "both", "from the old harbor today"),
        named(8, "both", "somebody else has been there"),
        named(8, "t2", "the bread is in the oven"),
    ];
    add(&memory, new);
    drop(memory);
    let place = rig.dir.path().join("retrieval_qa");
    fs::create_dir_all(&place).unwrap();
    let case = |id: &str, expected: &str| {
        format!("{{\"id\":{id},\"question\":\"q\",\"expected_fragments\":[{expected}]}}")
    };
    let theirs = [case("1", "\"t1\""), case("\"two\"", "\"x\", \"m2\"")];
    let others = [case("3", "\"t2\""), case("4", "\"both\""), case("5", "")];
    let all = [&theirs[..], &others[..]].concat();
    let set = |cases: &[String]| format!("{{\"test_cases\": [{}]}}", cases.join(","));
    let write = |name: &str, text: &str| fs::write(place.join(name), text).unwrap();
    write("qa_set.json", &set(&all));
    write("lines.ndjson", &all.join("\n"));
    write("one.json", &theirs[0]);
    let receipt = rig.erase(7);
    assert_eq!(receipt.state, ErasureState::Completed, "{:?}", receipt.verified.left);
    let read = |name: &str| fs::read_to_string(place.join(name)).unwrap();
    assert_eq!(read("qa_set.json"), set(&others));
    assert_eq!(read("lines.ndjson"), others.join("\n"));
    assert!(!place.join("one.json").exists());
}

#[test]
fn a_memory_that_is_made_after_the_erasure_refuses_what_was_erased() {
    let rig = Rig::filled();
    rig.erase(7);
    let memory = MemoryStore::open(&rig.dir).unwrap();
    let outcomes = add(&memory, vec![said(7, "the ferry is back"), said(6, "so it is, I hear")]);
    assert_eq!(outcomes, [Outcome::Refused { why: Refusal::Erased }, Outcome::New]);
}

/// A memory in which somebody is remembered who is then erased, and the file that it was.
#[cfg(unix)]
fn backup_of_erased(rig: &Rig) -> Vec<u8> {
    let memory = MemoryStore::open(&rig.dir).unwrap();
    add(&memory, vec![said(7, "the ferry leaves at noon")]);
    drop(memory);
    let backup = fs::read(rig.dir.memory_path()).unwrap();
    assert_eq!(rig.erase(7).state, ErasureState::Completed);
    backup
}

#[cfg(unix)]
fn n_rows(rig: &Rig, of: u64) -> u64 {
    crate::memory::rows_of(&rig.dir, &[fixture::conversation(of)], rig.clock.now()).unwrap().n
}

#[cfg(unix)]
#[test]
fn a_memory_that_is_replaced_while_it_is_open_is_gone_on_in_and_erased_from() {
    let rig = Rig::filled();
    let backup = backup_of_erased(&rig);
    let memory = MemoryStore::open(&rig.dir).unwrap();
    add(&memory, vec![said(8, "the old harbor is closed today")]);
    assert_eq!(memory.stats().unwrap().n_fragments, 1);
    let away = tempfile::tempdir().unwrap();
    let moved = away.path().join("memory.sqlite");
    fs::rename(rig.dir.memory_path(), &moved).unwrap();
    fs::write(rig.dir.memory_path(), &backup).unwrap();
    // The look finds the other file, and in it what was erased.
    let look = || rig.eraser.look_again(rig.clock.now()).unwrap().map(|done| done.receipts.len());
    assert_eq!((rig.dir.n_memory_replaced(), look(), rig.dir.n_memory_replaced()), (0, Some(1), 1));
    assert!(rig.look(7).is_clean());
    // What is remembered from here on is in the file that has the name, and the other is whole.
    assert_eq!(add(&memory, vec![said(6, "and so is the new one")]), [Outcome::New]);
    assert_eq!((n_rows(&rig, 6), n_rows(&rig, 8), memory.stats().unwrap().n_fragments), (1, 0, 1));
    let other = rusqlite::Connection::open(&moved).unwrap();
    let n: u64 = other.query_row("SELECT count(*) FROM fragment", [], |row| row.get(0)).unwrap();
    assert_eq!((n, look(), rig.dir.n_memory_replaced()), (1, None, 1));
}

#[cfg(unix)]
#[test]
fn an_erasure_is_of_the_memory_that_is_there() {
    let rig = Rig::filled();
    let memory = MemoryStore::open(&rig.dir).unwrap();
    add(&memory, vec![said(8, "the old harbor is closed today")]);
    drop(memory);
    let copy = fs::read(rig.dir.memory_path()).unwrap();
    let memory = MemoryStore::open(&rig.dir).unwrap();
    assert_eq!(memory.stats().unwrap().n_fragments, 1);
    fs::remove_file(rig.dir.memory_path()).unwrap();
    fs::write(rig.dir.memory_path(), &copy).unwrap();
    let receipt = rig.erase(8);
    assert_eq!(receipt.state, ErasureState::Completed, "{:?}", receipt.verified.left);
    assert_eq!((rig.dir.n_memory_replaced(), n_rows(&rig, 8)), (1, 0));
    assert!(rig.look(8).is_clean() && rig.look(8).is_complete());
}

#[cfg(unix)]
#[test]
fn a_memory_that_is_removed_while_it_is_open_is_made_anew() {
    let rig = Rig::filled();
    let memory = MemoryStore::open(&rig.dir).unwrap();
    add(&memory, vec![said(8, "the old harbor is closed today")]);
    fs::remove_file(rig.dir.memory_path()).unwrap();
    // Whoever is erased is not remembered from the file without a name.
    assert_eq!(rig.erase(8).state, ErasureState::Completed);
    assert_eq!(memory.stats().unwrap().n_fragments, 0);
    assert_eq!(add(&memory, vec![said(6, "and so is the new one")]), [Outcome::New]);
    assert_eq!((n_rows(&rig, 6), rig.dir.n_memory_replaced()), (1, 1));
}
