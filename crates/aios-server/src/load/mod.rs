//! Sends load to an API and sees what comes of each request.
//!
//! With an open pace requests are sent at their times, whatever became of those before: a server that stalls does not
//! slow down who measures it. With a closed one each waits for the answer to the one before. What is seen goes to whoever
//! asked, sample by sample; judging it is `aios-eval`'s work.

mod said;
mod shot;

use std::sync::Arc;
use std::time::Duration;

use aios_eval::load::{Cause, Pace, Sample};
use aios_upstream::Caller;
use tokio::task::JoinSet;
use tokio::time::Instant;

pub use said::{Said, fault};
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
    /// Share of requests that want a stream, in percent.
    pub stream_pct: u64,
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
    let mut firing = Firing::new(volley);
    tokio::pin!(stop);
    loop {
        let due = firing.send_due(&mut tell);
        if due.is_none() && firing.under_way.is_empty() {
            return None;
        }
        tokio::select! {
            () = &mut stop => return Some(firing.under_way.len()),
            Some(ended) = firing.under_way.join_next() => {
                // Whatever broke in here is no answer.
                tell(&ended.unwrap_or_else(|_| firing.unsent(Cause::BadReply)));
            }
            () = wait_for(due) => {}
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

/// When the next request should be sent.
enum Due {
    /// At once: its time is when it goes out.
    Now,
    /// Then, whenever it goes out.
    At(Instant),
    /// Not before an answer has come, and not when all were sent.
    Never,
}

struct Firing {
    began: Instant,
    n_sent: u64,
    under_way: JoinSet<Sample>,
    volley: Arc<Volley>,
}

impl Firing {
    fn new(volley: Volley) -> Self {
        let (under_way, volley) = (JoinSet::new(), Arc::new(volley));
        Self { began: Instant::now(), n_sent: 0, under_way, volley }
    }

    /// Sends what is due by now, and says when the next will be. It asks no timer, which wakes at the next millisecond: a
    /// closed loop would send a thousand in a second at most.
    fn send_due(&mut self, tell: &mut impl FnMut(&Sample)) -> Option<Instant> {
        loop {
            let unsent = match self.due() {
                Due::Now => self.send(None),
                Due::At(at) if at <= Instant::now() => self.send(Some(at)),
                Due::At(at) => return Some(at),
                Due::Never => return None,
            };
            unsent.iter().for_each(&mut *tell);
        }
    }

    fn due(&self) -> Due {
        let is_enough = |at: Instant| match self.volley.until {
            Until::Sent(n) => self.n_sent >= n,
            Until::Over(after) => at >= self.began + after,
        };
        match self.volley.pace {
            Pace::Open { rate } => {
                // Too far off to be told is never.
                let after = Duration::try_from_secs_f64(self.n_sent as f64 / rate).ok();
                let at = after.and_then(|after| self.began.checked_add(after));
                at.filter(|at| !is_enough(*at)).map_or(Due::Never, Due::At)
            }
            Pace::Closed { concurrency } => {
                let is_full = self.under_way.len() as u64 >= concurrency;
                if is_full || is_enough(Instant::now()) { Due::Never } else { Due::Now }
            }
        }
    }

    /// Sends the next request, which was due then or is now; gives it back if there is no room for it.
    fn send(&mut self, due: Option<Instant>) -> Option<Sample> {
        let (n, began) = (self.n_sent, self.began);
        let intended = due.map(|due| due.duration_since(began));
        self.n_sent += 1;
        if self.under_way.len() >= UNDER_WAY_MAX {
            let unsent = self.unsent(Cause::NotSent);
            return Some(Sample { intended: intended.unwrap_or(unsent.intended), ..unsent });
        }
        let volley = Arc::clone(&self.volley);
        self.under_way.spawn(async move {
            let at = usize::try_from(n).unwrap_or(usize::MAX) % volley.shots.len().max(1);
            let is_stream = wants_stream(n, volley.stream_pct);
            match volley.shots.get(at) {
                Some(shot) => shot.fire(is_stream, &volley, began, intended).await,
                None => no_answer(began.elapsed(), Cause::NotSent),
            }
        });
        None
    }

    fn unsent(&self, cause: Cause) -> Sample {
        no_answer(self.began.elapsed(), cause)
    }
}

/// Whether request `n` of a run wants a stream. Multiples of the golden ratio spread over any share as evenly as can be, and
/// keep no step with prompts that alternate: each kind of them gets its share of streams.
const fn wants_stream(n: u64, share_pct: u64) -> bool {
    /// The golden ratio's fraction, in 2^-32.
    const GOLDEN: u64 = 2_654_435_769;
    let place = n.wrapping_add(1).wrapping_mul(GOLDEN) & 0xffff_ffff;
    (place * 100) >> 32 < share_pct
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
        fell_back: false,
        simulated: false,
    }
}

#[cfg(test)]
mod tests;
