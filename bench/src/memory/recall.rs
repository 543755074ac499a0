//! How much of what answers a question comes back, on conversations that were made up: by words alone, and with the
//! vectors of a model that somebody serves.

use std::collections::{BTreeSet, HashMap};

use aios_core::Timestamp;
use aios_memory::corpus::{Question, Talk, Told, diary, talk};
use aios_memory::{Analyzer, Quantized, Query, Scope, Unit, Weights};
use anyhow::{Context, Result};

use super::Figure;
use super::vectors::{Endpoint, vectors};

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// Seeds of the conversations, and turns of each.
const SEEDS: std::ops::Range<u64> = 100..120;
const TURNS: usize = 600;

/// A maker of conversations, and what its figures are called.
struct Maker {
    make: fn(u64, usize) -> Talk,
    names: [&'static str; 6],
    /// With vectors too.
    meant: [&'static str; 6],
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
            "talks: share of questions without an answer that get nothing, as the gateway asks",
        ],
        meant: [
            "talks: recall@5, turns by vectors alone",
            "talks: recall@5, turns by words and vectors",
            "talks: recall@5, spans by words and vectors",
            "talks: recall@5, spans, as the gateway asks by both",
            "talks: share of questions without an answer that get nothing, by words and vectors",
            "talks: share of questions without an answer that get nothing, as the gateway asks by both",
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
            "diaries: share of questions without an answer that get nothing, as the gateway asks",
        ],
        meant: [
            "diaries: recall@5, turns by vectors alone",
            "diaries: recall@5, turns by words and vectors",
            "diaries: recall@5, spans by words and vectors",
            "diaries: recall@5, spans, as the gateway asks by both",
            "diaries: share of questions without an answer that get nothing, by words and vectors",
            "diaries: share of questions without an answer that get nothing, as the gateway asks by both",
        ],
    },
];

/// Recall@5. No bar: these conversations know nothing of how people talk. That none of it is lost the tests of
/// `aios-memory` watch.
pub(super) fn run(endpoint: Option<&Endpoint>) -> Result<Vec<Figure>> {
    let analyzer = Analyzer::default();
    let mut figures = Vec::new();
    for Maker { make, names, meant } in &MAKERS {
        let mut all: Vec<Asked> =
            SEEDS.map(|seed| Asked::new(&analyzer, make(seed, TURNS))).collect();
        let open = Weights::default();
        let plain = Weights { neighbor: 0.0, ..open };
        figures.extend(named(names, &of_all(&all, &analyzer, plain)));
        if let Some(endpoint) = endpoint {
            give_vectors(&mut all, &analyzer, endpoint)?;
            let alone = Weights { lexical: 0.0, ..open };
            figures.extend(named(meant, &of_all(&all, &analyzer, alone)));
        }
    }
    Ok(figures)
}

fn named(names: &[&'static str; 6], figures: &[f64; 6]) -> Vec<Figure> {
    names.iter().zip(figures).map(|(name, figure)| Figure(name, *figure)).collect()
}

/// A conversation, ready to be asked.
struct Asked {
    talk: Talk,
    scope: Scope,
    /// Vectors of the questions, where there are any.
    vectors: Vec<Option<Quantized>>,
}

impl Asked {
    fn new(analyzer: &Analyzer, talk: Talk) -> Self {
        let scope = talk.scope(analyzer);
        let vectors = vec![None; talk.questions.len()];
        Self { talk, scope, vectors }
    }

    /// A question as it is embedded: without the names of those who speak.
    fn meant(&self, analyzer: &Analyzer, question: &Question) -> String {
        self.scope.without_speakers(&question.text, |word| analyzer.names(word))
    }
}

/// Gives every turn and every question its vector.
fn give_vectors(all: &mut [Asked], analyzer: &Analyzer, endpoint: &Endpoint) -> Result<()> {
    let texts: BTreeSet<String> = all
        .iter()
        .flat_map(|one| {
            let questions = one.talk.questions.iter().map(|asked| one.meant(analyzer, asked));
            one.talk.turns.iter().map(|turn| turn.text.clone()).chain(questions)
        })
        .collect();
    let vectors: HashMap<String, Quantized> = vectors(endpoint, texts)?;
    let of = |text: &str| vectors.get(text).cloned().context("every text has a vector");
    for one in all {
        let asked =
            one.talk.questions.iter().map(|asked| of(&one.meant(analyzer, asked)).map(Some));
        one.vectors = asked.collect::<Result<_>>()?;
        for (id, turn) in (0..).zip(&one.talk.turns) {
            one.scope.give_vector(id, of(&turn.text)?);
        }
    }
    Ok(())
}

/// Turns by some weights, then turns and spans by the usual ones and as the gateway asks, recall first; and for how
/// many questions that nothing answers nothing came back, with spans.
fn of_all(all: &[Asked], analyzer: &Analyzer, other: Weights) -> [f64; 6] {
    let open = Weights::default();
    let gate = Weights { floor_evidence: 0.75, ..open };
    let of = |unit, weights| recall(all, analyzer, unit, weights);
    let (span, gated) = (of(Unit::Span, open), of(Unit::Span, gate));
    let turns = [of(Unit::Turn, other).0, of(Unit::Turn, open).0];
    [turns[0], turns[1], span.0, gated.0, span.1, gated.1]
}

/// Recall, and for how many questions that nothing answers nothing came back.
fn recall(all: &[Asked], analyzer: &Analyzer, unit: Unit, weights: Weights) -> (f64, f64) {
    let (mut found, mut n, mut quiet, mut n_never) = (0.0, 0.0, 0.0, 0.0);
    for one in all {
        for (question, vector) in one.talk.questions.iter().zip(&one.vectors) {
            let mut query = Query::new(analyzer, &question.text, NOW);
            (query.unit, query.weights, query.vector) = (unit, weights, vector.clone());
            let hits = one.scope.search(&query);
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
