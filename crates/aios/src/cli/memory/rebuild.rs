//! `aios memory rebuild`.

use std::io::Write;

use aios_memory::Language;
use clap::Args;
use serde_json::json;

use super::opened;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit};
use crate::cli::parse::one_of;

/// Read the words of all that is remembered anew, in a language
///
/// Texts stay as they are. With --json: {"n_fragments", "language", "generation"}.
#[derive(Debug, Args)]
pub(super) struct Rebuild {
    /// Language of the words; without it the one in force
    #[arg(long, value_parser = one_of(&Language::ALL, Language::name))]
    language: Option<Language>,
}

impl Rebuild {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let (_, memory) = opened::own(&context.config()?)?;
        let language = self.language.unwrap_or_else(|| memory.analyzer().language());
        let n = memory.rebuild(language)?;
        let generation = memory.stats()?.generation;
        let language = language.name();
        if context.json {
            let done = json!({ "n_fragments": n, "language": language, "generation": generation });
            output::json(out, &done)?;
        } else {
            writeln!(out, "read anew: {n} fragments, {language}, generation {generation}")?;
        }
        Ok(Exit::Done)
    }
}
