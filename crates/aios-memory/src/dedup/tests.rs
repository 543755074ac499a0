use super::*;
use crate::corpus::planted;

fn check(one: &str, other: &str, expect: Option<bool>) {
    let subjects = [(1, one), (2, other)].map(|(id, text)| Subject { id, scope: 1, text });
    let copies = find_copies(&subjects);
    let link = copies.near.first();
    assert_eq!(copies.exact, [], "{one} / {other}");
    assert_eq!(link.map(|link| link.is_variant), expect, "{one} / {other}: {link:?}");
}

#[test]
fn the_same_words_are_the_same_text() {
    let same = ["We meet at 5, Ann!", "we meet at  5 ann"];
    assert_eq!(normal_hash(same[0]), normal_hash(same[1]));
    for other in ["we meet at 6 ann", "we meet ann at 5", "wemeet at 5 ann", "we meet at 5"] {
        assert_ne!(normal_hash(same[0]), normal_hash(other), "{other}");
    }
}

#[test]
fn a_sign_makes_another_text() {
    let at = |n| "it was N degrees in the old harbor today".replace('N', n);
    let texts = ["5", "-5", "+5", "$5", "€5", "5 €", "5%", ".5", "C", "C++", "C#", "A-"].map(at);
    for (n, one) in texts.iter().enumerate() {
        for other in &texts[n + 1..] {
            assert_ne!(normal_hash(one), normal_hash(other), "{one} / {other}");
        }
    }
    check(&texts[0], &texts[1], Some(true));
    check(&texts[3], &texts[4], Some(true));
    check(&texts[9], &texts[10], Some(true));
    assert_eq!(normal_hash(&at("\u{2212}5")), normal_hash(&texts[1]), "a minus is a minus");
    assert_ne!(normal_hash("from $5 to 6"), normal_hash("from 5 to $6"));
}

#[test]
fn a_short_answer_said_twice_is_no_copy_and_neither_is_what_has_no_words() {
    let exact = |texts: [&str; 2]| {
        let subjects =
            [(1, texts[0]), (2, texts[1])].map(|(id, text)| Subject { id, scope: 1, text });
        find_copies(&subjects).exact.len()
    };
    assert_eq!(exact(["No.", "No."]), 0);
    assert_eq!(exact(["We do not!", "we do not"]), 0);
    assert_eq!(exact(["👍 👍 👍 👍", "👍 👍 👍 👍"]), 0);
    assert_eq!(exact(["?! ... - ?!", "?! ... - ?!"]), 0);
    assert_eq!(exact(["We do not smoke.", "we do not smoke"]), 1);
}

#[test]
fn a_correction_is_told_from_a_copy() {
    let said = "the ferry to Bergen leaves every morning at 8 from the old harbor";
    check(said, "the ferry to Bergen leaves each morning at 8 from the old harbor", Some(false));
    check(said, "the ferry to Bergen leaves every morning at 9 from the old harbor", Some(true));
    check(said, "the ferry to Malmo leaves every morning at 8 from the old harbor", Some(true));
    check(
        said,
        "the ferry to Bergen never leaves every morning at 8 from the old harbor",
        Some(true),
    );
    check(said, "the ferry to Bergen leaves every morning at 8 from the old", Some(false));
    check(said, "a boat goes north at dawn", None);
}

/// Pairs that are called copies, by the places of their texts.
fn pairs(texts: &[&str]) -> Vec<(i64, i64)> {
    let subjects: Vec<_> =
        (0..).zip(texts).map(|(id, text)| Subject { id, scope: 1, text }).collect();
    let near = find_copies(&subjects).near;
    near.iter().filter(|link| !link.is_variant).map(|link| (link.earlier, link.later)).collect()
}

#[test]
fn what_was_cut_off_is_a_copy_of_one_and_not_of_its_correction_too() {
    let said = "the ferry to the island leaves every morning from the old harbor at 8";
    let corrected = "the ferry to the island leaves every morning from the old harbor at 9";
    let cut = "the ferry to the island leaves every morning from the old harbor";
    assert_eq!(pairs(&[said, corrected, cut]), [(0, 2)]);
    assert_eq!(pairs(&[said, cut, corrected]), [(0, 1)]);
    assert_eq!(pairs(&[cut, said, corrected]), [(0, 1)]);
    // The more like it counts before the earlier.
    let likelier = "the ferry to the island leaves every morning from the old harbor and 9";
    let cut = "the ferry to the island leaves every morning from the old harbor and";
    assert_eq!(pairs(&[said, likelier, cut]), [(1, 2)]);
}

#[test]
fn nothing_is_compared_across_scopes() {
    let subjects =
        [(1, 1), (2, 2)].map(|(id, scope)| Subject { id, scope, text: "the very same words here" });
    assert_eq!(find_copies(&subjects), Copies::default());
}

#[test]
fn planted_copies_are_found_and_look_alikes_are_no_copies() {
    let planted = planted(1, 6_000);
    let subjects: Vec<_> =
        (0..).zip(&planted.texts).map(|(id, text)| Subject { id, scope: 1, text }).collect();
    let copies = find_copies(&subjects);
    let found = planted.judge(&copies);
    println!("{found:?} of {} look-alikes", planted.n_siblings);
    assert!(planted.n_siblings > 300);
    assert!(found.precision() >= 0.999, "{found:?}");
    assert!(found.recall() >= 0.97, "{found:?}");
    // The same pairs, whatever the guard says of them: without it look-alikes are copies.
    let unguarded = Copies {
        exact: copies.exact,
        near: copies.near.iter().map(|link| Link { is_variant: false, ..*link }).collect(),
    };
    assert!(planted.judge(&unguarded).precision() < 0.9, "the look-alikes are no test");
}
