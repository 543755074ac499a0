//! Whether a router sends the golden cases where they belong.

use aios_core::Tier;
use serde::Serialize;

use crate::golden::{GoldenCase, GoldenSet};

/// Where the cases of a golden set went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoutingReport {
    /// All cases.
    pub cases: usize,
    /// Cases that went to main.
    pub n_main: usize,
    /// Cases that went to the embedder.
    pub n_embedder: usize,
    /// Cases that expect no tier; they cannot fail.
    pub n_unlabeled: usize,
    /// Cases that went to another tier than expected, in the set's order.
    pub mismatches: Vec<Mismatch>,
}

/// A case that went to the wrong tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// The case.
    pub id: String,
    /// Where it belongs.
    pub expected: Tier,
    /// Where it went.
    pub actual: Tier,
}

impl RoutingReport {
    /// Whether there was something to check and every checked case went where it belongs.
    #[must_use]
    pub const fn is_met(&self) -> bool {
        self.n_unlabeled < self.cases && self.mismatches.is_empty()
    }
}

/// Routes every case and compares.
pub fn check_routing(set: &GoldenSet, mut route: impl FnMut(&str) -> Tier) -> RoutingReport {
    let cases = set.cases();
    let routed: Vec<_> = cases.iter().map(|case| (case, route(&case.question))).collect();
    let n_on = |tier| routed.iter().filter(|(_, actual)| *actual == tier).count();
    RoutingReport {
        cases: cases.len(),
        n_main: n_on(Tier::Main),
        n_embedder: n_on(Tier::Embedder),
        n_unlabeled: cases.iter().filter(|case| case.wanted_tier().is_none()).count(),
        mismatches: routed.iter().filter_map(mismatch).collect(),
    }
}

fn mismatch((case, actual): &(&GoldenCase, Tier)) -> Option<Mismatch> {
    let expected = case.wanted_tier().filter(|expected| expected != actual)?;
    Some(Mismatch { id: case.id.clone(), expected, actual: *actual })
}

#[cfg(test)]
mod tests {
    use aios_core::{Bucket, Percent, Split};
    use aios_route::Policy;

    use super::*;

    const SAMPLE_SET: &str = include_str!("../../../fixtures/golden/sample_set.json");

    fn route(question: &str) -> Tier {
        let split = Split::plain(Percent::new(0.0).unwrap(), "config");
        aios_route::route(question, Bucket::Control, &Policy::golden(), &split).tier
    }

    fn check(questions: &[&str], expect: Tier) {
        for question in questions {
            assert_eq!(route(question), expect, "{question}");
        }
    }

    #[test]
    fn the_sample_set_splits_as_labeled() {
        let report = check_routing(&GoldenSet::parse(SAMPLE_SET).unwrap(), route);
        let expect = RoutingReport {
            cases: 10,
            n_main: 6,
            n_embedder: 4,
            n_unlabeled: 0,
            mismatches: vec![],
        };
        assert_eq!(report, expect);
        assert!(report.is_met());
    }

    #[test]
    fn a_router_that_errs_is_caught_case_by_case() {
        let set = GoldenSet::parse(SAMPLE_SET).unwrap();
        let report = check_routing(&set, |_| Tier::Main);
        assert_eq!((report.n_main, report.n_embedder, report.is_met()), (10, 0, false));
        let ids: Vec<_> = report.mismatches.iter().map(|mismatch| mismatch.id.as_str()).collect();
        let belong: Vec<_> = set
            .cases()
            .iter()
            .filter(|case| case.wanted_tier() == Some(Tier::Embedder))
            .map(|case| case.id.as_str())
            .collect();
        assert_eq!(ids, belong);
    }

    #[test]
    fn a_set_without_expectations_is_not_met() {
        let set = GoldenSet::parse(r#"[{"id":"a","question":"x"}]"#).unwrap();
        let report = check_routing(&set, route);
        assert_eq!((report.n_unlabeled, report.is_met()), (1, false));
    }

    #[test]
    fn other_small_talk_goes_to_the_embedder() {
        let small_talk = [
            "Hi!",
            "Hey there, good evening",
            "Sure, no problem",
            "Thanks a lot",
            "Yep",
            "Goodbye and thank you",
            "Sounds great",
        ];
        check(&small_talk, Tier::Embedder);
    }

    #[test]
    fn other_questions_go_to_main() {
        let questions = [
            "Can you explain how vaccines train the immune system?",
            "My father is ill and I do not know how to talk to him about it",
            "Why does my program leak memory when the loop ends early?",
            "Is it better to pay off my loan first or to start saving for a house?",
            "How do I roll back a failed database migration without losing rows?",
        ];
        check(&questions, Tier::Main);
    }
}
