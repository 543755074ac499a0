//! The prior: a raw score for a message before anything has been learned.
//!
//! A sum of thirteen terms, each with a name under which it is logged. The numbers are those that
//! did best without labels on public response data; without local calibration they say only
//! "harder", so the sum is never compared with a boundary itself but through [`crate::Knots`].

use crate::counts::{Counts, count};

/// A message's raw score and what it is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The sum of the terms, between −4.6 and 6.0; higher = more reason to use main.
    pub raw: f64,
    /// The terms that are not zero, by name, in the order of the prior's definition.
    pub terms: Vec<(&'static str, f64)>,
}

/// Scores a message.
#[must_use]
pub fn score(text: &str) -> Score {
    Score::of(&count(text))
}

/// The expected gain of main over embedder, as a difference of answer scores in \[0, 1\].
///
/// `0.05 * clip((raw - 1.6) / 0.75, -3, 3)` brings the prior to the scale of answer scores; 1.6 and
/// 0.75 are about the mean and the spread of `raw` on public prompts. `learned` is what a trained
/// model adds, `q_main(x) - q_embedder(x)`, and 0 without one.
#[must_use]
pub fn gain(raw: f64, learned: f64) -> f64 {
    0.05 * ((raw - 1.6) / 0.75).clamp(-3.0, 3.0) + learned
}

/// The least sum of terms there can be.
pub(crate) const RAW_MIN: f64 = -4.6;

/// The greatest sum of terms there can be.
pub(crate) const RAW_MAX: f64 = 6.0;

impl Score {
    pub(crate) fn of(counts: &Counts) -> Self {
        let mut terms = Vec::with_capacity(TERMS.len());
        terms.extend(
            TERMS
                .iter()
                .map(|term| (term.name, (term.value)(counts)))
                .filter(|(_, value)| *value != 0.0),
        );
        Self { raw: terms.iter().map(|(_, value)| value).sum(), terms }
    }
}

/// One term of the prior.
pub(crate) struct Term {
    pub(crate) name: &'static str,
    /// The formula in words, for people.
    pub(crate) meaning: &'static str,
    value: fn(&Counts) -> f64,
}

/// Every term, in the order in which they are logged.
pub(crate) const TERMS: [Term; 13] = [
    Term {
        name: "length",
        meaning: "1.2 * clamp((log2(1 + tokens) - 2) / 4, 0, 1.5)",
        value: |c| 1.2 * (((1.0 + f64::from(c.n_tokens)).log2() - 2.0) / 4.0).clamp(0.0, 1.5),
    },
    Term {
        name: "numbers",
        meaning: "0.4 * min(1, numbers / 3)",
        value: |c| 0.4 * share(c.n_numbers, 3.0),
    },
    Term {
        name: "quantity",
        meaning: "0.4 with two numbers and a word of quantity",
        value: |c| when(c.n_numbers >= 2 && c.n_quant_words > 0, 0.4),
    },
    Term {
        name: "code",
        meaning: "0.9 with two marks of program text, else 0.45 with a word of programming",
        value: |c| if c.n_code_marks >= 2 { 0.9 } else { when(c.n_code_words > 0, 0.45) },
    },
    Term {
        name: "reasoning",
        meaning: "0.7 * min(1, different words that ask for reasons / 2)",
        value: |c| 0.7 * share(c.n_reason_words, 2.0),
    },
    Term {
        name: "logic",
        meaning: "0.8 * min(1, words of condition among the first 400 tokens / 4)",
        value: |c| 0.8 * share(c.n_logic_words, 4.0),
    },
    Term {
        name: "math_marks",
        meaning: "0.4 * min(1, mathematical marks / 4)",
        value: |c| 0.4 * share(c.n_math_marks, 4.0),
    },
    Term {
        name: "newlines",
        meaning: "0.3 * min(1, line feeds / 4)",
        value: |c| 0.3 * share(c.n_newlines, 4.0),
    },
    Term {
        name: "questions",
        meaning: "0.3 with two question marks",
        value: |c| when(c.n_question_marks >= 2, 0.3),
    },
    Term {
        name: "trivial",
        meaning: "-3 with at most 3 tokens, or at most 6 that are all greetings",
        value: |c| when(is_trivial(c), -3.0),
    },
    Term {
        name: "lookup",
        meaning: "-0.5 for a look-up of at most 12 tokens that asks for no reasons",
        value: |c| when(is_lookup(c), -0.5),
    },
    Term {
        name: "creative",
        meaning: "-0.8 where a text or a role is asked for",
        value: |c| when(c.is_creative, -0.8),
    },
    Term {
        name: "transform",
        meaning: "-0.3 where a given text is to be changed",
        value: |c| when(c.n_transform_words > 0, -0.3),
    },
];

