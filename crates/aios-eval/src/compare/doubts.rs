//! What must be asked again before it is believed.

use super::{ALPHA_CASES, Comparison};

/// Chance that a case which passes every other time is taken for gone, over all suspects together.
const ALPHA_GONE: f64 = 0.02;
/// Runs of a case beyond which it is not asked again.
const RUNS_MAX: usize = 12;
/// Runs of a case that must agree before a difference over all cases is believed.
const RUNS_CONFIRMED: usize = 3;
/// Runs of each case from which latency is told on whichever side of the threshold it then is.
const RUNS_LATENCY: usize = 9;

/// A case that must be run more often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// The case.
    pub id: String,
    /// How many more runs.
    pub n_more: usize,
}

impl Comparison<'_> {
    /// The cases that must be run again, and how often. Empty once everything can be told.
    #[must_use]
    pub fn doubts(&self) -> Vec<Doubt> {
        let n_gone_runs = runs_to_be_gone(self.gone().count());
        let all_are_doubted = self.is_slower().is_some() || self.has_moved();
        let some_are_doubted = self.p_cases() <= ALPHA_CASES;
        let of_all = match (self.latency_is_open(), all_are_doubted) {
            (true, _) => RUNS_LATENCY,
            (false, true) => RUNS_CONFIRMED,
            (false, false) => 0,
        };
        let wanted = |pair: &super::Pair<'_>| {
            let is_gone = pair.before.pass_k && pair.now.is_gone();
            let is_worse = some_are_doubted && pair.before.passed && !pair.now.passed;
            let confirmed = if is_worse { of_all.max(RUNS_CONFIRMED) } else { of_all };
            if is_gone { confirmed.max(n_gone_runs) } else { confirmed }
        };
        let doubt = |pair: &super::Pair<'_>| {
            let n_more = wanted(pair).saturating_sub(pair.now.runs.len());
            (n_more > 0).then(|| Doubt { id: pair.now.id.clone(), n_more })
        };
        self.pairs.iter().filter_map(doubt).collect()
    }
}

/// Runs that must all fail: so many that, of so many suspects which pass every other time, hardly one would.
fn runs_to_be_gone(n_suspects: usize) -> usize {
    let n = (n_suspects.max(1) as f64 / ALPHA_GONE).log2().ceil();
    (n as usize).min(RUNS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_suspects_are_asked_more_often() {
        let runs = [0, 1, 2, 5, 10, 1_000_000].map(runs_to_be_gone);
        assert_eq!(runs, [6, 6, 7, 8, 9, 12]);
    }
}
