//! `aios loadtest`.

mod live;
mod prompts;
mod shown;
mod target;

use std::io::Write;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aios_core::{Clock as _, Verdict};
use aios_eval::load::{About, Cause, LoadReport, Pace, Tally};
use aios_eval::render::{LoadDocument, load_html, load_markdown};
use aios_server::load::{Shot, Until, Volley, fire};
use aios_store::{read_document, write_document};
use clap::Args;

use super::context::Context;
use super::net;
use super::output::{self, Exit, Failure};
use crate::clock::SystemClock;
use crate::config::{self, Config};

/// Requests a second: fewer than one in twenty minutes or so are no load, and more would measure this machine.
const RATE: RangeInclusive<f64> = 0.001..=10_000.0;

/// How long a run and an answer may take.
const TIME: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(30 * 86_400);

/// The status of whoever may not do what it asks.
const FORBIDDEN: u16 = 403;

const MAY_NOT_STEER: &str = "hint: status 403 is forbidden: these requests say that they are no live traffic, for which \
     a client key needs may_steer = true (clients.keys), and another machine needs such a key";

/// Send load to an OpenAI-compatible API, measure it, and judge it by the operator's guide
///
/// Expected are a p95 under 20 s, under 1 % errors, and 55 to 65 % for main, of 50 requests at least. Latency counts from when a request should
/// have been sent, so a server that stalls is not measured only when it feels like it. Exit code 2 if one of the three
/// is missed, 3 if one is not known (another gateway does not say where it routes) or the run was ended early.
/// With --json the report: {"schema_version", "started_at", "url", "model", "pace", "prompts", "n_prompts", "stream_pct",
/// "max_tokens", "timeout_ms", "interrupted", "n_under_way", "verdict", "checks": [{"name", "target", "figure", "verdict"}], "n", "n_unsent", "n_failed", "error_rate",
/// "errors", "took_s", "per_second", "latency", "service", "time_to_first_token", "inter_token": {"n", "mean_ms",
/// "p50_ms", "p90_ms", "p95_ms", "p99_ms", "max_ms"}, "n_late", "late_ms_max", "routed", "answered": {"n_main",
/// "n_embedder", "n_fallback", "main_share"}, "n_simulated", "curve", "slices"}, and with --compare "compared": {"unlike",
/// "differences": [{"name", "before", "now", "change_pct"}]}.
#[derive(Debug, Args)]
pub(super) struct Command {
    #[command(flatten)]
    prompts: prompts::Prompts,
    #[command(flatten)]
    target: target::Target,
    /// Requests a second, whatever becomes of them (open loop)
    #[arg(long, value_name = "R", value_parser = rate)]
    rate: Option<f64>,
    /// Requests under way at once, each after the answer to the one before (closed loop); 1 without --rate
    #[arg(long, value_name = "N", conflicts_with = "rate", value_parser = clap::value_parser!(u64).range(1..=4096))]
    concurrency: Option<u64>,
    /// How long; prompts are sent again and again
    #[arg(long, value_name = "TIME", value_parser = time)]
    duration: Option<Duration>,
    /// Share of requests that want a stream, in percent
    #[arg(long, value_name = "PCT", default_value_t = 50, value_parser = clap::value_parser!(u64).range(0..=100))]
    stream_pct: u64,
    /// Most tokens of an answer
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_tokens: Option<u64>,
    /// Longest wait for one answer
    #[arg(long, value_name = "TIME", default_value = "120s", value_parser = time)]
    timeout: Duration,
    /// Write the report: .json, .md or .html, as often as wanted
    #[arg(long, value_name = "FILE", value_parser = report_path)]
    out: Vec<PathBuf>,
    /// Compare with a report (.json) of a run before
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
}

