use aios_core::{Bucket, Tier, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::report::{Kind, Metrics, SetRef, Status, Summary};
use crate::{GoldenSet, Observation};

const THRESHOLD: f64 = 0.25;

/// How the cases of a made-up system behave.
struct World {
    set: GoldenSet,
    /// Chance that a case passes.
    passes: Vec<f64>,
    latency_ms: f64,
    /// Standard deviation of the logarithm of latency.
    noise: f64,
    chance: Chance,
}

/// xorshift64*: the same seed, the same world.
struct Chance(u64);

impl Chance {
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

impl World {
    fn new(passes: &[f64], noise: f64, seed: u64) -> Self {
        let cases: Vec<_> = (0..passes.len())
            .map(|n| serde_json::json!({"id": format!("case-{n}"), "question": format!("Q{n}?"), "contains": "yes"}))
            .collect();
        let set = GoldenSet::parse(&serde_json::to_string(&cases).unwrap()).unwrap();
        let chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        Self { set, passes: passes.to_vec(), latency_ms: 1_000.0, noise, chance }
    }

    fn ask(&mut self, case: usize) -> Observation {
        let answer = if self.chance.uniform() < self.passes[case] { "Yes." } else { "No." };
        let spread = (self.noise * self.chance.normal()).exp();
        Observation {
            answer: answer.to_owned(),
            latency_ms: self.latency_ms * (1.0 + case as f64) * spread,
            tier: Some(Tier::Main),
            source: Some(Tier::Main),
            ..Observation::default()
        }
    }

    fn run(&mut self, n_runs: usize) -> Vec<TestResult> {
        (0..self.passes.len())
            .map(|case| {
                let runs = (0..n_runs).map(|_| self.ask(case)).collect();
                TestResult::of(&self.set.cases()[case], runs)
            })
            .collect()
    }

    /// As the runner does it: whatever is doubted is asked again, and all runs count.
    fn compare(&mut self, baseline: &Report, n_runs: usize) -> Outcome {
        let mut tests = self.run(n_runs);
        loop {
            let doubts = Comparison::new(baseline, &tests, THRESHOLD).doubts();
            if doubts.is_empty() {
                return Comparison::new(baseline, &tests, THRESHOLD).outcome();
            }
            for doubt in doubts {
                let case = tests.iter().position(|test| test.id == doubt.id).unwrap();
                let mut runs = tests[case].runs.clone();
                runs.extend((0..doubt.n_more).map(|_| self.ask(case)));
                tests[case] = TestResult::of(&self.set.cases()[case], runs);
            }
        }
    }
}

fn baseline(tests: Vec<TestResult>) -> Report {
    Report {
        schema_version: crate::REPORT_VERSION.to_owned(),
        report_id: String::new(),
        kind: Kind::Baseline,
        timestamp: Timestamp::from_micros(0),
        baseline_timestamp: None,
        regression_threshold: THRESHOLD,
        status: Status::Pass,
        error: None,
        concurrency: 1,
        bucket: Bucket::Control,
        candidate_fingerprint: None,
        golden_set: SetRef { sha256: String::new(), count: tests.len() },
        baseline: None,
        judge: None,
        metrics: Metrics::of(&tests),
        summary: Summary::of(&tests, |_| false),
        regressions_detected: vec![],
        improvements_detected: vec![],
        notes: vec![],
        tests,
        erased: 0,
        replaced: vec![],
    }
    .sealed()
}

/// 100 cases, of which 10 waver.
fn wavering() -> Vec<f64> {
    (0..100).map(|n| if n % 10 == 0 { [0.5, 0.7, 0.9][n / 10 % 3] } else { 1.0 }).collect()
}

#[test]
fn a_set_with_a_tenth_that_wavers_raises_no_alarm_when_nothing_has_changed() {
    for (n_cases, n_runs) in [(10, 1), (10, 3), (100, 1), (100, 3)] {
        let passes = wavering();
        let mut n_failed = 0;
        for seed in 1..=4 {
            let mut world = World::new(&passes[..n_cases], 0.25, seed);
            let baseline = baseline(world.run(3));
            // Each time against the same baseline, however lucky that was.
            n_failed +=
                (0..50).filter(|_| world.compare(&baseline, n_runs).status != Status::Pass).count();
        }
        println!("{n_failed} of 200 unchanged runs fail at {n_cases} cases, {n_runs} runs each");
        assert!(n_failed <= 10, "{n_failed} of 200 at {n_cases} cases, {n_runs} runs");
    }
}

#[test]
fn a_case_that_is_gone_is_always_found() {
    for seed in 1..=200 {
        let mut world = World::new(&wavering(), 0.25, seed);
        let baseline = baseline(world.run(3));
        world.passes[7] = 0.0;
        let outcome = world.compare(&baseline, 3);
        assert_eq!(outcome.status, Status::Fail);
        assert!(outcome.regressions.iter().any(|change| change.id.as_deref() == Some("case-7")));
    }
}

#[test]
fn answers_that_are_slower_are_found_and_noise_is_not() {
    let slower = |factor: f64, noise: f64, seed| {
        let mut world = World::new(&[1.0; 10], noise, seed);
        let baseline = baseline(world.run(3));
        world.latency_ms *= factor;
        world.compare(&baseline, 1).regressions.iter().any(|change| change.what == "latency")
    };
    let share = |factor, noise| (1..=200).filter(|seed| slower(factor, noise, *seed)).count();
    // At the guide's threshold of 25 %: how much slower, with how much noise (as a logarithm's deviation), and how
    // many of 200 runs must find it, or at most may.
    let rows = [
        (1.0, 0.01, 0..=0),
        (1.0, 0.25, 0..=4),
        (1.2, 0.01, 0..=0),
        (1.2, 0.05, 0..=4),
        (1.3, 0.01, 200..=200),
        (1.3, 0.05, 198..=200),
        (1.3, 0.10, 180..=200),
        (1.6, 0.25, 180..=200),
    ];
    for (factor, noise, allowed) in rows {
        let n = share(factor, noise);
        println!("{factor} times as slow with noise {noise}: {n} of 200 runs say so");
        assert!(allowed.contains(&n), "{factor} with {noise}: {n}, not {allowed:?}");
    }
}

#[test]
fn many_small_losses_are_found_together() {
    let mut world = World::new(&[1.0; 60], 0.1, 3);
    let baseline = baseline(world.run(3));
    world.passes = vec![0.6; 60];
    let outcome = world.compare(&baseline, 3);
    assert!(outcome.regressions.iter().any(|change| change.what == "pass_rate"), "{outcome:?}");
}

#[test]
fn routing_that_moves_is_found_beyond_the_threshold() {
    let mut world = World::new(&[1.0; 10], 0.01, 5);
    let baseline = baseline(world.run(1));
    let moved = |world: &mut World, n: usize| {
        let mut tests = world.run(3);
        for test in &mut tests[..n] {
            test.runs.iter_mut().for_each(|run| run.source = Some(Tier::Embedder));
        }
        Comparison::new(&baseline, &tests, THRESHOLD).outcome()
    };
    assert_eq!(moved(&mut world, 2).status, Status::Pass);
    let outcome = moved(&mut world, 3);
    assert_eq!(
        (outcome.status, outcome.regressions[0].what.as_str()),
        (Status::Fail, "main_share")
    );
}

#[test]
fn a_set_that_is_not_the_baselines_is_refused() {
    let mut world = World::new(&[1.0; 3], 0.0, 7);
    let baseline = baseline(world.run(1));
    let drift = |json: &str| {
        check_drift(&baseline, &GoldenSet::parse(json).unwrap()).unwrap_err().to_string()
    };
    assert_eq!(check_drift(&baseline, &world.set), Ok(()));
    assert_eq!(
        drift(r#"[{"id":"case-0","question":"Other?"}]"#),
        r#"the case "case-0" is not the one that the baseline was recorded with"#
    );
    assert_eq!(
        drift(r#"[{"id":"x","question":"y"}]"#),
        r#"the case "case-0" of the baseline is not in the golden set"#
    );
}

proptest! {
    /// A pass needs that every case was run, that hardly any went unanswered, and that some were compared.
    #[test]
    fn nothing_is_no_pass(
        n_cases in 1_usize..12,
        runs in prop::collection::vec(prop::collection::vec(any::<bool>(), 0..4), 1..12),
        known in 0_usize..12,
    ) {
        let mut world = World::new(&vec![1.0; n_cases], 0.0, 9);
        let mut before = world.run(1);
        before.truncate(known);
        let baseline = baseline(before);
        let tests: Vec<_> = world.set.cases().iter().zip(runs.iter().cycle()).map(|(case, runs)| {
            let run = |answered: &bool| Observation {
                error: (!answered).then(|| "down".to_owned()),
                answer: "yes".to_owned(),
                latency_ms: 1.0,
                ..Observation::default()
            };
            TestResult::of(case, runs.iter().map(run).collect())
        }).collect();
        let n_runs: usize = tests.iter().map(|test| test.runs.len()).sum();
        let n_errors = tests.iter().flat_map(|test| &test.runs).filter(|run| !run.is_answered()).count();
        let outcome = Comparison::new(&baseline, &tests, THRESHOLD).outcome();
        if outcome.status == Status::Pass {
            prop_assert!(tests.iter().all(|test| !test.runs.is_empty()));
            prop_assert!(n_errors * 10 <= n_runs);
            prop_assert!(known > 0);
        }
        let tests: Vec<TestResult> = Vec::new();
        prop_assert_eq!(Comparison::new(&baseline, &tests, THRESHOLD).outcome().status, Status::Error);
    }

    #[test]
    fn a_report_reads_back_and_half_of_one_does_not(cut in 1_usize..2000) {
        let mut world = World::new(&[1.0, 0.5], 0.1, 11);
        let report = baseline(world.run(2));
        let json = serde_json::to_string(&report).unwrap();
        let read = Report::parse(&json).unwrap();
        prop_assert_eq!(&read.report_id, &report.report_id);
        let changed = Report { regression_threshold: 0.9, ..read.clone() };
        prop_assert_eq!((read.is_sealed(), changed.is_sealed()), (true, false));
        prop_assert_eq!(read.tests.len(), 2);
        let cut = cut.min(json.len() - 1);
        prop_assert!(Report::parse(json.get(..cut).unwrap_or("")).is_err());
    }
}

#[test]
fn figures_that_cannot_be_are_named() {
    let mut world = World::new(&[1.0, 1.0], 0.1, 13);
    let report = baseline(world.run(1));
    let refused = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut value = serde_json::to_value(&report).unwrap();
        change(&mut value);
        Report::parse(&value.to_string()).unwrap_err().to_string()
    };
    assert_eq!(
        refused(&|v| v["metrics"]["pass_rate"] = 1.5.into()),
        "the report's pass_rate cannot be 1.5"
    );
    assert_eq!(
        refused(&|v| v["metrics"]["p95_ms"] = (-1).into()),
        "the report's p95_ms cannot be -1"
    );
    assert!(
        refused(&|v| v["metrics"]["p95_ms"] = serde_json::Value::Null)
            .contains("invalid type: null")
    );
    assert_eq!(
        refused(&|v| v["schema_version"] = "9".into()),
        "the report is of version \"9\", not 1.0"
    );
    assert!(refused(&|v| v["tests"][1]["id"] = "case-0".into()).contains("stands in it twice"));
    assert!(refused(&|v| v["summary"]["cases"] = 1.into()).contains("counts"));
    assert!(Report::parse("[]").unwrap_err().to_string().contains("no schema_version"));
}

#[test]
fn a_report_is_fresh_for_a_while() {
    let report = baseline(World::new(&[1.0], 0.1, 15).run(1));
    let fresh = |seconds: i64| {
        report.is_fresh(
            Timestamp::from_micros(seconds * 1_000_000),
            std::time::Duration::from_secs(60),
        )
    };
    assert_eq!([fresh(-1), fresh(0), fresh(60), fresh(61)], [false, true, true, false]);
}

#[test]
fn what_was_asked_again_has_no_more_weight_than_the_rest() {
    let mut world = World::new(&[1.0; 4], 0.01, 17);
    let mut tests = world.run(1);
    let mut runs = vec![tests[0].runs[0].clone(); 9];
    runs.iter_mut().for_each(|run| run.source = Some(Tier::Embedder));
    tests[0] = TestResult::of(&world.set.cases()[0], runs);
    let metrics = Metrics::of(&tests);
    assert_eq!((metrics.main_model_percent, metrics.n), (75.0, 4));
}
