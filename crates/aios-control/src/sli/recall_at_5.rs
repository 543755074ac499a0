//! How much of what should be found is among the first five fragments.

use super::{Measured, Sli, Window};

/// Mean recall among the first five fragments, as the last retrieval evaluation found it. Requests do
/// not say what should have been found, so no window of them can.
#[derive(Debug)]
pub struct RecallAt5;

impl Sli for RecallAt5 {
    fn name(&self) -> &'static str {
        "recall_at_5"
    }

    fn measure(&self, window: &Window<'_>) -> Option<Measured> {
        let recall = window.recall.filter(|recall| recall.n > 0)?;
        Some(Measured { figure: recall.at_5, n: recall.n, n_bad: None })
    }
}

#[cfg(test)]
mod tests {
    use aios_core::Timestamp;

    use super::*;
    use crate::sli::Recall;

    #[test]
    fn an_evaluation_of_nothing_says_nothing() {
        let with = |n| {
            let recall = Some(Recall { ts: Timestamp::from_micros(0), n, at_5: 0.9 });
            RecallAt5.measure(&Window { recall, ..Window::new(&[]) })
        };
        assert_eq!(with(0), None);
        assert_eq!(with(20), Some(Measured { figure: 0.9, n: 20, n_bad: None }));
    }
}
