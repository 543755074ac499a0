//! What the dashboard costs the gateway while it is open in ten tabs.
//!
//! The model takes its time, so that the load is the same however busy the gateway is, and the browser, which shares the
//! load's core, takes nothing from it. What the gateway then spends more is what it would lack to serve requests with.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::Options;
use super::stand::{Running, Stand, Subject};
use crate::dashboard;

const REPEATS: usize = 5;
const PHASE: Duration = Duration::from_secs(20);
const PHASE_QUICK: Duration = Duration::from_secs(6);
const WARM_UP: Duration = Duration::from_secs(2);

/// 64 connections ask some 1,200 times a second.
const CONNECTIONS: usize = 64;
const MODEL_WAIT: Duration = Duration::from_millis(50);

/// What the ten show: most of them what people leave open.
const TABS: &[&str] = &[
    "overview",
    "overview",
    "overview",
    "overview",
    "events",
    "events",
    "routing",
    "canary",
    "hypotheses",
    "memory",
];

/// Share of the gateway's core.
const COST_MAX: f64 = 0.03;

/// Measures, prints the figures; true where the bar is met.
pub(super) fn run(options: &Options) -> Result<bool> {
    let (repeats, phase) = if options.quick { (1, PHASE_QUICK) } else { (REPEATS, PHASE) };
    dashboard::build()?;
    let stand = Stand::with_model(MODEL_WAIT)?;
    let mut costs = Vec::new();
    for repeat in 1..=repeats {
        println!("repeat {repeat} of {repeats}: without a page, then with {}", TABS.len());
        costs.push(cost(&stand, phase)?);
    }
    costs.sort_by(f64::total_cmp);
    let cost = costs.get(costs.len() / 2).copied().context("nothing was measured")?;
    let is_met = cost < COST_MAX;
    println!(
        "{:<34} {cost:>10.4}  below {COST_MAX}  {}",
        "share of the gateway's core",
        if is_met { "pass" } else { "MISS" }
    );
    if let Some(file) = &options.json {
        let json = format!("{{\"n_tabs\":{},\"share_of_core\":{cost}}}\n", TABS.len());
        fs::write(file, json).with_context(|| format!("failed to write {file}"))?;
    }
    Ok(is_met)
}

/// What the pages add to the processor time of a second.
fn cost(stand: &Stand, phase: Duration) -> Result<f64> {
    let running = stand.start(Subject::Aios)?;
    running.load("fresh", CONNECTIONS, WARM_UP)?;
    let without = spent(&running, phase)?;
    let node = stand.beside("node");
    let mut pages =
        dashboard::open(node, stand.dir(), &running.admin_url(), &Stand::data_dir(), TABS)?;
    // What the pages ask for once, when they are opened, is over.
    running.load("fresh", CONNECTIONS, WARM_UP)?;
    let with = spent(&running, phase)?;
    ensure!(pages.is_running(), "the pages have not stayed open: nothing was measured");
    pages.stop()?;
    running.stop()?;
    // What requests cost is counted by requests, what pages cost by time.
    let expected = without.cpu_s * with.n_requests / without.n_requests;
    let cost = (with.cpu_s - expected) / phase.as_secs_f64();
    println!(
        "{:.0} and {:.0} requests, {:.1} and {:.1} us each: {:.2} % of the core",
        without.n_requests,
        with.n_requests,
        without.cpu_s * 1e6 / without.n_requests,
        with.cpu_s * 1e6 / with.n_requests,
        cost * 100.0,
    );
    Ok(cost)
}

struct Spent {
    n_requests: f64,
    cpu_s: f64,
}

fn spent(running: &Running, phase: Duration) -> Result<Spent> {
    let load = running.load("fresh", CONNECTIONS, phase)?;
    let n_errors = load.figure("errors")?;
    if n_errors > 0.0 {
        bail!("{n_errors} requests failed");
    }
    let cpu_s = load.cpu_s.context("this system tells no processor time of a process")?;
    Ok(Spent { n_requests: load.figure("requests")?, cpu_s })
}
