//! One seed under way.
//!
//! Nothing here waits for time. Tokio's clock stands still and is moved by steps; clients are polled in turn
//! until none gets any further; and where a client waits for the disk, the writer's thread is waited for by
//! what it has done, and so are the memory's threads. So threads may run as they like, and a seed still comes to the same.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use aios_store::EventStore as _;
use anyhow::{Result, bail};
use tokio::runtime::{Builder, Runtime};

use crate::client::Client;
use crate::clock::SimClock;
use crate::digest;
use crate::files::Files;
use crate::invariants::{self, Seen};
use crate::panics::Panics;
use crate::planted::{Planted, Saboteur};
use crate::reached::Reached;
use crate::seed::{Outcome, Violation};
use crate::truth::{LEAP, Stands, Truth};
use crate::world::{Start, World, photograph_still};

/// Rounds without anything new after which nothing more comes without time or the disk. An answer may give way to others
/// twice before it goes on.
const QUIET_ROUNDS: u32 = 3;

/// How long the threads of the log and of the memory may take for what they have to do, and how often they are looked at.
/// Neither shows in what a seed comes to.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
pub(crate) const BREATH: Duration = Duration::from_micros(50);

/// Slices of a wait, so that what is due in the middle of it happens in the middle.
const SLICES: u32 = 6;

/// A simulation under way.
pub(crate) struct Run {
    pub(crate) seed: u64,
    pub(crate) runtime: Runtime,
    pub(crate) clock: Arc<SimClock>,
    pub(crate) clients: Vec<Client>,
    pub(crate) truth: Truth,
    pub(crate) saboteur: Saboteur,
    /// Digest of what clients got.
    pub(crate) got: digest::Digest,
    pub(crate) reached: Reached,
    pub(crate) generation: u64,
    /// Time that has passed, whatever the wall clock was set to.
    pub(crate) elapsed: Duration,
    pub(crate) life: u64,
    panics: Panics,
    world: Option<World>,
    /// Where its lives have their directories.
    dir: PathBuf,
}

impl Run {
    /// Starts one in `dir`.
    pub(crate) fn new(
        dir: &Path,
        seed: u64,
        planted: Option<Planted>,
        panics: &Panics,
    ) -> Result<Self> {
        let watched = panics.clone();
        let mut run = Self {
            seed,
            runtime: Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .on_thread_start(move || watched.watch_for_good())
                .build()?,
            clock: Arc::new(SimClock::new()),
            clients: Vec::new(),
            truth: Truth::default(),
            saboteur: Saboteur::new(planted),
            got: digest::Digest::default(),
            reached: Reached::default(),
            generation: 0,
            elapsed: Duration::ZERO,
            life: 0,
            panics: panics.clone(),
            world: None,
            dir: dir.to_path_buf(),
        };
        run.start()?;
        Ok(run)
    }

    pub(crate) fn world(&self) -> &World {
        self.world.as_ref().expect("it is started before anything happens")
    }

    pub(crate) fn world_mut(&mut self) -> &mut World {
        self.world.as_mut().expect("it is started before anything happens")
    }

    fn start(&mut self) -> Result<()> {
        self.generation += 1;
        let start = Start {
            seed: self.seed,
            life: self.life,
            generation: self.generation,
            adaptive: !self.truth.killed,
            planted: self.saboteur.planted,
        };
        self.truth.hears(true);
        let _here = self.runtime.enter();
        self.world = Some(World::start(&self.directory(), &self.clock, start)?);
        Ok(())
    }

    fn directory(&self) -> PathBuf {
        self.dir.join(format!("life-{}", self.life))
    }

    /// The process dies. What it has left is gone on with by another one.
    pub(crate) fn crash(&mut self, change: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        self.flush()?;
        let (old, next) = (self.directory(), self.life + 1);
        let picture = self.dir.join(format!("life-{next}"));
        photograph_still(&old, &picture)?;
        self.reached.note("crashes");
        self.truth.died();
        self.close();
        std::fs::remove_dir_all(old)?;
        change(&picture)?;
        self.life = next;
        self.start()
    }

    /// Ends a life; nobody looks at what it leaves.
    pub(crate) fn close(&mut self) {
        let _here = self.runtime.enter();
        if let Some(world) = &self.world {
            world.faults.heal();
        }
        self.clients.clear();
        self.world = None;
    }

    /// Time passes, in slices.
    pub(crate) fn wait(&mut self, ms: u64) -> Result<()> {
        let slice = Duration::from_micros(ms * 1_000 / u64::from(SLICES));
        for _ in 0..SLICES {
            self.runtime.block_on(tokio::time::advance(slice));
            self.clock.pass(slice);
            self.elapsed += slice;
            for client in &self.clients {
                let asked = self.truth.asked.get_mut(&client.ask.n);
                asked.expect("it is known who asks").waited += slice.min(LEAP);
            }
            self.world_mut().plane.follow();
            self.settle()?;
        }
        Ok(())
    }

    /// Drives something to its end that works on other threads and needs no time. As long as one of them is
    /// busy Tokio's clock stands still, and one is until the end.
    pub(crate) fn drive<T>(&mut self, work: impl Future<Output = T>) -> T {
        let (release, held) = std::sync::mpsc::channel::<()>();
        self.runtime.block_on(async {
            drop(tokio::task::spawn_blocking(move || held.recv().ok()));
            let done = work.await;
            drop(release);
            done
        })
    }

