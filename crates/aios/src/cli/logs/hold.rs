//! `aios logs hold`.

use std::io::Write;

use aios_core::{Clock as _, Timestamp};
use aios_store::{DataDir, HoldId, Holds, NewHold};
use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::output::{self, Exit};
use crate::cli::owner::{self, Owner};
use crate::cli::{parse, table};
use crate::clock::SystemClock;
use crate::config::{self, Config};

/// Keep events longer than their time
#[derive(Debug, Args)]
pub(super) struct Hold {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Add(Add),
    List(List),
    Release(Release),
}

/// Keep events until a day
///
/// What owner and reason say of anybody is masked, as in the log. /// With --json: {"id", "owner", "reason", "created_at", "expires_at", "since", "until"}.
#[derive(Debug, Args)]
struct Add {
    /// Who answers for it
    #[arg(long, value_parser = parse::words)]
    owner: String,
    /// Why
    #[arg(long, value_parser = parse::words)]
    reason: String,
    /// When it ends of itself: a time, or in how long ("90d")
    #[arg(long, value_name = "TIME", value_parser = later)]
    expires: Timestamp,
    /// Only events from then on: a time, or how long ago ("2h")
    #[arg(long, value_name = "TIME", value_parser = parse::time)]
    since: Option<Timestamp>,
    /// Only events before then
    #[arg(long, value_name = "TIME", value_parser = parse::time)]
    until: Option<Timestamp>,
}

/// Show every hold
///
/// With --json: {"holds": [{"id", "owner", "reason", "created_at", "expires_at", "since", "until"}]}.
#[derive(Debug, Args)]
struct List;

/// End a hold; erasures that waited for it go on, and what is past its time goes with the next rotation
///
/// With --json: the hold that was ended, as `add` prints it.
#[derive(Debug, Args)]
struct Release {
    /// Its name, such as h1
    id: HoldId,
}

impl Hold {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let (hold, said) = match self.verb {
            Verb::List(_) => return list(context, &config, out),
            Verb::Add(add) => (add.run(&config)?, "is set"),
            Verb::Release(release) => (release.run(&config)?, "is released"),
        };
        if context.json {
            output::json(out, &hold)?;
        } else {
            writeln!(out, "{} {said}", hold.id)?;
        }
        Ok(Exit::Done)
    }
}

impl Add {
    fn run(self, config: &Config) -> anyhow::Result<aios_store::Hold> {
        let Self { owner, reason, expires: expires_at, since, until } = self;
        let new = NewHold { owner, reason, expires_at, since, until };
        match Owner::of(config)? {
            Owner::Us(dir) => {
                let redactor = config.privacy.redactor();
                let record = |action| owner::on_record(config, &dir, action);
                Holds::of(&dir).add(new, &redactor, SystemClock.now(), record)
            }
            Owner::Server => owner::ask(config, "/admin/v1/logs/holds/add", &new),
        }
    }
}

impl Release {
    fn run(self, config: &Config) -> anyhow::Result<aios_store::Hold> {
        match Owner::of(config)? {
            Owner::Us(dir) => {
                let record = |action| owner::on_record(config, &dir, action);
                let hold = Holds::of(&dir).release(self.id, record)?;
                owner::resume_erasures(config, &dir)?;
                Ok(hold)
            }
            Owner::Server => {
                owner::ask(config, "/admin/v1/logs/holds/release", &json!({ "id": self.id }))
            }
        }
    }
}

fn list(context: &Context, config: &Config, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let holds = Holds::of(&DataDir::read(&config.server.data_dir)?).list()?;
    if context.json {
        output::json(out, &json!({ "holds": holds }))?;
        return Ok(Exit::Done);
    }
    let now = SystemClock.now();
    let mut rows = vec![["hold", "owner", "events", "ends", "reason"].map(str::to_owned).to_vec()];
    rows.extend(holds.iter().map(|hold| {
        let end = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
        let ended = if hold.is_expired(now) { " (ended)" } else { "" };
        vec![
            hold.id.to_string(),
            table::one_line(hold.owner.as_str(), 40),
            format!("{}..{}", end(hold.since), end(hold.until)),
            format!("{}{ended}", hold.expires_at),
            table::one_line(hold.reason.as_str(), 80),
        ]
    }));
    table::print(out, &rows)?;
    Ok(Exit::Done)
}

/// A time that is to come.
fn later(text: &str) -> Result<Timestamp, String> {
    later_than(text, SystemClock.now())
}

fn later_than(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let at = match Timestamp::parse(text) {
        Ok(at) => at,
        Err(_) => {
            let within = config::duration(text).map_err(|expected| {
                format!("expected a time such as 2027-01-15T08:00:00Z, or in how long: {expected}")
            })?;
            now.plus(within)
        }
    };
    if at > now { Ok(at) } else { Err("expected a time that is to come".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_ends_later() {
        let now = Timestamp::parse("2027-01-15T08:00:00Z").unwrap();
        let check = |text: &str, expect: Option<&str>| {
            let expect = expect.map(|expect| Timestamp::parse(expect).unwrap());
            assert_eq!(later_than(text, now).ok(), expect, "{text}");
        };
        check("90d", Some("2027-04-15T08:00:00Z"));
        check("2027-01-15T08:00:01Z", Some("2027-01-15T08:00:01Z"));
        for text in ["2027-01-15T08:00:00Z", "0s", "tomorrow", ""] {
            check(text, None);
        }
    }
}
