//! `aios logs migrate`.

use std::io::Write;

use aios_core::Timestamp;
use aios_store::{AuditAction, Migrated, Migration, migrate};
use clap::Args;

use crate::cli::busy::Busy;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit, Failure, say};
use crate::cli::owner::{self, Owner};
use crate::keys;

/// Take in the logs of an older version: schemas 0.9 and 1.0 become events of schema 2.0
///
/// These are the log that was set aside, and whatever was rotated under another name, compressed or not. Without --execute it only says what would be done. Text is redacted, and ids get pseudonyms under
/// this deployment's key: an id `hashed_…` stays one conversation, which is found by that text. Lines
/// that are no answers are named, masked and put into the quarantine. Exit code 3 if there are any.
/// With --json: {"sources", "n_v0_9", "n_v1_0", "n_v2_0", "n_erased", "n_masked", "not_migrated":
/// [{"path", "number", "offset", "why"}], "n_not_migrated", "aside"}.
#[derive(Debug, Args)]
pub(super) struct Migrate {
    /// Do it
    #[arg(long)]
    execute: bool,
    /// Offset of the old times, which name none, such as +02:00
    #[arg(long, value_name = "OFFSET", default_value = "Z", value_parser = offset, allow_hyphen_values = true)]
    utc_offset: String,
}

impl Migrate {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let Owner::Us(dir) = Owner::of(&config)? else {
            let message = "the log cannot be migrated while a server writes it";
            return Err(
                Failure::new(message, "stop `aios serve`, migrate, and start it again").into()
            );
        };
        let how = Migration {
            redactor: &config.privacy.redactor(),
            keyring: &keys::keyring(&dir)?,
            text_max: config.events.text_max,
            utc_offset: &self.utc_offset,
        };
        let busy = Busy::with("reading the older logs");
        let migrated = migrate(&dir, how, self.execute)?;
        drop(busy);
        if self.execute && !migrated.sources.is_empty() {
            owner::on_record(&config, &dir, on_record(&migrated))?;
        }
        if context.json {
            output::json(out, &migrated)?;
        } else {
            self.print(out, &migrated)?;
        }
        Ok(if migrated.n_not_migrated == 0 { Exit::Done } else { Exit::Incomplete })
    }

    fn print(&self, out: &mut dyn Write, migrated: &Migrated) -> anyhow::Result<()> {
        if migrated.sources.is_empty() {
            writeln!(out, "nothing to migrate")?;
            return Ok(());
        }
        let verb = if self.execute { "migrated" } else { "to migrate" };
        for source in &migrated.sources {
            writeln!(out, "{}", source.display())?;
        }
        for (version, n) in [("0.9", migrated.n_v0_9), ("1.0", migrated.n_v1_0)] {
            writeln!(out, "schema {version}: {n} {verb}")?;
        }
        writeln!(out, "schema 2.0: {} as they are", migrated.n_v2_0)?;
        writeln!(out, "left out, because erased here: {}", migrated.n_erased)?;
        writeln!(out, "values masked: {}", migrated.n_masked)?;
        writeln!(out, "lines that are no answers: {}", migrated.n_not_migrated)?;
        for line in &migrated.not_migrated {
            say(line);
        }
        for aside in &migrated.aside {
            say(format_args!("they are in {}; delete it once nobody needs it", aside.display()));
        }
        if !self.execute {
            say("nothing was changed; --execute does it");
        }
        Ok(())
    }
}

fn on_record(migrated: &Migrated) -> AuditAction {
    AuditAction::Migrated {
        n_events: migrated.n_v0_9 + migrated.n_v1_0 + migrated.n_v2_0,
        n_erased: migrated.n_erased,
        n_not_migrated: migrated.n_not_migrated,
    }
}

fn offset(text: &str) -> Result<String, &'static str> {
    let is_one = Timestamp::parse(&format!("2027-01-15T08:00:00{text}")).is_ok();
    if is_one { Ok(text.to_owned()) } else { Err("expected an offset such as +02:00 or Z") }
}
