//! `aios memory search`.

use std::io::Write;

use aios_core::Clock as _;
use aios_memory::{Query, Unit};
use aios_store::Recalled;
use clap::Args;
use serde_json::json;

use super::opened::{self, PartFlags};
use crate::cli::context::Context;
use crate::cli::output::{self, Exit};
use crate::cli::parse::one_of;
use crate::cli::table::one_line;
use crate::clock::SystemClock;
use crate::keys;

/// What a result is, by name.
pub(in crate::cli) const UNITS: [Unit; 2] = [Unit::Turn, Unit::Span];

/// Its name.
pub(in crate::cli) fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Turn => "turn",
        Unit::Span => "span",
    }
}

/// Most words of all results, if there is a bound.
pub(in crate::cli) fn words_max(unit: Unit, asked: Option<usize>) -> Option<usize> {
    match unit {
        Unit::Turn => asked,
        Unit::Span => asked.or(Some(Query::WORDS_MAX)),
    }
}

/// Longest text of a fragment that is shown, in characters.
const TEXT_MAX: usize = 300;

/// Find what answers a question; nothing comes back if nothing is about it
///
/// With --json: {"results": [{"fragments": [{"number", "id", "home", "speaker", "text", "ts"}], "best", "score",
/// "share"}]}.
#[derive(Debug, Args)]
pub(super) struct Search {
    /// The question
    question: String,
    #[command(flatten)]
    part: PartFlags,
    /// Most results
    #[arg(short, default_value_t = 5)]
    k: usize,
    /// What a result is: single fragments, or with the turns around them
    #[arg(long, value_parser = one_of(&UNITS, unit_name), default_value = "span")]
    unit: Unit,
    /// Most words of all results together; without it 950 for spans, and no bound for turns
    #[arg(long, value_name = "N")]
    words: Option<usize>,
}

impl Search {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let (dir, memory) = opened::look(&context.config()?)?;
        let scope = opened::scope(&self.part.into(), &keys::keyring(&dir)?)?;
        let mut query = memory.query(&self.question, SystemClock.now());
        (query.k, query.unit) = (self.k, self.unit);
        query.words_max = words_max(self.unit, self.words).unwrap_or(usize::MAX);
        let results = memory.search(&scope, &query)?;
        if context.json {
            output::json(out, &json!({ "results": results }))?;
            return Ok(Exit::Done);
        }
        if results.is_empty() {
            writeln!(out, "nothing here is about that")?;
        }
        for (place, result) in (1..).zip(&results) {
            print(out, place, result)?;
        }
        Ok(Exit::Done)
    }
}

fn print(out: &mut dyn Write, place: usize, result: &Recalled) -> anyhow::Result<()> {
    writeln!(
        out,
        "{place}. score {:.3}, {:.0} % of the question",
        result.score,
        100.0 * result.share
    )?;
    for (at, fragment) in result.fragments.iter().enumerate() {
        let mark = if at == result.best { '>' } else { ' ' };
        let speaker = fragment.speaker.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
        let line = one_line(&format!("{speaker}{}", fragment.text), TEXT_MAX);
        writeln!(out, " {mark} {}  {}  {line}", one_line(&fragment.id, 40), fragment.ts)?;
    }
    Ok(())
}
