//! The memory, measured by `aios-bench memory`.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::Options;
use super::stand::{Stand, Subject};
use crate::{EXIT_FOUND, cargo, http, workspace};

/// Least share of its requests that a gateway which remembers keeps up.
const KEPT_UP_MIN: f64 = 0.85;

/// Turns between a gateway that remembers and one that does not.
const REPEATS: usize = 3;

/// Measures, prints the figures; true where every bar is met.
pub(super) fn run(options: &Options) -> Result<bool> {
    let is_met_alone = alone(options)?;
    let is_met_in_gateway = in_gateway(options)?;
    Ok(is_met_alone && is_met_in_gateway)
}

/// The gateway with and without, in turns, so that what the machine does otherwise hits both.
fn in_gateway(options: &Options) -> Result<bool> {
    let (repeats, time) = match options.quick {
        true => (1, Duration::from_millis(1_500)),
        false => (REPEATS, Duration::from_secs(4)),
    };
    let stand = Stand::new()?;
    let mut shares = [Vec::new(), Vec::new()];
    for _ in 0..repeats {
        let off = measure(&stand, Subject::Aios, time)?;
        let on = measure(&stand, Subject::Remembering, time)?;
        shares.iter_mut().zip(on.iter().zip(off)).for_each(|(all, (on, off))| all.push(on / off));
    }
    let [whole, streams] = shares.map(median);
    let verdict = if whole >= KEPT_UP_MIN { "pass" } else { "MISS" };
    let name = "gateway: requests a second that it keeps up remembering, share";
    println!("{name:<62} {whole:>12.3} {:>9}  {verdict}", format!("≥ {KEPT_UP_MIN}"));
    println!(
        "{:<62} {streams:>12.3} {:>9}",
        "  the same with a model that takes a third of a second", "-"
    );
    Ok(whole >= KEPT_UP_MIN)
}

/// Requests a second: whole answers of an instant model, and streams of one that takes its time.
fn measure(stand: &Stand, subject: Subject, time: Duration) -> Result<[f64; 2]> {
    let running = stand.start(subject)?;
    running.load("json", 64, WARM_UP)?;
    if subject == Subject::Remembering {
        must_remember(running.address())?;
    }
    let rps = |mode| running.load(mode, 64, time).and_then(|load| load.figure("rps"));
    let figures = [rps("json")?, rps("stream")?];
    println!("  {subject:?}: {:.0} whole answers a second, {:.0} streams", figures[0], figures[1]);
    running.stop()?;
    Ok(figures)
}

/// A gateway that finds nothing is as quick as one that does not look: that must not pass.
fn must_remember(address: &str) -> Result<()> {
    let body = r#"{"model":"aios-auto","messages":[{"role":"user","content":"Where are the largest folders under data?"}]}"#;
    let headers = ["x-conversation-id: bench-0".to_owned()];
    // A share is withheld by chance, for good: the same question would never be given anything.
    let asked = (0..WITHHELD_TRIES).map(|n| {
        let body = body.replace("data?", &format!("data, {n}?"));
        http::post(address, "/v1/chat/completions", &headers, &body)
    });
    for reply in asked {
        let reply = reply?;
        let said = reply.header("x-aios-memory").unwrap_or("nothing").to_owned();
        match said.strip_suffix(" fragments").and_then(|n| n.parse::<u32>().ok()) {
            Some(n) if n > 0 => return Ok(()),
            _ if said == "withheld" => {}
            _ => bail!("the gateway that remembers found {said}; its speed would say nothing"),
        }
    }
    bail!("the gateway that remembers withheld everything")
}

/// Questions of which chance, one in twenty, cannot withhold all.
const WITHHELD_TRIES: usize = 8;

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// Runs before the first measurement.
const WARM_UP: Duration = Duration::from_millis(700);

/// The memory without a gateway.
fn alone(options: &Options) -> Result<bool> {
    println!("building (release)");
    cargo::run(&["build", "--quiet", "--release", "-p", "aios-bench"])?;
    let dir = workspace::fresh_dir("bench-memory")?;
    let mut command = Command::new(workspace::program("release", "aios-bench"));
    command.args(["memory", "--dir"]).arg(&dir);
    if options.quick {
        command.arg("--quick");
    }
    let status = command.status().context("failed to run aios-bench")?;
    fs::remove_dir_all(&dir).with_context(|| format!("failed to remove {}", dir.display()))?;
    match status.code() {
        Some(0) => Ok(true),
        Some(code) if code == i32::from(EXIT_FOUND) => Ok(false),
        _ => bail!("aios-bench ended with {status}"),
    }
}
