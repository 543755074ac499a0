//! The shares through which a canary grows.

use aios_core::{Percent, RangeError};

/// Most stages: more of them are no gentler, and each must be proven by itself.
pub const STAGES_MAX: usize = 10;

/// The guide's own.
const DEFAULT: [f64; 5] = [10.0, 25.0, 50.0, 75.0, 100.0];

/// Rising shares in treatment, of which the last is everybody and the first is not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stages {
    /// Beyond the last stage everybody again, so that two lists of the same stages are equal.
    shares: [Percent; STAGES_MAX],
    n: usize,
}

/// These cannot be stages.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StagesError {
    /// None, or more than there may be.
    #[error("must be 2 to {STAGES_MAX} shares, not {0}")]
    Count(usize),
    /// One is no share.
    #[error(transparent)]
    Share(#[from] RangeError),
    /// Nobody is in treatment at the first.
    #[error("must begin above 0, where nobody is in treatment")]
    Nobody,
    /// Everybody is in treatment at the first.
    #[error(
        "must begin below 100, where nobody is left in control to compare with or to fall back to"
    )]
    Everybody,
    /// One is not above the one before.
    #[error("must rise, and {after} does not follow {before}")]
    Falling {
        /// The stage before.
        before: Percent,
        /// The one that should be above it.
        after: Percent,
    },
    /// The last is not everybody.
    #[error("must end with 100, not {0}")]
    Unfinished(Percent),
}

impl Default for Stages {
    fn default() -> Self {
        Self::new(&DEFAULT).expect("they rise to 100")
    }
}

impl Stages {
    /// Checks that they rise, from above 0 to 100, and not at once.
    ///
    /// # Errors
    /// When they do not.
    pub fn new(shares: &[f64]) -> Result<Self, StagesError> {
        let everybody = Percent::new(100.0)?;
        let mut stages = Self { shares: [everybody; STAGES_MAX], n: shares.len() };
        if shares.is_empty() || shares.len() > STAGES_MAX {
            return Err(StagesError::Count(shares.len()));
        }
        let mut before = Percent::new(0.0)?;
        for (place, share) in stages.shares.iter_mut().zip(shares) {
            let after = Percent::new(*share)?;
            if after <= before {
                let is_first = before.get() <= 0.0;
                let falling = StagesError::Falling { before, after };
                return Err(if is_first { StagesError::Nobody } else { falling });
            }
            (*place, before) = (after, after);
        }
        if before < everybody {
            return Err(StagesError::Unfinished(before));
        }
        // Falling back to the first stage has to take treatment away.
        if stages.first() >= everybody {
            return Err(StagesError::Everybody);
        }
        Ok(stages)
    }

    /// In their order.
    pub fn iter(&self) -> impl Iterator<Item = Percent> {
        self.shares.into_iter().take(self.n)
    }

    /// Where a canary begins, and where it falls back to.
    #[must_use]
    pub const fn first(&self) -> Percent {
        self.shares[0]
    }

    /// The stage after this share; none after the last.
    #[must_use]
    pub fn after(&self, treatment: Percent) -> Option<Percent> {
        self.iter().find(|stage| *stage > treatment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(shares: &[f64], expect: &str) {
        let told = match Stages::new(shares) {
            Ok(stages) => {
                let mut told = stages.first().to_string();
                let mut at = stages.first();
                while let Some(next) = stages.after(at) {
                    told.push_str(&format!(" {next}"));
                    at = next;
                }
                told
            }
            Err(error) => error.to_string(),
        };
        assert_eq!(told, expect, "{shares:?}");
    }

    #[test]
    fn stages_rise_from_somebody_to_everybody() {
        check(&DEFAULT, "10 25 50 75 100");
        check(&[1.0, 5.0, 100.0], "1 5 100");
        check(&[], "must be 2 to 10 shares, not 0");
        check(&[1.0; 11], "must be 2 to 10 shares, not 11");
        check(&[0.0, 100.0], "must begin above 0, where nobody is in treatment");
        check(&[10.0, 10.0, 100.0], "must rise, and 10 does not follow 10");
        check(&[50.0, 25.0, 100.0], "must rise, and 25 does not follow 50");
        check(
            &[100.0],
            "must begin below 100, where nobody is left in control to compare with or to fall back to",
        );
        check(&[10.0, 50.0], "must end with 100, not 50");
        check(&[10.0, 250.0], "a percentage must be a number from 0 to 100, not 250");
        check(
            &[0.001, 100.0],
            "a percentage that is not at an end must be a number from 0.01 to 99.99, not 0.001",
        );
    }

    #[test]
    fn between_two_stages_the_next_one_follows() {
        let after = |pct| Stages::default().after(Percent::new(pct).unwrap()).map(Percent::get);
        assert_eq!(
            [0.0, 12.0, 75.0, 100.0].map(after),
            [Some(10.0), Some(25.0), Some(100.0), None]
        );
    }
}
