//! `aios keys rotate` and `aios keys retire`.

use std::io::Write;

use aios_store::{AuditAction, DataDir, KeyUse};
use clap::Args;
use serde_json::{Value, json};

use crate::cli::busy::Busy;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit, Failure, say};
use crate::cli::owner::{self, Owner};
use crate::config::Config;
use crate::keys;

/// Make the next version of the pseudonyms' key, for all events from the server's next start on
///
/// What is stored stays as it is and is still found: a search asks for each version's pseudonym. A
/// conversation that goes on gets another pseudonym, and so maybe another bucket. With --json: {"version"}.
#[derive(Debug, Args)]
pub(super) struct Rotate;

/// Remove a version of the pseudonyms' key that nothing stored and nobody erased needs any more
///
/// Reads everything that is stored. With --json: {"retired"}.
#[derive(Debug, Args)]
pub(super) struct Retire {
    /// The version
    version: u16,
}

impl Rotate {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let made = match Owner::of(&config)? {
            Owner::Us(dir) => json!({ "version": rotate(&config, &dir)? }),
            Owner::Server => owner::ask(&config, "/admin/v1/keys/rotate", &json!({}))?,
        };
        if context.json {
            output::json(out, &made)?;
        } else {
            writeln!(out, "version {} of the pseudonyms' key was made", made["version"])?;
            say(
                "events use it from the next start of `aios serve` on; back it up apart from the data, beside the older ones",
            );
        }
        Ok(Exit::Done)
    }
}

impl Retire {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let version = self.version;
        let config = context.config()?;
        let busy = Busy::with("reading everything that is stored");
        match Owner::of(&config)? {
            Owner::Us(dir) => retire(&config, &dir, version)?,
            Owner::Server => {
                let asked = json!({ "version": version });
                let _done: Value = owner::ask(&config, "/admin/v1/keys/retire", &asked)?;
            }
        }
        drop(busy);
        if context.json {
            output::json(out, &json!({ "retired": version }))?;
        } else {
            writeln!(out, "version {version} of the pseudonyms' key was removed")?;
        }
        Ok(Exit::Done)
    }
}

fn rotate(config: &Config, dir: &DataDir) -> anyhow::Result<u16> {
    // Without a first version there is nothing to rotate: it is made.
    keys::keyring(dir)?;
    let version = dir.rotate_key(keys::PSEUDONYMS)?;
    owner::on_record(config, dir, key("rotated", version))?;
    Ok(version)
}

fn retire(config: &Config, dir: &DataDir, version: u16) -> anyhow::Result<()> {
    let versions = dir.key_versions(keys::PSEUDONYMS)?;
    if !versions.iter().any(|(known, _)| *known == version) {
        let message = format!("there is no version {version} of the pseudonyms' key");
        return Err(Failure::new(message, "`aios keys list` shows the versions").into());
    }
    if let Some(why) = KeyUse::count(dir)?.needs(version) {
        let message = format!("cannot retire version {version} of the pseudonyms' key: {why}");
        let hint = "what is stored goes with retention or erasure; a version by which somebody erased is known stays for good";
        return Err(Failure::new(message, hint).into());
    }
    dir.retire_key(keys::PSEUDONYMS, version)?;
    owner::on_record(config, dir, key("retired", version))
}

fn key(change: &str, version: u16) -> AuditAction {
    AuditAction::Key { change: change.to_owned(), version }
}
