//! Where a message goes and why.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of the two model tiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// The large model.
    Main,
    /// The small fast model, which also serves embeddings.
    Embedder,
}

impl Tier {
    /// Both tiers.
    pub const ALL: [Self; 2] = [Self::Main, Self::Embedder];

    /// The tier that answers when this one cannot.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Main => Self::Embedder,
            Self::Embedder => Self::Main,
        }
    }

    /// Name in configuration, metrics, headers and events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Embedder => "embedder",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which routing policy a conversation gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bucket {
    /// The policy in force.
    Control,
    /// The policy on trial.
    Treatment,
}

impl Bucket {
    /// Both buckets.
    pub const ALL: [Self; 2] = [Self::Control, Self::Treatment];

    /// Name in configuration, metrics, headers and events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Treatment => "treatment",
        }
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A number is outside its range.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{what} must be a number from {low} to {high}, not {value}")]
pub struct RangeError {
    what: &'static str,
    low: f64,
    high: f64,
    value: f64,
}

macro_rules! ranged {
    ($(#[$doc:meta])* $name:ident, $what:literal, $low:literal, $high:literal, $hair:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[serde(try_from = "f64", into = "f64")]
        pub struct $name(f64);

        impl $name {
            /// Checks the range.
            ///
            /// # Errors
            /// When the value is outside it or not a number.
            pub fn new(value: f64) -> Result<Self, RangeError> {
                let (inner_low, inner_high) = ($low + $hair, $high - $hair);
                let is_hair = (value > $low && value < inner_low) || (value < $high && value > inner_high);
                if !($low..=$high).contains(&value) {
                    Err(RangeError { what: $what, low: $low, high: $high, value })
                } else if is_hair {
                    let what = concat!($what, " that is not at an end");
                    Err(RangeError { what, low: inner_low, high: inner_high, value })
                } else {
                    // A zero below zero is a zero, and is shown and kept as one.
                    Ok(Self(value + 0.0))
                }
            }

            /// The number.
            #[must_use]
            pub const fn get(self) -> f64 {
                self.0
            }
        }

        impl TryFrom<f64> for $name {
            type Error = RangeError;

            fn try_from(value: f64) -> Result<Self, RangeError> {
                Self::new(value)
            }
        }

        impl From<$name> for f64 {
            fn from(value: $name) -> f64 {
                value.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

ranged!(
    /// A message's routing score in \[0, 1\]; higher = more reason to use main.
    Weight, "a weight", 0.0, 1.0, 0.0
);
ranged!(
    /// A weight at or above the boundary goes to main.
    Boundary, "a boundary", 0.0, 1.0, 0.0
);
ranged!(
    /// A share in percent, 0 to 100. None is so small that it is nobody's, and yet not 0: 0 means something else.
    Percent, "a percentage", 0.0, 100.0, 0.01
);

impl Percent {
    /// None.
    pub const ZERO: Self = Self(0.0);
}

/// The boundary that sends about 60 % of the reference traffic to main.
pub const BOUNDARY_DEFAULT: Boundary = Boundary(0.5);

/// Which knots turned the raw score into a weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// The built-in knots, anchored so that the golden set splits as labelled.
    Golden,
    /// Knots from this deployment's own prompts.
    Traffic,
}

/// The routing split that control publishes and the pipeline reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Split {
    /// Share of conversations in treatment.
    pub treatment_pct: Percent,
    /// Boundary of the control bucket.
    pub control_boundary: Boundary,
    /// Boundary of the treatment bucket.
    pub treatment_boundary: Boundary,
    /// False = the kill switch: built-in prior, boundary 0.5, everything in control.
    pub adaptive: bool,
    /// True = the split stays as it is: nothing but an operator may change it.
    #[serde(default)]
    pub frozen: bool,
    /// Where this split comes from, for people: `config`, `override`, `kill_switch`, `canary`.
    pub origin: String,
}

impl Split {
    /// So many in treatment, both buckets at the default boundary, and nothing switched off or frozen.
    #[must_use]
    pub fn plain(treatment_pct: Percent, origin: &str) -> Self {
        Self {
            treatment_pct,
            control_boundary: BOUNDARY_DEFAULT,
            treatment_boundary: BOUNDARY_DEFAULT,
            adaptive: true,
            frozen: false,
            origin: origin.to_owned(),
        }
    }

    /// The boundary applied to a bucket.
    #[must_use]
    pub const fn boundary(&self, bucket: Bucket) -> Boundary {
        match bucket {
            Bucket::Control => self.control_boundary,
            Bucket::Treatment => self.treatment_boundary,
        }
    }

    /// Whether nobody may be treated, whatever he asks for: treatment was emptied by an operator or by a fault. Before a
    /// rollout begins it is empty too, and may be tried.
    #[must_use]
    pub fn is_treatment_shut(&self) -> bool {
        let is_emptied =
            self.treatment_pct.get() <= 0.0 && !matches!(&*self.origin, "canary" | "config");
        is_emptied || !self.adaptive
    }
}

/// Why a request went where it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteReason {
    /// The weight reached the boundary: main.
    AtOrAboveBoundary,
    /// The weight stayed below the boundary: embedder.
    BelowBoundary,
    /// The client asked for a tier by name.
    PinnedTier,
    /// The client asked for one model by its exact name.
    PinnedModel,
    /// Embeddings are the embedder's work.
    Embeddings,
    /// The request failed before it could be routed.
    NotRouted,
}

impl RouteReason {
    /// Name in headers, metrics and events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AtOrAboveBoundary => "at_or_above_boundary",
            Self::BelowBoundary => "below_boundary",
            Self::PinnedTier => "pinned_tier",
            Self::PinnedModel => "pinned_model",
            Self::Embeddings => "embeddings",
            Self::NotRouted => "not_routed",
        }
    }
}

