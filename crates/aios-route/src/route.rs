//! Message, bucket, policy and split to a route.

use aios_core::{Bucket, Profile, Route, RouteReason, Split, Tier};

use crate::counts::{Counts, count};
use crate::knots::Knots;
use crate::prior::Score;

/// How a score becomes a weight, and where that comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Which knots these are.
    pub profile: Profile,
    /// The knots.
    pub knots: Knots,
}

impl Policy {
    /// The built-in policy.
    #[must_use]
    pub fn golden() -> Self {
        Self { profile: Profile::Golden, knots: Knots::golden() }
    }

    /// A policy with knots from local traffic.
    #[must_use]
    pub const fn traffic(knots: Knots) -> Self {
        Self { profile: Profile::Traffic, knots }
    }
}

/// Routes a message: main if its weight is at or above the boundary of the bucket.
///
/// Nothing is left to chance, so the propensity is 1.
#[must_use]
pub fn route(message: &str, bucket: Bucket, policy: &Policy, split: &Split) -> Route {
    route_counts(&count(message), bucket, policy, split)
}

pub(crate) fn route_counts(
    counts: &Counts,
    bucket: Bucket,
    policy: &Policy,
    split: &Split,
) -> Route {
    let Score { raw, terms } = Score::of(counts);
    let weight = policy.knots.weight(raw);
    let boundary = split.boundary(bucket);
    let (tier, reason) = if weight.get() >= boundary.get() {
        (Tier::Main, RouteReason::AtOrAboveBoundary)
    } else {
        (Tier::Embedder, RouteReason::BelowBoundary)
    };
    Route {
        tier,
        bucket,
        boundary,
        weight: Some(weight),
        raw,
        terms,
        profile: policy.profile,
        reason,
        propensity: 1.0,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use aios_core::{Boundary, Percent};

    use super::*;

    pub(crate) fn split() -> Split {
        Split::plain(Percent::new(10.0).unwrap(), "config")
    }

    fn check(message: &str, expect: Tier) {
        let route = route(message, Bucket::Control, &Policy::golden(), &split());
        assert_eq!(route.tier, expect, "{message}: {route:?}");
    }

    #[test]
    fn small_talk_and_look_ups_go_to_the_embedder() {
        for message in [
            "Hi!",
            "Good morning",
            "yes, sure, thank you",
            "Ok great, thanks",
            "👍",
            "What time is it in Tokyo?",
            "Who wrote Hamlet?",
            "Write me a haiku about snow",
            "Translate \"good evening\" to Spanish",
            "你好",
        ] {
            check(message, Tier::Embedder);
        }
    }

    #[test]
    fn questions_that_need_thought_go_to_main() {
        for message in [
            "Why does ice float on water?",
            "How do I fix a deadlock between two threads in Rust?",
            "I had a fight with my sister and I am not sure how to make peace again",
            "If a train covers 120 miles in 2 hours, how many miles does it cover in 5 hours?",
            "Compare SQL and document databases for an event log with many readers",
            "Объясни, почему небо голубое и как это связано с рассеянием света",
            "请解释一下光合作用是怎么进行的",
        ] {
            check(message, Tier::Main);
        }
    }

    #[test]
    fn the_boundary_is_that_of_the_bucket_and_itself_goes_to_main() {
        let message = "Why does ice float on water?";
        let policy = Policy::golden();
        let weight = route(message, Bucket::Control, &policy, &split()).weight.unwrap().get();
        let above = Boundary::new(weight + 1e-6).unwrap();
        let split = Split {
            control_boundary: Boundary::new(weight).unwrap(),
            treatment_boundary: above,
            ..split()
        };
        let control = route(message, Bucket::Control, &policy, &split);
        let treatment = route(message, Bucket::Treatment, &policy, &split);
        assert_eq!((control.tier, control.reason), (Tier::Main, RouteReason::AtOrAboveBoundary));
        assert_eq!(
            (treatment.tier, treatment.reason),
            (Tier::Embedder, RouteReason::BelowBoundary)
        );
        assert_eq!((treatment.boundary, treatment.bucket), (above, Bucket::Treatment));
        assert_eq!(control.propensity, 1.0);
    }
}
