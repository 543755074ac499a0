//! A key's limits let no more in than they say, and refuse nobody who is within them: counted once more from the order in
//! which its requests came and went.

use std::time::Duration;

use super::Seen;
use crate::setup::{CONCURRENCY_MAX, REQUESTS_PER_MINUTE};
use crate::truth::{Asked, Said, Stands, Stay, Truth};

/// The client that has them.
pub(crate) const LIMITED: u64 = 2;

/// Of a request; less is rounding.
const NEARLY: f64 = 1e-6;

/// Somebody of theirs who came in, or would have.
struct Came {
    what: String,
    stay: Stay,
    is_refused: bool,
}

/// What is left of a minute's allowance.
struct Allowance {
    life: u64,
    at: Duration,
    left: f64,
}

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    let theirs = came(seen.truth);
    let mut allowance: Option<Allowance> = None;
    for (n, one) in theirs.iter().enumerate() {
        let (Stay { life, at, came, .. }, what) = (one.stay, &one.what);
        // A process that was started anew counts anew.
        let full = Allowance { life, at, left: REQUESTS_PER_MINUTE as f64 };
        let so_far = allowance.take().filter(|it| it.life == life).unwrap_or(full);
        let left = so_far.after(at.saturating_sub(so_far.at));
        let before = theirs.iter().take(n);
        let n_at_once = before.filter(|other| other.is_in(life, came)).count();
        let is_full = n_at_once >= CONCURRENCY_MAX;
        if !one.is_refused && is_full {
            return Err(format!("{what} was let in beside {n_at_once} others"));
        }
        if !one.is_refused && left < 1.0 - NEARLY {
            return Err(format!("{what} was let in with {left:.3} left of a minute's requests"));
        }
        if one.is_refused && !is_full && left > 1.0 + NEARLY {
            return Err(format!(
                "{what} was refused beside {n_at_once} others, with {left:.3} left of a minute's requests"
            ));
        }
        let left = if one.is_refused { left } else { left - 1.0 };
        allowance = Some(Allowance { life, at, left });
    }
    Ok(())
}

impl Allowance {
    /// It refills evenly.
    fn after(&self, time: Duration) -> f64 {
        let most = REQUESTS_PER_MINUTE as f64;
        most.min(self.left + time.as_secs_f64() * most / 60.0)
    }
}

impl Came {
    fn is_in(&self, life: u64, at: u64) -> bool {
        !self.is_refused && self.stay.life == life && self.stay.went.is_none_or(|went| went > at)
    }
}

/// Theirs, in the order in which they came.
fn came(truth: &Truth) -> Vec<Came> {
    let asked = truth.asked.iter().filter(|(_, asked)| asked.talk.client == LIMITED);
    let asked = asked.filter_map(|(n, asked): (&u64, &Asked)| {
        let is_refused = asked.stands == Stands::Limited;
        Some(Came { what: format!("ask {n}"), stay: asked.stay?, is_refused })
    });
    let said = truth.said.iter().filter(|said| said.talk.client == LIMITED);
    let said = said.map(|said: &Said| Came {
        what: format!("feedback in {}", said.talk),
        stay: said.stay,
        is_refused: said.is_refused,
    });
    let mut came: Vec<Came> = asked.chain(said).collect();
    came.sort_by_key(|one| one.stay.came);
    came
}
