//! `aios canary verify`.

use std::io::Write;

use aios_control::ControlEvent;
use aios_control::replay::contradiction;
use aios_store::{ControlHistory, DataDir};
use clap::Args;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::output::{self, Exit};

/// Check that every line is as it was written, and that every verdict follows from its counts
///
/// Exit code 2 if one is not. With --json: {"ok", "n_lines", "n_verdicts", "faults": [text]}.
#[derive(Debug, Args)]
pub(super) struct Verify {}

impl Verify {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let dir = DataDir::read(&config.server.data_dir)?;
        let ControlHistory { lines, fault, .. } = ControlHistory::<ControlEvent>::read(&dir)?;
        let mut faults = Vec::new();
        let mut n_verdicts = 0;
        for kept in &lines {
            if let ControlEvent::Verdict(event) = &kept.record {
                n_verdicts += 1;
                let why = contradiction(event);
                faults.extend(why.map(|why| format!("verdict {}: {why}", kept.seq)));
            }
        }
        faults.extend(fault.map(|fault| fault.to_string()));
        let (ok, n_lines) = (faults.is_empty(), lines.len());
        if context.json {
            let told =
                json!({ "ok": ok, "n_lines": n_lines, "n_verdicts": n_verdicts, "faults": faults });
            output::json(out, &told)?;
        } else if ok {
            writeln!(out, "CANARY_OK lines={n_lines} verdicts={n_verdicts}")?;
        } else {
            faults.iter().try_for_each(|fault| writeln!(out, "CANARY_BAD {fault}"))?;
        }
        Ok(if ok { Exit::Done } else { Exit::Violation })
    }
}
