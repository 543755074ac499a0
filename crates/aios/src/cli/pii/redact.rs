//! `aios pii redact`.

use std::io::Write;
use std::path::PathBuf;

use aios_privacy::RedactionCounts;
use clap::Args;
use serde_json::json;

use super::input::Input;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit, say};

/// Print a text with personal data and secrets masked
///
/// With --json: {"text", "redactions": {kind: n}}, which holds the whole text in memory.
#[derive(Debug, Args)]
pub(super) struct Redact {
    /// What to redact; - for standard input
    file: PathBuf,
}

impl Redact {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let redactor = context.config()?.privacy.redactor();
        let mut input = Input::open(&self.file)?;
        let mut counts = RedactionCounts::default();
        let mut whole = String::new();
        while let Some(chunk) = input.next()? {
            let redacted = redactor.redact(&chunk.text);
            counts.merge(&redacted.counts);
            if context.json {
                whole.push_str(redacted.text.as_str());
            } else {
                out.write_all(redacted.text.as_str().as_bytes())?;
            }
        }
        if context.json {
            output::json(out, &json!({ "text": whole, "redactions": counts }))?;
        }
        out.flush()?;
        let kinds: Vec<_> = counts.iter().map(|(kind, n)| format!("{} {n}", kind.name())).collect();
        let all = if kinds.is_empty() { "nothing".to_owned() } else { kinds.join(", ") };
        say(format_args!("masked: {all}"));
        Ok(Exit::Done)
    }
}
