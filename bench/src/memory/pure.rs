//! What needs no disk: ranking and copies.

use std::hint::black_box;

use aios_core::Timestamp;
use aios_memory::corpus::{Random, Told, planted, talk};
use aios_memory::{
    Analyzer, Entry, Kind, Query, Scope, Subject, Unit, Weights, find_copies, guard_mark, n_words,
};

use super::{Bar, at, timed};

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// Recall@5 on conversations that were made up. No bar: it knows nothing of how people talk.
pub(super) fn recall() -> Vec<Bar> {
    let plain = Weights { neighbor: 0.0, ..Weights::default() };
    let turn = of_talks(Unit::Turn, Weights::default());
    let span = of_talks(Unit::Span, Weights::default());
    let gate = Weights { floor_together: 0.4, ..Weights::default() };
    let gate = of_talks(Unit::Span, gate);
    vec![
        Bar::shown("recall@5, turns without their neighbors' words", of_talks(Unit::Turn, plain).0),
        Bar::shown("recall@5, turns", turn.0),
        Bar::shown("recall@5, spans of 950 words together", span.0),
        Bar::shown("nothing came back for what was never said, share", span.1),
        Bar::shown("  the same as the gateway asks (memory.floor = 0.4)", gate.1),
        Bar::shown("  recall@5, spans, as the gateway asks", gate.0),
    ]
}

/// Recall, and for how many questions that nothing answers nothing came back.
fn of_talks(unit: Unit, weights: Weights) -> (f64, f64) {
    let analyzer = Analyzer::default();
    let (mut found, mut n, mut quiet, mut n_never) = (0.0, 0.0, 0.0, 0.0);
    for seed in 100..120 {
        let talk = talk(seed, 600);
        let scope = talk.scope(&analyzer);
        for question in &talk.questions {
            let mut query = Query::new(&analyzer, &question.text, NOW);
            (query.unit, query.weights) = (unit, weights);
            let hits = scope.search(&query);
            if question.told == Told::Never {
                n_never += 1.0;
                quiet += f64::from(u8::from(hits.is_empty()));
                continue;
            }
            let came = |at: &&usize| hits.iter().any(|hit| hit.members.contains(at));
            n += 1.0;
            found += question.expected.iter().filter(came).count() as f64
                / question.expected.len() as f64;
        }
    }
    (found / n, quiet / n_never)
}

/// Questions of six words in scopes of several sizes.
pub(super) fn queries(quick: bool) -> Vec<Bar> {
    let analyzer = Analyzer::default();
    let texts = planted(3, if quick { 20_000 } else { 200_000 }).texts;
    let sizes = [
        (200, "question in 200 fragments, ms", 0.2),
        (20_000, "question in 20,000 fragments, ms", 2.0),
        (200_000, "question in 200,000 fragments, ms", 15.0),
    ];
    let mut bars = Vec::new();
    for (n, name, limit) in sizes {
        if n > texts.len() {
            continue;
        }
        let scope = scope(&analyzer, &texts[..n]);
        let mut random = Random::new(5);
        let mut times: Vec<f64> = (0..200)
            .map(|_| {
                let from: Vec<&str> = texts[random.below(n)].split(' ').collect();
                let words: Vec<&str> = (0..6).map(|_| from[random.below(from.len())]).collect();
                let question = words.join(" ");
                timed(|| black_box(scope.search(&Query::new(&analyzer, &question, NOW)))).1
            })
            .collect();
        bars.push(Bar::at_most(name, at(&mut times, 0.5), limit));
        bars.push(Bar::shown("  the same at the 95th percentile", at(&mut times, 0.95)));
    }
    bars
}

fn scope(analyzer: &Analyzer, texts: &[String]) -> Scope {
    let entry = |(id, text): (i64, &String)| Entry {
        id,
        conversation: 1,
        session: 0,
        ts: Timestamp::from_micros(id * 1_000_000),
        kind: Kind::Turn,
        speaker: Vec::new(),
        terms: analyzer.terms(text),
        n_words: u32::try_from(n_words(text)).unwrap_or(u32::MAX),
        guard: guard_mark(text),
        is_retired: false,
        valid: aios_memory::Validity::default(),
        vector: None,
    };
    Scope::new((0..).zip(texts).map(entry).collect())
}

/// Copies among texts, a fifth of which are.
pub(super) fn copies(n: usize) -> Vec<Bar> {
    let planted = planted(1, n);
    let subjects: Vec<_> =
        (0..).zip(&planted.texts).map(|(id, text)| Subject { id, scope: 1, text }).collect();
    let (copies, ms) = timed(|| find_copies(&subjects));
    let found = planted.judge(&copies);
    vec![
        Bar::at_least("copies: precision", found.precision(), 0.999),
        Bar::at_least("copies: recall", found.recall(), 0.97),
        Bar::at_most("copies: seconds", ms / 1e3, 4.0),
        Bar::shown("  planted copies", found.n_planted as f64),
        Bar::shown("  look-alikes that say something else", planted.n_siblings as f64),
    ]
}