/// Where one message goes: what the router returns.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// The tier chosen.
    pub tier: Tier,
    /// The conversation's bucket.
    pub bucket: Bucket,
    /// The boundary of that bucket.
    pub boundary: Boundary,
    /// The message's weight; `None` where the client pinned the tier or model.
    pub weight: Option<Weight>,
    /// Raw score before the quantile map.
    pub raw: f64,
    /// The terms of the raw score that are not zero, by name.
    pub terms: Vec<(&'static str, f64)>,
    /// The knots used.
    pub profile: Profile,
    /// Why.
    pub reason: RouteReason,
    /// Probability with which this tier was chosen (1 without exploration).
    pub propensity: f64,
}

impl Route {
    /// The route of a request whose tier was not weighed: pinned, embeddings or failed early.
    #[must_use]
    pub const fn fixed(tier: Tier, bucket: Bucket, split: &Split, reason: RouteReason) -> Self {
        Self {
            tier,
            bucket,
            boundary: split.boundary(bucket),
            weight: None,
            raw: 0.0,
            terms: Vec::new(),
            profile: Profile::Golden,
            reason,
            propensity: 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_outside_their_range_are_refused() {
        for value in [-0.1, 1.1, f64::NAN] {
            assert!(Boundary::new(value).is_err(), "{value}");
        }
        let error = Percent::new(250.0).unwrap_err().to_string();
        assert_eq!(error, "a percentage must be a number from 0 to 100, not 250");
    }

    #[test]
    fn a_hair_is_no_share() {
        for value in [1e-320, 0.009, 99.999, 100.0 - 1e-12] {
            let error = Percent::new(value).unwrap_err().to_string();
            assert!(error.starts_with("a percentage that is not at an end must"), "{error}");
        }
        for value in [0.0, 0.01, 0.5, 99.99, 100.0] {
            assert_eq!(Percent::new(value).unwrap().get(), value);
        }
        assert_eq!(Percent::new(-0.0).unwrap().to_string(), "0");
        assert!(Weight::new(1e-320).is_ok());
    }

    /// Empty until a rollout begins is not the same as emptied.
    #[test]
    fn treatment_is_shut_by_a_hand_or_a_fault() {
        let check = |pct: f64, origin: &str, adaptive: bool, expect: bool| {
            let split = Split {
                treatment_pct: Percent::new(pct).unwrap(),
                control_boundary: BOUNDARY_DEFAULT,
                treatment_boundary: BOUNDARY_DEFAULT,
                adaptive,
                frozen: false,
                origin: origin.to_owned(),
            };
            assert_eq!(split.is_treatment_shut(), expect, "{pct} {origin}");
        };
        check(0.0, "canary", true, false);
        check(0.0, "config", true, false);
        check(10.0, "override", true, false);
        check(0.0, "override", true, true);
        check(0.0, "override_refused", true, true);
        check(0.0, "canary_fault", true, true);
        check(10.0, "config", false, true);
    }
}
