//! Faults that are ordered, to see what becomes of a system that has them.
//!
//! They are off unless configuration allows them, and each ends by itself: whoever ordered it may have died. The parts that
//! can be made to fail hold the same [`Faults`] and ask it before they do their work; while nothing is ordered
//! that is one look at one flag.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::{Tier, Timestamp};

/// Longest that a fault may last.
pub const FAULT_MAX: Duration = Duration::from_secs(60 * 60);

/// Most faults at once.
const FAULTS_MAX: usize = 32;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// The tier's endpoints take no connection.
    Refuse {
        /// Which tier.
        tier: Tier,
    },
    /// They take requests and do not answer.
    Hang {
        /// Which tier.
        tier: Tier,
    },
    /// They answer with this status.
    Status {
        /// Which tier.
        tier: Tier,
        /// From 400 to 599.
        code: u16,
        /// Of 100 requests so many.
        share_pct: u32,
    },
    /// They answer so much later.
    Delay {
        /// Which tier.
        tier: Tier,
        /// By how much.
        ms: u64,
    },
    /// Their connections break after so many pieces of an answer.
    Cut {
        /// Which tier.
        tier: Tier,
        /// After how many.
        pieces: u32,
    },
    /// Nothing more can be written to the event log.
    DiskFull {},
    /// Each write to it takes so much longer.
    DiskSlow {
        /// By how much.
        ms: u64,
    },
    /// The clock is ahead, or behind.
    ClockJump {
        /// By how much.
        seconds: i64,
    },
}

/// Why a fault cannot be ordered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// It would last too long, or no time at all.
    #[error("a fault lasts from 1 to {} seconds", FAULT_MAX.as_secs())]
    Lasts,
    /// A number in it makes no sense.
    #[error("{0}")]
    Value(&'static str),
    /// There are enough.
    #[error("{FAULTS_MAX} faults are on already")]
    TooMany,
}

/// A fault that is on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ordered {
    /// What goes wrong.
    pub fault: Fault,
    /// For how much longer.
    pub left_ms: u64,
}

/// The faults that are on.
#[derive(Debug, Default)]
pub struct Faults {
    is_any: AtomicBool,
    /// How often each tier was asked while anything was on: a share is of one tier's requests.
    n_asked: Mutex<BTreeMap<Tier, u64>>,
    on: Mutex<Vec<(Fault, Instant)>>,
    changed: Condvar,
}

impl Faults {
    /// Turns a fault on for so long; one that is on already lasts so long from now.
    ///
    /// # Errors
    /// When it makes no sense, or there are too many.
    pub fn order(&self, fault: Fault, lasts: Duration) -> Result<(), FaultError> {
        if lasts.is_zero() || lasts > FAULT_MAX {
            return Err(FaultError::Lasts);
        }
        fault.check()?;
        let mut on = self.lock();
        on.retain(|(other, until)| *until > Instant::now() && *other != fault);
        if on.len() == FAULTS_MAX {
            return Err(FaultError::TooMany);
        }
        on.push((fault, Instant::now() + lasts));
        self.is_any.store(true, Ordering::Release);
        self.changed.notify_all();
        Ok(())
    }

    /// Turns all of them off. Returns how many there were.
    pub fn clear(&self) -> usize {
        let mut on = self.lock();
        let now = Instant::now();
        let n = on.iter().filter(|(_, until)| *until > now).count();
        on.clear();
        self.is_any.store(false, Ordering::Release);
        self.changed.notify_all();
        n
    }

    /// Those that are on.
    #[must_use]
    pub fn ordered(&self) -> Vec<Ordered> {
        let now = Instant::now();
        let on = self.lock();
        let left = |until: &Instant| until.saturating_duration_since(now).as_millis();
        on.iter()
            .filter(|(_, until)| *until > now)
            .map(|(fault, until)| Ordered {
                fault: fault.clone(),
                left_ms: u64::try_from(left(until)).unwrap_or(u64::MAX),
            })
            .collect()
    }

    /// What hits the next request to this tier; nothing as good as always.
    #[must_use]
    pub fn of_tier(&self, tier: Tier) -> Vec<Fault> {
        if !self.is_any() {
            return Vec::new();
        }
        let n = {
            let mut asked = self.n_asked.lock().unwrap_or_else(PoisonError::into_inner);
            let n = asked.entry(tier).or_default();
            *n += 1;
            *n - 1
        };
        let hits = |fault: &Fault| fault.tier() == Some(tier) && fault.hits(n);
        self.now_on().into_iter().filter(hits).collect()
    }

