//! What the judge did, on the metrics page.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::ask::Asked;
use crate::collected::Page;

/// Counts since the start.
#[derive(Debug, Default)]
pub(crate) struct JudgeMetrics {
    n_scored: AtomicU64,
    n_no_score: AtomicU64,
    n_no_reply: AtomicU64,
    n_passed_over: AtomicU64,
    n_tokens: AtomicU64,
}

impl JudgeMetrics {
    pub(super) fn judged(&self, asked: &Asked) {
        let counter = match asked {
            Asked::Scored { .. } => &self.n_scored,
            Asked::NoScore { .. } => &self.n_no_score,
            Asked::NoReply { .. } => &self.n_no_reply,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        self.n_tokens.fetch_add(asked.tokens(), Ordering::Relaxed);
    }

    pub(super) fn passed_over(&self) {
        self.n_passed_over.fetch_add(1, Ordering::Relaxed);
    }
}

/// Writes them.
#[derive(Debug)]
pub(crate) struct JudgeCollector(pub(crate) Arc<JudgeMetrics>);

impl Collector for JudgeCollector {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let metrics = &self.0;
        let mut page = Page(encoder);
        let results = [
            ("scored", &metrics.n_scored),
            ("no_score", &metrics.n_no_score),
            ("no_reply", &metrics.n_no_reply),
            ("passed_over", &metrics.n_passed_over),
        ];
        page.family(
            "judge_answers",
            "Live answers that the lot fell on, by what came of it",
            MetricType::Counter,
            &results,
            |(result, count)| {
                (vec![("result", (*result).to_owned())], count.load(Ordering::Relaxed) as f64)
            },
        )?;
        page.counter(
            "judge_tokens",
            "Tokens spent on the judge",
            metrics.n_tokens.load(Ordering::Relaxed),
        )
    }
}
