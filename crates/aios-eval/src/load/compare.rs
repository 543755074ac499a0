//! How a run differs from one before.

use serde::Serialize;

use super::report::{About, LoadReport};

/// Two runs whose numbers of requests differ by more than this share were not run alike: a run by time never has exactly
/// as many as the one before.
const NUMBER_APART_MAX: f64 = 0.1;

/// A run against one before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// In what they were not run alike: their differences may come of that.
    pub unlike: Vec<&'static str>,
    /// Figure by figure, for those that both have.
    pub differences: Vec<Difference>,
}

/// A figure of two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Its name.
    pub name: &'static str,
    /// As it was.
    pub before: f64,
    /// As it is.
    pub now: f64,
    /// By how many percent it has grown; none where it was nothing.
    pub change_pct: Option<f64>,
}

impl Compared {
    /// This run against the one before.
    #[must_use]
    pub fn new(now: &LoadReport, before: &LoadReport) -> Self {
        Self { unlike: unlike(now, before), differences: differences(now, before) }
    }
}

fn unlike(now: &LoadReport, before: &LoadReport) -> Vec<&'static str> {
    type Same = fn(&About, &About) -> bool;
    let same: [(&'static str, Same); 8] = [
        ("url", |now, before| now.url == before.url),
        ("model", |now, before| now.model == before.model),
        ("pace", |now, before| now.pace == before.pace),
        ("prompts", |now, before| {
            let counted = now.n_prompts.zip(before.n_prompts);
            now.prompts == before.prompts && counted.is_none_or(|(now, before)| now == before)
        }),
        ("most tokens", |now, before| now.max_tokens == before.max_tokens),
        ("timeout", |now, before| {
            now.timeout_ms.zip(before.timeout_ms).is_none_or(|(now, before)| now == before)
        }),
        ("share of streams", |now, before| now.stream_pct == before.stream_pct),
        ("an early end", |now, before| now.interrupted == before.interrupted),
    ];
    let apart = same.iter().filter(|(_, same)| !same(&now.about, &before.about));
    let (n_now, n_before) = (now.n_asked() as f64, before.n_asked() as f64);
    let by_number = (n_now - n_before).abs() > NUMBER_APART_MAX * n_now.max(n_before);
    apart.map(|(name, _)| *name).chain(by_number.then_some("number of requests")).collect()
}

fn differences(now: &LoadReport, before: &LoadReport) -> Vec<Difference> {
    type Of = fn(&LoadReport) -> Option<f64>;
    let figures: [(&'static str, Of); 10] = [
        ("latency_ms_p50", |it| it.latency.map(|it| it.p50_ms)),
        ("latency_ms_p95", |it| it.latency.map(|it| it.p95_ms)),
        ("latency_ms_p99", |it| it.latency.map(|it| it.p99_ms)),
        ("time_to_first_token_ms_p50", |it| it.time_to_first_token.map(|it| it.p50_ms)),
        ("time_to_first_token_ms_p95", |it| it.time_to_first_token.map(|it| it.p95_ms)),
        ("inter_token_ms_p95", |it| it.inter_token.map(|it| it.p95_ms)),
        ("error_rate", |it| Some(it.error_rate)),
        ("main_share", |it| it.routed.map(|it| it.main_share)),
        ("main_share_answered", |it| it.answered.map(|it| it.main_share)),
        ("per_second", |it| Some(it.per_second)),
    ];
    let of = |(name, of): (&'static str, Of)| {
        let (before, now) = (of(before)?, of(now)?);
        let change_pct = (before > 0.0).then(|| (now / before - 1.0) * 100.0);
        Some(Difference { name, before, now, change_pct })
    };
    figures.into_iter().filter_map(of).collect()
}
