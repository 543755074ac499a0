//! `aios keys rotate` and `aios keys retire`.

use std::io::Write;

use aios_store::{DataDir, KeyUse};
use clap::Args;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::output::{self, Exit, Failure, say};
use crate::keys;

/// Make the next version of the pseudonyms' key, for all events from the next start on
///
/// What is stored stays as it is and is still found: a search asks for each version's pseudonym. A
/// conversation that goes on gets another pseudonym, and so maybe another bucket. With --json: {"version"}.
#[derive(Debug, Args)]
pub(super) struct Rotate;

/// Remove a version of the pseudonyms' key that nothing stored uses any more
///
/// With --json: {"retired"}.
#[derive(Debug, Args)]
pub(super) struct Retire {
    /// The version
    version: u16,
}

impl Rotate {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let dir = DataDir::open(context.config()?.server.data_dir)?;
        // Without a first version there is nothing to rotate: it is made.
        keys::keyring(&dir)?;
        let version = dir.rotate_key(keys::PSEUDONYMS)?;
        if context.json {
            output::json(out, &json!({ "version": version }))?;
        } else {
            writeln!(out, "version {version} of the pseudonyms' key was made")?;
            say("back it up apart from the data, beside the older ones");
        }
        Ok(Exit::Done)
    }
}

impl Retire {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let version = self.version;
        let dir = DataDir::open(context.config()?.server.data_dir)?;
        let versions = dir.key_versions(keys::PSEUDONYMS)?;
        if !versions.iter().any(|(known, _)| *known == version) {
            let message = format!("there is no version {version} of the pseudonyms' key");
            return Err(Failure::new(message, "`aios keys list` shows the versions").into());
        }
        let n_stored = KeyUse::count(&dir)?.of(version);
        if n_stored > 0 {
            let message = format!(
                "cannot retire version {version} of the pseudonyms' key: {n_stored} stored pseudonyms were made under it"
            );
            let hint =
                "it can go when retention or erasure has removed them; until then find needs it";
            return Err(Failure::new(message, hint).into());
        }
        dir.retire_key(keys::PSEUDONYMS, version)?;
        if context.json {
            output::json(out, &json!({ "retired": version }))?;
        } else {
            writeln!(out, "version {version} of the pseudonyms' key was removed")?;
        }
        Ok(Exit::Done)
    }
}
