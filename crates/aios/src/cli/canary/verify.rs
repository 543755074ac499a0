//! `aios canary verify`.

use std::io::Write;

use aios_control::ControlEvent;
use aios_control::replay::contradiction;
use aios_store::{ControlHistory, DataDir};
use clap::Args;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::output::{self, Exit, say};

/// Check that every line is as it was written, and that every verdict follows from its counts
///
/// Exit code 2 if one is not, 3 if there is no line, or the key that signed how far they come cannot be read. With --json: {"ok",
/// "signed", "n_lines", "n_verdicts", "faults": [text]}.
#[derive(Debug, Args)]
pub(super) struct Verify {}

impl Verify {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let dir = DataDir::read(&config.server.data_dir)?;
        let history = ControlHistory::<ControlEvent>::read(&dir)?;
        let is_vouched_for = history.is_vouched_for();
        let ControlHistory { lines, fault, .. } = history;
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
        let (is_whole, n_lines) = (faults.is_empty(), lines.len());
        // Of nothing there is nothing to be right.
        let ok = is_whole && n_lines > 0;
        if context.json {
            let told = json!({
                "ok": ok, "signed": is_vouched_for, "n_lines": n_lines, "n_verdicts": n_verdicts, "faults": faults,
            });
            output::json(out, &told)?;
        } else if is_whole && n_lines == 0 {
            writeln!(out, "CANARY_NODATA there is no verdict and no decision")?;
        } else if ok && !is_vouched_for {
            writeln!(out, "CANARY_UNSIGNED lines={n_lines} verdicts={n_verdicts}")?;
        } else if ok {
            writeln!(out, "CANARY_OK lines={n_lines} verdicts={n_verdicts}")?;
        } else {
            faults.iter().try_for_each(|fault| writeln!(out, "CANARY_BAD {fault}"))?;
        }
        if ok && !is_vouched_for {
            say(
                "keys/signing.key is not there or may not be read: the lines follow one another, but nobody vouches that they are those that were written",
            );
        }
        Ok(match (is_whole, ok && is_vouched_for) {
            (false, _) => Exit::Violation,
            (true, false) => Exit::Incomplete,
            (true, true) => Exit::Done,
        })
    }
}
