//! `aios keys list`.

use std::io::Write;

use aios_store::{DataDir, KeyUse};
use clap::Args;
use serde_json::json;

use crate::cli::busy::Busy;
use crate::cli::context::Context;
use crate::cli::output::{self, Exit, say};
use crate::cli::owner::Owner;
use crate::cli::{running, table};
use crate::config::Config;
use crate::keys;

/// Show the versions of the pseudonyms' key and how much of what is stored was made under each
///
/// Reads everything that is stored, and asks the server which version it writes under. With --json: {"versions":
/// [{"version", "newest", "in_use", "n_pseudonyms", "n_erased"}]}; "in_use" is null if a server runs that does not answer.
#[derive(Debug, Args)]
pub(super) struct List;

/// Under which version events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writer {
    /// The running server says that it is this one, the newest when it started.
    Server(u16),
    /// Somebody has the directory and does not say.
    Silent,
    /// Nobody writes.
    Nobody,
}

impl List {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let config = context.config()?;
        let dir = DataDir::read(&config.server.data_dir)?;
        let writer = Writer::of(&config);
        let versions: Vec<u16> =
            dir.key_versions(keys::PSEUDONYMS)?.iter().map(|(version, _)| *version).collect();
        let busy = Busy::with("reading everything that is stored");
        let used = KeyUse::count(&dir)?;
        drop(busy);
        let is_newest = |version: u16| versions.last() == Some(&version);
        if context.json {
            let row = |version: &u16| {
                json!({
                    "version": version, "newest": is_newest(*version),
                    "in_use": writer.uses(*version),
                    "n_pseudonyms": used.of(*version), "n_erased": used.n_erased_by(*version),
                })
            };
            output::json(
                out,
                &json!({ "versions": versions.iter().map(row).collect::<Vec<_>>() }),
            )?;
            return Ok(Exit::Done);
        }
        let mut rows = vec![["version", "state", "pseudonyms stored"].map(str::to_owned).to_vec()];
        for version in &versions {
            let state = state(*version, is_newest(*version), writer, &used);
            rows.push(vec![version.to_string(), state.into(), used.of(*version).to_string()]);
        }
        table::print(out, &rows)?;
        if writer == Writer::Silent {
            say(
                "a server has this directory and does not say which version it writes under: that was the newest one when it started",
            );
        }
        Ok(Exit::Done)
    }
}

fn state(version: u16, is_newest: bool, writer: Writer, used: &KeyUse) -> &'static str {
    match (writer.uses(version), used.of(version)) {
        (Some(true), _) if is_newest => "new events use it",
        (Some(true), _) => "new events use it until the server is restarted",
        (_, _) if is_newest => "new events use it from the next start of the server on",
        (_, 0) if used.n_erased_by(version) > 0 => "knows who was erased",
        (None, 0) => "unused as far as is known: the server may write under it",
        (_, 0) => "unused: `aios keys retire` removes it",
        (_, _) => "still matched by find",
    }
}

impl Writer {
    fn of(config: &Config) -> Self {
        match running::owner(config) {
            Ok(Some(running)) => running.status.pseudonym_key.map_or(Self::Silent, Self::Server),
            // A directory that may only be read is written by nobody else either, as far as anybody can tell.
            Ok(None) if !matches!(Owner::of(config), Ok(Owner::Server)) => Self::Nobody,
            Ok(None) | Err(_) => Self::Silent,
        }
    }

    /// Whether events are written under that version now; none if nobody can tell.
    fn uses(self, version: u16) -> Option<bool> {
        match self {
            Self::Server(current) => Some(current == version),
            Self::Nobody => Some(false),
            Self::Silent => None,
        }
    }
}
