use aios_core::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{Analyzer, Entry, Kind, Quantized, Unit, Validity, guard_mark, n_words};

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

fn entry(id: i64, text: &str) -> Entry {
    let analyzer = Analyzer::default();
    Entry {
        id,
        conversation: 1,
        session: 0,
        ts: at(id),
        kind: Kind::Turn,
        speaker: analyzer.names(if id % 2 == 0 { "Ann" } else { "Bob" }),
        terms: analyzer.terms(text),
        n_words: n_words(text) as u32,
        guard: guard_mark(text),
        is_retired: false,
        valid: Validity::default(),
        vector: None,
    }
}

fn scope(texts: &[&str]) -> Scope {
    Scope::new((0..).zip(texts).map(|(id, text)| entry(id, text)).collect())
}

fn query(text: &str, unit: Unit) -> Query {
    let mut query = Query::new(&Analyzer::default(), text, at(1_000));
    query.unit = unit;
    query
}

/// The best fragment of each result.
fn found(scope: &Scope, query: &Query) -> Vec<i64> {
    scope.search(query).iter().map(|hit| scope.id(hit.best)).collect()
}

const TALK: [&str; 7] = [
    "Where did the ferry leave from?",
    "The old harbor, at eight.",
    "I had soup.",
    "Soup is what I had, too.",
    "My bicycle has a flat tire.",
    "Poor you.",
    "The weather turns.",
];

#[test]
fn an_answer_is_found_by_its_question_and_a_span_holds_both() {
    let scope = scope(&TALK);
    assert_eq!(found(&scope, &query("ferry", Unit::Turn)), [0, 1], "the neighbor's word counts");
    let hits = scope.search(&query("Which ferry?", Unit::Span));
    assert_eq!(hits[0].members, [0, 1, 2, 3, 4, 5], "words are left for three turns more");
    assert_eq!(hits.len(), 1, "the other one is in it already");
}

#[test]
fn whoever_the_question_names_comes_first() {
    let scope =
        scope(&["I like tea.", "I like tea.", "x", "y", "I dislike rain.", "I dislike rain."]);
    assert_eq!(found(&scope, &query("Does Ann dislike rain?", Unit::Turn))[0], 4);
    assert_eq!(found(&scope, &query("Does Bob dislike rain?", Unit::Turn))[0], 5);
}

#[test]
fn what_nothing_is_about_finds_nothing() {
    let scope = scope(&TALK);
    for text in ["", "the of and", "Who won the election in Peru last spring?", "???"] {
        assert_eq!(found(&scope, &query(text, Unit::Span)), [0; 0], "{text}");
    }
    assert_eq!(found(&Scope::default(), &query("ferry", Unit::Span)), [0; 0]);
}

#[test]
fn the_newest_of_equals_comes_first_and_the_same_words_stand_once() {
    let mut entries: Vec<_> =
        (0..3).map(|id| entry(id * 10, "the spare key is under the mat")).collect();
    entries[1] = entry(10, "the spare key is under the pot");
    for one in &mut entries {
        one.session = one.id;
    }
    let scope = Scope::new(entries);
    assert_eq!(found(&scope, &query("spare key mat", Unit::Turn)), [20, 10]);
}

#[test]
fn a_correction_is_no_copy_of_what_it_corrects() {
    let said = ["the spare key costs 12 in the shop", "the spare key costs 15 in the shop"];
    let mut entries: Vec<_> = (0..).zip(said).map(|(id, text)| entry(id, text)).collect();
    entries[1].session = 1;
    assert_eq!(found(&Scope::new(entries), &query("spare key costs", Unit::Turn)), [1, 0]);
}

#[test]
fn another_word_another_order_and_a_not_without_its_mark_are_no_copies() {
    let both = |said: [&str; 2]| {
        let mut entries: Vec<_> = (0..).zip(said).map(|(id, text)| entry(id, text)).collect();
        entries[1].session = 1;
        let about = "ann owes bob money green garden tools";
        found(&Scope::new(entries), &query(about, Unit::Turn)).len()
    };
    let owes = "ann owes bob money for the green garden tools";
    assert_eq!(both([owes, "bob owes ann money for the green garden tools"]), 2);
    assert_eq!(both([owes, "ann owes bob money for the green garden chairs"]), 2);
    let will = "ann can pay bob the money for the green garden tools";
    assert_eq!(both([will, "ann cant pay bob the money for the green garden tools"]), 2);
    assert_eq!(both([owes, "ann owed bob the money for these green garden tools"]), 1);
}

#[test]
fn freshness_never_outweighs_what_is_right() {
    let mut entries =
        vec![entry(0, "the meeting is in the red room"), entry(9, "the meeting was fun")];
    entries[1].ts = at(100 * 86_400);
    let scope = Scope::new(entries);
    let mut query = query("red room meeting", Unit::Turn);
    query.now = at(100 * 86_400);
    assert_eq!(found(&scope, &query)[0], 0);
}

