//! `aios memory rebuild`.

use std::io::Write;

use aios_memory::Language;
use clap::Args;
use serde::{Deserialize, Serialize};
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
        let config = context.config()?;
        let asked = json!({ "language": self.language.map(Language::name) });
        let rebuilt: Rebuilt = opened::change(&config, "rebuild", &asked, |here| {
            let language = self.language.unwrap_or_else(|| here.memory.analyzer().language());
            let n_fragments = here.memory.rebuild(language)?;
            let generation = here.memory.stats()?.generation;
            Ok(Rebuilt { n_fragments, language: language.name().to_owned(), generation })
        })?;
        if context.json {
            output::json(out, &rebuilt)?;
        } else {
            let Rebuilt { n_fragments, language, generation } = rebuilt;
            writeln!(
                out,
                "read anew: {n_fragments} fragments, {language}, generation {generation}"
            )?;
        }
        Ok(Exit::Done)
    }
}

/// What was made anew.
#[derive(Serialize, Deserialize)]
struct Rebuilt {
    n_fragments: u64,
    language: String,
    generation: u64,
}
