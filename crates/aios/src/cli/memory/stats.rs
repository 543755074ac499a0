//! `aios memory stats`.

use std::io::Write;

use aios_core::Timestamp;
use aios_store::MemoryStats;
use clap::Args;
use serde::Serialize;

use super::opened;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit};
use crate::cli::table;

/// Show what is remembered, in figures
///
/// With --json: {"n_fragments", "n_conversations", "n_shared", "n_archived", "n_pinned", "n_seen_again", "n_near",
/// "n_variants", "n_vectors", "n_text_bytes", "n_file_bytes", "oldest", "newest", "language", "generation",
/// "vectors_by"}.
#[derive(Debug, Args)]
pub(super) struct Stats;

/// What is stored, and what the configuration has done with it.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    stats: MemoryStats,
    vectors_by: String,
}

impl Stats {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let (_, memory) = opened::look(&config)?;
        let stats = memory.stats()?;
        let vectors_by = config.memory.vectors_by();
        if context.json {
            output::json(out, &Shown { stats, vectors_by })?;
            return Ok(Exit::Done);
        }
        let time = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
        let rows = [
            ("fragments", stats.n_fragments.to_string()),
            ("conversations", stats.n_conversations.to_string()),
            ("shared", stats.n_shared.to_string()),
            ("archived", stats.n_archived.to_string()),
            ("pinned", stats.n_pinned.to_string()),
            ("seen again", stats.n_seen_again.to_string()),
            ("near copies", stats.n_near.to_string()),
            ("variants", stats.n_variants.to_string()),
            ("vectors", stats.n_vectors.to_string()),
            ("vectors by", vectors_by),
            ("text bytes", stats.n_text_bytes.to_string()),
            ("file bytes", stats.n_file_bytes.to_string()),
            ("oldest", time(stats.oldest)),
            ("newest", time(stats.newest)),
            ("language", stats.language.to_owned()),
            ("generation", stats.generation.to_string()),
        ];
        let rows: Vec<_> =
            rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
        table::print(out, &rows)?;
        Ok(Exit::Done)
    }
}
