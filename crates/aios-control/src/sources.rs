//! Two witnesses: live traffic and the golden set.

use aios_core::{Verdict, VerdictReason};
use serde::{Deserialize, Serialize};

/// Which evidence may advance a canary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sources {
    /// Live traffic where there is any in treatment, else the golden set alone.
    #[default]
    Auto,
    /// Never the golden set alone.
    Live,
    /// The golden set alone: for those who have hardly any traffic. It sees only what is plain.
    Golden,
}

impl Sources {
    /// Name in configuration, and what it stands for.
    pub const NAMES: [(&'static str, Self); 3] =
        [("auto", Self::Auto), ("evidence", Self::Live), ("golden", Self::Golden)];

    /// One verdict of two. `live` is none where treatment has had no traffic, `golden` where there is no
    /// report that was not counted before.
    ///
    /// Either may breach. Where live traffic speaks it decides, and the golden gate, which is asked each
    /// time, keeps it from advancing.
    #[must_use]
    pub const fn verdict(self, live: Option<Verdict>, golden: Option<Verdict>) -> Verdict {
        match (self, live, golden) {
            (_, Some(Verdict::Breached), _) | (_, _, Some(Verdict::Breached)) => Verdict::Breached,
            (Self::Auto | Self::Live, Some(live), _) => live,
            (Self::Auto | Self::Golden, _, Some(golden)) => golden,
            (Self::Live, None, _) | (Self::Auto, None, None) | (Self::Golden, _, None) => {
                Verdict::NoData
            }
        }
    }

    /// The same with why: as live traffic has it where it says the same, else as a report would.
    #[must_use]
    pub fn said(
        self,
        live: Option<(Verdict, VerdictReason)>,
        golden: Option<Verdict>,
    ) -> (Verdict, VerdictReason) {
        let verdict = self.verdict(live.map(|(verdict, _)| verdict), golden);
        let of_report = match verdict {
            Verdict::Met => VerdictReason::ObjectivesMet,
            Verdict::Breached => VerdictReason::ObjectiveBroken,
            Verdict::NoData => VerdictReason::Inconclusive,
        };
        let of_live = live.filter(|(said, _)| *said == verdict).map(|(_, reason)| reason);
        (verdict, of_live.unwrap_or(of_report))
    }

    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
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

    /// Rows: live met, breached, no data, none; columns: golden met, breached, no data, none.
    fn table(sources: Sources) -> String {
        let witness = [Some(Verdict::Met), Some(Verdict::Breached), Some(Verdict::NoData), None];
        let letter = |verdict| match verdict {
            Verdict::Met => '+',
            Verdict::Breached => '-',
            Verdict::NoData => '.',
        };
        let row = |live| witness.map(|golden| letter(sources.verdict(live, golden)));
        witness.map(|live| row(live).iter().collect::<String>()).join(" ")
    }

    #[test]
    fn either_may_breach_and_live_traffic_speaks_first() {
        assert_eq!(table(Sources::Auto), "+-++ ---- .-.. +-..");
        assert_eq!(table(Sources::Live), "+-++ ---- .-.. .-..");
        assert_eq!(table(Sources::Golden), "+-.. ---- +-.. +-..");
    }

    #[test]
    fn ten_cases_see_no_more_than_a_quarter() {
        assert!((unseen_regression(10) - 0.2589).abs() < 1e-4);
        assert_eq!(unseen_regression(0), 1.0);
    }
}
