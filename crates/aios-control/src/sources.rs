//! Two witnesses: live traffic and the golden set.

use aios_core::Verdict;

/// Which evidence may advance a canary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sources {
    /// Live traffic where there is any in treatment, else the golden set alone.
    #[default]
    Auto,
    /// Never the golden set alone.
    Live,
}

impl Sources {
    /// One verdict of two. Either may breach; both must be met where both can speak. `live` is none where
    /// treatment has had no traffic.
    #[must_use]
    pub const fn verdict(self, live: Option<Verdict>, golden: Verdict) -> Verdict {
        match (live, golden) {
            (Some(Verdict::Breached), _) | (_, Verdict::Breached) => Verdict::Breached,
            (Some(Verdict::Met), Verdict::Met) => Verdict::Met,
            (None, golden) => match self {
                Self::Auto => golden,
                Self::Live => Verdict::NoData,
            },
            (Some(Verdict::NoData), _) | (_, Verdict::NoData) => Verdict::NoData,
        }
    }
}

/// The share of bad answers that so many golden cases, all of them passed, cannot rule out at 95 %: with
/// ten cases a regression of a quarter goes unseen.
#[must_use]
pub fn unseen_regression(n_cases: u32) -> f64 {
    const ALPHA: f64 = 0.05;
    if n_cases == 0 { 1.0 } else { 1.0 - ALPHA.powf(1.0 / f64::from(n_cases)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: live met, breached, no data, none; columns: golden met, breached, no data.
    fn table(sources: Sources) -> String {
        let live = [Some(Verdict::Met), Some(Verdict::Breached), Some(Verdict::NoData), None];
        let letter = |verdict| match verdict {
            Verdict::Met => '+',
            Verdict::Breached => '-',
            Verdict::NoData => '.',
        };
        let row = |live| Verdict::ALL.map(|golden| letter(sources.verdict(live, golden)));
        live.map(|live| row(live).iter().collect::<String>()).join(" ")
    }

    #[test]
    fn either_may_breach_and_both_must_be_met() {
        assert_eq!(table(Sources::Auto), "+-. --- .-. +-.");
        assert_eq!(table(Sources::Live), "+-. --- .-. .-.");
    }

    #[test]
    fn ten_cases_see_no_more_than_a_quarter() {
        assert!((unseen_regression(10) - 0.2589).abs() < 1e-4);
        assert_eq!(unseen_regression(0), 1.0);
    }
}
