//! Whether a run was good enough: the operator's guide's three figures.

use std::ops::RangeInclusive;

use aios_core::Verdict;
use serde::{Deserialize, Serialize};

use super::tally::Tally;

/// 95 of 100 requests must have their answers within this time.
pub const P95_MS_MAX: f64 = 20_000.0;

/// Fewer than this share of requests may fail.
pub const ERROR_RATE_MAX: f64 = 0.01;

/// Which share of requests goes to main at the default boundary.
pub const MAIN_SHARE: RangeInclusive<f64> = 0.55..=0.65;

/// If a larger share of requests was never sent, nothing was measured.
pub const NOT_SENT_MAX: f64 = 0.01;

/// If a larger share of answers does not say where it was routed, the share of main is not known.
pub const UNKNOWN_MAX: f64 = 0.01;

/// One thing that is asked of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// What is asked.
    pub target: String,
    /// What was found, in words.
    pub figure: String,
    /// What follows.
    pub verdict: Verdict,
}

/// Holds a run against the guide's figures.
#[must_use]
pub fn check(tally: &Tally) -> Vec<Check> {
    vec![sent(tally), p95(tally), errors(tally), main_share(tally)]
}

fn sent(tally: &Tally) -> Check {
    let (n, of) = (tally.n_unsent(), tally.n() + tally.n_unsent());
    let is_fit = n as f64 <= NOT_SENT_MAX * of as f64;
    Check {
        name: "sent".to_owned(),
        target: "<= 1 % of requests left unsent".to_owned(),
        figure: format!(
            "{n} of {of} were not sent: too many were under way, or no socket was left"
        ),
        verdict: if is_fit { known(of > 0, true) } else { Verdict::NoData },
    }
}

fn p95(tally: &Tally) -> Check {
    let p95 = tally.latency().map(|figures| figures.p95_ms);
    Check {
        name: "p95".to_owned(),
        target: "< 20 s".to_owned(),
        figure: p95.map_or_else(|| "nothing was answered".to_owned(), |ms| format!("{ms:.1} ms")),
        verdict: known(p95.is_some(), p95.is_some_and(|ms| ms < P95_MS_MAX)),
    }
}

fn errors(tally: &Tally) -> Check {
    let (n_failed, n) = (tally.n_failed(), tally.n());
    let rate = n_failed as f64 / n.max(1) as f64;
    Check {
        name: "errors".to_owned(),
        target: "< 1 %".to_owned(),
        figure: format!("{:.2} % ({n_failed} of {n})", rate * 100.0),
        verdict: known(n > 0, rate < ERROR_RATE_MAX),
    }
}

fn main_share(tally: &Tally) -> Check {
    let routed = tally.routed();
    let figure = routed.as_ref().map_or_else(
        || "no answer says where it was routed".to_owned(),
        |routed| {
            let known = routed.n_main + routed.n_embedder;
            let silent = match routed.n_unknown {
                0 => String::new(),
                n => format!("; {n} do not say"),
            };
            format!("{:.1} % ({} of {known}{silent})", routed.main_share * 100.0, routed.n_main)
        },
    );
    // A few that say so do not speak for the others.
    let is_known = routed.as_ref().is_some_and(|routed| {
        let all = routed.n_main + routed.n_embedder + routed.n_unknown;
        routed.n_unknown as f64 <= UNKNOWN_MAX * all as f64
    });
    Check {
        name: "main_share".to_owned(),
        target: "55 to 65 %".to_owned(),
        figure,
        verdict: known(
            is_known,
            routed.is_some_and(|routed| MAIN_SHARE.contains(&routed.main_share)),
        ),
    }
}

/// Not to know is never a pass.
const fn known(is_known: bool, is_met: bool) -> Verdict {
    match (is_known, is_met) {
        (false, _) => Verdict::NoData,
        (true, true) => Verdict::Met,
        (true, false) => Verdict::Breached,
    }
}
