//! `aios audit tail`.

use std::io::Write;

use aios_store::DataDir;
use clap::Args;
use serde_json::Value;

use crate::cli::context::Context;
use crate::cli::output::{self, Exit};

/// Show the last entries
///
/// With --json: each entry on a line, {"seq", "prev", "ts", "actor", "action", ...}.
#[derive(Debug, Args)]
pub(super) struct Tail {
    /// How many
    #[arg(short, value_name = "N", default_value_t = 10)]
    n: usize,
}

impl Tail {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let dir = DataDir::read(context.config()?.server.data_dir)?;
        for entry in aios_store::audit_tail(&dir, self.n)? {
            if context.json {
                output::json(out, &entry)?;
                continue;
            }
            let (seq, at, actor) = (entry.seq, entry.ts, &entry.actor);
            writeln!(
                out,
                "{seq:>6}  {at}  {actor:<10}  {}",
                told(&serde_json::to_value(&entry.action)?)
            )?;
        }
        Ok(Exit::Done)
    }
}

/// The action's name, then what belongs to it.
fn told(action: &Value) -> String {
    let name = action["action"].as_str().unwrap_or_default().to_owned();
    let fields = action.as_object().into_iter().flatten().filter(|(key, _)| *key != "action");
    fields.fold(name, |line, (key, value)| match value {
        Value::String(text) => format!("{line}  {key}={text}"),
        other => format!("{line}  {key}={other}"),
    })
}
