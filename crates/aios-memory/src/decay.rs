//! What could be put away because nobody has needed it for long.
//!
//! Age never lowers a fragment's rank by much: measured, a relevance that is multiplied by age finds half
//! as much. So age only makes proposals, which somebody executes, and what is put away is kept and can be
//! brought back.

use aios_core::Timestamp;

/// Days without use after which a fragment that was never confirmed may go.
pub const IDLE_DAYS: u32 = 180;

/// Each confirmed use doubles the patience, so often at most.
pub const CONFIRMED_DOUBLINGS_MAX: u32 = 3;

/// A fragment by its age and use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aged {
    /// Its number in the store.
    pub id: i64,
    /// When it was said.
    pub ts: Timestamp,
    /// When it was last confirmed. That it was merely found does not count: what is found once would be
    /// found for ever.
    pub confirmed_at: Option<Timestamp>,
    /// How often an answer that used it was confirmed.
    pub n_confirmed: u32,
    /// Whether somebody said that it stays.
    pub is_pinned: bool,
}

/// A fragment that may be put away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proposal {
    /// Its number in the store.
    pub id: i64,
    /// Whole days since it was last of use.
    pub idle_days: u32,
    /// After how many it may go.
    pub patience_days: u32,
}

/// Which fragments may be put away at `now`, the longest idle first.
#[must_use]
pub fn propose(fragments: &[Aged], now: Timestamp) -> Vec<Proposal> {
    let mut proposals: Vec<_> = fragments.iter().filter_map(|one| of_one(one, now)).collect();
    proposals.sort_by_key(|one| (u32::MAX - one.idle_days, one.id));
    proposals
}

fn of_one(one: &Aged, now: Timestamp) -> Option<Proposal> {
    if one.is_pinned {
        return None;
    }
    let last = one.confirmed_at.map_or(one.ts, |confirmed| confirmed.max(one.ts));
    let idle_days = u32::try_from(now.since(last).as_secs() / 86_400).unwrap_or(u32::MAX);
    let patience_days = IDLE_DAYS << one.n_confirmed.min(CONFIRMED_DOUBLINGS_MAX);
    (idle_days > patience_days).then_some(Proposal { id: one.id, idle_days, patience_days })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn day(n: u32) -> Timestamp {
        Timestamp::from_micros(0).plus(Duration::from_secs(u64::from(n) * 86_400))
    }

    fn proposed(said: u32, confirmed: &[u32], is_pinned: bool, now: u32) -> bool {
        let aged = Aged {
            id: 1,
            ts: day(said),
            confirmed_at: confirmed.last().map(|n| day(*n)),
            n_confirmed: confirmed.len() as u32,
            is_pinned,
        };
        !propose(&[aged], day(now)).is_empty()
    }

    #[test]
    fn only_what_is_idle_for_long_is_proposed() {
        assert!(!proposed(0, &[], false, 180) && proposed(0, &[], false, 181));
        assert!(!proposed(0, &[], true, 9_000), "a pin holds for ever");
        assert!(!proposed(0, &[100], false, 400) && proposed(0, &[100], false, 461));
        let often: Vec<u32> = (0..40).collect();
        assert!(proposed(0, &often, false, 39 + 8 * 180 + 1), "patience has an end");
        assert!(!proposed(50, &[], false, 0), "what comes from the future is new");
    }
}