#[test]
fn what_does_not_hold_now_is_not_found() {
    let mut entry = entry(1, "the ferry leaves at noon");
    entry.valid = Validity { from: at(10), to: at(20) };
    let scope = Scope::new(vec![entry]);
    let found = |second: i64| {
        let query = Query::new(&Analyzer::default(), "When does the ferry leave?", at(second));
        scope.search(&query).len()
    };
    assert_eq!([9, 10, 19, 20].map(found), [0, 1, 1, 0]);
}

#[test]
fn what_is_retired_is_not_found() {
    let mut entries: Vec<_> = (0..).zip(TALK).map(|(id, text)| entry(id, text)).collect();
    entries[0].is_retired = true;
    let hits = Scope::new(entries).search(&query("ferry", Unit::Span));
    assert!(hits.iter().all(|hit| !hit.members.contains(&0)), "{hits:?}");
}

#[test]
fn a_document_lends_nothing_and_is_not_stitched() {
    let mut entries: Vec<_> = (0..).zip(TALK).map(|(id, text)| entry(id, text)).collect();
    for one in &mut entries {
        one.kind = Kind::Document;
    }
    let hits = Scope::new(entries).search(&query("ferry", Unit::Span));
    assert_eq!(hits.iter().map(|hit| hit.members.clone()).collect::<Vec<_>>(), [[0]]);
}

#[test]
fn meaning_finds_what_words_do_not() {
    let mut entries: Vec<_> = (0..).zip(TALK).map(|(id, text)| entry(id, text)).collect();
    let towards = |x: f32, y: f32| Quantized::of(&[x, y]);
    for one in &mut entries {
        one.vector = if one.id == 4 { towards(1.0, 0.1) } else { towards(0.0, 1.0) };
    }
    let scope = Scope::new(entries);
    let mut asked = query("cycling mishap", Unit::Turn);
    assert_eq!(found(&scope, &asked), [0; 0]);
    asked.vector = towards(1.0, 0.0);
    assert_eq!(found(&scope, &asked), [4]);
}

/// BM25 as it is written down, with the words that neighbors lend.
fn by_the_book(scope: &Scope, query: &Query) -> Vec<(usize, f32)> {
    let weights = query.weights;
    let n = scope.len();
    let count = |at: usize, term| scope.terms(at).iter().filter(|one| **one == term).count() as f32;
    let beside = |at: usize| {
        let before = at.checked_sub(1).filter(|before| scope.is_joined(*before));
        [before, scope.is_joined(at).then_some(at + 1)]
    };
    let lent = |at: usize, of: &dyn Fn(usize) -> f32| -> f32 {
        of(at) + weights.neighbor * beside(at).into_iter().flatten().map(of).sum::<f32>()
    };
    let length = |at: usize| lent(at, &|at| scope.terms(at).len() as f32);
    let mean = (0..n).map(length).sum::<f32>() / n as f32;
    let score = |at: usize| -> f32 {
        let norm =
            weights.k1 * (1.0 - weights.b_turn + weights.b_turn * length(at) / mean.max(1.0));
        let of_term = |term: &u32| {
            let n_with = (0..n).filter(|at| count(*at, *term) > 0.0).count() as f32;
            let idf = (1.0 + (n as f32 - n_with + 0.5) / (n_with + 0.5)).ln();
            let tf = lent(at, &|at| count(at, *term));
            idf * tf * (weights.k1 + 1.0) / (tf + norm)
        };
        query.terms.iter().map(of_term).sum()
    };
    (0..n).map(|at| (at, score(at))).filter(|(_, score)| *score > 0.0).collect()
}

