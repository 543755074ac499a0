//! Between the tasks that append and the thread that writes.
//!
//! Lines of bytes under a lock, swapped whole by the writer. An event becomes its line where it was
//! made, while it is still in the processor's cache; what waits is then one buffer instead of some
//! dozen small allocations per event that another thread would have to free. The writer is woken only
//! from idleness, under pressure and at the end; while it gathers, pushes do not touch it.
//!
//! The writer is a thread of its own outside any runtime, so it lives by `std`'s clock. What it does
//! when is decided by [`decide`], to which time is an argument.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aios_core::Event;
use tokio::sync::watch;

use super::batch::Batch;
use super::decide::{Next, Pace, Step, View, decide, gather};
use super::health::{Durability, Health};
use super::line::{self, Line};
use super::wait::Waiter;
use crate::erase::Fence;
use crate::slot::{Commit, Gate, Sink};
use crate::{EventLogConfig, EventLogStats, SyncPolicy};

/// So many waiting bytes cut the gathering short: what is written while it is in the processor's cache
/// is copied at half the cost, and one write for some dozens of events is few enough.
const BATCH_BYTES: usize = 128 * 1024;

/// The queue, its places and its counters.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    /// Wakes the writer.
    work: Condvar,
    /// Wakes who waits for the writer's end.
    end: Condvar,
    ended: watch::Sender<bool>,
    gate: Gate,
    health: Arc<Health>,
    /// Only where answers wait for the disk.
    durability: Option<Arc<Durability>>,
    gather: Duration,
    /// So many waiting events cut the gathering short.
    pressure: usize,
    pub(crate) fence: Fence,
}

#[derive(Debug, Default)]
struct State {
    waiting: Batch,
    accepted: u64,
    writer: Waits,
    /// Somebody waits for a place.
    hurry: bool,
    /// When to give up, once the log is being closed.
    closing: Option<Instant>,
    /// Who waits for what was appended up to now.
    waiters: Vec<Waiter>,
    /// The writer takes nothing more.
    refuses: bool,
    /// Its thread is over.
    ended: bool,
}

/// What the writer's thread waits for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Waits {
    /// It works, or waits for the disk.
    #[default]
    Nothing,
    /// The queue is empty.
    Work,
    /// It gathers.
    More,
}

impl Queue {
    pub(crate) fn new(config: EventLogConfig) -> Self {
        let gate = Gate::new(config.queue_max, config.on_full);
        let health = Arc::new(Health::default());
        let durability = match config.sync {
            SyncPolicy::Always => Some(Arc::new(Durability::new(Arc::clone(&health)))),
            SyncPolicy::Interval(_) | SyncPolicy::Never => None,
        };
        Self {
            state: Mutex::default(),
            work: Condvar::new(),
            end: Condvar::new(),
            ended: watch::Sender::new(false),
            pressure: gate.n_places().div_ceil(2),
            gate,
            health,
            durability,
            gather: gather(config.sync),
            fence: Fence::default(),
        }
    }

    pub(crate) fn health(&self) -> &Health {
        &self.health
    }

    pub(crate) fn stats(&self) -> EventLogStats {
        let accepted = self.lock().accepted;
        self.health.stats(accepted, self.gate.n_places())
    }

    /// Whether the writer waits for work and there is none: it has told everybody of what it did before.
    pub(crate) fn is_idle(&self) -> bool {
        let state = self.lock();
        state.writer == Waits::Work && state.waiting.n_events() == 0
    }

    /// Blocks until there is work, and swaps what waits into the empty `batch`.
    pub(crate) fn next(&self, batch: &mut Batch, pace: Pace) -> Next {
        let mut state = self.lock();
        let mut arrived = (state.waiting.n_events() > 0).then_some(pace.taken_at);
        loop {
            let now = Instant::now();
            let view = self.view(&state, *arrived.get_or_insert(now), pace);
            match decide(&view, now) {
                Step::Take => {
                    std::mem::swap(&mut state.waiting, batch);
                    state.hurry = false;
                    return Next::Write { arrived: arrived.unwrap_or(now) };
                }
                Step::Sync => return Next::Sync,
                Step::Look => return Next::Look,
                Step::Answer => {
                    std::mem::swap(&mut state.waiting, batch);
                    state.hurry = false;
                    let waiters = std::mem::take(&mut state.waiters);
                    return Next::Answer { waiters, arrived: arrived.unwrap_or(now) };
                }
                Step::End => return Next::End,
                Step::Wait(until) => {
                    state.writer = if view.n_waiting == 0 { Waits::Work } else { Waits::More };
                    state = self.wait(state, until.map(|until| until - now));
                    state.writer = Waits::Nothing;
                    if view.n_waiting == 0 {
                        // Nothing had come before the wait.
                        arrived = None;
                    }
                }
            }
        }
    }

