//! What is a copy, and of whom.

use aios_memory::Validity;

use super::*;

const TEXT: &str = "the ferry leaves at noon";

fn person(mark: &str) -> Pseudonym {
    Pseudonym::parse(&format!("s1_{}", mark.repeat(32))).unwrap()
}

fn of(who: &str, new: NewFragment) -> NewFragment {
    NewFragment { subject: Some(person(who)), ..new }
}

fn all_of(who: &str) -> MemoryScope {
    MemoryScope::Subject(vec![person(who)])
}

#[test]
fn what_two_people_say_is_no_copy() {
    let (_temp, dir, memory) = open();
    assert_eq!(add(&memory, vec![of("a", said(1, 1, TEXT))]), [Outcome::New]);
    assert_eq!(add(&memory, vec![of("b", said(1, 2, TEXT))]), [Outcome::New]);
    assert_eq!(add(&memory, vec![said(1, 3, TEXT)]), [Outcome::New], "of somebody unknown");
    assert_eq!(add(&memory, vec![of("a", said(1, 4, TEXT))]), [Outcome::Seen]);
    assert_eq!(memory.merge_copies().unwrap().n_exact, 0);
    assert_eq!(found(&memory, &all_of("b"), "ferry"), [TEXT]);
    memory.erase(&[person("a")]).unwrap();
    let reader = MemoryStore::read(&dir).unwrap().unwrap();
    assert_eq!(found(&reader, &all_of("a"), "ferry"), [""; 0]);
    assert_eq!(found(&reader, &all_of("b"), "ferry"), [TEXT]);
}

#[test]
fn what_another_speaker_says_is_no_copy() {
    let (_temp, _dir, memory) = open();
    let by =
        |name: &str, new: NewFragment| NewFragment { speaker: Some(said(1, 0, name).text), ..new };
    let text = "I have never been to Paris";
    assert_eq!(add(&memory, vec![by("Ann", said(1, 1, text))]), [Outcome::New]);
    assert_eq!(add(&memory, vec![by("Bob", said(1, 2, text))]), [Outcome::New]);
    assert_eq!(add(&memory, vec![by("Ann", said(1, 3, text))]), [Outcome::Seen]);
    assert_eq!(add(&memory, vec![by("Ann", named("x", said(1, 4, text)))]), [Outcome::New]);
    assert_eq!(memory.merge_copies().unwrap().n_exact, 1, "of Ann's own");
    assert_eq!(add(&memory, vec![by("Ann", named("x", said(1, 4, text)))]), [Outcome::Seen]);
    assert_eq!(add(&memory, vec![by("Eve", named("x", said(1, 4, text)))]), [Outcome::New]);
    // What is mended in who said it.
    assert_eq!(add(&memory, vec![by("Bob", named("x", said(1, 4, text)))]), [Outcome::Changed]);
    assert_eq!(add(&memory, vec![named("x", said(1, 4, text))]), [Outcome::Seen]);
}

#[test]
fn answers_of_a_word_are_all_kept() {
    let (_temp, _dir, memory) = open();
    let turns = ["Do you smoke?", "No.", "Do you drink?", "No.", "👍 👍 👍 👍", "👍 👍 👍 👍"];
    let new = (1..).zip(turns).map(|(n, text)| said(1, n, text)).collect();
    assert_eq!(add(&memory, new), [Outcome::New; 6]);
    assert_eq!(memory.merge_copies().unwrap().n_exact, 0);
    assert_eq!(memory.stats().unwrap().n_fragments, 6);
}

#[test]
fn a_sign_more_is_no_copy_and_what_was_hashed_without_is_hashed_anew() {
    let (_temp, dir, memory) = open();
    let [one, other] = ["it was 5 degrees today", "it was -5 degrees today"];
    assert_eq!(add(&memory, vec![said(1, 1, one), said(1, 2, other)]), [Outcome::New; 2]);
    assert_eq!(memory.merge_copies().unwrap().n_exact, 0);
    drop(memory);
    // As an older version has left it.
    let database = rusqlite::Connection::open(dir.memory_path()).unwrap();
    let older = "UPDATE fragment SET norm_hash = zeroblob(16); UPDATE meta SET value = 1 WHERE key = 'analyzer_version'";
    database.execute_batch(older).unwrap();
    drop(database);
    let memory = MemoryStore::open(&dir).unwrap();
    assert_eq!(memory.merge_copies().unwrap().n_exact, 0);
    assert_eq!(add(&memory, vec![said(1, 3, other)]), [Outcome::Seen]);
}

