//! `aios canary history`.

use std::io::Write;

use aios_control::ControlEvent;
use aios_store::{ControlHistory, DataDir, Kept};
use clap::Args;

use crate::cli::context::Context;
use crate::cli::output::{self, Exit, say};
use crate::cli::table;

/// Show the last verdicts and decisions
///
/// With --json: one object a line, as in analytics/control.ndjson: {"seq", "event_type": "verdict" | "decision" |
/// "hand" | "standing", "ts", …}. Exit code 2 if a line is damaged.
#[derive(Debug, Args)]
pub(super) struct History {
    /// How many
    #[arg(short, value_name = "N", default_value_t = 20)]
    n: usize,
}

impl History {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let dir = DataDir::read(&config.server.data_dir)?;
        let history = ControlHistory::<ControlEvent>::read(&dir)?;
        let from = history.lines.len().saturating_sub(self.n);
        let last = history.lines.get(from..).unwrap_or_default();
        if context.json {
            last.iter().try_for_each(|kept| output::json(out, kept))?;
        } else {
            let head = ["version", "time", "treatment", "what", "why"].map(str::to_owned).to_vec();
            let rows: Vec<_> = std::iter::once(head).chain(last.iter().map(row)).collect();
            table::print(out, &rows)?;
        }
        match history.fault {
            None => Ok(Exit::Done),
            Some(fault) => {
                say(format_args!("damaged: {fault}"));
                Ok(Exit::Violation)
            }
        }
    }
}

fn row(kept: &Kept<ControlEvent>) -> Vec<String> {
    let (pct, what, why) = match &kept.record {
        ControlEvent::Verdict(event) => (
            format!("{} %", event.treatment_pct),
            event.verdict.to_string(),
            format!("{}, golden {}", event.reason, event.golden.name()),
        ),
        ControlEvent::Decision(event) => {
            let by = match event.actor {
                aios_core::Actor::Controller => "by the controller",
                aios_core::Actor::Operator => "by an operator",
            };
            let reason = table::one_line(event.reason.as_str(), 80);
            let colon = if reason.is_empty() { "" } else { ": " };
            (String::new(), event.decision.to_string(), format!("{by}{colon}{reason}"))
        }
        ControlEvent::Hand(event) => (
            String::new(),
            if event.on { "hand on" } else { "hand off" }.to_owned(),
            format!("the split comes from {}", event.origin),
        ),
        ControlEvent::Standing(event) => (
            format!("{} %", event.rollout.canary.treatment_pct),
            "standing".to_owned(),
            "a new file begins".to_owned(),
        ),
    };
    vec![kept.seq.to_string(), kept.record.at().to_string(), pct, what, why]
}
