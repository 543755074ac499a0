use aios_core::{Bucket, Outcome, Tier, Weight};

use super::*;
use crate::row::tests::row;

/// Rows of both buckets in turn; `treat` makes the treatment's of control's.
fn traffic(n: i64, treat: impl Fn(i64, Row) -> Row) -> Vec<Row> {
    let control = |second: i64| Row {
        quality: Some(if second / 2 % 20 == 0 { 0.0 } else { 1.0 }),
        outcome: if second / 2 % 50 == 0 { Outcome::Timeout } else { Outcome::Ok },
        latency_ms: 1_000.0 + (second * 7_919 % 1_000) as f64,
        memory: Some(false),
        ..row(second)
    };
    let of = |second: i64| match second % 2 {
        0 => control(second),
        _ => treat(second, Row { bucket: Bucket::Treatment, ..control(second) }),
    };
    (0..n).map(of).collect()
}

fn test_all(family: &[Hypothesis], rows: &[Row], quality_min: f64) -> Vec<Finished> {
    let mut testing = Testing::new(family, quality_min);
    rows.iter().for_each(|row| testing.take(row));
    testing.finished()
}

fn finding(name: &str, rows: &[Row]) -> Finding {
    let all = test_all(&defaults(), rows, 0.5);
    all.into_iter().find(|finished| finished.name == name).unwrap().finding
}

fn check(name: &str, rows: &[Row], expect: Finding) {
    assert_eq!(finding(name, rows), expect, "{name}");
}

#[test]
fn an_equal_treatment_is_not_worse() {
    let rows = traffic(20_000, |_, row| row);
    for name in ["treatment_quality", "treatment_latency", "treatment_errors"] {
        check(name, &rows, Finding::Supported);
        check(name, &rows[..150], Finding::Inconclusive);
    }
}

#[test]
fn a_worse_treatment_is_found_out() {
    let every = |n: i64, second: i64| second / 2 % n == 1;
    let miss = |second, row| if every(5, second) { Row { quality: Some(0.1), ..row } } else { row };
    check("treatment_quality", &traffic(20_000, miss), Finding::Refuted);
    let fail = |second, row| match every(10, second) {
        true => Row { outcome: Outcome::UpstreamError, ..row },
        false => row,
    };
    check("treatment_errors", &traffic(20_000, fail), Finding::Refuted);
    let slow = |_, row: Row| Row { latency_ms: row.latency_ms * 1.5, ..row };
    check("treatment_latency", &traffic(20_000, slow), Finding::Refuted);
}

#[test]
fn tiers_are_compared_on_low_weights_alone() {
    let with = |weight| {
        traffic(2_000, move |_, row| Row {
            tier: Some(Tier::Embedder),
            latency_ms: row.latency_ms / 4.0,
            ..row
        })
        .into_iter()
        .map(|row| Row { weight: Some(Weight::new(weight).unwrap()), ..row })
        .collect::<Vec<_>>()
    };
    check("embedder_faster", &with(0.3), Finding::Supported);
    check("embedder_faster", &with(0.7), Finding::NoData);
}

#[test]
fn memory_must_help_to_be_said_to() {
    let helps = |_, row| Row { memory: Some(true), quality: Some(1.0), ..row };
    check("memory_helps", &traffic(5_000, helps), Finding::Supported);
    let idle = |_, row| Row { memory: Some(true), ..row };
    check("memory_helps", &traffic(5_000, idle), Finding::Inconclusive);
    let hurts = |_, row| Row { memory: Some(true), quality: Some(0.0), ..row };
    check("memory_helps", &traffic(5_000, hurts), Finding::Refuted);
    // Where nothing was found, nothing was withheld: that compares nothing.
    let lucky = |_, row| Row { memory: None, quality: Some(1.0), ..row };
    check("memory_helps", &traffic(5_000, lucky), Finding::NoData);
}

#[test]
fn effects_come_with_an_interval_that_holds_them() {
    let miss = |second: i64, row| match second / 2 % 5 {
        1 => Row { quality: Some(0.1), ..row },
        _ => row,
    };
    for finished in test_all(&defaults(), &traffic(4_000, miss), 0.5) {
        let Some(effect) = finished.effect else {
            assert_eq!(finished.n_pairs, 0, "{finished:?}");
            continue;
        };
        assert!(finished.interval.0 <= effect && effect <= finished.interval.1, "{finished:?}");
    }
}

#[test]
fn nothing_is_found_in_nothing() {
    for finished in test_all(&defaults(), &[], 0.5) {
        assert_eq!(finished.finding, Finding::NoData);
        assert_eq!((finished.n_pairs, finished.effect), (0, None));
    }
}

/// Forty slow conversations are forty facts, however long they go on.
#[test]
fn a_conversation_speaks_once() {
    let of = |n_conversations: i64| {
        let mut rows = traffic(20_000, |_, row| Row { latency_ms: row.latency_ms * 1.5, ..row });
        for (n, row) in (0..).zip(&mut rows) {
            row.conversation = (n % n_conversations) as u64;
        }
        let all = test_all(&defaults(), &rows, 0.5);
        let latency = all.into_iter().find(|one| one.name == "treatment_latency").unwrap();
        (latency.n_pairs, latency.finding)
    };
    assert_eq!(of(40), (20, Finding::Inconclusive));
    assert_eq!(of(20_000), (10_000, Finding::Refuted));
}

/// Whatever margin may be asked for, both bets can be won and lost, and what they come to can be written and read.
#[test]
fn every_margin_can_be_proven_and_disproven() {
    let fails = |nth: i64| {
        traffic(20_000, move |second, row| Row {
            outcome: if second / 2 % nth == 0 { Outcome::UpstreamError } else { Outcome::Ok },
            ..row
        })
    };
    let found = |direction, margin, rows: &[Row]| {
        let mut family = defaults();
        family.truncate(1);
        let own = Hypothesis { metric: Measure::Errors, direction, margin, ..family[0].clone() };
        let finished = test_all(&[own], rows, 0.5).remove(0);
        assert!(
            finished.log_e_for.is_finite() && finished.log_e_against.is_finite(),
            "{finished:?}"
        );
        finished.finding
    };
    // Control fails once in fifty, and treatment always or each tenth time; or only control does, and always.
    let (always, often) = (fails(1), fails(10));
    let mut never = traffic(20_000, |_, row| Row { outcome: Outcome::Ok, ..row });
    for row in never.iter_mut().filter(|row| row.bucket == Bucket::Control) {
        row.outcome = Outcome::Timeout;
    }
    use Direction::{Better, NotWorse};
    for margin in [0.0, 0.02, 0.031, 0.05, 0.5] {
        assert_eq!(found(NotWorse, margin, &always), Finding::Refuted, "{margin}");
        assert_eq!(found(Better, margin, &always), Finding::Refuted, "{margin}");
        assert_eq!(found(Better, margin, &never), Finding::Supported, "{margin}");
        assert_eq!(found(NotWorse, margin, &never), Finding::Supported, "{margin}");
    }
    assert_eq!(found(NotWorse, 0.05, &often), Finding::Refuted);
    assert_eq!(found(NotWorse, 0.2, &often), Finding::Supported);
    // Nothing is worse or better by more than 1.
    assert_eq!(found(NotWorse, 1.0, &often), Finding::Supported);
    assert_eq!(found(Better, 1.0, &often), Finding::Refuted);
}