    /// Waits before another try. False once the time to give up has come.
    pub(crate) fn pause(&self, backoff: Duration) -> bool {
        let until = Instant::now() + backoff;
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            if state.closing.is_some_and(|give_up| now >= give_up) {
                return false;
            }
            if now >= until {
                return true;
            }
            let wake_at = state.closing.map_or(until, |give_up| until.min(give_up));
            state = self.wait(state, Some(wake_at - now));
        }
    }

    /// The first `sequence` events are written, `n_events` of them just now.
    pub(crate) fn written(&self, n_events: usize, sequence: u64) {
        self.gate.free(n_events);
        if let Some(durability) = &self.durability {
            durability.advance(sequence);
        }
    }

    /// Events that were accepted are given up.
    pub(crate) fn abandon(&self, n_events: usize) {
        self.health.abandoned(n_events as u64);
        self.gate.free(n_events);
    }

    /// Asks the writer; nobody answers once it has stopped.
    pub(crate) fn ask(&self, waiter: Waiter) {
        let mut state = self.lock();
        if !state.refuses {
            state.waiters.push(waiter);
            drop(state);
            self.work.notify_all();
        }
    }

    /// The writer has stopped, in whatever way: what still waits is lost, and nothing more is taken.
    pub(crate) fn finish(&self) {
        self.gate.close();
        let left = {
            let mut state = self.lock();
            state.refuses = true;
            state.waiters.clear();
            std::mem::take(&mut state.waiting)
        };
        self.abandon(left.n_events());
        if let Some(durability) = &self.durability {
            durability.end();
        }
    }

    /// Nothing of the writer is left.
    pub(crate) fn say_ended(&self) {
        self.lock().ended = true;
        self.ended.send_replace(true);
        self.end.notify_all();
    }

    /// No more places; the writer stops when all slots are back, or at `give_up`.
    pub(crate) fn close(&self, give_up: Instant) {
        self.gate.close();
        let mut state = self.lock();
        state.closing = Some(state.closing.map_or(give_up, |earlier| earlier.min(give_up)));
        drop(state);
        self.work.notify_all();
    }

    /// Becomes true when the writer has stopped.
    pub(crate) fn ended(&self) -> watch::Receiver<bool> {
        self.ended.subscribe()
    }

    /// Blocks until the writer has stopped, at most so long.
    pub(crate) fn wait_for_end(&self, at_most: Duration) {
        let waited = self.end.wait_timeout_while(self.lock(), at_most, |state| !state.ended);
        drop(waited);
    }

    /// Whether no slot is out and no event waits.
    pub(crate) fn all_vacated(&self) -> bool {
        self.gate.is_empty()
    }

    /// Queues a line; once nothing more is taken the event is lost. `None` if the fence was moved since it
    /// was passed.
    fn accept_line(&self, line: Line<'_>, generation: u64) -> Option<Commit> {
        let mut state = self.lock();
        if self.fence.generation() != generation {
            return None;
        }
        if state.refuses {
            drop(state);
            self.gate.free(1);
            self.lose();
            return Some(Commit::lost());
        }
        state.waiting.push(line);
        state.accepted += 1;
        let sequence = state.accepted;
        let wake = match state.writer {
            Waits::Nothing => false,
            Waits::Work => true,
            Waits::More => self.presses(&state.waiting),
        };
        if wake {
            // Woken once; until it runs, nobody else has to.
            state.writer = Waits::Nothing;
        }
        drop(state);
        if wake {
            self.work.notify_one();
        }
        Some(match &self.durability {
            Some(durability) => Commit::pending(Arc::clone(durability), sequence),
            None => Commit::accepted(),
        })
    }

    fn view(&self, state: &State, arrived: Instant, pace: Pace) -> View {
        View {
            n_waiting: state.waiting.n_events(),
            gathered_at: arrived + self.gather,
            hurry: state.hurry || self.presses(&state.waiting),
            sync_at: pace.sync_at,
            look_at: pace.look_at,
            closing: state.closing,
            is_asked: !state.waiters.is_empty(),
            all_vacated: self.gate.is_empty(),
        }
    }

    /// Whether so much waits that gathering more would not pay.
    fn presses(&self, waiting: &Batch) -> bool {
        waiting.n_events() >= self.pressure || waiting.n_bytes() >= BATCH_BYTES
    }

    fn wait<'a>(
        &self,
        state: MutexGuard<'a, State>,
        at_most: Option<Duration>,
    ) -> MutexGuard<'a, State> {
        match at_most {
            None => self.work.wait(state).unwrap_or_else(PoisonError::into_inner),
            Some(at_most) => {
                let waited = self.work.wait_timeout(state, at_most);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }

    /// The state is whole between any two statements, so poison means nothing.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Queue {
    fn gate(&self) -> &Gate {
        &self.gate
    }

    fn accept(&self, event: Event) -> Commit {
        self.fence.through(event, |event, generation| {
            line::with(event, |line| self.accept_line(line, generation))
        })
    }

    fn lose(&self) {
        self.health.dropped(1);
    }

    fn vacated(&self) {
        // The last slot to come back ends a close. The lock orders this after the writer's look.
        if self.gate.is_closed() {
            drop(self.lock());
            self.work.notify_one();
        }
    }

    fn hurry(&self) {
        let mut state = self.lock();
        state.hurry = true;
        drop(state);
        self.work.notify_one();
    }

    fn cause(&self) -> Option<String> {
        self.health.cause()
    }
}
