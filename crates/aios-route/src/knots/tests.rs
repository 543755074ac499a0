use proptest::prelude::*;

use super::*;
use crate::prior::score;
use crate::sampler::Mixer;

/// `n` different prompts, from greetings to long questions with code, as mixed traffic has them.
fn prompts(n: usize) -> Vec<String> {
    const OPENINGS: [&str; 10] = [
        "Please tell me about",
        "What is",
        "Explain how to",
        "Why does",
        "I am thinking about",
        "Write a poem on",
        "Translate this:",
        "Compare and evaluate",
        "Help with",
        "My friend said",
    ];
    const WORDS: [&str; 20] = [
        "the", "garden", "python", "if", "train", "price", "7", "42", "not", "river", "design",
        "of", "mother", "x=1", "happy", "list?", "must", "function", "winter", "\n",
    ];
    let mut mixer = Mixer::new(7);
    let mut pick = move |n: usize| usize::try_from(mixer.next() % n as u64).unwrap();
    let mut prompt = || {
        let n_words = 1 << pick(8);
        let mut words = vec![OPENINGS[pick(OPENINGS.len())]];
        words.extend((0..pick(n_words)).map(|_| WORDS[pick(WORDS.len())]));
        words.join(" ")
    };
    (0..n).map(|_| prompt()).collect()
}

fn raw_scores(n: usize) -> Vec<f64> {
    prompts(n).iter().map(|prompt| score(prompt).raw).collect()
}

fn share_at(knots: &Knots, scores: &[f64], boundary: f64) -> f64 {
    let n = scores.iter().filter(|raw| knots.weight(**raw).get() >= boundary).count();
    ratio(n, scores.len())
}

#[test]
fn traffic_knots_send_the_share_that_the_boundary_says() {
    let mut scores = raw_scores(1_000);
    let knots = Knots::from_raw_scores(&mut scores).unwrap();
    for boundary in [0.4, 0.5, 0.6] {
        let share = share_at(&knots, &scores, boundary);
        assert!((share - (1.1 - boundary)).abs() < 0.04, "{share} at {boundary}");
    }
}

#[test]
fn knots_of_200_prompts_hold_on_the_prompts_after_them() {
    let mut scores = raw_scores(2_000);
    let (first, later) = scores.split_at_mut(200);
    let knots = Knots::from_raw_scores(first).unwrap();
    let share = share_at(&knots, later, 0.5);
    assert!((share - 0.6).abs() < 0.08, "{share}");
}

#[test]
fn golden_knots_rise_and_are_anchored() {
    let golden = Knots::golden();
    assert!(golden.knots.windows(2).all(|pair| pair[0] < pair[1]));
    let check = |raw, expect| assert_eq!(golden.weight(raw).get(), expect, "{raw}");
    check(GOLDEN_ANCHOR, 0.5);
    check(RAW_MIN, 0.1);
    check(-100.0, 0.1);
    check(RAW_MAX, 1.0);
    check(100.0, 1.0);
    assert!(golden.weight(GOLDEN_ANCHOR - 0.001).get() < 0.5);
}

#[test]
fn equal_scores_have_the_middle_of_their_ranks() {
    let mut scores: Vec<f64> = (0..100).map(|i| f64::from(i).max(59.0)).collect();
    let knots = Knots::from_raw_scores(&mut scores).unwrap();
    let weight = knots.weight(59.0).get();
    assert!((weight - (0.595 / 2.0 + 0.1)).abs() < 0.01, "{weight}");
    assert!(knots.weight(58.9).get() < weight && knots.weight(59.1).get() > 0.69);
}

#[test]
fn a_poor_sample_is_refused() {
    let check = |mut scores: Vec<f64>, expect| {
        assert_eq!(Knots::from_raw_scores(&mut scores), Err(expect));
    };
    check(vec![], KnotsError::TooFew { n: 0 });
    check(vec![1.0; 200], KnotsError::TooAlike { n: 1 });
    check((0..200).map(|i| f64::from(i % 9)).collect(), KnotsError::TooAlike { n: 9 });
    check(vec![f64::NAN; 200], KnotsError::NotFinite);
}

#[test]
fn damaged_knots_are_refused() {
    let check = |json: &str, expect: &str| {
        let error = serde_json::from_str::<Knots>(json).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    };
    check(r#"{"version":2,"n_prompts":1,"knots":[]}"#, "version 2 cannot be read");
    check(r#"{"version":1,"n_prompts":1,"knots":[1]}"#, "101 knots, not 1");
    check(r#"{"version":1,"n_prompts":1,"knots":[2,1]}"#, "knot 1 is less");
    check(r#"{"version":1,"n_prompts":1}"#, "missing field `knots`");
}

proptest! {
    #[test]
    fn a_higher_score_never_weighs_less(
        mut scores in proptest::collection::vec(-4.6_f64..6.0, 60..300),
        n_tied in 0_usize..60,
        (one, other) in (-5.0_f64..7.0, -5.0_f64..7.0),
    ) {
        scores[..n_tied].fill(-3.0);
        for knots in [Knots::from_raw_scores(&mut scores).ok(), Some(Knots::golden())].into_iter().flatten() {
            for (one, other) in [(one, other), (one, -3.0), (-3.0, other), (one, one + 1e-9)] {
                let (low, high) = (one.min(other), one.max(other));
                prop_assert!(knots.weight(low) <= knots.weight(high));
            }
        }
    }

    #[test]
    fn knots_read_back_as_they_were(mut scores in proptest::collection::vec(-4.6_f64..6.0, 60..120)) {
        let knots = Knots::from_raw_scores(&mut scores);
        prop_assume!(knots.is_ok());
        let knots = knots.unwrap();
        let json = serde_json::to_string(&knots).unwrap();
        prop_assert_eq!(serde_json::from_str::<Knots>(&json).unwrap(), knots);
    }
}
