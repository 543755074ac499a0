//! `aios golden promote`.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use aios_core::{Clock, Timestamp};
use aios_eval::{BUILT_IN_SET, Candidate, Looked, with_cases};
use aios_server::promotion::{Wanted, find};
use aios_store::{DataDir, GoldenPaths, change_document};
use clap::Args;
use serde_json::json;

use super::files;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit, say};
use crate::cli::{parse, table};
use crate::clock::SystemClock;
use crate::config;

/// Characters of a question that are shown.
const QUESTION_SHOWN: usize = 70;

/// Make golden cases of live questions that went wrong, were slow, or lie on the edge
///
/// They are redacted, told apart from what the set knows, and added as candidates: they are run and reported, and
/// decide nothing until `aios golden accept`. Exit code 3 if too much of the log could not be read. With --json:
/// {"dry_run", "looked_at", "later_turns", "unusable", "duplicates", "unreadable",
/// "candidates": [the cases as they stand in the set]}.
#[derive(Debug, Args)]
pub(super) struct Promote {
    /// Golden set; without it that of the data directory
    #[arg(long, value_name = "FILE")]
    set: Option<PathBuf>,
    /// Only show what would be added
    #[arg(long)]
    dry_run: bool,
    /// At most so many cases
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    max_promote: u64,
    /// Events from this time on: a time, or how long ago
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = parse::time)]
    since: Timestamp,
    /// What takes longer is slow
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = config::duration)]
    slow: Duration,
}

impl Promote {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let own = GoldenPaths::of(&config.server.data_dir);
        let path = self.set.as_ref().unwrap_or(&own.set);
        let dir = DataDir::read(&config.server.data_dir)?;
        let set = files::set(path, &own, !self.dry_run)?;
        let wanted = Wanted {
            since: self.since,
            slow_ms: self.slow.as_secs_f64() * 1e3,
            max: usize::try_from(self.max_promote).unwrap_or(usize::MAX),
        };
        let found = find(&dir, &config.privacy.redactor(), &set, wanted)?;
        let (candidates, looked) = (&found.candidates, found.looked);
        let now = SystemClock.now().to_string();
        let cases: Vec<_> = candidates.iter().map(|candidate| candidate.case(&now)).collect();
        if context.json {
            let told = json!({
                "dry_run": self.dry_run, "looked_at": looked.n_events,
                "later_turns": looked.n_later_turns, "unusable": looked.n_unusable,
                "duplicates": looked.n_duplicates, "unreadable": found.n_bad, "candidates": &cases,
            });
            output::json(out, &told)?;
        } else {
            show(out, candidates, looked)?;
        }
        if !self.dry_run && !cases.is_empty() {
            // As it is now: somebody may have edited it meanwhile.
            change_document(path, |now| -> anyhow::Result<String> {
                Ok(with_cases(now.unwrap_or(BUILT_IN_SET), &cases)?)
            })?;
            say(format_args!("{} candidates were added to {}", cases.len(), path.display()));
        }
        Ok(if found.is_whole() { Exit::Done } else { Exit::Incomplete })
    }
}

fn show(out: &mut dyn Write, candidates: &[Candidate], looked: Looked) -> anyhow::Result<()> {
    let mut rows = vec![["case", "reasons", "tier", "question"].map(str::to_owned).to_vec()];
    rows.extend(candidates.iter().map(|candidate| {
        let reasons: Vec<_> = candidate.reasons.iter().map(|(reason, _)| reason.name()).collect();
        vec![
            candidate.id.clone(),
            reasons.join(", "),
            candidate.tier.to_string(),
            table::one_line(&candidate.question, QUESTION_SHOWN),
        ]
    }));
    if candidates.is_empty() {
        writeln!(out, "no candidates")?;
    } else {
        table::print(out, &rows)?;
    }
    writeln!(
        out,
        "{} candidates of {} live questions; left out: {} known, {} of later turns, {} empty or too long",
        candidates.len(),
        looked.n_events,
        looked.n_duplicates,
        looked.n_later_turns,
        looked.n_unusable,
    )?;
    Ok(())
}
