use super::*;
use crate::{Analyzer, Entry, Kind, Unit, Validity};

/// A turn whose vector has that cosine with what is asked.
fn turn(id: i64, cosine: Option<f32>) -> Entry {
    Entry {
        id,
        conversation: 1,
        session: 0,
        ts: Timestamp::from_micros(id * 1_000_000),
        kind: Kind::Turn,
        speaker: Vec::new(),
        terms: Vec::new(),
        n_words: 3,
        guard: 0,
        is_retired: false,
        valid: Validity::default(),
        vector: cosine.and_then(|x| Quantized::of(&[x, (1.0 - x * x).sqrt()])),
    }
}

fn turns(cosines: &[Option<f32>]) -> Vec<Entry> {
    (0..).zip(cosines).map(|(id, cosine)| turn(id, *cosine)).collect()
}

fn asked() -> Quantized {
    Quantized::of(&[1.0, 0.0]).unwrap()
}

fn is_near(of: Vec<Entry>, expect: &[Option<f32>]) {
    let found = near(&Scope::new(of), &asked(), 0.3);
    let is_same = |(one, other): (&Option<f32>, &Option<f32>)| match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() < 0.01,
        (one, other) => one.is_none() && other.is_none(),
    };
    assert!(
        found.len() == expect.len() && found.iter().zip(expect).all(is_same),
        "{found:?}, and not {expect:?}"
    );
}

#[test]
fn a_turn_is_near_by_those_beside_it_too() {
    let some = |x: f32| Some(x);
    let (end, middle) = ((0.2 + 0.3 * 0.8) / 1.3, (0.8 + 0.3 * 0.2 + 0.3 * 0.4) / 1.6);
    is_near(
        turns(&[some(0.2), some(0.8), some(0.4)]),
        &[some(end), some(middle), some((0.4 + 0.3 * 0.8) / 1.3)],
    );
    is_near(turns(&[some(0.6); 3]), &[some(0.6); 3]);
    // What has no vector lends nothing and takes nothing.
    is_near(turns(&[some(0.2), None, some(0.4)]), &[some(0.2), None, some(0.4)]);
    let mut apart = turns(&[some(0.2), some(0.8), some(0.4)]);
    apart[1].session = 1;
    apart[2].kind = Kind::Document;
    is_near(apart, &[some(0.2), some(0.8), some(0.4)]);
}

#[test]
fn what_is_retired_sets_no_bound() {
    let mut entries = turns(&[Some(0.9), Some(0.0), Some(0.5), Some(-0.9)]);
    for one in &mut entries {
        one.session = one.id;
        one.is_retired = one.id % 3 == 0;
    }
    let mut query = Query::new(&Analyzer::default(), "", Timestamp::from_micros(9_000_000));
    (query.unit, query.vector) = (Unit::Turn, Some(asked()));
    let scored = with_vectors(&Scope::new(entries), &query, &[]);
    let expect = [(1, 0.0), (2, 0.6)];
    let is_same = |(one, (at, score)): (&Scored, (usize, f32))| {
        one.at == at && (one.score - score).abs() < 1e-5
    };
    assert!(scored.len() == 2 && scored.iter().zip(expect).all(is_same), "{scored:?}");
}
