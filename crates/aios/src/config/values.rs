//! Readers of one value each: what is wrong with it is collected, and a harmless value takes its place.

use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::problem::Problem;
use super::resolve::Resolver;
use super::{nearest, units};

/// Longest duration that is taken: more is a slip of the unit.
const DURATION_MAX: Duration = Duration::from_secs(24 * 60 * 60);

impl Resolver<'_> {
    /// Says that the value of `key` is wrong; `why` goes on from the key.
    pub(super) fn refuse(&mut self, key: &str, why: impl Display) {
        let problem = self.problem(key, why);
        self.problems.push(problem);
    }

    pub(super) fn refuse_with_hint(&mut self, key: &str, why: impl Display, hint: &str) {
        let problem = self.problem(key, why).hint(hint);
        self.problems.push(problem);
    }

    fn problem(&self, key: &str, why: impl Display) -> Problem {
        // An entry of a list or table has the place of the whole.
        let leaf = key.split('[').next().unwrap_or(key);
        let parent = leaf.rsplit_once('.').map_or(leaf, |(parent, _)| parent);
        match self.settings.get(leaf).or_else(|| self.settings.get(parent)) {
            Some(setting) => Problem::new(format!("`{key}` ({}) {why}", setting.origin)),
            None => Problem::new(format!("`{key}` {why}")),
        }
    }

    pub(super) fn duration(&mut self, key: &str, text: &str, zero_too: bool) -> Duration {
        let least = if zero_too { Duration::ZERO } else { Duration::from_millis(1) };
        match units::duration(text) {
            Ok(duration) if (least..=DURATION_MAX).contains(&duration) => duration,
            Ok(_) => {
                let least = if zero_too { "0s" } else { "1ms" };
                self.refuse(key, format!("must be from {least} to 24h, not \"{text}\""));
                least_harmless()
            }
            Err(expected) => {
                self.refuse(key, format!("must be {expected}, not \"{text}\""));
                least_harmless()
            }
        }
    }

    pub(super) fn size(&mut self, key: &str, text: &str, range: RangeInclusive<usize>) -> usize {
        match units::size(text) {
            Ok(bytes) if range.contains(&bytes) => bytes,
            Ok(_) => {
                self.refuse(
                    key,
                    format!(
                        "must be from {} to {} bytes, not \"{text}\"",
                        range.start(),
                        range.end()
                    ),
                );
                *range.start()
            }
            Err(expected) => {
                self.refuse(key, format!("must be {expected}, not \"{text}\""));
                *range.start()
            }
        }
    }

    pub(super) fn count<N: TryFrom<u64>>(
        &mut self,
        key: &str,
        value: u64,
        range: RangeInclusive<u64>,
    ) -> N {
        if !range.contains(&value) {
            self.refuse(
                key,
                format!("must be from {} to {}, not {value}", range.start(), range.end()),
            );
        }
        let inside = value.clamp(*range.start(), *range.end());
        let Ok(number) = N::try_from(inside) else { unreachable!("every range fits its type") };
        number
    }

    pub(super) fn ranged<T>(
        &mut self,
        key: &str,
        value: f64,
        checked: Result<T, &str>,
        harmless: T,
    ) -> T {
        checked.unwrap_or_else(|expected| {
            self.refuse(key, format!("must be {expected}, not {value}"));
            harmless
        })
    }

    pub(super) fn address(&mut self, key: &str, text: &str) -> SocketAddr {
        let spelled = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
        spelled.as_deref().unwrap_or(text).parse().unwrap_or_else(|_| {
            self.refuse(key, format!("must be an IP address and a port such as \"127.0.0.1:8500\" or \"[::1]:8500\", not \"{text}\""));
            SocketAddr::from(([127, 0, 0, 1], 0))
        })
    }

    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &str,
        text: &str,
        known: &[(&'static str, T)],
    ) -> T {
        if let Some((_, value)) = known.iter().find(|(name, _)| *name == text) {
            return *value;
        }
        let names =
            known.iter().map(|(name, _)| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        let meant = nearest(text, known.iter().map(|(name, _)| *name));
        let meant = meant.map_or(String::new(), |meant| format!("; did you mean \"{meant}\"?"));
        self.refuse(key, format!("must be one of {names}, not \"{text}\"{meant}"));
        known[0].1
    }

    pub(super) fn rising(&mut self, low_key: &str, low: Duration, high_key: &str, high: Duration) {
        if low > high {
            self.refuse(low_key, format!("must not be longer than {high_key}"));
        }
    }
}

/// Stands for a wrong duration until the whole is refused.
const fn least_harmless() -> Duration {
    Duration::from_secs(1)
}