fn share(n: u32, of: f64) -> f64 {
    (f64::from(n) / of).min(1.0)
}

fn when(holds: bool, value: f64) -> f64 {
    if holds { value } else { 0.0 }
}

fn is_trivial(counts: &Counts) -> bool {
    let all_greetings = counts.n_greet_words == counts.n_tokens;
    counts.n_tokens <= 3 || (counts.n_tokens <= 6 && all_greetings)
}

fn is_lookup(counts: &Counts) -> bool {
    counts.starts_with_lookup && counts.n_tokens <= 12 && counts.n_reason_words == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The terms, by name and value to three decimals.
    fn check(text: &str, expect: &[(&str, f64)]) {
        let score = score(text);
        let terms: Vec<_> =
            score.terms.iter().map(|(name, value)| (*name, (value * 1e3).round() / 1e3)).collect();
        assert_eq!(terms, expect, "{text}");
        let sum: f64 = score.terms.iter().map(|(_, value)| value).sum();
        assert!((score.raw - sum).abs() < 1e-12, "{text}");
    }

    #[test]
    fn short_messages_and_greetings_are_trivial() {
        check("", &[("trivial", -3.0)]);
        check("Hello there!", &[("trivial", -3.0)]);
        check("Explain recursion", &[("code", 0.45), ("reasoning", 0.35), ("trivial", -3.0)]);
        check("hey good morning thank you", &[("length", 0.175), ("trivial", -3.0)]);
        check("hi hi hi hi hi hi hi", &[("length", 0.3)]);
    }

    #[test]
    fn length_grows_with_the_logarithm_and_is_capped() {
        check("a b c d", &[("length", 0.097)]);
        check(&"a ".repeat(15), &[("length", 0.6)]);
        check(&"a ".repeat(255), &[("length", 1.8)]);
        check(&"a ".repeat(1_000), &[("length", 1.8)]);
    }

    #[test]
    fn numbers_quantities_and_marks() {
        check("a 5 b c d e f", &[("length", 0.3), ("numbers", 0.133)]);
        check("a 5 b 7 c total d", &[("length", 0.3), ("numbers", 0.267), ("quantity", 0.4)]);
        check("a = b ^ c e f g h", &[("length", 0.3), ("math_marks", 0.2)]);
        check("a b c d\ne\nf\ng\nh\ni?", &[("length", 0.397), ("newlines", 0.3)]);
        check("a b c d e f g? h? ", &[("length", 0.351), ("questions", 0.3)]);
    }

    #[test]
    fn code_takes_marks_before_words() {
        check("is my python loop far too slow", &[("length", 0.3), ("code", 0.45)]);
        check("is my python loop { } far too slow", &[("length", 0.3), ("code", 0.9)]);
        check("is my own thing { far too slow", &[("length", 0.3)]);
    }

    #[test]
    fn reasons_and_conditions() {
        check("why why is the sky so blue", &[("length", 0.3), ("reasoning", 0.35)]);
        check("why and how evaluate the blue sky", &[("length", 0.3), ("reasoning", 0.7)]);
        check("if not only given such a thing unless", &[("length", 0.351), ("logic", 0.8)]);
    }

    #[test]
    fn look_ups_are_short_and_ask_for_no_reasons() {
        check("what is the capital of far Peru", &[("length", 0.3), ("lookup", -0.5)]);
        check("what is the proof of this theorem", &[("length", 0.3), ("reasoning", 0.7)]);
        let long = format!("what {}", "a ".repeat(12));
        check(&long, &[("length", 0.542)]);
    }

    #[test]
    fn creative_and_transform_add_up() {
        let terms = [("length", 0.351), ("creative", -0.8), ("transform", -0.3)];
        check("write a poem and translate it to French", &terms);
    }

    #[test]
    fn gain_is_clipped_and_takes_what_was_learned() {
        assert!((gain(1.6, 0.0)).abs() < 1e-12);
        assert!((gain(2.35, 0.0) - 0.05).abs() < 1e-12);
        assert!((gain(-3.0, 0.0) + 0.15).abs() < 1e-12);
        assert!((gain(6.0, 0.1) - 0.25).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn scores_stay_in_their_range(text in any::<String>()) {
            let raw = score(&text).raw;
            prop_assert!((RAW_MIN..=RAW_MAX).contains(&raw), "{}", raw);
        }
    }
}
