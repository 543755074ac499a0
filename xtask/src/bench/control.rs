//! Control beside the data plane: what looking all the time costs it, how soon the kill switch is felt, and how long a
//! look at a million events takes.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Options;
use super::stand::{Stand, Subject, figure};
use crate::{http, process, workspace};

const REPEATS: usize = 5;
/// Longer than a request may take: no window is judged before all of its requests have ended.
const PHASE: Duration = Duration::from_secs(6);
const PHASE_QUICK: Duration = Duration::from_secs(4);
const WARM_UP: Duration = Duration::from_millis(700);

const EVENTS: u64 = 1_000_000;
const EVENTS_QUICK: u64 = 100_000;

/// Verdicts in a phase, without which nothing was measured: few, since looks take turns with a core that serves.
const VERDICTS_MIN: usize = 3;

/// Share of the requests that are served without a controller.
const RATIO_MIN: f64 = 0.97;
const KILL_MAX_MS: f64 = 1_000.0;
const CHECK_MAX_MS: f64 = 1_000.0;

/// Longest wait for the kill switch before it is given up.
const KILL_WAIT: Duration = Duration::from_secs(20);

/// Requests one after the other, all in control, after which it is believed.
const CONTROLS_MIN: u32 = 50;

/// Ten looks a second, each at a window of its own; so many verdicts in a row are never reached.
const LOOKING: &str = "[routing]\ntreatment_pct = 50.0\n[canary]\ncheck_every = \"100ms\"\ngolden_gate = false\n\
    passes = 1000\nfailures = 1000\n[timeouts]\ntotal = \"2s\"\nwhole = \"2s\"\nfirst_token = \"2s\"\n";

/// The same split, and nobody looks at it.
const NOT_LOOKING: &str = "[routing]\ntreatment_pct = 50.0\n[canary]\nenabled = false\n\
    [timeouts]\ntotal = \"2s\"\nwhole = \"2s\"\nfirst_token = \"2s\"\n";

const TREATED: &str = "[routing]\ntreatment_pct = 100.0\n";

/// A figure and what it must come to.
struct Bar {
    name: &'static str,
    figure: f64,
    is_met: bool,
}

/// Measures, prints the table; true where every bar is met.
pub(super) fn run(options: &Options) -> Result<bool> {
    let (repeats, phase) = if options.quick { (1, PHASE_QUICK) } else { (REPEATS, PHASE) };
    let stand = Stand::new()?;
    let ratio = ratio(&stand, repeats, phase)?;
    let kill_ms = kill_ms(&stand)?;
    let n_events = if options.quick { EVENTS_QUICK } else { EVENTS };
    let check_ms = check_ms(n_events)?;
    let bars = [
        Bar { name: "requests/s, controller / none", figure: ratio, is_met: ratio >= RATIO_MIN },
        Bar { name: "kill switch, ms", figure: kill_ms, is_met: kill_ms <= KILL_MAX_MS },
        Bar {
            name: "a look at all events, ms",
            figure: check_ms,
            is_met: check_ms <= CHECK_MAX_MS,
        },
    ];
    for Bar { name, figure, is_met } in &bars {
        println!("{name:<34} {figure:>10.3}  {}", if *is_met { "pass" } else { "MISS" });
    }
    if let Some(file) = &options.json {
        let json = format!(
            "{{\"rps_ratio\":{ratio},\"kill_ms\":{kill_ms},\"check_ms\":{check_ms},\"n_events\":{n_events}}}\n"
        );
        fs::write(file, json).with_context(|| format!("failed to write {file}"))?;
    }
    Ok(bars.iter().all(|bar| bar.is_met))
}

/// The median over pairs of runs, each pair in turn, so that what the machine does otherwise hits both.
fn ratio(stand: &Stand, repeats: usize, phase: Duration) -> Result<f64> {
    let mut ratios = Vec::new();
    for repeat in 1..=repeats {
        println!("repeat {repeat} of {repeats}: without a controller, then with one");
        let (without, _) = rps(stand, NOT_LOOKING, phase)?;
        let (with, n_verdicts) = rps(stand, LOOKING, phase)?;
        if n_verdicts < VERDICTS_MIN {
            bail!(
                "the controller has come to {n_verdicts} verdicts: it has not judged all the time"
            );
        }
        println!("{with:.0} of {without:.0} requests/s, {n_verdicts} verdicts");
        ratios.push(with / without);
    }
    ratios.sort_by(f64::total_cmp);
    ratios.get(ratios.len() / 2).copied().context("nothing was measured")
}

/// Requests a second, each in a conversation of its own, and how many verdicts were kept meanwhile.
fn rps(stand: &Stand, more: &str, phase: Duration) -> Result<(f64, usize)> {
    let running = stand.start_with(Subject::Aios, more)?;
    running.load("fresh", 64, WARM_UP)?;
    let load = running.load("fresh", 64, phase)?;
    let n_errors = load.figure("errors")?;
    if n_errors > 0.0 {
        bail!("{n_errors} requests failed");
    }
    running.stop()?;
    let kept = fs::read_to_string(Stand::data_dir().join("analytics").join("control.ndjson"));
    let n_verdicts = kept.unwrap_or_default().matches("\"event_type\":\"verdict\"").count();
    Ok((load.figure("rps")?, n_verdicts))
}

/// From the moment the override is written until the last request that is treated all the same.
fn kill_ms(stand: &Stand) -> Result<f64> {
    let running = stand.start_with(Subject::Aios, TREATED)?;
    if bucket(running.address(), 0)? != "treatment" {
        bail!("nobody is treated at 100 %");
    }
    let path = Stand::data_dir().join("analytics").join("adaptive_override.json");
    fs::write(&path, r#"{"control_bucket_pct":1.0}"#).context("failed to write the override")?;
    let written = Instant::now();
    let (mut last_treated, mut n_controls) = (Duration::ZERO, 0);
    for n in 1_u64.. {
        match bucket(running.address(), n)?.as_str() {
            "control" => n_controls += 1,
            _ => (last_treated, n_controls) = (written.elapsed(), 0),
        }
        if n_controls == CONTROLS_MIN {
            break;
        }
        if written.elapsed() > KILL_WAIT {
            bail!("requests are treated {KILL_WAIT:?} after the kill switch");
        }
    }
    running.stop()?;
    Ok(last_treated.as_secs_f64() * 1e3)
}

/// The bucket that a request of the `n`-th conversation got.
fn bucket(address: &str, n: u64) -> Result<String> {
    const BODY: &str = r#"{"model":"aios-auto","messages":[{"role":"user","content":"Why?"}]}"#;
    let headers = [format!("x-conversation-id: c-{n}")];
    let reply = http::post(address, "/v1/chat/completions", &headers, BODY)?;
    reply.header("x-aios-bucket").map(str::to_owned).context("the answer names no bucket")
}

fn check_ms(n_events: u64) -> Result<f64> {
    let dir = workspace::fresh_dir("bench-control")?;
    println!("a look at {n_events} events");
    let mut worker = std::process::Command::new(workspace::program("release", "aios-bench"));
    worker.args(["check", "--events", &n_events.to_string(), "--dir"]).arg(&dir);
    let report = process::output(&mut worker).context("the measurement failed")?;
    fs::remove_dir_all(&dir).with_context(|| format!("failed to remove {}", dir.display()))?;
    println!("{report}");
    figure(&report, "check_ms").context("the report has no check_ms")
}
