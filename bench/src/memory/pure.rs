//! What needs no disk: ranking and copies.

use std::hint::black_box;

use aios_core::Timestamp;
use aios_memory::corpus::{Random, Talk, Told, diary, planted, talk};
use aios_memory::{
    Analyzer, Entry, Kind, Query, Scope, Subject, Unit, Weights, find_copies, guard_mark, n_words,
};

use super::{Figure, at, timed};

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// A maker of conversations, and what its figures are called.
struct Maker {
    make: fn(u64, usize) -> Talk,
    names: [&'static str; 6],
}

/// One that is at home here, and one that has nothing in common with it.
const MAKERS: [Maker; 2] = [
    Maker {
        make: talk,
        names: [
            "talks: recall@5, turns without their neighbors' words",
            "talks: recall@5, turns",
            "talks: recall@5, spans of 950 words together",
            "talks: recall@5, spans, as the gateway asks",
            "talks: share of questions without an answer that get nothing",
            "talks: the same as the gateway asks",
        ],
    },
    Maker {
        make: diary,
        names: [
            "diaries: recall@5, turns without their neighbors' words",
            "diaries: recall@5, turns",
            "diaries: recall@5, spans of 950 words together",
            "diaries: recall@5, spans, as the gateway asks",
            "diaries: share of questions without an answer that get nothing",
            "diaries: the same as the gateway asks",
        ],
    },
];

/// Recall@5 on conversations that were made up. No bar: they know nothing of how people talk.
pub(super) fn recall() -> Vec<Figure> {
    let open = Weights::default();
    let plain = Weights { neighbor: 0.0, ..open };
    let gate = Weights { floor_evidence: 0.75, ..open };
    let of_maker = |Maker { make, names }: &Maker| {
        let of = |unit, weights| of_talks(*make, unit, weights);
        let (span, gated) = (of(Unit::Span, open), of(Unit::Span, gate));
        let turns = [of(Unit::Turn, plain).0, of(Unit::Turn, open).0];
        let figures = [turns[0], turns[1], span.0, gated.0, span.1, gated.1];
        names.iter().zip(figures).map(|(name, figure)| Figure(name, figure)).collect::<Vec<_>>()
    };
    MAKERS.iter().flat_map(of_maker).collect()
}

/// Recall, and for how many questions that nothing answers nothing came back.
fn of_talks(make: fn(u64, usize) -> Talk, unit: Unit, weights: Weights) -> (f64, f64) {
    let analyzer = Analyzer::default();
    let (mut found, mut n, mut quiet, mut n_never) = (0.0, 0.0, 0.0, 0.0);
    for seed in 100..120 {
        let talk = make(seed, 600);
        let scope = talk.scope(&analyzer);
        for question in &talk.questions {
            let mut query = Query::new(&analyzer, &question.text, NOW);
            (query.unit, query.weights) = (unit, weights);
            let hits = scope.search(&query);
            if question.told.is_answered() {
                let came = |at: &&usize| hits.iter().any(|hit| hit.members.contains(at));
                n += 1.0;
                found += question.expected.iter().filter(came).count() as f64
                    / question.expected.len() as f64;
            } else if question.told == Told::Never {
                n_never += 1.0;
                quiet += f64::from(u8::from(hits.is_empty()));
            }
        }
    }
    (found / n, quiet / n_never)
}

/// Questions of six words in scopes of several sizes.
pub(super) fn queries(quick: bool) -> Vec<Figure> {
    let analyzer = Analyzer::default();
    let texts = planted(3, if quick { 20_000 } else { 200_000 }).texts;
    let sizes = [
        (200, ["question in 200 fragments, ms", "  the same at the 95th percentile"]),
        (20_000, ["question in 20,000 fragments, ms", "  the same at the 95th percentile"]),
        (200_000, ["question in 200,000 fragments, ms", "  the same at the 95th percentile"]),
    ];
    let mut figures = Vec::new();
    for (n, names) in sizes {
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
        figures.push(Figure(names[0], at(&mut times, 0.5)));
        figures.push(Figure(names[1], at(&mut times, 0.95)));
    }
    figures
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
pub(super) fn copies(n: usize) -> Vec<Figure> {
    let planted = planted(1, n);
    let subjects: Vec<_> =
        (0..).zip(&planted.texts).map(|(id, text)| Subject { id, scope: 1, text }).collect();
    let (copies, ms) = timed(|| find_copies(&subjects));
    let found = planted.judge(&copies);
    vec![
        Figure("copies: precision", found.precision()),
        Figure("copies: recall", found.recall()),
        Figure("copies: seconds", ms / 1e3),
        Figure("  planted copies", found.n_planted as f64),
        Figure("  look-alikes that say something else", planted.n_siblings as f64),
    ]
}
