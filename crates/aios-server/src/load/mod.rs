//! Sends load to an API and sees what comes of each request.
//!
//! With an open pace requests are sent at their times, whatever became of those before: a server that stalls does not
//! slow down who measures it. With a closed one each waits for the answer to the one before. What is seen goes to whoever
//! asked, sample by sample; judging it is `aios-eval`'s work.

mod shot;

use std::sync::Arc;
use std::time::Duration;

use aios_eval::load::{Cause, Pace, Sample};
use aios_upstream::Caller;
use tokio::task::JoinSet;
use tokio::time::Instant;

pub use shot::Shot;

/// Most requests under way at once: more would be a test of this machine's sockets. What would be more is not sent, and
/// counted so.
const UNDER_WAY_MAX: usize = 8_192;

/// What is sent, and how.
#[derive(Debug, Clone)]
pub struct Volley {
    /// Whom it is sent to.
    pub caller: Caller,
    /// What; from the beginning again when all were sent. Not empty.
    pub shots: Vec<Shot>,
    /// When.
    pub pace: Pace,
    /// How many.
    pub until: Until,
    /// Longest wait for an answer.
    pub timeout: Duration,
}

/// When it is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// After so many requests.
    Sent(u64),
    /// After so long.
    Over(Duration),
}

/// Sends all of it, and tells of each request when it has ended. Ends early when `stop` does, without those that are under
/// way; returns how many these were, and nothing where it came to its end.
pub async fn fire(
    volley: Volley,
    stop: impl Future<Output = ()>,
    mut tell: impl FnMut(&Sample),
) -> Option<usize> {
    let mut firing = Firing {
        began: Instant::now(),
        n_sent: 0,
        under_way: JoinSet::new(),
        volley: Arc::new(volley),
    };
    tokio::pin!(stop);
    loop {
        let due = firing.due();
        if due.is_none() && firing.under_way.is_empty() {
            return None;
        }
        tokio::select! {
            () = &mut stop => return Some(firing.under_way.len()),
            Some(ended) = firing.under_way.join_next() => {
                // Whatever broke in here is no answer.
                tell(&ended.unwrap_or_else(|_| firing.unsent(Cause::BadReply)));
            }
            () = wait_for(due) => {
                if let Some(unsent) = firing.send(due) {
                    tell(&unsent);
                }
            }
        }
    }
}

/// Waits until then; for ever where nothing is due.
async fn wait_for(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

struct Firing {
    began: Instant,
    n_sent: u64,
    under_way: JoinSet<Sample>,
    volley: Arc<Volley>,
}

impl Firing {
    /// When the next request should be sent; none while it must wait for an answer, and when all were sent.
    fn due(&self) -> Option<Instant> {
        let due = match self.volley.pace {
            Pace::Open { rate } => {
                // Too far off to be told is never.
                let after = Duration::try_from_secs_f64(self.n_sent as f64 / rate).ok();
                after.and_then(|after| self.began.checked_add(after))
            }
            Pace::Closed { concurrency } => {
                ((self.under_way.len() as u64) < concurrency).then(Instant::now)
            }
        };
        due.filter(|due| match self.volley.until {
            Until::Sent(n) => self.n_sent < n,
            Until::Over(after) => *due < self.began + after,
        })
    }

    /// Sends the next request, which was due then; gives it back if there is no room for it.
    fn send(&mut self, due: Option<Instant>) -> Option<Sample> {
        let (n, began) = (self.n_sent, self.began);
        let intended = due.unwrap_or(began).duration_since(began);
        self.n_sent += 1;
        if self.under_way.len() >= UNDER_WAY_MAX {
            return Some(Sample { intended, ..self.unsent(Cause::NotSent) });
        }
        let volley = Arc::clone(&self.volley);
        self.under_way.spawn(async move {
            let at = usize::try_from(n).unwrap_or(usize::MAX) % volley.shots.len().max(1);
            match volley.shots.get(at) {
                Some(shot) => shot.fire(&volley.caller, began, intended, volley.timeout).await,
                None => Sample { intended, ..no_answer(began.elapsed(), Cause::NotSent) },
            }
        });
        None
    }

    fn unsent(&self, cause: Cause) -> Sample {
        no_answer(self.began.elapsed(), cause)
    }
}

/// A request that ended now and came to nothing.
fn no_answer(now: Duration, cause: Cause) -> Sample {
    Sample {
        intended: now,
        sent: now,
        ended: now,
        first: None,
        gaps: Vec::new(),
        failed: Some(cause),
        tier: None,
        simulated: false,
    }
}

#[cfg(test)]
mod tests;
