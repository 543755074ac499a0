//! What other boundaries would make of a golden set.
//!
//! Where a case would go is known at once, by its weight. How long its answer then takes and how good it is can only
//! be seen, so that is taken from runs that were made: a case counts with what the tier it would go to once said to
//! it. Where that tier never was asked, nothing is made up; the case is counted as unseen.

use std::collections::BTreeMap;

use aios_core::Tier;
use serde::Serialize;

use crate::golden::GoldenSet;
use crate::report::{Report, TestResult};
use crate::stats::{median, percentile};

/// A golden set at one boundary.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Swept {
    /// The boundary.
    pub boundary: f64,
    /// Share of cases that go to main.
    pub main_share: f64,
    /// Cases that go to another tier than they are labeled for.
    pub n_mismatched: usize,
    /// Cases of which no run on their tier is known.
    pub n_unseen: usize,
    /// Share of the others that pass, whatever tier they are labeled for.
    pub pass_rate: Option<f64>,
    /// Median of their latencies.
    pub latency_ms_p50: Option<f64>,
    /// 95th percentile.
    pub latency_ms_p95: Option<f64>,
}

/// What a tier made of a case.
struct Seen {
    passed: bool,
    latency_ms: Option<f64>,
}

/// The places of the cases that this tier answers at one of these boundaries at least. No case is asked more than twice
/// to know all of them: once of each tier.
#[must_use]
pub fn reached(
    set: &GoldenSet,
    boundaries: &[f64],
    weigh: impl Fn(&str) -> f64,
    tier: Tier,
) -> Vec<usize> {
    let reaches =
        |weight: f64| boundaries.iter().any(|boundary| tier_at(weight, *boundary) == tier);
    let cases = set.cases().iter().enumerate();
    cases.filter(|(_, case)| reaches(weigh(&case.question))).map(|(place, _)| place).collect()
}

fn tier_at(weight: f64, boundary: f64) -> Tier {
    if weight >= boundary { Tier::Main } else { Tier::Embedder }
}

/// Sweeps a set over boundaries. Later reports count before earlier ones.
#[must_use]
pub fn sweep(
    set: &GoldenSet,
    reports: &[Report],
    boundaries: &[f64],
    weigh: impl Fn(&str) -> f64,
) -> Vec<Swept> {
    let seen = seen(set, reports);
    let weights: Vec<f64> = set.cases().iter().map(|case| weigh(&case.question)).collect();
    boundaries.iter().map(|boundary| at(set, &weights, &seen, *boundary)).collect()
}

fn at(
    set: &GoldenSet,
    weights: &[f64],
    seen: &BTreeMap<(&str, Tier), Seen>,
    boundary: f64,
) -> Swept {
    let routed =
        || set.cases().iter().zip(weights).map(|(case, weight)| (case, tier_at(*weight, boundary)));
    let n = |count: usize| count as f64 / set.cases().len() as f64;
    let known: Vec<_> =
        routed().filter_map(|(case, tier)| seen.get(&(case.id.as_str(), tier))).collect();
    let latencies: Vec<f64> = known.iter().filter_map(|seen| seen.latency_ms).collect();
    let n_passed = known.iter().filter(|seen| seen.passed).count();
    Swept {
        boundary,
        main_share: n(routed().filter(|(_, tier)| *tier == Tier::Main).count()),
        n_mismatched: routed()
            .filter(|(case, tier)| case.wanted_tier().is_some_and(|wanted| wanted != *tier))
            .count(),
        n_unseen: set.cases().len() - known.len(),
        pass_rate: (!known.is_empty()).then(|| n_passed as f64 / known.len() as f64),
        latency_ms_p50: median(&latencies),
        latency_ms_p95: percentile(&latencies, 0.95),
    }
}

/// What each tier made of each case that is still the same.
fn seen<'a>(set: &'a GoldenSet, reports: &[Report]) -> BTreeMap<(&'a str, Tier), Seen> {
    let mut seen = BTreeMap::new();
    for test in reports.iter().flat_map(|report| &report.tests) {
        let same = |case: &&crate::GoldenCase| case.sha256 == test.case_sha256;
        let Some(case) = set.cases().iter().find(same) else { continue };
        let Some(tier) = answered_by(test) else { continue };
        let passed = Seen { passed: passes(test), latency_ms: test.latency_ms };
        seen.insert((case.id.as_str(), tier), passed);
    }
    seen
}

