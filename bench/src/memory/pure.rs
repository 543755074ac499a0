//! What needs no disk: the speed of ranking, and copies.

use std::hint::black_box;

use aios_core::Timestamp;
use aios_memory::corpus::{Random, planted};
use aios_memory::{Analyzer, Entry, Kind, Query, Scope, Subject, find_copies, guard_mark, n_words};

use super::{Figure, at, timed};

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

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
