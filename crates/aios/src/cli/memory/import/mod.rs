//! `aios memory import`.

mod lines;
mod registry;
mod time;

use std::fs;
use std::io::{Read as _, Write};
use std::path::PathBuf;

use aios_core::{Clock as _, Timestamp};
use aios_memory::Kind;
use aios_privacy::{Keyring, Redactor};
use aios_store::{Home, MemoryStore, NewFragment, Outcome, Pending};
use clap::Args;
use serde::Serialize;

use super::opened;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit, Failure, say};
use crate::clock::SystemClock;
use crate::config::{Config, Privacy};
use crate::keys;

/// Fragments that are given to the store at a time.
const BATCH: usize = 1_000;

/// Batches that are on their way at a time.
const PENDING_MAX: usize = 8;

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
    id: Option<String>,
    conv_id: Option<String>,
    subject: Option<String>,
    speaker: Option<String>,
    session: i64,
    text: String,
    ts: Option<Timestamp>,
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
        let (dir, memory) = opened::own(&config)?;
        let imported = self.keep(&config, &keys::keyring(&dir)?, &memory, contents)?;
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

    fn keep(
        &self,
        config: &Config,
        ring: &Keyring,
        memory: &MemoryStore,
        contents: Contents,
    ) -> anyhow::Result<Imported> {
        let mut imported = Imported {
            n_read: contents.fragments.len() + contents.skipped.len(),
            skipped: contents.skipped,
            ..Imported::default()
        };
        let maker = Maker {
            ring,
            client: &self.client,
            privacy: &config.privacy,
            scanner: config.privacy.scanner(),
            now: SystemClock.now(),
        };
        let mut pending = std::collections::VecDeque::new();
        let mut left = contents.fragments.into_iter().peekable();
        while left.peek().is_some() {
            let (mut places, mut new) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
            for mut read in left.by_ref().take(BATCH) {
                read.conv_id = read.conv_id.or_else(|| self.conv_id.clone());
                imported.n_times_guessed += usize::from(read.ts.is_none());
                let place = std::mem::take(&mut read.place);
                match maker.make(read) {
                    Some(fragment) => {
                        places.push(place);
                        new.push(fragment);
                    }
                    None => imported.skip(place, "the policy lets nothing of it be remembered"),
                }
            }
            pending.push_back((places, memory.add(new)?));
            if pending.len() > PENDING_MAX {
                imported.count(pending.pop_front())?;
            }
        }
        while let Some(batch) = pending.pop_front() {
            imported.count(Some(batch))?;
        }
        imported.n_skipped = imported.skipped.len();
        Ok(imported)
    }
}

impl Imported {
    fn skip(&mut self, place: String, why: &str) {
        self.skipped.push(Skipped { place, why: why.to_owned() });
    }

    fn count(
        &mut self,
        batch: Option<(Vec<String>, Pending<Vec<aios_store::Added>>)>,
    ) -> anyhow::Result<()> {
        let Some((places, pending)) = batch else { return Ok(()) };
        for (place, added) in places.into_iter().zip(pending.wait()?) {
            match added.outcome {
                Outcome::New => self.n_new += 1,
                Outcome::Seen => self.n_seen += 1,
                Outcome::Changed => self.n_changed += 1,
                Outcome::Refused { why } => self.skip(place, why.words()),
            }
        }
        Ok(())
    }
}

/// Makes fragments that may be kept of what was read.
struct Maker<'a> {
    ring: &'a Keyring,
    client: &'a str,
    privacy: &'a Privacy,
    scanner: Redactor,
    now: Timestamp,
}

impl Maker<'_> {
    /// `None` if the policy lets nothing be kept.
    fn make(&self, read: Read) -> Option<NewFragment> {
        let kept = |text: &str| self.privacy.remembered(&self.scanner, text);
        let home = opened::home(self.ring, self.client, read.conv_id.as_deref());
        let parts =
            |id: String| self.ring.current().subject(&[self.client.as_bytes(), id.as_bytes()]);
        Some(NewFragment {
            kind: if home == Home::Shared { Kind::Document } else { Kind::Turn },
            home,
            subject: read.subject.map(parts),
            id: read.id,
            session: read.session,
            speaker: read.speaker.as_deref().and_then(kept),
            text: kept(&read.text)?,
            ts: read.ts.unwrap_or(self.now),
            source: "import",
        })
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
