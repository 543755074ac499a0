//! How long a server may leave main out before it tries it again.

use std::time::Duration;

use aios_upstream::BreakerPolicy;
use serde_json::Value;

/// The most that main may be left out for just now: by what the status tells of its breakers, or `open_max` where there is
/// no status. A breaker is open for `open` at first and twice as long after each further fault.
pub(super) fn probe_every(policy: &BreakerPolicy, status: Option<&Value>) -> Duration {
    let each = mains(status).map(|breaker| period(policy, breaker));
    each.max().unwrap_or(policy.open_max)
}

/// How long until main is tried again; nothing where it can be asked now, or nobody knows.
pub(super) fn tried_in(status: Option<&Value>) -> Duration {
    mains(status).map(retry_in).min().unwrap_or_default()
}

/// The breakers of main's endpoints.
fn mains(status: Option<&Value>) -> impl Iterator<Item = &Value> {
    let endpoints = status.and_then(|status| status["endpoints"].as_array());
    let mains = endpoints.into_iter().flatten().filter(|endpoint| endpoint["tier"] == "main");
    mains.map(|endpoint| &endpoint["breaker"])
}

fn period(policy: &BreakerPolicy, breaker: &Value) -> Duration {
    let Some(n_failures) = breaker["n_failures"].as_u64() else { return policy.open_max };
    // Faults of calls that were under way when it opened count here, too: it is this long at most.
    let doubled = n_failures.saturating_sub(u64::from(policy.failures)).min(31);
    let open = policy.open.saturating_mul(1 << doubled).clamp(policy.open, policy.open_max);
    // An endpoint may have asked to be left alone for longer.
    open.max(retry_in(breaker))
}

fn retry_in(breaker: &Value) -> Duration {
    Duration::from_millis(breaker["retry_in_ms"].as_u64().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const POLICY: BreakerPolicy = BreakerPolicy {
        failures: 3,
        open: Duration::from_secs(5),
        open_max: Duration::from_secs(60),
    };

    #[test]
    fn a_breaker_that_opened_once_is_no_minute_open() {
        let check = |n_failures: u64, retry_in_ms: u64, expect: u64| {
            let breaker = json!({ "n_failures": n_failures, "retry_in_ms": retry_in_ms });
            let status = json!({ "endpoints": [
                { "tier": "embedder", "breaker": { "n_failures": 90 } },
                { "tier": "main", "breaker": breaker },
                { "tier": "main", "breaker": { "n_failures": 0 } },
            ]});
            assert_eq!(probe_every(&POLICY, Some(&status)), Duration::from_secs(expect));
            assert_eq!(tried_in(Some(&status)), Duration::ZERO);
        };
        check(0, 0, 5);
        check(3, 4_000, 5);
        check(4, 4_000, 10);
        check(6, 0, 40);
        check(7, 0, 60);
        check(u64::MAX, 0, 60);
        check(3, 30_000, 30);
        for unknown in [None, Some(json!({})), Some(json!({ "endpoints": [{ "tier": "main" }] }))] {
            assert_eq!(probe_every(&POLICY, unknown.as_ref()), POLICY.open_max);
        }
    }

    #[test]
    fn main_is_tried_when_its_first_endpoint_is() {
        let endpoint = |left: u64| json!({ "tier": "main", "breaker": { "retry_in_ms": left } });
        let status = json!({ "endpoints": [endpoint(700), endpoint(300)] });
        assert_eq!(tried_in(Some(&status)), Duration::from_millis(300));
        assert_eq!(tried_in(None), Duration::ZERO);
    }
}
