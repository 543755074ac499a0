//! Asks all questions, some at once, and shows how it goes.

use std::collections::BTreeMap;
use std::sync::Arc;

use aios_eval::{Doubt, GoldenSet, Observation, TestResult};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;

use super::asker::Asker;

/// A golden run under way: what was seen so far, by case.
pub(super) struct Run {
    set: Arc<GoldenSet>,
    asker: Arc<Asker>,
    concurrency: usize,
    seen: Vec<Vec<Observation>>,
}

impl Run {
    pub(super) fn new(set: GoldenSet, asker: Arc<Asker>, concurrency: usize) -> Self {
        let seen = vec![Vec::new(); set.cases().len()];
        Self { set: Arc::new(set), asker, concurrency, seen }
    }

    pub(super) const fn concurrency(&self) -> usize {
        self.concurrency
    }

    pub(super) fn set(&self) -> &GoldenSet {
        &self.set
    }

    /// Asks every question so often.
    pub(super) async fn ask_all(&mut self, repeat: usize) {
        let n_cases = self.set.cases().len();
        // Round after round, so that what drifts over time is spread over all cases.
        let places = (0..repeat).flat_map(|_| 0..n_cases).collect();
        self.ask(places).await;
    }

    /// Asks again where it is doubted.
    pub(super) async fn ask_again(&mut self, doubts: &[Doubt]) {
        let places: BTreeMap<_, _> = self
            .set
            .cases()
            .iter()
            .enumerate()
            .map(|(place, case)| (case.id.as_str(), place))
            .collect();
        let again =
            doubts.iter().filter_map(|doubt| Some((*places.get(doubt.id.as_str())?, doubt.n_more)));
        let again = again.flat_map(|(place, n)| std::iter::repeat_n(place, n)).collect();
        self.ask(again).await;
    }

    async fn ask(&mut self, places: Vec<usize>) {
        let progress = progress(places.len() as u64);
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
            progress.inc(1);
        }
        progress.finish_and_clear();
    }

    /// Every case with all its runs.
    pub(super) fn tests(&self) -> Vec<TestResult> {
        let cases = self.set.cases().iter().zip(&self.seen);
        cases.map(|(case, seen)| TestResult::of(case, seen.clone())).collect()
    }
}

/// Shown only where a terminal listens.
fn progress(n: u64) -> ProgressBar {
    let bar = ProgressBar::new(n);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} questions, {eta} left");
    let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.tick();
    bar
}