#[test]
fn a_copy_of_what_is_found_no_more_is_kept() {
    let (_temp, _dir, memory) = open();
    let day = 86_400;
    add(&memory, vec![named("a", said(1, 0, TEXT))]);
    assert_eq!(memory.archive_idle(at(400 * day)).unwrap().proposed.len(), 1);
    assert_eq!(add(&memory, vec![said(1, 400 * day, TEXT)]), [Outcome::New]);
    assert_eq!(found(&memory, &scope(1), "ferry"), [TEXT]);
    let looked = memory.merge_copies().unwrap();
    assert_eq!((looked.n_fragments, looked.n_exact), (1, 0), "the archived one is left alone");
    assert_eq!(found(&memory, &scope(1), "ferry"), [TEXT]);

    let other = "no, the ferry leaves at one";
    add(&memory, vec![named("b", said(2, 1, TEXT)), named("c", said(2, 2, other))]);
    assert_eq!(memory.supersede(&scope(2), "b", "c").unwrap(), Revised::Done);
    assert_eq!(add(&memory, vec![said(2, 3, TEXT)]), [Outcome::New], "noon after all");
    assert_eq!(found(&memory, &scope(2), "ferry leaves noon").len(), 2);

    let until = |second| Validity { to: at(second), ..Validity::default() };
    let for_a_time = NewFragment { valid: until(10), ..said(3, 1, TEXT) };
    assert_eq!(add(&memory, vec![for_a_time.clone(), for_a_time]), [Outcome::New, Outcome::Seen]);
    assert_eq!(add(&memory, vec![said(3, 20, TEXT)]), [Outcome::New], "for good");
}

#[test]
fn what_a_copy_had_taken_the_place_of_does_not_come_back_with_its_merging() {
    let (_temp, _dir, memory) = open();
    let other = "the ferry leaves at one";
    let new = vec![
        named("first", said(1, 1, TEXT)),
        named("other", said(1, 2, other)),
        named("again", said(1, 3, TEXT)),
    ];
    add(&memory, new);
    assert_eq!(memory.supersede(&scope(1), "other", "again").unwrap(), Revised::Done);
    assert_eq!(memory.merge_copies().unwrap().n_exact, 1);
    assert_eq!(found(&memory, &scope(1), "ferry leaves"), [TEXT]);
}

#[test]
fn what_is_said_anew_under_an_id_is_whose_it_is_now() {
    let (_temp, _dir, memory) = open();
    add(&memory, vec![of("a", named("x", said(1, 1, TEXT)))]);
    assert_eq!(found(&memory, &all_of("a"), "ferry"), [TEXT]);
    assert_eq!(found(&memory, &all_of("b"), "ferry"), [""; 0]);
    let now = "the ferry leaves at one";
    assert_eq!(add(&memory, vec![of("b", named("x", said(1, 2, now)))]), [Outcome::Changed]);
    assert_eq!(found(&memory, &all_of("a"), "ferry"), [""; 0]);
    assert_eq!(found(&memory, &all_of("b"), "ferry"), [now]);
    assert_eq!(add(&memory, vec![of("a", named("x", said(1, 2, now)))]), [Outcome::Changed]);
    assert_eq!(found(&memory, &all_of("a"), "ferry"), [now]);
    // Nobody in particular takes it from nobody.
    assert_eq!(add(&memory, vec![named("x", said(1, 2, now))]), [Outcome::Seen]);
    assert_eq!(add(&memory, vec![named("x", said(1, 2, TEXT))]), [Outcome::Changed]);
    assert_eq!(found(&memory, &all_of("a"), "ferry"), [TEXT]);
}

#[test]
fn what_had_a_successor_is_found_again_when_it_says_something_new() {
    let (_temp, _dir, memory) = open();
    let later = "it goes at one from the old pier";
    add(&memory, vec![named("x", said(1, 1, TEXT)), named("y", said(1, 2, later))]);
    assert_eq!(memory.supersede(&scope(1), "x", "y").unwrap(), Revised::Done);
    assert_eq!(found(&memory, &scope(1), "ferry noon"), [""; 0]);
    // The same import again changes nothing.
    assert_eq!(add(&memory, vec![named("x", said(1, 1, TEXT))]), [Outcome::Seen]);
    assert_eq!(found(&memory, &scope(1), "ferry noon"), [""; 0]);
    let now = "the ferry leaves at noon again";
    assert_eq!(add(&memory, vec![named("x", said(1, 3, now))]), [Outcome::Changed]);
    // With its neighbor, as spans are.
    assert_eq!(found(&memory, &scope(1), "ferry noon"), [later, now]);
}
