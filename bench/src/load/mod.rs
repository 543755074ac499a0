//! Closed-loop load: each connection sends its next request when the last answer is whole.

mod connection;
mod framing;
mod tally;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::chat;
use connection::Connection;
pub(crate) use tally::Report;
use tally::Tally;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// Whole answers.
    Json,
    /// Whole answers, each in a conversation of its own.
    Fresh,
    /// Streams.
    Stream,
}

/// One run.
pub(crate) struct Plan {
    pub(crate) to: SocketAddr,
    pub(crate) connections: usize,
    pub(crate) duration: Duration,
    pub(crate) mode: Mode,
}

/// Opens every connection, then starts the clock, then sends.
///
/// # Errors
/// When a connection cannot be opened or the first answers are all wrong.
pub(crate) async fn run(plan: Plan) -> Result<Report> {
    let mut connections = Vec::with_capacity(plan.connections);
    for _ in 0..plan.connections {
        let connection = Connection::open(plan.to).await;
        connections.push(connection.with_context(|| format!("failed to connect to {}", plan.to))?);
    }
    let tally = Rc::new(RefCell::new(Tally::new()?));
    let started_at = Instant::now();
    let until = started_at + plan.duration;
    let mut tasks = JoinSet::new();
    for (client, connection) in connections.into_iter().enumerate() {
        let request = chat::request(&plan.to.to_string(), plan.mode, client);
        let (tally, start) = (Rc::clone(&tally), started_at + head_start(plan.mode, client));
        tasks.spawn_local(async move {
            sleep_until(start).await;
            drive(connection, plan.to, request, plan.mode, until, tally).await
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.context("a connection's task broke")??;
    }
    let report = tally.borrow().report(started_at.elapsed());
    ensure!(
        report.requests > 0,
        "not one answer came; the last error: {}",
        tally.borrow().last_error()
    );
    Ok(report)
}

/// Streams start at different times: in step, their events would queue behind each other and the delay
/// of a chunk would measure that queue. Multiples of the golden ratio spread evenly for any number.
fn head_start(mode: Mode, client: usize) -> Duration {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    match mode {
        Mode::Json | Mode::Fresh => Duration::ZERO,
        Mode::Stream => STREAM_TIME.mul_f64((client as f64 * GOLDEN).fract()),
    }
}

/// About what a stream of 33 events takes, 10 ms apart.
const STREAM_TIME: Duration = Duration::from_millis(320);

/// Sends one request after the other. An error is counted and the connection opened anew.
async fn drive(
    mut connection: Connection,
    to: SocketAddr,
    mut request: Vec<u8>,
    mode: Mode,
    until: Instant,
    tally: Rc<RefCell<Tally>>,
) -> Result<()> {
    for n in 0.. {
        if Instant::now() >= until {
            break;
        }
        if mode == Mode::Fresh {
            chat::renew(&mut request, n);
        }
        let answer = match mode {
            Mode::Json | Mode::Fresh => ask_whole(&mut connection, &request, &tally).await,
            Mode::Stream => ask_stream(&mut connection, &request, &tally).await,
        };
        if let Err(error) = answer {
            tally.borrow_mut().failed(&error);
            connection = Connection::open(to).await.context("failed to connect again")?;
        }
    }
    Ok(())
}

async fn ask_whole(
    connection: &mut Connection,
    request: &[u8],
    tally: &RefCell<Tally>,
) -> Result<()> {
    let sent_at = Instant::now();
    let mut n_bytes = 0;
    let status = connection.exchange(request, |payload| n_bytes += payload.len()).await?;
    ensure!(status == 200, "status {status}");
    ensure!(n_bytes > 0, "empty answer");
    tally.borrow_mut().answered(sent_at.elapsed());
    Ok(())
}

async fn ask_stream(
    connection: &mut Connection,
    request: &[u8],
    tally: &RefCell<Tally>,
) -> Result<()> {
    let sent_at = Instant::now();
    let mut seen = tally::StreamSeen::new(sent_at);
    let status = connection
        .exchange(request, |payload| tally.borrow_mut().payload(&mut seen, payload, Instant::now()))
        .await?;
    ensure!(status == 200, "status {status}");
    ensure!(seen.done, "the stream ended without [DONE] after {} events", seen.n_events);
    ensure!(seen.n_events == chat::STREAM_EVENTS, "{} events", seen.n_events);
    tally.borrow_mut().answered(sent_at.elapsed());
    Ok(())
}
