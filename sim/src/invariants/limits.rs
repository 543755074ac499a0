//! A key's limits let no more in than they say, and refuse nobody who is within them.

use std::time::Duration;

use super::Seen;
use crate::setup::{CONCURRENCY_MAX, REQUESTS_PER_MINUTE};
use crate::truth::{Asked, Stands};

/// The client that has them.
const LIMITED: u64 = 2;

const MINUTE: Duration = Duration::from_secs(60);

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    let theirs: Vec<(&u64, &Asked)> =
        seen.truth.asked.iter().filter(|(_, asked)| asked.talk.client == LIMITED).collect();
    for (n, asked) in &theirs {
        // In the minute up to it. A process that was started anew counts anew.
        let is_near = |other: &&(&u64, &Asked)| {
            let (m, other) = other;
            m < n && other.life == asked.life && other.since + MINUTE >= asked.since
        };
        let near = || theirs.iter().filter(is_near);
        let n_in = near().filter(|(_, it)| it.stands == Stands::Acknowledged).count();
        // A minute's allowance that was saved, and another that has come meanwhile.
        if asked.stands == Stands::Acknowledged && n_in as u64 + 1 > 2 * REQUESTS_PER_MINUTE {
            return Err(format!("ask {n} was let in as the {}th within a minute", n_in + 1));
        }
        let n_perhaps = near().filter(|(_, it)| it.stands != Stands::Limited).count();
        let is_due = n_perhaps as u64 >= REQUESTS_PER_MINUTE || n_perhaps >= CONCURRENCY_MAX;
        if asked.stands == Stands::Limited && !is_due {
            return Err(format!("ask {n} was refused after {n_perhaps} within a minute"));
        }
    }
    Ok(())
}
