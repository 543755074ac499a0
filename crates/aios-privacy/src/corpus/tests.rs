//! The bars hold on texts that nobody has tuned a rule to.

use super::*;
use crate::redactor::Redactor;

#[test]
fn a_seed_always_makes_one_text() {
    assert_eq!(sample(7).text, sample(7).text);
    assert_ne!(sample(7).text, sample(8).text);
}

#[test]
fn every_bar_is_cleared() {
    check(sample, TEST_SEEDS);
}

#[test]
fn every_bar_is_cleared_on_pages_of_another_hand() {
    check(page, PAGES_TEST);
}

#[test]
fn every_bar_is_cleared_on_a_help_desks_day() {
    check(desk, DESK_TEST);
}

fn check(make: fn(u64) -> Sample, seeds: Range<u64>) {
    let quality = measure(&Redactor::default(), make, seeds, |what, kind, sample, span| {
        // Shown when the test fails, so that a lost bar explains itself.
        let from = sample.text.floor_char_boundary(span.start.saturating_sub(40));
        let to = sample.text.ceil_char_boundary(span.end + 12);
        println!(
            "{what} {}: {:?} in {:?}",
            kind.name(),
            sample.text.get(span.clone()),
            sample.text.get(from..to)
        );
    });
    for (kind, tally) in &quality.tallies {
        let (recall, hard, precision) = (tally.recall(), tally.hard_recall(), tally.precision());
        println!(
            "{:>12} n {:>4} {:>4} recall {recall:.3} hard {hard:.3} precision {precision:.3}",
            kind.name(),
            tally.n_core,
            tally.n_hard
        );
        assert!(tally.n_core > 200, "{kind:?}: too few labels");
    }
    println!("leaked {:.4} over {:.5}", quality.leaked(), quality.over_redacted());
    assert_eq!(quality.missed_bars(), Vec::<String>::new());
}
