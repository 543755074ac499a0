//! What the gateway is measured against and with: an instant model server, a bare proxy, a load
//! generator; and the event log on its own. Each runs on one thread, so that each can be pinned to one core, and all use the
//! gateway's own allocator, so that a difference is never the allocator's.

mod chat;
mod check;
mod day;
mod erase;
mod load;
mod memory;
mod net;
mod pii;
mod proxy;
mod soak;
mod store;
mod upstream;
mod views;

use std::future::Future;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use aios_core::{Timestamp, Verdict};
use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use tokio::task::LocalSet;

use load::{Mode, Plan};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measure a gateway
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve an instant model
    Upstream {
        /// Address to listen on; port 0 picks a free one.
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
        /// Time before a whole answer, in milliseconds.
        #[arg(long, default_value_t = 0)]
        wait_ms: u64,
        /// Time between two events of a stream, in milliseconds.
        #[arg(long, default_value_t = 10)]
        gap_ms: u64,
    },
    /// Serve a bare pass-through proxy
    Proxy {
        /// Address to listen on; port 0 picks a free one.
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
        /// Address of the model server.
        #[arg(long)]
        upstream: SocketAddr,
    },
    /// Fill an event log, start on it, erase from it
    Store {
        /// An empty directory.
        #[arg(long)]
        dir: PathBuf,
        /// Events in all.
        #[arg(long, default_value_t = 1_000_000)]
        events: u64,
    },
    /// Fill an event log, and judge all of it in one look of the canary
    Check {
        /// An empty directory.
        #[arg(long)]
        dir: PathBuf,
        /// Events in all.
        #[arg(long, default_value_t = 1_000_000)]
        events: u64,
    },
    /// Fill an event log with a day of traffic
    Day {
        /// An empty directory.
        #[arg(long)]
        dir: PathBuf,
        /// Events in all.
        #[arg(long, default_value_t = 1_000_000)]
        events: u64,
        /// When the day ends, in seconds since 1970.
        #[arg(long)]
        until_s: i64,
    },
    /// Ask of an index what the dashboard asks
    Views {
        /// The directory that `day` has filled.
        #[arg(long)]
        dir: PathBuf,
        /// When its day ends, in seconds since 1970.
        #[arg(long)]
        until_s: i64,
    },
    /// Fill an event log, compress it, and start on it three times
    Starts {
        /// An empty directory.
        #[arg(long)]
        dir: PathBuf,
        /// Events in all; each million takes some 400 MB.
        #[arg(long, default_value_t = 10_000_000)]
        events: u64,
    },
    /// Erase a conversation from cold segments and print how long it took
    Erase {
        /// Cold segments in the log.
        #[arg(long, default_value_t = 16)]
        segments: u32,
        /// How many of them hold the conversation.
        #[arg(long, default_value_t = 2)]
        holding: u32,
        /// Events in each segment.
        #[arg(long, default_value_t = 3_000)]
        events: u32,
    },
    /// Measure the scanner for personal data: quality, speed, hostile text
    Pii {
        /// Print what was missed or found wrongly on texts that may be looked at.
        #[arg(long)]
        dev: bool,
        /// Scan a tenth as much text for speed.
        #[arg(long)]
        quick: bool,
    },
    /// Measure the memory: speed, durability, copies, erasure, leaks, recall
    Memory {
        /// An empty directory.
        #[arg(long)]
        dir: PathBuf,
        /// A tenth of everything.
        #[arg(long)]
        quick: bool,
        #[command(flatten)]
        vectors: Vectors,
    },
    /// Measure only what of answers comes back, on made-up conversations
    Recall {
        #[command(flatten)]
        vectors: Vectors,
    },
    /// Everything at once against a running server, for long: what grows, what is lost
    Soak {
        /// Address of the gateway.
        #[arg(long)]
        to: SocketAddr,
        /// Address of its admin API.
        #[arg(long)]
        admin: SocketAddr,
        /// Its data directory.
        #[arg(long)]
        dir: PathBuf,
        /// Its configuration, which is written anew for each reload.
        #[arg(long)]
        config: PathBuf,
        /// Its process.
        #[arg(long)]
        pid: u32,
        /// Requests a second.
        #[arg(long)]
        rate: f64,
        /// How long, in seconds.
        #[arg(long)]
        seconds: u64,
        /// Where the report goes as JSON.
        #[arg(long)]
        json: Option<PathBuf>,
    },
    /// Send load and print what came back
    Load {
        /// Address of the gateway.
        #[arg(long)]
        to: SocketAddr,
        /// Requests under way at once, each on its own connection.
        #[arg(long, default_value_t = 64)]
        connections: usize,
        /// How long new requests are started, in milliseconds.
        #[arg(long, default_value_t = 5_000)]
        duration_ms: u64,
        /// What is asked for.
        #[arg(long, value_enum, default_value_t = Mode::Json)]
        mode: Mode,
    },
}