    /// For how much longer a fault lasts; none if it is not on any more.
    #[must_use]
    pub fn left(&self, fault: &Fault) -> Option<Duration> {
        let (now, on) = (Instant::now(), self.lock());
        let until = on.iter().find(|(other, _)| other == fault).map(|(_, until)| *until)?;
        Some(until.saturating_duration_since(now)).filter(|left| !left.is_zero())
    }

    /// Stands before each write to the disk: waits if the disk is slow, as long as that lasts.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn before_write(&self) -> std::io::Result<()> {
        if !self.is_any() {
            return Ok(());
        }
        let on = self.now_on();
        if on.contains(&Fault::DiskFull {}) {
            return Err(std::io::Error::new(
                std::io::ErrorKind::StorageFull,
                "no room is left (an ordered fault)",
            ));
        }
        self.wait_while_slow();
        Ok(())
    }

    /// As long as a slow disk takes, and no longer than it is slow.
    fn wait_while_slow(&self) {
        let began = Instant::now();
        let mut on = self.lock();
        loop {
            let now = Instant::now();
            let left = on.iter().filter_map(|(fault, until)| match fault {
                Fault::DiskSlow { ms } => Some(
                    (began + Duration::from_millis(*ms)).min(*until).saturating_duration_since(now),
                ),
                _ => None,
            });
            let Some(left) = left.max().filter(|left| !left.is_zero()) else { return };
            let waited = self.changed.wait_timeout(on, left);
            on = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// What the clock shows that truly shows this.
    #[must_use]
    pub fn shown(&self, now: Timestamp) -> Timestamp {
        if !self.is_any() {
            return now;
        }
        self.now_on().iter().fold(now, |now, fault| match fault {
            Fault::ClockJump { seconds } => {
                let by = Duration::from_secs(seconds.unsigned_abs());
                if *seconds < 0 { now.minus(by) } else { now.plus(by) }
            }
            _ => now,
        })
    }

    fn is_any(&self) -> bool {
        self.is_any.load(Ordering::Acquire)
    }

    fn now_on(&self) -> Vec<Fault> {
        let now = Instant::now();
        let mut on = self.lock();
        on.retain(|(_, until)| *until > now);
        self.is_any.store(!on.is_empty(), Ordering::Release);
        on.iter().map(|(fault, _)| fault.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Fault, Instant)>> {
        self.on.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fault {
    /// Whose endpoints have it; none if it is no fault of endpoints.
    const fn tier(&self) -> Option<Tier> {
        match self {
            Self::Refuse { tier }
            | Self::Hang { tier }
            | Self::Status { tier, .. }
            | Self::Delay { tier, .. }
            | Self::Cut { tier, .. } => Some(*tier),
            Self::DiskFull {} | Self::DiskSlow { .. } | Self::ClockJump { .. } => None,
        }
    }

    /// Whether it hits request `n`: as evenly as its share allows.
    const fn hits(&self, n: u64) -> bool {
        match self {
            Self::Status { share_pct, .. } => {
                let share = *share_pct as u64;
                (n + 1) * share / 100 > n * share / 100
            }
            _ => true,
        }
    }

    fn check(&self) -> Result<(), FaultError> {
        let is_fit = match self {
            Self::Status { code, share_pct, .. } => {
                (400..=599).contains(code) && (1..=100).contains(share_pct)
            }
            Self::Delay { ms, .. } | Self::DiskSlow { ms } => (1..=60_000).contains(ms),
            Self::ClockJump { seconds } => (1..=400 * 86_400).contains(&seconds.unsigned_abs()),
            Self::Refuse { .. } | Self::Hang { .. } | Self::Cut { .. } | Self::DiskFull {} => true,
        };
        let why = "code is from 400 to 599, share_pct from 1 to 100, ms from 1 to 60000, seconds up to 400 days";
        if is_fit { Ok(()) } else { Err(FaultError::Value(why)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_fault_is_on_until_it_is_over_or_cleared() {
        let faults = Faults::default();
        let refuse = Fault::Refuse { tier: Tier::Main };
        assert_eq!(faults.of_tier(Tier::Main), []);
        faults.order(refuse.clone(), MINUTE).unwrap();
        assert_eq!(faults.of_tier(Tier::Main), std::slice::from_ref(&refuse));
        assert_eq!(faults.of_tier(Tier::Embedder), []);
        assert_eq!((faults.ordered().len(), faults.clear(), faults.clear()), (1, 1, 0));
        assert_eq!(faults.of_tier(Tier::Main), []);
        // It ends by itself.
        faults.order(refuse, Duration::from_nanos(1)).unwrap();
        assert_eq!((faults.of_tier(Tier::Main), faults.ordered()), (vec![], vec![]));
        let hang = Fault::Hang { tier: Tier::Main };
        assert_eq!(faults.left(&hang), None);
        faults.order(hang.clone(), MINUTE).unwrap();
        assert!(faults.left(&hang).is_some_and(|left| left > MINUTE / 2));
        faults.clear();
        assert_eq!(faults.left(&hang), None);
    }

    #[test]
    fn a_share_is_met_evenly() {
        let faults = Faults::default();
        let fault = Fault::Status { tier: Tier::Main, code: 503, share_pct: 30 };
        faults.order(fault, MINUTE).unwrap();
        let n_hit = (0..100).filter(|_| !faults.of_tier(Tier::Main).is_empty()).count();
        assert_eq!(n_hit, 30);
    }

    /// A caller who asks main and embedder in turn meets half of main's errors, not all or none.
    #[test]
    fn a_share_is_of_one_tiers_requests() {
        let faults = Faults::default();
        let fault = Fault::Status { tier: Tier::Main, code: 503, share_pct: 50 };
        faults.order(fault, MINUTE).unwrap();
        let asks = (0..20).map(|_| {
            assert_eq!(faults.of_tier(Tier::Embedder), []);
            faults.of_tier(Tier::Main).len()
        });
        assert_eq!(asks.sum::<usize>(), 10);
    }

    #[test]
    fn what_is_ordered_again_lasts_longer_and_is_one() {
        let faults = Faults::default();
        for _ in 0..FAULTS_MAX + 1 {
            faults.order(Fault::DiskFull {}, MINUTE).unwrap();
        }
        faults.order(Fault::DiskFull {}, MINUTE * 10).unwrap();
        let on = faults.ordered();
        assert!(on.len() == 1 && on[0].left_ms > 500_000, "{on:?}");
    }

    #[test]
    fn disk_and_clock_have_theirs() {
        let (faults, now) = (Faults::default(), Timestamp::from_micros(1_800_000_000_000_000));
        assert_eq!((faults.before_write().is_ok(), faults.shown(now)), (true, now));
        faults.order(Fault::DiskFull {}, MINUTE).unwrap();
        let full = faults.before_write().unwrap_err();
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
        faults.order(Fault::ClockJump { seconds: -3600 }, MINUTE).unwrap();
        assert_eq!(faults.shown(now), now.minus(Duration::from_secs(3600)));
        faults.clear();
        assert!(faults.before_write().is_ok());
    }

    /// Whoever clears it does not wait for it to end.
    #[test]
    fn a_slow_disk_is_fast_again_at_once() {
        let faults = std::sync::Arc::new(Faults::default());
        faults.order(Fault::DiskSlow { ms: 60_000 }, MINUTE).unwrap();
        let writing = std::sync::Arc::clone(&faults);
        let writer = std::thread::spawn(move || writing.before_write().is_ok());
        faults.clear();
        assert!(writer.join().unwrap());
    }

    /// Nor does whoever writes wait for longer than the fault lasts.
    #[test]
    fn a_slow_disk_is_fast_again_when_its_time_is_over() {
        let faults = Faults::default();
        faults.order(Fault::DiskSlow { ms: 60_000 }, Duration::from_millis(30)).unwrap();
        let began = Instant::now();
        faults.before_write().unwrap();
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let order = |fault, lasts| Faults::default().order(fault, lasts);
        assert_eq!(order(Fault::DiskFull {}, Duration::ZERO), Err(FaultError::Lasts));
        assert_eq!(order(Fault::DiskFull {}, FAULT_MAX * 2), Err(FaultError::Lasts));
        let status = |code, share_pct| Fault::Status { tier: Tier::Main, code, share_pct };
        assert!(order(status(200, 100), MINUTE).is_err());
        assert!(order(status(503, 0), MINUTE).is_err());
        assert!(order(Fault::DiskSlow { ms: 0 }, MINUTE).is_err());
    }
}
