//! Asks all questions, some at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use aios_core::Progress;
use aios_eval::{Comparison, Doubt, GoldenSet, Observation, Report, TestResult, unanswered};
use tokio::task::JoinSet;

use super::asker::Asker;

/// How often doubts are followed up. Each time more is asked, so that an end comes well before.
const ROUNDS_MAX: usize = 8;

/// A golden run under way: what was seen so far, by case.
pub struct Run<'a> {
    set: Arc<GoldenSet>,
    asker: Arc<Asker>,
    concurrency: usize,
    progress: &'a dyn Progress,
    seen: Vec<Vec<Observation>>,
}

impl<'a> Run<'a> {
    /// A run of which nothing was asked yet, with so many questions under way at once.
    #[must_use]
    pub fn new(
        set: GoldenSet,
        asker: Asker,
        concurrency: usize,
        progress: &'a dyn Progress,
    ) -> Self {
        let seen = vec![Vec::new(); set.cases().len()];
        let (set, asker) = (Arc::new(set), Arc::new(asker));
        Self { set, asker, concurrency: concurrency.max(1), progress, seen }
    }

    pub(super) const fn concurrency(&self) -> usize {
        self.concurrency
    }

    pub(super) fn asker(&self) -> &Asker {
        &self.asker
    }

    /// What is asked.
    #[must_use]
    pub fn set(&self) -> &GoldenSet {
        &self.set
    }

    /// Asks every question so often.
    pub async fn ask_all(&mut self, repeat: usize) {
        let n_cases = self.set.cases().len();
        // Round after round, so that what drifts over time is spread over all cases.
        self.ask((0..repeat).flat_map(|_| 0..n_cases).collect()).await;
    }

    /// Asks every question so often, and again what is doubted beside the baseline.
    pub async fn ask_until_sure(&mut self, repeat: usize, baseline: &Report, threshold: f64) {
        self.ask_all(repeat).await;
        for _ in 0..ROUNDS_MAX {
            let tests = self.tests();
            let doubts = Comparison::new(baseline, &tests, threshold).doubts();
            // Where nobody answers, asking again tells nothing.
            if doubts.is_empty() || unanswered(&tests).is_some() {
                return;
            }
            self.ask_again(&doubts).await;
        }
    }

    async fn ask_again(&mut self, doubts: &[Doubt]) {
        let cases = self.set.cases().iter().enumerate();
        let places: BTreeMap<_, _> = cases.map(|(place, case)| (case.id.as_str(), place)).collect();
        let again =
            doubts.iter().filter_map(|doubt| Some((*places.get(doubt.id.as_str())?, doubt.n_more)));
        let again = again.flat_map(|(place, n)| std::iter::repeat_n(place, n)).collect();
        self.ask(again).await;
    }

    /// Asks the questions at these places of the set, in this order.
    pub async fn ask(&mut self, places: Vec<usize>) {
        self.progress.begin(places.len() as u64);
        let mut under_way = JoinSet::new();
        let mut places = places.into_iter();
        loop {
            while under_way.len() < self.concurrency
                && let Some(place) = places.next()
            {
                let (set, asker) = (Arc::clone(&self.set), Arc::clone(&self.asker));
                under_way.spawn(async move { (place, asker.ask(&set.cases()[place]).await) });
            }
            match under_way.join_next().await {
                None => break,
                Some(Ok((place, seen))) => self.seen[place].push(seen),
                // What was lost leaves its case with a run too few, which is no pass.
                Some(Err(error)) => tracing::error!(%error, "a question was lost"),
            }
            self.progress.advance(1);
        }
        self.progress.end();
    }

    /// Every case with all its runs.
    #[must_use]
    pub fn tests(&self) -> Vec<TestResult> {
        let cases = self.set.cases().iter().zip(&self.seen);
        cases.map(|(case, seen)| TestResult::of(case, seen.clone())).collect()
    }
}
