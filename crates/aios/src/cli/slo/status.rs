//! `aios slo status`.

use std::io::Write;

use aios_control::slo::Good;
use aios_control::slo::burn::{Alert, BUDGET_PERIOD};
use aios_core::{Clock as _, Timestamp, Unread};
use aios_server::judging::{self, Budget, Minutes};
use aios_store::{DataDir, Sequels};
use clap::Args;
use serde_json::json;

use super::look;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit, say};
use crate::cli::table;
use crate::clock::SystemClock;
use crate::config::Config;

/// Show the error budgets of 30 days: what is left, how fast it burns, when it is gone
///
/// The last column shows the share of bad events in each of the last 24 hours; a full block is what the budget allows
/// four times over. Exit code 2 if lines of these days cannot be read: what they said may have spent more. With --json:
/// {"budgets": [{"slo", "objective", "bad_share_max", "n", "n_bad", "burn": {"alert", "rate", "budget_left_pct",
/// "exhausted_in_hours"}, "hourly_bad"}], "unread": {"n_lines", "first": {"file", "line", "why"}}, "sequels":
/// {"n_followed", "n_asked_again"}}.
#[derive(Debug, Args)]
pub(super) struct Status;

impl Status {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        // One that is not there says nothing, and is more likely a slip.
        DataDir::read(&config.server.data_dir)?;
        let Counted { budgets, unread, sequels } = counted(&config, SystemClock.now())?;
        let exit = look::exit_of(&unread);
        if context.json {
            output::json(
                out,
                &json!({ "budgets": budgets, "unread": unread, "sequels": sequels }),
            )?;
            return Ok(exit);
        }
        let head = ["slo", "objective", "bad/all", "left", "burn", "alert", "budget", "24 h"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        rows.extend(budgets.iter().map(row));
        table::print(out, &rows)?;
        tell_sequels(&sequels);
        look::tell_unread(&unread);
        Ok(exit)
    }
}

/// What is left of each budget, by what is on disk.
pub(in crate::cli) fn budgets(config: &Config, now: Timestamp) -> anyhow::Result<Vec<Budget>> {
    Ok(counted(config, now)?.budgets)
}

/// The days of the budgets.
struct Counted {
    budgets: Vec<Budget>,
    unread: Unread,
    sequels: Sequels,
}

fn counted(config: &Config, now: Timestamp) -> anyhow::Result<Counted> {
    let mut minutes = Minutes::new(config.objectives.limits());
    let (mut unread, mut sequels) = (Unread::default(), Sequels::default());
    if let Some(index) = look::index(&config.server.data_dir)? {
        let times = now.minus(BUDGET_PERIOD)..now;
        minutes.bring_up(&index, now)?;
        (unread, sequels) = (index.unread(&times)?, index.sequels(&times)?);
    }
    Ok(Counted { budgets: judging::budgets(&minutes, &config.objectives, now), unread, sequels })
}

/// A figure beside the objectives: nothing is asked of it.
fn tell_sequels(sequels: &Sequels) {
    let Sequels { n_followed, n_asked_again } = sequels;
    if *n_followed > 0 {
        let pct = *n_asked_again as f64 / *n_followed as f64 * 100.0;
        say(format_args!(
            "asked again: {n_asked_again} of {n_followed} answers that were followed within two minutes ({pct:.1} %)"
        ));
    }
}

fn row(budget: &Budget) -> Vec<String> {
    let Budget { n, n_bad, burn, .. } = budget;
    let relation = match budget.good {
        Good::AtLeast => ">=",
        Good::AtMost => "<=",
    };
    let alert = match burn.alert {
        Alert::Page => "PAGE",
        Alert::Ticket => "TICKET",
        Alert::None => "ok",
        Alert::Insufficient => "insufficient",
    };
    vec![
        budget.slo.to_owned(),
        format!("{relation} {}", budget.objective),
        format!("{n_bad}/{n}"),
        format!("{:.0} %", burn.budget_left_pct),
        format!("{:.1}x", burn.rate),
        alert.to_owned(),
        if *n == 0 { "no data".to_owned() } else { judging::exhausted_in(burn) },
        sparkline(&budget.hourly_bad, budget.bad_share_max),
    ]
}

/// A bar for each hour: blank where there was nothing, lowest where nothing was bad, full where it was four times
/// what may be.
fn sparkline(hours: &[Option<f64>], bad_share_max: f64) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let bar = |hour: &Option<f64>| match hour {
        None => '·',
        Some(share) => {
            let steps = (share / (4.0 * bad_share_max) * 7.0).ceil().clamp(0.0, 7.0);
            BARS[steps as usize]
        }
    };
    hours.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_measured_by_the_budget() {
        let hours = [None, Some(0.0), Some(0.01), Some(0.04), Some(1.0)];
        assert_eq!(sparkline(&hours, 0.01), "·▁▃██");
    }
}