/// Who makes vectors for the memory's recall.
#[derive(clap::Args)]
struct Vectors {
    /// Measure recall with vectors too, of whoever serves `/v1/embeddings` at this URL (http:// only).
    #[arg(long, value_name = "URL")]
    embeddings: Option<String>,
    /// The model that is asked for there.
    #[arg(long, value_name = "NAME", default_value = "all-MiniLM-L6-v2", requires = "embeddings")]
    model: String,
}

impl Vectors {
    fn endpoint(&self) -> Result<Option<memory::Endpoint>> {
        self.embeddings.as_ref().map(|url| memory::Endpoint::new(url, &self.model)).transpose()
    }
}

/// Exit codes where a bar was missed, and where nothing is proven.
const EXIT_MISSED: u8 = 2;
const EXIT_NO_DATA: u8 = 3;
/// Exit code for a command that is not understood: `EX_USAGE` of sysexits.h.
const EXIT_USAGE: u8 = 64;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // There is nobody left to tell if that cannot be told.
            drop(error.print());
            return if error.use_stderr() { ExitCode::from(EXIT_USAGE) } else { ExitCode::SUCCESS };
        }
    };
    match run(args.command) {
        Ok(Verdict::Met) => ExitCode::SUCCESS,
        Ok(Verdict::Breached) => ExitCode::from(EXIT_MISSED),
        Ok(Verdict::NoData) => ExitCode::from(EXIT_NO_DATA),
        Err(error) => {
            // Nobody is left to tell when stderr is gone.
            let _ignored = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a command; what becomes of its bars, where it has some.
fn run(command: Command) -> Result<Verdict> {
    match command {
        Command::Pii { dev: true, .. } => pii::print_errors(&mut std::io::stdout().lock())?,
        Command::Pii { quick, .. } => {
            if !pii::run(quick, &mut std::io::stdout().lock())? {
                return Ok(Verdict::Breached);
            }
        }
        Command::Memory { dir, quick, vectors } => {
            let endpoint = vectors.endpoint()?;
            memory::run(&dir, quick, endpoint.as_ref(), &mut std::io::stdout().lock())?;
        }
        Command::Recall { vectors } => {
            memory::recall(vectors.endpoint()?.as_ref(), &mut std::io::stdout().lock())?;
        }
        Command::Upstream { listen, wait_ms, gap_ms } => {
            let [wait, gap] = [wait_ms, gap_ms].map(Duration::from_millis);
            on_one_thread(upstream::serve(listen, wait, gap))?;
        }
        Command::Proxy { listen, upstream } => on_one_thread(proxy::serve(listen, upstream))?,
        Command::Store { dir, events } => {
            let report = store::run(&store::Plan { dir, n_events: events })?;
            print_line(&serde_json::to_string(&report)?)?;
        }
        Command::Check { dir, events } => {
            print_line(&serde_json::to_string(&check::run(&dir, events)?)?)?;
        }
        Command::Day { dir, events, until_s } => {
            day::fill(&dir, events, Timestamp::from_micros(until_s * 1_000_000))?;
        }
        Command::Views { dir, until_s } => {
            let report = views::run(&dir, Timestamp::from_micros(until_s * 1_000_000))?;
            print_line(&serde_json::to_string(&report)?)?;
        }
        Command::Starts { dir, events } => {
            let report = store::starts(&store::Plan { dir, n_events: events })?;
            print_line(&serde_json::to_string(&report)?)?;
        }
        Command::Erase { segments, holding, events } => {
            let report = erase::run(&erase::Shape { segments, holding, events })?;
            print_line(&serde_json::to_string(&report)?)?;
        }
        Command::Soak { to, admin, dir, config, pid, rate, seconds, json } => {
            let lasts = Duration::from_secs(seconds);
            let plan = soak::Plan { to, admin, dir, config, pid, rate, lasts, json };
            return on_one_thread(soak::run(plan));
        }
        Command::Load { to, connections, duration_ms, mode } => {
            let plan = Plan { to, connections, duration: Duration::from_millis(duration_ms), mode };
            let report = on_one_thread(load::run(plan))?;
            print_line(&serde_json::to_string(&report)?)?;
        }
    }
    Ok(Verdict::Met)
}

fn on_one_thread<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("failed to start the runtime")?;
    LocalSet::new().block_on(&runtime, work)
}

/// Prints one line of data and sends it off at once, for a reader who waits for it.
fn print_line(line: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}").and_then(|()| stdout.flush()).context("failed to print")
}
