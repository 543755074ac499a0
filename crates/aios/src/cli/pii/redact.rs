//! `aios pii redact`.

use std::io::Write;
use std::path::PathBuf;

use aios_privacy::RedactionCounts;
use clap::Args;
use serde_json::json;

use super::files;
use super::input::Input;
use super::stand_in::Stood;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit, say};

/// Print a text with personal data and secrets masked
///
/// Bytes that are no UTF-8 stay as they are. With --json: {"text", "redactions": {kind: n}}, which holds
/// the whole text in memory, and in which such bytes become U+FFFD.
#[derive(Debug, Args)]
pub(super) struct Redact {
    /// What to redact; - for standard input
    file: PathBuf,
}

impl Redact {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let redactor = context.config()?.privacy.masker();
        let bar = files::bar_of(std::slice::from_ref(&self.file));
        let mut input = Input::open(&self.file, &bar)?;
        let mut counts = RedactionCounts::default();
        let mut whole = String::new();
        while let Some(lines) = input.next()? {
            let stood = Stood::of(lines.bytes);
            let redacted = redactor.redact(&stood.text);
            counts.merge(&redacted.counts);
            let bytes = stood.bytes(redacted.text.as_str());
            if context.json {
                whole.push_str(&String::from_utf8_lossy(&bytes));
            } else {
                out.write_all(&bytes)?;
            }
        }
        bar.finish_and_clear();
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
