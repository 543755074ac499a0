//! Runs seeds; `cargo xtask sim` calls it.
//!
//! Exit code 2 where a seed has broken something: it is shortened, shown, and how to run it again is said.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it talks to a terminal")]

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use aios_sim::{
    Home, Outcome, Planted, Reached, Step, Violation, digest_of, run, run_twice, script, shrink,
};
use clap::Parser;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};

/// Exit code for a violation that was found.
const FOUND: u8 = 2;

/// Exit code for a command that is not understood: `EX_USAGE` of sysexits.h.
const USAGE: u8 = 64;

/// How often it is said how far it is.
const SAY_EVERY: Duration = Duration::from_secs(5);

/// Run scripts of steps against the real pipeline, controller and store, and check everything after each step
#[derive(Debug, Parser)]
struct Args {
    /// How many seeds
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first one
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// This one only, with its steps
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
    /// How many at once [default: one per processor]
    #[arg(long)]
    jobs: Option<NonZero<usize>>,
    /// Each one twice: it must come to the same
    #[arg(long)]
    twice: bool,
    /// A bug to be found
    #[arg(long, value_parser = PossibleValuesParser::new(Planted::ALL.map(|(name, _)| name)).map(|name| planted(&name)))]
    planted: Option<Planted>,
    /// Where files are kept meanwhile [default: in memory, or where temporary files are]
    #[arg(long)]
    dir: Option<PathBuf>,
}

/// What is asked for, and where.
struct Task {
    args: Args,
    home: Home,
}

impl Task {
    /// Runs a script as it is asked for.
    fn run(&self, seed: u64, script: &[Step]) -> Result<Outcome, Violation> {
        let run = if self.args.twice { run_twice } else { run };
        run(&self.home, seed, script, self.args.planted)
    }
}

/// A seed that has broken something.
struct Broken {
    seed: u64,
    violation: Violation,
}

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // There is nobody left to tell if that cannot be told.
            drop(error.print());
            return if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
        }
    };
    let home = match Home::new(args.dir.as_deref()) {
        Ok(home) => home,
        Err(error) => {
            eprintln!("{error:#}");
            return ExitCode::FAILURE;
        }
    };
    let task = Task { args, home };
    let args = &task.args;
    let (from, n_seeds) = args.seed.map_or((args.from, args.seeds), |seed| (seed, 1));
    if let Some(seed) = args.seed {
        list(&script(seed));
    }
    let started = Instant::now();
    let jobs = args.jobs.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZero::get);
    let ran = run_all(from, n_seeds.min((u64::MAX - from).max(1)), jobs, &task);
    let (n_done, took) = (ran.n_done, started.elapsed().as_secs_f64());
    println!("reached: {}", ran.reached);
    println!("{n_done} seeds from {from} in {took:.1} s, {:.0} seeds/s", n_done as f64 / took);
    match ran.broken {
        None => {
            // The same on every machine.
            println!("come to: {}", digest_of(ran.digests.values().map(String::as_str)));
            if args.planted.is_some() {
                eprintln!("the planted bug was not found in {n_done} seeds");
                return ExitCode::FAILURE;
            }
            println!("everything holds");
            ExitCode::SUCCESS
        }
        Some(broken) => {
            tell(broken, &task);
            ExitCode::from(FOUND)
        }
    }
}

fn planted(name: &str) -> Planted {
    let found = Planted::ALL.iter().find(|(known, _)| *known == name);
    found.map(|(_, planted)| *planted).expect("it is one of the possible values")
}

/// What seeds have come to.
#[derive(Default)]
struct Ran {
    n_done: u64,
    reached: Reached,
    digests: BTreeMap<u64, String>,
    broken: Option<Broken>,
}

impl Ran {
    fn take(&mut self, seed: u64, outcome: Result<Outcome, Violation>) {
        self.n_done += 1;
        match outcome {
            Ok(outcome) => {
                self.reached.merge(&outcome.reached);
                self.digests.insert(seed, outcome.digest);
            }
            // The least one, so that it is the same each time.
            Err(violation) if self.broken.as_ref().is_none_or(|found| seed < found.seed) => {
                self.broken = Some(Broken { seed, violation });
            }
            Err(_) => {}
        }
    }
}

/// Runs seeds until one breaks something.
fn run_all(from: u64, n_seeds: u64, jobs: usize, task: &Task) -> Ran {
    let (n_taken, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let ran = Mutex::<Ran>::default();
    let ran_so_far = || ran.lock().unwrap_or_else(PoisonError::into_inner);
    let work = || {
        while !stop.load(Ordering::Relaxed) {
            let n = n_taken.fetch_add(1, Ordering::Relaxed);
            if n >= n_seeds {
                return;
            }
            let seed = from + n;
            let outcome = task.run(seed, &script(seed));
            if outcome.is_err() {
                stop.store(true, Ordering::Relaxed);
            }
            ran_so_far().take(seed, outcome);
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        let mut said_at = Instant::now();
        while workers.iter().any(|worker| !worker.is_finished()) {
            thread::park_timeout(Duration::from_millis(50));
            if said_at.elapsed() >= SAY_EVERY {
                said_at = Instant::now();
                println!("{} seeds", ran_so_far().n_done);
            }
        }
    });
    ran.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn tell(broken: Broken, task: &Task) {
    let args = &task.args;
    let Broken { seed, violation } = broken;
    println!("\nseed {seed} {violation}\n\nshortened:");
    let (steps, shown) = shrink(&script(seed), violation, |steps| task.run(seed, steps));
    list(&steps);
    let name = args.planted.and_then(|bug| Planted::ALL.into_iter().find(|(_, of)| *of == bug));
    let planted = name.map_or_else(String::new, |(name, _)| format!(" --planted {name}"));
    let twice = if args.twice { " --twice" } else { "" };
    println!("\n{shown}\n\nrun it again with: cargo xtask sim --seed {seed}{planted}{twice}");
}

fn list(steps: &[Step]) {
    for (n, step) in steps.iter().enumerate() {
        println!("{:>4}  {step}", n + 1);
    }
}
