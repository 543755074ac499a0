//! `aios chaos`.

mod breaker;
mod own;
mod record;
mod scenarios;
mod seen;
mod subject;
mod trial;

use std::io::Write;

use aios_core::Verdict;
use aios_privacy::Secret;
use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::json;

use super::context::Context;
use super::net;
use super::output::{self, Exit, Failure, say};
use scenarios::{SCENARIOS, Scenario};
use subject::Subject;
use trial::{Check, Trial};

/// Let something fail, and see what becomes of it
///
/// Without --running a server of its own is tried, on simulated models in a directory that goes afterwards. With it the
/// server of this configuration is, with its real models: it must allow faults (`chaos.faults = true`), which lie
/// between gateway and endpoints, end with the command, and in any case by themselves after two minutes. Each scenario
/// prints its checks; exit code 2 if one fails or the server does not last, 3 if it was ended early or could not begin.
/// With --json: {"scenario", "verdict", "checks": [{"name", "passed", "detail"}]}.
#[derive(Debug, Args)]
pub(super) struct Command {
    /// What fails
    #[arg(value_name = "SCENARIO", value_parser = PossibleValuesParser::new(SCENARIOS.iter().map(|it| it.name)))]
    scenario: String,
    /// Try the server that runs
    #[arg(long)]
    running: bool,
    /// How often the server is killed [default: 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000))]
    rounds: Option<u64>,
    /// Environment variable that holds a client key, where the server that runs requires one
    #[arg(long, value_name = "NAME", requires = "running")]
    api_key_env: Option<String>,
}

impl Command {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let scenario = SCENARIOS.iter().find(|it| it.name == self.scenario);
        let unknown = || Failure::usage(format!("there is no {}", self.scenario), "see --help");
        let scenario = scenario.ok_or_else(unknown)?;
        if self.running && !scenario.on_running {
            let why = format!("{} is tried on a server of its own only", scenario.name);
            return Err(Failure::usage(why, "leave --running out").into());
        }
        if self.rounds.is_some() && scenario.name != scenarios::KILL {
            let why = format!("{} has no rounds", scenario.name);
            return Err(Failure::usage(why, "only kill has --rounds").into());
        }
        let runtime = net::runtime()?;
        // Before anything is started: whoever ends us while it starts must not leave it behind.
        let mut ending = runtime.block_on(async { net::Ending::new() })?;
        let subject = match self.running {
            true => Subject::running(&context.config()?, self.key(context)?)?,
            false => {
                let started = runtime.block_on(async {
                    tokio::select! {
                        started = Subject::start() => Some(started),
                        () = ending.asked() => None,
                    }
                });
                let Some(started) = started else {
                    return tell(context, out, scenario, Verdict::NoData, &[]);
                };
                started?
            }
        };
        runtime.block_on(subject.must_be_free())?;
        say(format_args!("{}: {}", scenario.name, scenario.about));
        say(format_args!("tried: {}", subject.url));
        let mut trial = Trial::new(subject, self.rounds);
        let verdict = runtime.block_on(try_it(scenario, &mut trial, ending));
        tell(context, out, scenario, verdict, &trial.checks)
    }
}

impl Command {
    fn key(&self, context: &Context) -> anyhow::Result<Option<Secret>> {
        context.client_key(self.api_key_env.as_deref())
    }
}

/// Prints what came of it.
fn tell(
    context: &Context,
    out: &mut dyn Write,
    scenario: &Scenario,
    verdict: Verdict,
    checks: &[Check],
) -> anyhow::Result<Exit> {
    if context.json {
        let name = scenario.name;
        output::json(out, &json!({ "scenario": name, "verdict": verdict, "checks": checks }))?;
    } else {
        for check in checks {
            let word = if check.passed { "PASS" } else { "FAIL" };
            writeln!(out, "{word}  {:<28} {}", check.name, check.detail)?;
        }
        writeln!(out, "{}", verdict.word())?;
    }
    Ok(match verdict {
        Verdict::Met => Exit::Done,
        Verdict::Breached => Exit::Violation,
        Verdict::NoData => Exit::Incomplete,
    })
}

/// How often faults are taken back before they are left to end by themselves.
const CLEAR_TRIES: usize = 3;

/// Tries it, and leaves no fault behind: not when a step fails, and not when somebody ends it.
async fn try_it(scenario: &Scenario, trial: &mut Trial, mut ending: net::Ending) -> Verdict {
    let ended = tokio::select! {
        ended = steps(scenario, trial) => Some(ended),
        () = ending.asked() => None,
    };
    for _ in 0..CLEAR_TRIES {
        if trial.clear().await.is_ok() {
            break;
        }
    }
    let is_left = trial.subject.is_faulty && !trial.subject.has_ended();
    if is_left {
        let said = "they could not be taken back, and end by themselves";
        trial.check("no fault is left", false, said.to_owned());
    }
    if ended.as_ref().is_some_and(|ended| !matches!(ended, Ok(false))) {
        trial.check_alive().await;
    }
    match ended {
        Some(Ok(true)) => {}
        // It answered to begin with, so that it does so no more is what is found.
        Some(Err(error)) => trial.check("it lasts to the end", false, format!("{error:#}")),
        // Where nothing could begin, or not all came to its end, nothing is proven.
        Some(Ok(false)) | None if !is_left => return Verdict::NoData,
        Some(Ok(false)) | None => {}
    }
    let all_passed = trial.checks.iter().all(|check| check.passed);
    if all_passed { Verdict::Met } else { Verdict::Breached }
}

/// The scenario's steps; false where it cannot begin.
async fn steps(scenario: &Scenario, trial: &mut Trial) -> anyhow::Result<bool> {
    trial.subject.note_start().await;
    let is_ready = scenarios::check_before(trial, scenario).await?;
    if is_ready {
        (scenario.run)(trial).await?;
        trial.check_events().await?;
    }
    Ok(is_ready)
}
