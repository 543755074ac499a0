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
