//! Faults of a simulated model, switchable while it runs.
//!
//! Each is something real servers do. They can stand in the model's URL, or be set through the
//! shared [`SimFaults`], which is how a chaos run makes a healthy model fail and recover.

use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::Instant;

use super::query;
use super::random::hash;

/// Which faults are on. The default is none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FaultPlan {
    /// Share of requests that the faults hit, 0 to 1; all if not given. Alone, it means status 500.
    pub error_rate: Option<f64>,
    /// Answer with this status and an error body.
    pub status: Option<u16>,
    /// Take no connection.
    pub refuse: bool,
    /// Take the request and never answer.
    pub hang: bool,
    /// Break the connection after so many chunks.
    pub cut_after: Option<u32>,
    /// End a stream without its proper ending.
    pub no_done: bool,
    /// Send something that is neither JSON nor an event.
    pub garbage: bool,
    /// Answer with status 200 and report an error after so many chunks (0 = at once).
    pub error_in_200: Option<u32>,
    /// Name another model in the reply.
    pub wrong_model: bool,
    /// Answer 503 "Loading model" for so long after the plan was set.
    pub loading: Duration,
    /// Wait so much longer before each chunk.
    pub slow_drip: Duration,
    /// Requests per second; more are answered with 429.
    pub rate_limit: Option<u32>,
}

impl FaultPlan {
    /// The names of all faults, as written in a URL's query.
    pub const KEYS: [&'static str; 12] = [
        "error_rate",
        "status",
        "refuse",
        "hang",
        "cut_after",
        "no_done",
        "garbage",
        "error_in_200",
        "wrong_model",
        "loading_ms",
        "slow_drip_ms",
        "rate_limit",
    ];

    /// Reads faults written as in a URL's query: `status=503&error_rate=0.1`.
    ///
    /// # Errors
    /// A sentence for people when a name or value is not known.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut plan = Self::default();
        for (key, value) in query::pairs(text) {
            if !plan.set(&key, &value)? {
                return Err(query::unknown("fault", &key, &Self::KEYS));
            }
        }
        Ok(plan)
    }

    /// Sets one fault; false if the key names none.
    pub(super) fn set(&mut self, key: &str, value: &str) -> Result<bool, String> {
        let flag = || query::value(key, value, "true or false");
        let count = || match value {
            "true" => Ok(0),
            _ => query::value(key, value, "a whole number"),
        };
        match key {
            "error_rate" => self.error_rate = Some(query::number(key, value, 0.0, 1.0)?),
            "status" => self.status = Some(query::number(key, value, 400.0, 599.0)? as u16),
            "refuse" => self.refuse = flag()?,
            "hang" => self.hang = flag()?,
            "cut_after" => self.cut_after = Some(count()?),
            "no_done" => self.no_done = flag()?,
            "garbage" => self.garbage = flag()?,
            "error_in_200" => self.error_in_200 = Some(count()?),
            "wrong_model" => self.wrong_model = flag()?,
            "loading_ms" => self.loading = query::millis(key, value)?,
            "slow_drip_ms" => self.slow_drip = query::millis(key, value)?,
            "rate_limit" => self.rate_limit = Some(query::value(key, value, "a whole number")?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The faults of one request: all or, where the draw misses, none.
    fn for_request(&self, seed: u64, n: u64) -> Self {
        let Some(rate) = self.error_rate else { return self.clone() };
        let draw = hash(seed, &[b"fault", &n.to_le_bytes()]) as f64 / u64::MAX as f64;
        if draw >= rate {
            return Self::default();
        }
        let alone = Self { error_rate: Some(rate), ..Self::default() } == *self;
        Self { status: if alone { Some(500) } else { self.status }, ..self.clone() }
    }
}

/// The faults in force: share it, and switch them while the model runs.
#[derive(Debug)]
pub struct SimFaults {
    active: ArcSwap<(FaultPlan, Instant)>,
}

impl SimFaults {
    /// Starts with a plan.
    #[must_use]
    pub fn new(plan: FaultPlan) -> Self {
        Self { active: ArcSwap::from_pointee((plan, Instant::now())) }
    }

    /// Puts another plan in force, for requests that come from now on.
    pub fn set(&self, plan: FaultPlan) {
        self.active.store((plan, Instant::now()).into());
    }

    /// The plan in force.
    #[must_use]
    pub fn plan(&self) -> FaultPlan {
        self.active.load().0.clone()
    }

    /// What hits the `n`th request, which comes `now`.
    pub(super) fn for_request(&self, seed: u64, n: u64, now: Instant) -> FaultPlan {
        let active = self.active.load();
        let (plan, since) = &**active;
        let mut plan = plan.for_request(seed, n);
        if now.duration_since(*since) >= plan.loading {
            plan.loading = Duration::ZERO;
        }
        plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_from_text() {
        let expect = FaultPlan {
            cut_after: Some(3),
            hang: true,
            error_in_200: Some(0),
            ..FaultPlan::default()
        };
        assert_eq!(FaultPlan::parse("cut_after=3&hang&error_in_200"), Ok(expect));
        assert_eq!(FaultPlan::parse(""), Ok(FaultPlan::default()));
        let error = FaultPlan::parse("hangs").unwrap_err();
        assert_eq!(error, "unknown fault `hangs`; did you mean `hang`?");
        let error = FaultPlan::parse("status=200").unwrap_err();
        assert_eq!(error, "`status` must be a number from 400 to 599, not `200`");
    }

    #[test]
    fn every_key_sets_something() {
        for key in FaultPlan::KEYS {
            let value = if key == "status" { "500" } else { "1" };
            let value = if FaultPlan::default().set(key, value).is_ok() { value } else { "true" };
            let mut plan = FaultPlan::default();
            assert_eq!(plan.set(key, value), Ok(true), "{key}");
            assert_ne!(plan, FaultPlan::default(), "{key}");
        }
    }

    #[test]
    fn the_error_rate_is_the_share_of_requests_that_are_hit() {
        let plan = FaultPlan::parse("error_rate=0.2").unwrap();
        let n_hit = (0..5_000).filter(|n| plan.for_request(1, *n).status == Some(500)).count();
        assert!((900..1_100).contains(&n_hit), "{n_hit}");
        let never = FaultPlan::parse("error_rate=0&hang").unwrap();
        assert!((0..100).all(|n| !never.for_request(1, n).hang));
    }
}
