//! A simulated model's URL: `sim://main?seed=1&ttft_ms=250&…`.

use std::time::Duration;

use aios_core::Tier;

use super::faults::FaultPlan;
use super::query;

/// What a simulated model is like.
#[derive(Debug, Clone, PartialEq)]
pub struct SimSpec {
    /// Which tier's defaults it started from.
    pub tier: Tier,
    /// Name in `/models`, and in replies to requests that name none.
    pub model: String,
    /// Everything the model draws depends on it.
    pub seed: u64,
    /// Median time to the first token of a short prompt.
    pub ttft: Duration,
    /// Tokens of an answer per second.
    pub tokens_per_second: f64,
    /// Tokens of a prompt read per second.
    pub prefill_per_second: f64,
    /// Requests answered at the same time; more wait in line.
    pub slots: usize,
    /// Answer without any delay and without slots: for measuring what is around the model.
    pub instant: bool,
    /// Answer with the request itself, so that whoever asks sees what has reached the model.
    pub echo: bool,
    /// Faults from the start.
    pub faults: FaultPlan,
}

/// The URL of a simulated model cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot use the simulated model `{url}`: {why}")]
pub struct SimUrlError {
    /// The URL as configured.
    pub url: String,
    /// What is wrong with it, with the nearest known name where one is unknown.
    pub why: String,
}

/// The keys of the query that say what the model is like; [`FaultPlan::KEYS`] follow.
const KEYS: [&str; 8] =
    ["seed", "ttft_ms", "tps", "prefill_tps", "slots", "model", "instant", "echo"];

/// Most slots, and the fastest rates, that still mean something.
const SLOTS_MAX: f64 = 65_536.0;
const RATE_MAX: f64 = 1e9;

impl SimSpec {
    /// The defaults of a tier. `main` is a 7B model on a good graphics card, `embedder` a 1B model
    /// beside it; both kept quick so that a demonstration stays lively.
    #[must_use]
    pub fn of_tier(tier: Tier) -> Self {
        let (ttft_ms, tokens_per_second, prefill_per_second, slots) = match tier {
            Tier::Main => (250, 60.0, 2_500.0, 8),
            Tier::Embedder => (60, 150.0, 10_000.0, 16),
        };
        Self {
            tier,
            model: format!("sim-{tier}"),
            seed: 1,
            ttft: Duration::from_millis(ttft_ms),
            tokens_per_second,
            prefill_per_second,
            slots,
            instant: false,
            echo: false,
            faults: FaultPlan::default(),
        }
    }

    /// Reads a URL.
    ///
    /// # Errors
    /// When it is not a `sim:` URL, or a name or value in it is not known.
    pub fn from_url(url: &str) -> Result<Self, SimUrlError> {
        Self::read(url).map_err(|why| SimUrlError { url: url.to_owned(), why })
    }

    fn read(url: &str) -> Result<Self, String> {
        let rest = url.strip_prefix("sim://").ok_or("it must start with `sim://`")?;
        let (name, query) = rest.split_once('?').unwrap_or((rest, ""));
        let name = name.trim_end_matches('/');
        let name = name.strip_suffix("/v1").unwrap_or(name);
        let tier = Tier::ALL.into_iter().find(|tier| tier.name() == name);
        let mut spec = Self::of_tier(
            tier.ok_or_else(|| query::unknown("tier", name, &Tier::ALL.map(Tier::name)))?,
        );
        for (key, value) in query::pairs(query) {
            spec.set(&key, &value)?;
        }
        Ok(spec)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "seed" => self.seed = query::value(key, value, "a whole number")?,
            "ttft_ms" => self.ttft = query::millis(key, value)?,
            "tps" => self.tokens_per_second = query::number(key, value, 0.001, RATE_MAX)?,
            "prefill_tps" => self.prefill_per_second = query::number(key, value, 0.001, RATE_MAX)?,
            "slots" => self.slots = query::number(key, value, 1.0, SLOTS_MAX)? as usize,
            "model" => value.clone_into(&mut self.model),
            "instant" => self.instant = query::value(key, value, "true or false")?,
            "echo" => self.echo = query::value(key, value, "true or false")?,
            _ if self.faults.set(key, value)? => {}
            _ => return Err(query::unknown("key", key, &[&KEYS[..], &FaultPlan::KEYS].concat())),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_url_gives_the_defaults_of_its_tier() {
        for tier in Tier::ALL {
            let expect = SimSpec::of_tier(tier);
            assert_eq!(SimSpec::from_url(&format!("sim://{tier}")), Ok(expect.clone()));
            assert_eq!(SimSpec::from_url(&format!("sim://{tier}/v1/")), Ok(expect));
        }
    }

    #[test]
    fn every_key_is_read() {
        let spec = SimSpec::from_url(
            "sim://embedder?seed=7&ttft_ms=5&tps=10&prefill_tps=20&slots=2&model=a%2Fb&instant&echo&status=503",
        );
        let expect = SimSpec {
            tier: Tier::Embedder,
            model: "a/b".to_owned(),
            seed: 7,
            ttft: Duration::from_millis(5),
            tokens_per_second: 10.0,
            prefill_per_second: 20.0,
            slots: 2,
            instant: true,
            echo: true,
            faults: FaultPlan { status: Some(503), ..FaultPlan::default() },
        };
        assert_eq!(spec, Ok(expect));
    }

    #[test]
    fn what_is_not_known_is_refused_with_the_nearest_name() {
        let check = |url: &str, expect: &str| {
            assert_eq!(SimSpec::from_url(url).unwrap_err().why, expect);
        };
        check("http://main", "it must start with `sim://`");
        check("sim://mian", "unknown tier `mian`; did you mean `main`?");
        check("sim://main?tfft_ms=1", "unknown key `tfft_ms`; did you mean `ttft_ms`?");
        check("sim://main?cut_afer=1", "unknown key `cut_afer`; did you mean `cut_after`?");
        check("sim://main?slots=0", "`slots` must be a number from 1 to 65536, not `0`");
        check("sim://main?tps=fast", "`tps` must be a number from 0.001 to 1000000000, not `fast`");
        check("sim://main?seed=-1", "`seed` must be a whole number, not `-1`");
    }
}
