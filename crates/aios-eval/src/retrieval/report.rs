//! The figures of a whole set.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng as _, SeedableRng as _};
use serde::Serialize;

use super::judge::{Answer, judge};
use super::qa::{LabelSource, QaCase, QaSet};

/// Resamples of the bootstrap.
const RESAMPLES: usize = 1_000;

/// How well a set was answered.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RetrievalReport {
    /// Results that counted.
    pub k: usize,
    /// Questions with an answer.
    pub n: usize,
    /// Mean share of the expected fragments among the results.
    pub recall: f64,
    /// Where the recall lies with a probability of 95 %, by resampling the questions.
    pub interval: Interval,
    /// Share of the questions with at least one of them.
    pub hit: f64,
    /// Share of the questions with all of them.
    pub all: f64,
    /// Mean nDCG.
    pub ndcg: f64,
    /// Questions that nothing answers.
    pub n_unanswerable: usize,
    /// For how many of these nothing came back.
    pub n_quiet: usize,
    /// Proposals that nobody has confirmed; they do not count.
    pub n_unlabelled: usize,
    /// Mean words of a question's results.
    pub words_mean: f64,
    /// Most words of a question's results.
    pub words_max: usize,
    /// Fragments of other conversations that came back.
    pub n_leaks: usize,
    /// Milliseconds of a question, the median.
    pub ms_p50: f64,
    /// The same at the 95th percentile.
    pub ms_p95: f64,
    /// Questions whose own least recall was missed.
    pub n_below_min: usize,
    /// Questions with something missing.
    pub misses: Vec<Miss>,
}

/// An interval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// A question with something missing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Miss {
    /// The case.
    pub id: String,
    /// The question.
    pub question: String,
    /// Its recall.
    pub recall: f64,
    /// Expected fragments that are not there.
    pub missing: Vec<String>,
}

impl RetrievalReport {
    /// Judges the answers to a set's cases, in their order.
    #[must_use]
    pub fn new(set: &QaSet, answers: &[Answer], k: usize) -> Self {
        let mut report = Self { k, ..Self::default() };
        let (mut recalls, mut times) = (Vec::new(), Vec::new());
        for (case, answer) in set.cases().iter().zip(answers) {
            if case.label_source == LabelSource::Unlabelled {
                report.n_unlabelled += 1;
                continue;
            }
            times.push(answer.ms);
            report.n_leaks += answer.n_leaks;
            report.words_mean += answer.n_words as f64;
            report.words_max = report.words_max.max(answer.n_words);
            recalls.extend(report.add(case, answer));
        }
        report.finish(&recalls, times)
    }

    /// Adds one case; its recall, if it has one.
    fn add(&mut self, case: &QaCase, answer: &Answer) -> Option<f64> {
        let Some(judged) = judge(case, answer, self.k) else {
            self.n_unanswerable += 1;
            self.n_quiet += usize::from(answer.results.is_empty());
            return None;
        };
        self.n += 1;
        self.hit += f64::from(u8::from(judged.is_hit));
        self.all += f64::from(u8::from(judged.has_all));
        self.ndcg += judged.ndcg;
        self.n_below_min += usize::from(case.min_recall.is_some_and(|min| judged.recall < min));
        if !judged.has_all {
            let came =
                |id: &&String| answer.results.iter().take(self.k).flatten().any(|one| one == *id);
            let missing = case.expected_fragments.iter().filter(|id| !came(id)).cloned().collect();
            let (id, question) = (case.id.clone(), case.question.clone());
            self.misses.push(Miss { id, question, recall: judged.recall, missing });
        }
        Some(judged.recall)
    }

    fn finish(mut self, recalls: &[f64], mut times: Vec<f64>) -> Self {
        let n = self.n.max(1) as f64;
        self.recall = mean(recalls);
        self.interval = bootstrap(recalls);
        self.hit /= n;
        self.all /= n;
        self.ndcg /= n;
        self.words_mean /= times.len().max(1) as f64;
        times.sort_by(f64::total_cmp);
        self.ms_p50 = at(&times, 0.5);
        self.ms_p95 = at(&times, 0.95);
        self
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The value below which such a share of the sorted values lies.
fn at(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * share).round() as usize).copied().unwrap_or(0.0)
}

/// The same values give the same interval.
fn bootstrap(values: &[f64]) -> Interval {
    let Some(n) = std::num::NonZero::new(values.len() as u64) else { return Interval::default() };
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut pick = || values[usize::try_from(random.next_u64() % n).unwrap_or(0)];
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| (0..values.len()).map(|_| pick()).sum::<f64>() / values.len() as f64)
        .collect();
    means.sort_by(f64::total_cmp);
    Interval { low: at(&means, 0.025), high: at(&means, 0.975) }
}
