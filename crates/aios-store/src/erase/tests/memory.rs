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
fn a_memory_that_is_made_after_the_erasure_refuses_what_was_erased() {
    let rig = Rig::filled();
    rig.erase(7);
    let memory = MemoryStore::open(&rig.dir).unwrap();
    let outcomes = add(&memory, vec![said(7, "the ferry is back"), said(6, "so it is, I hear")]);
    assert_eq!(outcomes, [Outcome::Refused { why: Refusal::Erased }, Outcome::New]);
}
