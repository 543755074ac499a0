//! The memory: on its own by `aios-bench memory`, under strange calls and deaths by the tests of the store, and in the gateway.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::Options;
use super::bars::{Limit, line};
use super::stand::{CONVERSATIONS, Stand, Subject, TURNS};
use super::{safety, talk};
use crate::{cargo, http, workspace};

/// What `aios-bench memory` tells of, by the names of its figures; what is not here is only shown.
const BARS: &[(&str, Limit)] = &[
    ("question in 200 fragments, ms", Limit::AtMost(0.2)),
    ("question in 20,000 fragments, ms", Limit::AtMost(2.0)),
    ("question in 200,000 fragments, ms", Limit::AtMost(15.0)),
    ("copies: precision", Limit::AtLeast(0.999)),
    ("copies: recall", Limit::AtLeast(0.97)),
    ("copies: seconds", Limit::AtMost(4.0)),
    ("turns kept in a second, each synced", Limit::AtLeast(2_000.0)),
    ("erasing a conversation of a thousand turns and proving it, ms", Limit::AtMost(250.0)),
    ("planted words left in any file", Limit::AtMost(0.0)),
    ("question in one conversation of all, rows read, ms", Limit::AtMost(2.0)),
    ("calls that returned a fragment of another scope", Limit::AtMost(0.0)),
    ("calls that returned what was erased before", Limit::AtMost(0.0)),
];

/// Least share of its requests that a gateway which remembers keeps up.
const KEPT_UP_MIN: f64 = 0.85;

/// Turns between a gateway that remembers and one that does not.
const REPEATS: usize = 3;

/// What a model takes for an answer, where it is not instant.
const MODEL_TAKES: Duration = Duration::from_millis(300);

/// Measures, prints the figures; true where every bar is met.
pub(super) fn run(options: &Options) -> Result<bool> {
    let is_met_alone = alone(options)?;
    let is_safe = safety::run(options)?;
    let is_met_in_gateway = in_gateway(options)?;
    Ok(is_met_alone && is_safe && is_met_in_gateway)
}

/// Prints a figure; true where its bar is met.
pub(super) fn tell(name: &str, figure: Option<f64>, limit: Option<Limit>) -> bool {
    let (line, is_met) = line(name, figure, limit);
    println!("{line}");
    is_met
}

/// The gateway with and without, in turns, so that what the machine does otherwise hits both.
fn in_gateway(options: &Options) -> Result<bool> {
    let (repeats, time) = match options.quick {
        true => (1, Duration::from_millis(1_500)),
        false => (REPEATS, Duration::from_secs(4)),
    };
    let mut all_met = true;
    let limit = Some(Limit::AtLeast(KEPT_UP_MIN));
    for (wait, model, limit) in
        [(Duration::ZERO, "an instant model", limit), (MODEL_TAKES, "one that takes 300 ms", None)]
    {
        let stand = Stand::with_model(wait)?;
        let mut pairs = Vec::new();
        for _ in 0..repeats {
            let off = measure(&stand, Subject::Aios, time)?;
            pairs.push((off, measure(&stand, Subject::Remembering, time)?));
        }
        let of = |figure: fn(&(Cost, Cost)) -> Option<f64>| median(pairs.iter().map(figure));
        println!("\nthe gateway before {model}, with conversations of 200 turns");
        let kept_up = of(|(off, on)| Some(on.rps / off.rps));
        all_met &= tell("requests a second that it keeps up remembering, share", kept_up, limit);
        tell("  requests a second, off", of(|(off, _)| Some(off.rps)), None);
        tell("  requests a second, on", of(|(_, on)| Some(on.rps)), None);
        tell("  CPU for a request, off, µs", of(|(off, _)| off.cpu_us), None);
        let finding = of(|(_, on)| Some(on.cpu_us? - on.keeping_us?));
        tell("  CPU for a request that finds, µs", finding, None);
        tell("  CPU for a request that finds and keeps, µs", of(|(_, on)| on.cpu_us), None);
    }
    Ok(all_met)
}

/// What a gateway does in a second, and what a request costs it.
struct Cost {
    rps: f64,
    cpu_us: Option<f64>,
    /// What of that is spent on keeping what was said.
    keeping_us: Option<f64>,
}

fn measure(stand: &Stand, subject: Subject, time: Duration) -> Result<Cost> {
    let running = stand.start(subject)?;
    running.load("json", CONVERSATIONS, WARM_UP)?;
    if subject == Subject::Remembering {
        must_remember(running.address())?;
    }
    let load = running.load("json", CONVERSATIONS, time)?;
    if subject == Subject::Remembering {
        must_go_on(stand.n_conversations()?)?;
    }
    running.stop()?;
    let (rps, n) = (load.figure("rps")?, load.figure("requests")?);
    let each_us = |seconds: f64| seconds / n * 1e6;
    Ok(Cost { rps, cpu_us: load.cpu_s.map(each_us), keeping_us: load.keeping_s.map(each_us) })
}

/// A gateway that finds nothing is as quick as one that does not look: that must not pass.
fn must_remember(address: &str) -> Result<()> {
    let body = r#"{"model":"aios-auto","messages":[{"role":"user","content":"Where are the largest folders under data?"}]}"#;
    let headers = [format!("x-conversation-id: {}", talk::id(0))];
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

/// Load in conversations of its own finds what it has said itself and no more: that must not pass either.
fn must_go_on(n_conversations: f64) -> Result<()> {
    let n_begun = n_conversations - CONVERSATIONS as f64;
    if n_begun != 0.0 {
        bail!(
            "the load began {n_begun} conversations; its speed says nothing of those of {TURNS} turns"
        );
    }
    Ok(())
}

/// Questions of which chance, one in twenty, cannot withhold all.
const WITHHELD_TRIES: usize = 8;

/// The middle one; none unless every value is there.
fn median(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let mut values = values.collect::<Option<Vec<f64>>>()?;
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// Runs before the first measurement.
const WARM_UP: Duration = Duration::from_millis(700);

/// The memory without a gateway: a line for each figure, as it comes.
fn alone(options: &Options) -> Result<bool> {
    println!("building (release)");
    cargo::run(&["build", "--quiet", "--release", "-p", "aios-bench"])?;
    let dir = workspace::fresh_dir("bench-memory")?;
    let mut command = Command::new(workspace::program("release", "aios-bench"));
    command.args(["memory", "--dir"]).arg(&dir).stdout(Stdio::piped());
    if options.quick {
        command.arg("--quick");
    }
    if let Some(url) = &options.embeddings {
        command.args(["--embeddings", url]);
    }
    let mut child = command.spawn().context("failed to start aios-bench")?;
    let lines = BufReader::new(child.stdout.take().context("its output is a pipe")?).lines();
    let mut met = Vec::new();
    for line in lines {
        let line = line.context("failed to read what aios-bench measures")?;
        let Some((name, value)) = line.rsplit_once(": ") else { bail!("not understood: {line}") };
        let limit = BARS.iter().find(|(of, _)| *of == name).map(|(_, limit)| *limit);
        let is_met = tell(name, value.parse().ok(), limit);
        met.extend(limit.map(|_| is_met));
    }
    let status = child.wait().context("failed to wait for aios-bench")?;
    if !status.success() {
        bail!("aios-bench ended with {status}");
    }
    fs::remove_dir_all(&dir).with_context(|| format!("failed to remove {}", dir.display()))?;
    // The largest scope is left out of a quick run; but for that, what did not come is not met.
    let n_expected = BARS.len() - usize::from(options.quick);
    Ok(met.len() == n_expected && met.iter().all(|is_met| *is_met))
}
