//! The memory over real files.

use std::fs;

use aios_core::Timestamp;
use aios_memory::corpus::{Random, talk};
use aios_memory::{ModelId, Quantized, Unit};
use aios_privacy::Pseudonym;

use super::*;
use crate::fixture;

mod copies;
mod erasure;

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000 + second * 1_000_000)
}

/// What conversation `n` said.
fn said(n: u64, second: i64, text: &str) -> NewFragment {
    fixture::fragment(n, at(second), text)
}

fn named(id: &str, new: NewFragment) -> NewFragment {
    NewFragment { id: Some(id.to_owned()), ..new }
}

fn scope(n: u64) -> MemoryScope {
    MemoryScope::Conversation(vec![fixture::conversation(n)])
}

fn open() -> (tempfile::TempDir, DataDir, MemoryStore) {
    let temp = tempfile::tempdir().unwrap();
    let dir = DataDir::open(temp.path()).unwrap();
    let memory = MemoryStore::open(&dir).unwrap();
    (temp, dir, memory)
}

#[test]
fn what_is_no_file_is_not_called_nothing() {
    let temp = tempfile::tempdir().unwrap();
    let dir = DataDir::open(temp.path()).unwrap();
    assert!(MemoryStore::read(&dir).unwrap().is_none());
    fs::create_dir_all(dir.memory_path()).unwrap();
    let error = MemoryStore::read(&dir).unwrap_err().to_string();
    assert!(error.ends_with("it is not a regular file"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_link_in_the_memorys_place_is_not_written_through() {
    let temp = tempfile::tempdir().unwrap();
    let dir = DataDir::open(temp.path()).unwrap();
    let path = dir.memory_path();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let elsewhere = temp.path().join("somebodys");
    for is_there in [false, true] {
        if is_there {
            fs::write(&elsewhere, "").unwrap();
        }
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        let error = MemoryStore::open(&dir).unwrap_err();
        assert!(error.to_string().ends_with("it is not a regular file"), "{error}");
        assert!(path.is_symlink());
        assert_eq!(fs::read(&elsewhere).ok(), is_there.then(Vec::new));
        fs::remove_file(&path).unwrap();
    }
    let [journal, wal, ..] = crate::regular::database_files(&path);
    for beside in [journal, wal] {
        std::os::unix::fs::symlink(&elsewhere, &beside).unwrap();
        let error = MemoryStore::open(&dir).unwrap_err().to_string();
        assert!(error.contains(&beside.display().to_string()), "{error}");
        fs::remove_file(beside).unwrap();
    }
}

fn add(memory: &MemoryStore, new: Vec<NewFragment>) -> Vec<Outcome> {
    let added = memory.add(new).unwrap().wait().unwrap();
    added.into_iter().map(|one| one.outcome).collect()
}

/// The texts that a question brings back, best results first.
fn found(memory: &MemoryStore, scope: &MemoryScope, question: &str) -> Vec<String> {
    let query = memory.query(question, at(10_000));
    let recalled = memory.search(scope, &query).unwrap();
    recalled.into_iter().flat_map(|one| one.fragments).map(|one| one.text.clone()).collect()
}

#[test]
fn what_was_said_is_found_in_its_scope_and_in_no_other() {
    let (_temp, dir, memory) = open();
    let ann = Pseudonym::parse(&format!("s1_{}", "a".repeat(32))).unwrap();
    let of_ann =
        NewFragment { subject: Some(ann.clone()), ..said(1, 1, "the ferry leaves at noon") };
    let shared = NewFragment { home: Home::Shared, ..said(1, 3, "the ferry office opens at six") };
    add(&memory, vec![of_ann, said(2, 2, "the ferry was late"), shared]);
    let check = |scope: &MemoryScope, expect: &[&str]| {
        for memory in [&memory, &MemoryStore::read(&dir).unwrap().unwrap()] {
            assert_eq!(found(memory, scope, "ferry?"), expect, "{scope:?}");
        }
    };
    check(&scope(1), &["the ferry leaves at noon"]);
    check(&scope(2), &["the ferry was late"]);
    check(&scope(3), &[]);
    check(&MemoryScope::Conversation(Vec::new()), &[]);
    check(&MemoryScope::Subject(vec![ann]), &["the ferry leaves at noon"]);
    check(&MemoryScope::Shared, &["the ferry office opens at six"]);
    let query = memory.query("ferry", at(9));
    assert_eq!(memory.search_everything(&query).unwrap().len(), 3);
}

#[test]
fn a_scope_that_is_kept_ready_learns_what_is_said_next() {
    let (_temp, dir, memory) = open();
    add(&memory, vec![said(1, 10, "the ferry leaves at noon")]);
    assert_eq!(found(&memory, &scope(1), "harbor"), [""; 0]);
    assert!(memory.cached_bytes() > 0);
    add(&memory, vec![said(1, 11, "from the harbor"), said(2, 12, "another harbor")]);
    assert_eq!(found(&memory, &scope(1), "harbor").len(), 2);
    // Said earlier, told later.
    add(&memory, vec![said(1, 5, "buy tickets for the harbor tour")]);
    let ready = found(&memory, &scope(1), "harbor tour tickets");
    let reader = MemoryStore::read(&dir).unwrap().unwrap();
    assert_eq!(ready, found(&reader, &scope(1), "harbor tour tickets"));
    assert_eq!(ready[0], "buy tickets for the harbor tour");
}

#[test]
fn conversations_that_take_turns_leave_their_persons_scope_ready() {
    let (_temp, dir, memory) = open();
    let ann = Pseudonym::parse(&format!("s1_{}", "a".repeat(32))).unwrap();
    let key = MemoryScope::Subject(vec![ann.clone()]);
    let of =
        |n, second, text: &str| NewFragment { subject: Some(ann.clone()), ..said(n, second, text) };
    add(&memory, vec![of(1, 1, "the ferry leaves at noon"), of(2, 2, "the harbor is old")]);
    found(&memory, &key, "ferry");
    let kept = || memory.0.cache.lock().unwrap().get(&search::Key::of(&key)).expect("it is kept");
    let ready = kept();
    for second in 3..9 {
        let n = u64::from(second % 2 == 0) + 1;
        add(&memory, vec![of(n, second, &format!("ferry number {second} of conversation {n}"))]);
        let reader = MemoryStore::read(&dir).unwrap().unwrap();
        let question = "ferry number of conversation";
        assert_eq!(found(&memory, &key, question), found(&reader, &key, question), "{second}");
        assert!(Arc::ptr_eq(&ready, &kept()), "it was read again");
    }
}

#[test]
fn a_search_that_takes_its_time_holds_up_nobody() {
    let (_temp, _dir, memory) = open();
    add(&memory, vec![said(1, 1, "the ferry leaves at noon"), said(2, 1, "another ferry")]);
    let long = memory.ready(&search::Key::of(&scope(1))).unwrap();
    add(&memory, vec![said(1, 2, "the ferry is white"), said(2, 2, "a ferry of wood")]);
    assert_eq!(found(&memory, &scope(1), "ferry").len(), 2);
    assert_eq!(found(&memory, &scope(2), "ferry").len(), 2);
    assert_eq!(long.scope.len(), 1, "it goes on with what it began with");
}

#[test]
fn what_is_said_again_is_counted_and_what_is_changed_is_replaced() {
    let (_temp, _dir, memory) = open();
    let long = "the ferry leaves at noon";
    assert_eq!(add(&memory, vec![said(1, 1, long)]), [Outcome::New]);
    assert_eq!(add(&memory, vec![said(1, 2, "The ferry leaves at noon!")]), [Outcome::Seen]);
    assert_eq!(add(&memory, vec![said(2, 3, long)]), [Outcome::New], "another conversation");
    // A "yes" is part of the flow, whenever it is said.
    assert_eq!(add(&memory, vec![said(1, 4, "Yes."), said(1, 5, "Yes.")]), [Outcome::New; 2]);
    // With an id of its own it is a fragment of its own, and the same id is the same fragment.
    assert_eq!(add(&memory, vec![named("a", said(1, 6, long))]), [Outcome::New]);
    assert_eq!(add(&memory, vec![named("a", said(1, 6, long))]), [Outcome::Seen]);
    let changed = named("a", said(1, 6, "the ferry leaves at one"));
    assert_eq!(add(&memory, vec![changed]), [Outcome::Changed]);
    assert_eq!(found(&memory, &scope(1), "leaves at one").len(), 4);
    let stats = memory.stats().unwrap();
    assert_eq!((stats.n_fragments, stats.n_conversations, stats.n_seen_again), (5, 2, 2));
}

#[test]
fn personal_data_is_masked_before_it_is_kept() {
    let (_temp, _dir, memory) = open();
    add(&memory, vec![said(1, 1, "write to jo.doe@example.com about the ferry")]);
    assert_eq!(found(&memory, &scope(1), "ferry"), ["write to [EMAIL] about the ferry"]);
}

#[test]
fn what_cannot_be_kept_is_refused_and_keeps_nothing_else_from_it() {
    let (_temp, _dir, memory) = open();
    let refused = |why| Outcome::Refused { why };
    let long = "x".repeat(FRAGMENT_MAX + 1);
    let new = vec![
        said(1, 1, " \n"),
        said(1, 2, &long),
        named("", said(1, 3, "text")),
        named("a\nb", said(1, 3, "text")),
        said(1, 4, "kept"),
    ];
    let expect = [
        refused(Refusal::Empty),
        refused(Refusal::TooLong),
        refused(Refusal::Id),
        refused(Refusal::Id),
        Outcome::New,
    ];
    assert_eq!(add(&memory, new), expect);
}

#[test]
fn another_process_reads_and_does_not_write() {
    let (temp, _dir, memory) = open();
    add(&memory, vec![said(1, 1, "the ferry leaves at noon")]);
    let other = DataDir::read(temp.path()).unwrap();
    let reader = MemoryStore::read(&other).unwrap().unwrap();
    assert_eq!(found(&reader, &scope(1), "ferry").len(), 1);
    assert!(matches!(reader.add(Vec::new()), Err(StoreError::ReadOnly { .. })));
    assert!(matches!(MemoryStore::open(&other), Err(StoreError::ReadOnly { .. })));
    let none = tempfile::tempdir().unwrap();
    assert!(MemoryStore::read(&DataDir::read(none.path()).unwrap()).unwrap().is_none());
}

#[test]
fn whoever_opens_it_in_one_process_has_the_same() {
    let (_temp, dir, memory) = open();
    let other = MemoryStore::open(&dir).unwrap();
    assert_eq!(found(&memory, &scope(1), "ferry").len(), 0);
    add(&other, vec![said(1, 1, "the ferry leaves at noon")]);
    assert_eq!(found(&memory, &scope(1), "ferry").len(), 1);
}

#[test]
fn what_is_rebuilt_is_as_it_was_and_another_language_has_other_words() {
    let (_temp, dir, memory) = open();
    add(&memory, vec![said(1, 1, "Die Häuser am Hafen"), said(1, 2, "ganz andere Worte")]);
    let before = memory.stats().unwrap();
    assert_eq!(found(&memory, &scope(1), "Haus"), [""; 0]);
    assert_eq!(memory.rebuild(Language::English).unwrap(), 2);
    let after = memory.stats().unwrap();
    assert_eq!(after, MemoryStats { generation: before.generation + 1, ..before });
    memory.rebuild(Language::German).unwrap();
    assert_eq!(found(&memory, &scope(1), "Haus").len(), 2);
    drop(memory);
    let again = MemoryStore::open(&dir).unwrap();
    assert_eq!(again.stats().unwrap().language, "german");
    assert_eq!(found(&again, &scope(1), "Haus").len(), 2);
}

#[test]
fn copies_are_merged_and_near_ones_linked() {
    let (_temp, _dir, memory) = open();
    let text = "the ferry to the island leaves every morning from the harbor";
    let new = vec![
        named("a", said(1, 1, text)),
        named("b", said(1, 2, &text.to_uppercase())),
        named("c", said(1, 3, &text.replace("every", "each"))),
        named("d", said(1, 4, &format!("{text} not"))),
        named("e", said(2, 5, text)),
    ];
    add(&memory, new);
    let looked = memory.find_copies().unwrap();
    assert_eq!((looked.n_fragments, looked.n_exact, looked.n_near), (5, 1, 1));
    assert_eq!((looked.n_variants, looked.executed), (2, false));
    assert_eq!(memory.stats().unwrap().n_fragments, 5, "looking changes nothing");
    assert_eq!(memory.merge_copies().unwrap(), Deduplicated { executed: true, ..looked });
    let stats = memory.stats().unwrap();
    assert_eq!((stats.n_fragments, stats.n_near, stats.n_variants), (4, 1, 2));
    assert_eq!(stats.n_seen_again, 1);
    // Its id goes on to name what it was merged with.
    assert_eq!(add(&memory, vec![named("b", said(1, 2, &format!("{text}.")))]), [Outcome::Seen]);
    assert_eq!(memory.merge_copies().unwrap().n_exact, 0);
    // Until it says something else.
    assert_eq!(add(&memory, vec![named("b", said(1, 2, "the ferry"))]), [Outcome::New]);
    assert_eq!(add(&memory, vec![named("b", said(1, 2, "the ferry"))]), [Outcome::Seen]);
}

#[test]
fn what_nobody_needs_is_put_away_and_can_be_brought_back() {
    let (_temp, _dir, memory) = open();
    let day = 86_400;
    let added = memory.add(vec![said(1, 0, "the ferry"), said(1, 1, "the harbor")]).unwrap();
    let numbers: Vec<i64> = added.wait().unwrap().iter().map(|one| one.number).collect();
    // What is given again counts again; what is gone meanwhile counts nowhere.
    for given in [vec![numbers[0], numbers[1], numbers[0], i64::MAX], vec![numbers[0]]] {
        memory.keep(Vec::new(), given).unwrap().wait().unwrap();
    }
    memory.note_confirmed(vec![numbers[1]], at(100 * day)).unwrap();
    let now = at(200 * day);
    let idle = memory.find_idle(now).unwrap();
    assert_eq!((idle.n_fragments, idle.proposed.len()), (2, 1));
    assert_eq!((idle.proposed[0].number, idle.proposed[0].n_injected), (numbers[0], 3));
    assert_eq!(found(&memory, &scope(1), "ferry").len(), 2);
    assert_eq!(memory.archive_idle(now).unwrap().proposed, idle.proposed);
    assert_eq!(found(&memory, &scope(1), "ferry"), [""; 0]);
    assert_eq!(memory.find_idle(now).unwrap().proposed, []);
    assert_eq!(memory.restore_archived().unwrap(), 1);
    assert_eq!(found(&memory, &scope(1), "ferry").len(), 2);
}

#[test]
fn vectors_say_which_model_made_them() {
    let (_temp, _dir, memory) = open();
    let added = memory.add(vec![said(1, 0, "the ferry"), said(1, 1, "a harbor")]).unwrap();
    let number = added.wait().unwrap()[0].number;
    let model = |revision: &str| ModelId {
        name: "small".to_owned(),
        revision: revision.to_owned(),
        digest: String::new(),
        dim: 2,
    };
    let vector = Quantized::of(&[0.5, -1.0]).unwrap();
    let mut left = memory.without_vector(&model("1"), 9).unwrap().into_iter();
    let one = left.find_map(|(one, _)| (one.number == number).then_some(one)).unwrap();
    let gone = Worded { number: 99, ..one };
    let vectors = [one, gone].map(|one| (one, Some(vector.clone())));
    assert_eq!(memory.put_vectors(&model("1"), vectors.to_vec()).unwrap(), 1);
    assert_eq!(memory.without_vector(&model("1"), 9).unwrap().len(), 1);
    assert_eq!(memory.without_vector(&model("2"), 9).unwrap().len(), 2);
    let vectors = memory.0.pool.with("read", |database| {
        let load = |revision| {
            let key = search::Key::Everything;
            let built = load::load(database, &key, &memory.analyzer(), Some(&model(revision)))?;
            let mut query = memory.query("unheard", at(9));
            (query.vector, query.unit) = (Quantized::of(&[0.5, -1.0]), Unit::Turn);
            Ok::<_, rusqlite::Error>(built.held.scope.search(&query).len())
        };
        Ok((load("1")?, load("2")?))
    });
    assert_eq!(vectors.unwrap(), (1, 0));
}

#[test]
fn what_a_model_makes_no_vector_of_is_not_asked_for_again_until_all_is_made_anew() {
    let (_temp, _dir, memory) = open();
    add(&memory, vec![said(1, 0, "the ferry")]);
    let model =
        ModelId { name: "m".to_owned(), revision: String::new(), digest: String::new(), dim: 2 };
    memory.use_model(&model);
    let left = memory.without_vector(&model, 9).unwrap();
    assert_eq!(memory.put_vectors(&model, vec![(left[0].0, None)]).unwrap(), 0);
    assert_eq!(memory.without_vector(&model, 9).unwrap(), []);
    assert_eq!(
        (memory.stats().unwrap().n_vectors, found(&memory, &scope(1), "ferry").len()),
        (0, 1)
    );
    memory.rebuild(Language::English).unwrap();
    assert_eq!(memory.without_vector(&model, 9).unwrap().len(), 1);
}

/// Threads write to their conversations and read them; nobody ever sees a word of another.
#[test]
fn nothing_leaks_between_scopes_while_all_write() {
    let (_temp, _dir, memory) = open();
    std::thread::scope(|threads| {
        for n in 0..4_u64 {
            let memory = &memory;
            threads.spawn(move || {
                let mut random = Random::new(n);
                for (turn, second) in talk(n, 150).turns.iter().zip(0..) {
                    let text = format!("{} mark{n}", turn.text);
                    let pending = memory.add(vec![said(n, second, &text)]).unwrap();
                    if random.percent(30) {
                        pending.wait().unwrap();
                        let marked = found(memory, &scope(n), &turn.text);
                        assert!(!marked.is_empty(), "{text}");
                        let mark = format!("mark{n}");
                        assert!(marked.iter().all(|text| text.ends_with(&mark)), "{marked:?}");
                    }
                }
            });
        }
    });
    let before = memory.stats().unwrap();
    assert!(before.n_fragments > 300, "{before:?}");
}

#[test]
fn a_fragment_gives_its_place_to_another_and_both_stay() {
    let (_temp, _dir, memory) = open();
    let turns = ["the ferry leaves at noon", "no, the ferry leaves at one", "the ferry is white"];
    let new = (1..).zip(turns).map(|(n, text)| named(&format!("t{n}"), said(1, n, text)));
    add(&memory, new.chain([named("t9", said(2, 9, "another ferry"))]).collect());
    let supersede = |earlier, later| memory.supersede(&scope(1), earlier, later).unwrap();
    assert_eq!(found(&memory, &scope(1), "ferry").len(), 3);
    assert_eq!(supersede("t1", "t2"), Revised::Done);
    assert_eq!(found(&memory, &scope(1), "ferry"), turns[1..]);
    assert_eq!(supersede("m2", "t3"), Revised::Done);
    assert_eq!(found(&memory, &scope(1), "ferry"), turns[2..]);
    for (earlier, later) in [("t3", "t1"), ("t3", "t3"), ("t2", "t1")] {
        assert_eq!(supersede(earlier, later), Revised::Circle, "{earlier} {later}");
    }
    // Nobody reaches beyond the scope.
    for (earlier, later) in [("t1", "t9"), ("m4", "t1"), ("t4", "t1"), ("", "t1")] {
        assert_eq!(supersede(earlier, later), Revised::Unknown, "{earlier} {later}");
    }
    assert_eq!(memory.stats().unwrap().n_fragments, 4);
}

#[test]
fn what_is_pinned_is_not_put_away() {
    let (_temp, _dir, memory) = open();
    add(
        &memory,
        vec![named("a", said(1, 1, "the ferry leaves at noon")), said(1, 2, "the ferry is white")],
    );
    let later = at(1_000 * 86_400);
    let proposed = || memory.find_idle(later).unwrap().proposed.len();
    assert_eq!(proposed(), 2);
    assert_eq!(memory.pin(&scope(1), "a", true).unwrap(), Revised::Done);
    assert_eq!(memory.pin(&scope(2), "a", true).unwrap(), Revised::Unknown);
    assert_eq!((proposed(), memory.stats().unwrap().n_pinned), (1, 1));
    assert_eq!(memory.pin(&scope(1), "a", false).unwrap(), Revised::Done);
    assert_eq!(proposed(), 2);
}

#[test]
fn a_vector_of_words_that_were_replaced_meanwhile_is_not_kept() {
    let (_temp, _dir, memory) = open();
    let model =
        ModelId { name: "m".to_owned(), revision: String::new(), digest: String::new(), dim: 2 };
    let left = || memory.without_vector(&model, 9).unwrap();
    let vector = || Quantized::of(&[0.5, -1.0]);
    add(&memory, vec![named("x", said(1, 0, "the ferry leaves at noon"))]);
    let [(before, _)] = left().try_into().unwrap();
    let now = "the harbor is closed";
    assert_eq!(add(&memory, vec![named("x", said(1, 1, now))]), [Outcome::Changed]);
    assert_eq!(memory.put_vectors(&model, vec![(before, vector())]).unwrap(), 0);
    let [(after, text)] = left().try_into().unwrap();
    assert_eq!(text, now, "it is embedded again");
    assert_eq!(memory.put_vectors(&model, vec![(after, vector())]).unwrap(), 1);
    assert_eq!(left(), []);
}
