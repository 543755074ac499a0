//! Why a message goes where it goes, number by number.

use aios_core::{Boundary, Bucket, Profile, RouteReason, Split, Tier, Weight};
use serde::Serialize;

use crate::counts::{Counts, count};
use crate::prior::{TERMS, gain};
use crate::route::{Policy, route_counts};

/// Every number on the way from a message to its tier.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The tier chosen.
    pub tier: Tier,
    /// Why.
    pub reason: RouteReason,
    /// The bucket.
    pub bucket: Bucket,
    /// The message's weight.
    pub weight: Weight,
    /// The boundary it was held against.
    pub boundary: Boundary,
    /// Weight less boundary: how clear the choice was.
    pub margin: f64,
    /// The knots that made the weight of the score.
    pub profile: Profile,
    /// How many prompts these were made from; 0 for the built-in ones.
    pub n_knot_prompts: usize,
    /// The sum of the terms.
    pub raw: f64,
    /// The expected gain of main over embedder, in answer score.
    pub gain: f64,
    /// Each term that is not zero.
    pub terms: Vec<ExplainedTerm>,
    /// What was counted in the message.
    pub counts: Counts,
    /// Bytes of the message; more than `counts.n_bytes` if its middle was left out.
    pub n_bytes: usize,
    /// Probability with which this tier is chosen.
    pub propensity: f64,
}

/// One term of the raw score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ExplainedTerm {
    /// Its name, as in events.
    pub name: &'static str,
    /// Its value.
    pub value: f64,
    /// How it is computed.
    pub meaning: &'static str,
}

/// Explains where [`crate::route`] sends a message.
#[must_use]
pub fn explain(message: &str, bucket: Bucket, policy: &Policy, split: &Split) -> Explanation {
    let counts = count(message);
    let route = route_counts(&counts, bucket, policy, split);
    let weight = policy.knots.weight(route.raw);
    Explanation {
        tier: route.tier,
        reason: route.reason,
        bucket: route.bucket,
        weight,
        boundary: route.boundary,
        margin: weight.get() - route.boundary.get(),
        profile: route.profile,
        n_knot_prompts: policy.knots.n_prompts(),
        raw: route.raw,
        gain: gain(route.raw, 0.0),
        terms: route.terms.into_iter().map(explained).collect(),
        counts,
        n_bytes: message.len(),
        propensity: route.propensity,
    }
}

fn explained((name, value): (&'static str, f64)) -> ExplainedTerm {
    let meaning = TERMS.iter().find(|term| term.name == name).map_or("", |term| term.meaning);
    ExplainedTerm { name, value, meaning }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::{route, tests::split};

    #[test]
    fn an_explanation_says_what_the_router_does() {
        let policy = Policy::golden();
        for message in ["Hello", "Explain why the sky is blue", "SELECT 1; {} == 2"] {
            let route = route(message, Bucket::Control, &policy, &split());
            let why = explain(message, Bucket::Control, &policy, &split());
            assert_eq!(
                (why.tier, why.raw, Some(why.weight)),
                (route.tier, route.raw, route.weight)
            );
            let terms: Vec<_> = why.terms.iter().map(|term| (term.name, term.value)).collect();
            assert_eq!(terms, route.terms);
            assert!(why.terms.iter().all(|term| !term.meaning.is_empty()));
            assert_eq!(why.margin >= 0.0, why.tier == Tier::Main);
        }
    }

    #[test]
    fn the_json_has_stable_names() {
        let why = explain("Hi there", Bucket::Treatment, &Policy::golden(), &split());
        let json = serde_json::to_value(&why).unwrap();
        assert_eq!(json["tier"], "embedder");
        assert_eq!(json["reason"], "below_boundary");
        assert_eq!(json["bucket"], "treatment");
        assert_eq!(json["profile"], "golden");
        assert_eq!(json["terms"][0]["name"], "trivial");
        assert_eq!(json["counts"]["n_tokens"], 2);
    }
}
