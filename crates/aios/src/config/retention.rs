//! `[retention]`, and how large a segment grows.

use std::time::Duration;

use aios_store::{Policy, Term};

use super::file;
use super::resolve::Resolver;
use super::units;

const DAY: Duration = Duration::from_secs(86_400);

/// Longest term that is taken: more is a slip of the unit.
const DAYS_MAX: u32 = 3650;

impl Resolver<'_> {
    pub(super) fn retention(&mut self, file: &file::Retention) -> Policy {
        let hot = self.term("retention.hot", &file.hot);
        let cold = self.term("retention.cold", &file.cold);
        self.rising("retention.hot", hot, "retention.cold", cold);
        let audit = self.term("retention.audit", &file.audit);
        Policy {
            events: Term { hot: Some(hot), total: cold },
            audit: Term { hot: None, total: audit },
        }
    }

    pub(super) fn segment_max(&mut self, text: &str) -> u64 {
        let bytes = self.size("events.segment_max", text, 1 << 20..=1 << 30);
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }

    /// A whole number of days: segments hold events of one day, so no finer term could be kept.
    fn term(&mut self, key: &str, text: &str) -> Duration {
        match units::duration(text) {
            Ok(term)
                if (DAY..=DAYS_MAX * DAY).contains(&term)
                    && term.as_secs() % DAY.as_secs() == 0 =>
            {
                term
            }
            Ok(_) | Err(_) => {
                self.refuse(
                    key,
                    format!("must be from 1d to {DAYS_MAX}d in whole days, not \"{text}\""),
                );
                DAY
            }
        }
    }
}

/// A term in days.
pub(super) fn whole_days(term: Duration) -> u32 {
    u32::try_from(term.as_secs() / DAY.as_secs()).unwrap_or(u32::MAX)
}