proptest! {
    #[test]
    fn the_scan_is_what_the_book_says(
        texts in prop::collection::vec("[a-e]{1,2}( [a-e]{1,2}){0,6}", 1..30),
        borders in prop::collection::vec(0..3_i64, 30),
        asked in "[a-f]{1,2}( [a-f]{1,2}){0,4}",
    ) {
        let mut entries: Vec<_> = (0..).zip(&texts).map(|(id, text)| entry(id, text)).collect();
        let mut session = 0;
        for (one, border) in entries.iter_mut().zip(borders) {
            session += i64::from(border == 0);
            one.session = session;
        }
        let scope = Scope::new(entries);
        let query = query(&asked, Unit::Turn);
        let scanned = scan(&scope, &query).scored;
        let expect = by_the_book(&scope, &query);
        prop_assert_eq!(scanned.len(), expect.len());
        for (one, (at, score)) in scanned.iter().zip(expect) {
            prop_assert_eq!(one.at, at);
            prop_assert!((one.score - score).abs() < 1e-4 * score.max(1.0), "{} {}", one.score, score);
        }
    }

    #[test]
    fn what_is_passed_over_early_would_not_have_come_back(
        texts in prop::collection::vec("[a-e]{1,2}( [a-e]{1,2}){0,6}", 1..60),
        kinds in prop::collection::vec(0..8_u8, 60),
        asked in "[a-f]{1,2}( [a-f]{1,2}){0,6}",
        floor in 0.0..0.9_f32,
        direction in prop::option::of(-1.0..1.0_f32),
    ) {
        let mut entries: Vec<_> = (0..).zip(&texts).map(|(id, text)| entry(id, text)).collect();
        let mut session = 0;
        for (one, kind) in entries.iter_mut().zip(kinds) {
            session += i64::from(kind == 0);
            (one.session, one.is_retired) = (session, kind == 1);
            if kind == 2 {
                one.kind = Kind::Document;
            }
            one.vector = direction.and_then(|x| Quantized::of(&[x, one.n_words as f32 - 3.5]));
        }
        let scope = Scope::new(entries);
        for unit in [Unit::Turn, Unit::Span] {
            let mut query = query(&asked, unit);
            query.weights.floor = floor;
            query.vector = direction.and_then(|x| Quantized::of(&[x, 1.0]));
            let mut scanned = scan(&scope, &query);
            // As if each might hold all that is asked: nobody is passed over.
            scanned.scored.iter_mut().for_each(|one| one.held = (1 << query.terms.len()) - 1);
            let plain = stitch(&scope, &query, &scanned, rank(&scope, &query, &scanned));
            prop_assert_eq!(scope.search(&query), plain);
        }
    }

    #[test]
    fn results_keep_to_their_bounds(
        texts in prop::collection::vec("[a-e]{1,2}( [a-e]{1,2}){0,6}", 1..40),
        asked in "[a-e]{1,2}( [a-e]{1,2}){0,4}",
        k in 1..6_usize,
        words_max in 1..40_usize,
    ) {
        let scope = Scope::new((0..).zip(&texts).map(|(id, text)| entry(id, text)).collect());
        let mut query = query(&asked, Unit::Span);
        (query.k, query.words_max) = (k, words_max);
        let hits = scope.search(&query);
        prop_assert!(hits.len() <= k);
        let mut all: Vec<usize> = hits.iter().flat_map(|hit| hit.members.clone()).collect();
        let n_words: usize = all.iter().map(|at| n_words(&texts[*at])).sum();
        prop_assert!(n_words <= words_max);
        prop_assert_eq!(n_words, hits.iter().map(|hit| hit.n_words).sum::<usize>());
        let n = all.len();
        all.sort_unstable();
        all.dedup();
        prop_assert_eq!(all.len(), n, "no turn stands twice");
        prop_assert!(hits.iter().all(|hit| hit.members.contains(&hit.best)));
    }
}

#[test]
fn who_speaks_is_no_answer_to_what_is_asked() {
    let turns = ["Hi Bob, how are you?", "Fine, Ann, and you?", "I bought a sailing boat in May."];
    let scope = Scope::new((1..).zip(turns).map(|(id, text)| entry(id, text)).collect());
    let found = |question: &str| {
        let mut query = Query::new(&Analyzer::default(), question, at(10));
        query.unit = Unit::Turn;
        scope.search(&query).first().map(|hit| hit.best)
    };
    assert_eq!(found("When did Bob buy a boat?"), Some(2));
    assert_eq!(found("Which garden did Ann plant?"), None);
    // Who asks for somebody and nothing else is told of them.
    assert!(found("Ann?").is_some());
}

#[test]
fn one_rare_word_is_evidence_and_one_that_is_everywhere_is_not() {
    let mut turns = vec!["The price of the ticket is settled."; 40];
    turns.push("I bought a sailing boat in May.");
    let scope = Scope::new((1..).zip(turns).map(|(id, text)| entry(id, text)).collect());
    let found = |question: &str, floor: f32| {
        let mut query = Query::new(&Analyzer::default(), question, at(100));
        query.weights.floor_evidence = floor;
        query.weights.floor = 0.0;
        !scope.search(&query).is_empty()
    };
    // Whoever asks has other words for all else.
    assert!(found("Which vessel, a boat perhaps, was purchased?", 0.8));
    assert!(found("What is the price of the concert?", 0.0));
    assert!(!found("What is the price of the concert?", 0.8));
}

#[test]
fn what_is_of_the_same_kind_is_no_evidence_and_what_means_the_same_is() {
    let towards = |cosine: f32| Quantized::of(&[cosine, (1.0 - cosine * cosine).sqrt()]);
    let comes = |cosine: f32, floor_evidence: f32| {
        let mut entries: Vec<_> = (0..).zip(TALK).map(|(id, text)| entry(id, text)).collect();
        entries[4].vector = towards(cosine);
        let mut asked = query("cycling mishap", Unit::Span);
        asked.vector = towards(1.0);
        asked.weights.floor_evidence = floor_evidence;
        !Scope::new(entries).search(&asked).is_empty()
    };
    assert!(comes(0.45, 0.0), "enough where rather noise than nothing is wanted");
    assert!(!comes(0.35, 0.0) && !comes(0.45, 0.75) && comes(0.6, 0.75));
}