    /// Lets every client come as far as it can without time.
    pub(crate) fn settle(&mut self) -> Result<()> {
        self.leave();
        loop {
            self.poll_until_quiet()?;
            let seen = self.progress();
            self.flush()?;
            self.poll_until_quiet()?;
            if self.progress() == seen {
                return Ok(());
            }
        }
    }

    /// Everything handed to the log is on disk, and who waits for it knows.
    pub(crate) fn flush(&mut self) -> Result<()> {
        let started = std::time::Instant::now();
        while !self.world().log.is_idle() {
            if started.elapsed() > PATIENCE {
                bail!("the event log has not come to the disk in {PATIENCE:?}");
            }
            std::thread::park_timeout(BREATH);
        }
        Ok(())
    }

    /// Whoever does not want to wait any longer is gone. Turns are counted, not polls: how many of these there are
    /// depends on how fast the writer's thread is.
    fn leave(&mut self) {
        if self.clients.iter().any(|client| client.ask.hangs_up_after == Some(0)) {
            self.poll_each();
        }
        let Self { runtime, clients, truth, reached, .. } = self;
        let _here = runtime.enter();
        clients.retain_mut(|client| {
            let leaves = client.ask.hangs_up_after.is_some_and(|most| client.n_turns >= most);
            client.n_turns += 1;
            if leaves {
                let went = truth.turn();
                let asked = truth.asked.get_mut(&client.ask.n).expect("it is known who asks");
                asked.stands = Stands::Left;
                asked.stay.iter_mut().for_each(|stay| stay.went = Some(went));
                reached.note("clients that left");
            }
            !leaves
        });
    }

    /// What the memory's threads are at is waited for, too: whoever asks waits for them, and not for time.
    fn poll_until_quiet(&mut self) -> Result<()> {
        let started = std::time::Instant::now();
        let (mut quiet, mut seen) = (0, self.progress());
        while quiet < QUIET_ROUNDS {
            self.poll_each();
            let is_still = self.world().plane.is_memory_still();
            if !is_still {
                if started.elapsed() > PATIENCE {
                    bail!("the memory has not come to an end in {PATIENCE:?}");
                }
                std::thread::park_timeout(BREATH);
            }
            let now = self.progress();
            quiet = if is_still && now == seen { quiet + 1 } else { 0 };
            seen = now;
        }
        Ok(())
    }

    /// Events that were handed to the log and clients that still wait.
    fn progress(&self) -> (u64, usize) {
        (self.world().log.stats().appended, self.clients.len())
    }

    /// Polls each client once, in order, and lets due timers fire.
    fn poll_each(&mut self) {
        let Self { runtime, clients, truth, got, reached, elapsed, life, .. } = self;
        runtime.block_on(async {
            std::future::poll_fn(|cx| {
                clients.retain_mut(|client| {
                    if !std::mem::replace(&mut client.has_come, true) {
                        let stay = truth.comes(*life, *elapsed);
                        let asked = truth.asked.get_mut(&client.ask.n);
                        asked.expect("it is known who asks").stay = Some(stay);
                    }
                    let Poll::Ready(answer) = client.exchange.as_mut().poll(cx) else {
                        return true;
                    };
                    let went = truth.turn();
                    let asked = truth.asked.get_mut(&client.ask.n).expect("it is known who asks");
                    got.answer(client.ask.n, &answer);
                    reached.note(if answer.status == 200 { "answers" } else { "refusals" });
                    asked.answered(&answer, *elapsed);
                    asked.stay.iter_mut().for_each(|stay| stay.went = Some(went));
                    if asked.stands == Stands::Limited {
                        reached.note("limits reached");
                    }
                    if asked.remembers() {
                        reached.note("answers that remember");
                    }
                    false
                });
                Poll::Ready(())
            })
            .await;
            tokio::task::yield_now().await;
        });
    }

    /// Looks at everything that must hold.
    pub(crate) fn check(&mut self) -> Result<(), Violation> {
        let failed = |why: anyhow::Error| Violation {
            step: 0,
            invariant: "it can be looked at",
            why: format!("{why:#}"),
        };
        self.flush().map_err(failed)?;
        self.world().log.catch_up_index().map_err(|error| failed(error.into()))?;
        let world = self.world();
        let files = Files::read(world.dir.path()).map_err(failed)?;
        let (seed, truth, panics) = (self.seed, &self.truth, &self.panics);
        let seen = Seen { seed, truth, files: &files, world, panics };
        invariants::check(&seen)
    }

    /// The end of a script: whoever waits gets his answer or gives up.
    pub(crate) fn end(&mut self) -> Result<Outcome> {
        for _ in 0..3 {
            self.wait(crate::setup::TOTAL.as_millis() as u64)?;
        }
        self.truth.is_over = true;
        let files = Files::read(self.world().dir.path())?;
        let digest = self.got.clone().with(&files);
        Ok(Outcome { reached: std::mem::take(&mut self.reached), digest })
    }
}
