//! Whether a run was good enough: the operator's guide's three figures.

use std::ops::RangeInclusive;

use aios_core::Verdict;
use serde::{Deserialize, Serialize};

use super::report::{Answered, Routed};
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

/// Fewer requests than the guide's own 50 prove nothing: of twenty the slowest one alone is the p95, and of ten each one
/// is a tenth of the share that may be ten points wide.
pub const REQUESTS_MIN: u64 = 50;

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
    let (n, n_unsent) = (tally.n(), tally.n_unsent());
    let of = n + n_unsent;
    let figure = match n_unsent {
        0 => format!("{n} of {of}"),
        _ => format!("{n} of {of}: too many were under way, or no socket was left"),
    };
    Check {
        name: "sent".to_owned(),
        target: format!(">= {REQUESTS_MIN}, <= 1 % left unsent"),
        figure,
        verdict: match n_unsent as f64 <= NOT_SENT_MAX * of as f64 {
            true => known(is_enough(tally), true),
            false => Verdict::NoData,
        },
    }
}

/// Where more than one in twenty was waited for no longer, how long it would have taken is not known, only that it is more.
fn p95(tally: &Tally) -> Check {
    let p95 = tally.latency().map(|figures| figures.p95_ms);
    let is_over = p95.is_some_and(|ms| ms >= P95_MS_MAX);
    let is_given_up = tally.given_up_share() > 0.05;
    let is_known = p95.is_some() && is_enough(tally) && (is_over || !is_given_up);
    let at_least = if is_given_up { ">= " } else { "" };
    Check {
        name: "p95".to_owned(),
        target: "< 20 s".to_owned(),
        figure: p95.map_or_else(
            || "nothing was answered".to_owned(),
            |ms| format!("{at_least}{ms:.1} ms"),
        ),
        verdict: known(is_known, !is_over),
    }
}

/// A failure among too few is a miss all the same where none of those that are missing could make up for it.
fn errors(tally: &Tally) -> Check {
    let (n_failed, n) = (tally.n_failed(), tally.n());
    let rate = n_failed as f64 / n.max(1) as f64;
    let at_best = n_failed as f64 / n.max(REQUESTS_MIN) as f64;
    let is_met = at_best < ERROR_RATE_MAX;
    Check {
        name: "errors".to_owned(),
        target: "< 1 %".to_owned(),
        figure: format!("{:.2} % ({n_failed} of {n})", rate * 100.0),
        verdict: known(is_enough(tally) || !is_met, is_met),
    }
}

/// The guide's share is main's at normal load. A request that was meant for main and that the embedder had to answer is
/// none of main's, so the share must be right by both: where requests were routed, and who answered.
fn main_share(tally: &Tally) -> Check {
    let both = tally.routed().zip(tally.answered());
    let is_met = both.is_some_and(|(routed, answered)| {
        MAIN_SHARE.contains(&routed.main_share) && MAIN_SHARE.contains(&answered.main_share)
    });
    // A few that say so do not speak for the others.
    let is_known = both.is_some_and(|(routed, _)| {
        let all = routed.n_main + routed.n_embedder + routed.n_unknown;
        routed.n_unknown as f64 <= UNKNOWN_MAX * all as f64
    });
    Check {
        name: "main_share".to_owned(),
        target: "55 to 65 %, routed and answered".to_owned(),
        figure: both.map_or_else(|| "no answer says where it was routed".to_owned(), shares),
        verdict: known(is_known && is_enough(tally), is_met),
    }
}

fn shares((routed, answered): (Routed, Answered)) -> String {
    let known = routed.n_main + routed.n_embedder;
    let mut text = format!("{:.1} % ({} of {known}", routed.main_share * 100.0, routed.n_main);
    if routed.n_unknown > 0 {
        text += &format!("; {} do not say", routed.n_unknown);
    }
    text += &match answered.n_fallback {
        0 => ")".to_owned(),
        n => format!(
            ") routed, {:.1} % ({} of {known}) answered; {n} fell back",
            answered.main_share * 100.0,
            answered.n_main
        ),
    };
    text
}

const fn is_enough(tally: &Tally) -> bool {
    tally.n() >= REQUESTS_MIN
}

/// Not to know is never a pass.
const fn known(is_known: bool, is_met: bool) -> Verdict {
    match (is_known, is_met) {
        (false, _) => Verdict::NoData,
        (true, true) => Verdict::Met,
        (true, false) => Verdict::Breached,
    }
}