/// The tier that gave every answer.
fn answered_by(test: &TestResult) -> Option<Tier> {
    let mut sources = test.runs.iter().filter(|run| run.is_answered()).map(|run| run.source);
    let first = sources.next()??;
    sources.all(|source| source == Some(first)).then_some(first)
}

/// Whether more than half of the runs met every expectation but that of a tier.
fn passes(test: &TestResult) -> bool {
    let is_of_tier = |key: &str| matches!(key, "expected_tier" | "expected_source");
    let asked = test.assertions.iter().filter(|assertion| !is_of_tier(&assertion.key));
    asked.into_iter().all(|assertion| 2 * assertion.n_passed > test.runs.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Observation;

    const SET: &str = r#"[
        {"id": "easy", "question": "0.3", "expected_tier": "embedder", "contains": "yes"},
        {"id": "middle", "question": "0.5", "expected_tier": "main", "contains": "yes"},
        {"id": "hard", "question": "0.7", "expected_tier": "main", "contains": "yes"}]"#;

    /// Every case was answered by this tier, with this text after so long.
    fn report(set: &GoldenSet, tier: Tier, answer: &str, latency_ms: f64) -> Report {
        let run = Observation {
            answer: answer.to_owned(),
            latency_ms,
            tier: Some(tier),
            source: Some(tier),
            ..Observation::default()
        };
        let tests = set.cases().iter().map(|case| TestResult::of(case, vec![run.clone()]));
        let fixture = include_str!("../../../fixtures/golden/report_v1.json");
        Report { tests: tests.collect(), ..Report::parse(fixture).unwrap() }
    }

    fn swept(tiers: &[(Tier, &str, f64)], boundary: f64) -> Swept {
        let set = GoldenSet::parse(SET).unwrap();
        let reports: Vec<_> =
            tiers.iter().map(|(tier, answer, ms)| report(&set, *tier, answer, *ms)).collect();
        let weigh = |text: &str| text.parse().unwrap();
        sweep(&set, &reports, &[boundary], weigh).remove(0)
    }

    #[test]
    fn a_higher_boundary_means_less_main_and_what_the_embedder_makes_of_it() {
        let both = [(Tier::Main, "yes", 900.0), (Tier::Embedder, "no", 100.0)];
        let low = swept(&both, 0.3);
        assert_eq!((low.main_share, low.pass_rate, low.n_mismatched), (1.0, Some(1.0), 1));
        let at = swept(&both, 0.5);
        let third = |share: f64| (share * 3.0).round();
        assert_eq!((third(at.main_share), at.pass_rate.map(third)), (2.0, Some(2.0)));
        assert_eq!((at.n_mismatched, at.latency_ms_p50), (0, Some(900.0)));
        let high = swept(&both, 0.8);
        assert_eq!((high.main_share, high.pass_rate, high.n_mismatched), (0.0, Some(0.0), 2));
        assert_eq!(high.latency_ms_p95, Some(100.0));
    }

    #[test]
    fn a_case_is_asked_only_of_the_tiers_it_can_come_to() {
        let set = GoldenSet::parse(SET).unwrap();
        let reached = |tier| reached(&set, &[0.4, 0.5, 0.6], |text| text.parse().unwrap(), tier);
        assert_eq!((reached(Tier::Main), reached(Tier::Embedder)), (vec![1, 2], vec![0, 1]));
    }

    #[test]
    fn what_was_not_seen_is_not_made_up() {
        let main = [(Tier::Main, "yes", 900.0)];
        assert_eq!((swept(&main, 0.5).n_unseen, swept(&main, 0.5).pass_rate), (1, Some(1.0)));
        let none = swept(&main, 0.9);
        assert_eq!((none.n_unseen, none.pass_rate, none.latency_ms_p95), (3, None, None));
        assert_eq!(swept(&[], 0.5).n_unseen, 3);
    }
}
