//! `aios memory import`.

mod lines;
mod registry;
mod time;

use std::fs;
use std::io::{Read as _, Write};
use std::path::PathBuf;

use aios_server::Given;
use aios_store::{Added, Outcome};
use clap::Args;
use serde::Serialize;

use super::add::keep;
use super::opened::Changer;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit, Failure, say};
use crate::config::Config;

/// Fragments that are given to the store at a time.
const BATCH: usize = 1_000;

/// The same in bytes of text: a request to a server has its limits.
const BATCH_BYTES: usize = 512 * 1024;

/// Largest file, in bytes.
const FILE_MAX: u64 = 4 << 30;

/// Skipped fragments that are told of each.
const SKIPPED_TOLD: usize = 20;

/// Keep the fragments of a file
///
/// The file has an object on each line, {"id", "conv_id", "text", "ts", "speaker", "session"}, of which only "text"
/// must be there; or it is a registry of the older program, with fragments in "file_registry". A fragment
/// without "conv_id" belongs to nobody unless --conv-id says to whom. Given again, the same file adds nothing. Exit code
/// 3 if something was skipped. With --json: {"n_read", "n_new", "n_seen", "n_changed", "n_skipped",
/// "n_times_guessed", "skipped": [{"place", "why"}]}.
#[derive(Debug, Args)]
pub(in crate::cli) struct Import {
    /// The file, or - for standard input
    file: PathBuf,
    /// Conversation of fragments that name none
    #[arg(long, value_name = "ID")]
    conv_id: Option<String>,
    /// Client whose ids these are
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    client: String,
}

/// A fragment as a file has it.
#[derive(Debug, Default, PartialEq)]
struct Read {
    /// Where it stands: a line's number or a key.
    place: String,
    given: Given,
}

/// What a file holds: fragments, and what is none.
#[derive(Debug, Default)]
struct Contents {
    fragments: Vec<Read>,
    skipped: Vec<Skipped>,
}

/// What was not kept.
#[derive(Debug, PartialEq, Serialize)]
struct Skipped {
    place: String,
    why: String,
}

/// What came of an import.
#[derive(Debug, Default, Serialize)]
struct Imported {
    n_read: usize,
    n_new: usize,
    n_seen: usize,
    n_changed: usize,
    n_skipped: usize,
    /// Fragments without a time that can be read: they get the time of the import.
    n_times_guessed: usize,
    skipped: Vec<Skipped>,
}

impl Import {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let contents = read(&self.text()?)?;
        let imported = self.keep(&config, contents)?;
        for skipped in imported.skipped.iter().take(SKIPPED_TOLD) {
            say(format_args!("skipped {}: {}", skipped.place, skipped.why));
        }
        if imported.skipped.len() > SKIPPED_TOLD {
            say(format_args!("… and {} more", imported.skipped.len() - SKIPPED_TOLD));
        }
        if context.json {
            output::json(out, &imported)?;
        } else {
            let Imported { n_read, n_new, n_seen, n_changed, n_skipped, .. } = imported;
            writeln!(
                out,
                "read {n_read}: {n_new} new, {n_seen} seen again, {n_changed} changed, {n_skipped} skipped"
            )?;
        }
        Ok(if imported.n_skipped == 0 { Exit::Done } else { Exit::Incomplete })
    }

    fn text(&self) -> anyhow::Result<String> {
        let name = self.file.display();
        let hint = "name a file of text that you may read, or - for standard input";
        let failed = |error| Failure::new(format!("cannot read {name}"), hint).because(error);
        let mut text = String::new();
        if self.file.as_os_str() == "-" {
            std::io::stdin().take(FILE_MAX).read_to_string(&mut text).map_err(failed)?;
        } else {
            let file = fs::File::open(&self.file).map_err(failed)?;
            file.take(FILE_MAX).read_to_string(&mut text).map_err(failed)?;
        }
        Ok(text)
    }

    fn keep(&self, config: &Config, contents: Contents) -> anyhow::Result<Imported> {
        let mut imported = Imported {
            n_read: contents.fragments.len() + contents.skipped.len(),
            skipped: contents.skipped,
            ..Imported::default()
        };
        let changer = Changer::of(config)?;
        let policy = config.memory.resolved(&config.privacy);
        let mut left = contents.fragments.into_iter().peekable();
        while left.peek().is_some() {
            let (mut places, mut given, mut n_bytes) = (Vec::new(), Vec::new(), 0);
            while given.len() < BATCH && n_bytes < BATCH_BYTES {
                let Some(read) = left.next() else { break };
                imported.n_times_guessed += usize::from(read.given.ts.is_none());
                n_bytes += read.given.text.len();
                places.push(read.place);
                given.push(self.of(read.given));
            }
            imported.count(places, keep(&changer, config, &policy, given)?);
        }
        changer.on_record(config, "import")?;
        imported.n_skipped = imported.skipped.len();
        Ok(imported)
    }

    /// With what the flags say.
    fn of(&self, given: Given) -> Given {
        let conv_id = given.conv_id.or_else(|| self.conv_id.clone());
        Given { conv_id, client: self.client.clone(), ..given }
    }
}

impl Imported {
    fn count(&mut self, places: Vec<String>, added: Vec<Added>) {
        for (place, added) in places.into_iter().zip(added) {
            match added.outcome {
                Outcome::New => self.n_new += 1,
                Outcome::Seen => self.n_seen += 1,
                Outcome::Changed => self.n_changed += 1,
                Outcome::Refused { why } => {
                    self.skipped.push(Skipped { place, why: why.words().to_owned() });
                }
            }
        }
    }
}

/// Reads a file of either kind.
fn read(text: &str) -> anyhow::Result<Contents> {
    let text = text.trim_start_matches('\u{feff}');
    if let Some(contents) = registry::read(text) {
        return Ok(contents);
    }
    let contents = lines::read(text);
    if contents.fragments.is_empty() && contents.skipped.is_empty() {
        return Err(Failure::new(
            "the file holds no fragments",
            "put one JSON object on each line",
        )
        .into());
    }
    Ok(contents)
}