impl Command {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let before = self.compare.as_deref().map(read).transpose()?;
        // Before anything is sent: what was measured for hours must not be lost for a name.
        self.out.iter().try_for_each(|path| has_place(path))?;
        let volley = self.volley(context, &config)?;
        let report = net::runtime()?.block_on(self.fire(&config, volley))?;
        if context.json {
            output::json(out, &LoadDocument::new(&report, before.as_ref()))?;
        } else {
            shown::print(out, &report, before.as_ref())?;
        }
        // A file that cannot be written costs nobody the others.
        let written = self.out.iter().map(|path| write(path, &report, before.as_ref()));
        written.collect::<Vec<_>>().into_iter().collect::<anyhow::Result<()>>()?;
        Ok(match report.verdict {
            Verdict::Met => Exit::Done,
            Verdict::Breached => Exit::Violation,
            Verdict::NoData => Exit::Incomplete,
        })
    }

    fn volley(&self, context: &Context, config: &Config) -> anyhow::Result<Volley> {
        let asked = self.prompts.read()?;
        let shot = |messages| Shot::chat(&self.target.model, messages, self.max_tokens);
        Ok(Volley {
            caller: self.target.caller(context, config)?,
            shots: asked.messages.iter().map(shot).collect(),
            stream_pct: self.stream_pct,
            pace: self.pace(),
            until: self.duration.map_or(Until::Sent(asked.n), Until::Over),
            timeout: self.timeout,
        })
    }

    fn pace(&self) -> Pace {
        match self.rate {
            Some(rate) => Pace::Open { rate },
            None => Pace::Closed { concurrency: self.concurrency.unwrap_or(1) },
        }
    }

    async fn fire(&self, config: &Config, volley: Volley) -> anyhow::Result<LoadReport> {
        let mut ending = net::Ending::new()?;
        let (started_at, mut tally) = (SystemClock.now(), Tally::default());
        let (mut live, mut told) = (live::Live::new(volley.until), false);
        let n_prompts = Some(volley.shots.len() as u64);
        let left = fire(volley, ending.asked(), |sample| {
            tally.add(sample);
            live.show(&tally, sample.ended);
            // At once: who waits for the end of an hour to hear it has lost the hour.
            if sample.failed == Some(Cause::Status(FORBIDDEN))
                && !std::mem::replace(&mut told, true)
            {
                live.say(MAY_NOT_STEER);
            }
        })
        .await;
        live.end();
        let about = About {
            started_at,
            url: self.target.url(config),
            model: self.target.model.clone(),
            pace: self.pace(),
            prompts: self.prompts.name(),
            n_prompts,
            stream_pct: self.stream_pct as f64,
            max_tokens: self.max_tokens,
            timeout_ms: u64::try_from(self.timeout.as_millis()).ok(),
            interrupted: left.is_some(),
            n_under_way: left.unwrap_or(0) as u64,
        };
        Ok(LoadReport::new(about, &tally))
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse::<f64>().ok().filter(|rate| RATE.contains(rate));
    rate.ok_or_else(|| format!("expected a number from {} to {}", RATE.start(), RATE.end()))
}

fn time(text: &str) -> Result<Duration, String> {
    let time = config::duration(text).map_err(|expected| format!("expected {expected}"))?;
    if TIME.contains(&time) { Ok(time) } else { Err("expected from 1ms to 30d".to_owned()) }
}

fn report_path(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("json" | "md" | "html") => Ok(path),
        Some(_) | None => Err("expected a name that ends in .json, .md or .html".to_owned()),
    }
}

/// Whether a report can go there: a directory that is there, and no directory of that name.
fn has_place(path: &Path) -> anyhow::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let why = match parent {
        Some(parent) if !parent.is_dir() => format!("there is no directory {}", parent.display()),
        Some(_) | None if path.is_dir() => "it is a directory".to_owned(),
        Some(_) | None => return Ok(()),
    };
    let hint = "name a file in a directory that is there";
    Err(Failure::usage(format!("cannot write {}: {why}", path.display()), hint).into())
}

fn write(path: &Path, report: &LoadReport, before: Option<&LoadReport>) -> anyhow::Result<()> {
    let text = match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => load_html(report, before),
        Some("md") => load_markdown(report, before),
        Some(_) | None => serde_json::to_string(&LoadDocument::new(report, before))? + "\n",
    };
    write_document(path, &text)?;
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<LoadReport> {
    let cannot = |why: &str| {
        let hint = "name a file that `aios loadtest --out FILE.json` has written";
        Failure::new(format!("cannot compare with {}: {why}", path.display()), hint)
    };
    let text = read_document(path)?.ok_or_else(|| cannot("there is no such file"))?;
    Ok(LoadReport::parse(&text).map_err(|why| cannot(&why))?)
}
