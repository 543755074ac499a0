//! What every command starts from: the sources of settings, and how to print.

use aios_privacy::Secret;
use aios_store::{DataDir, StoreError};
use anyhow::Context as _;
use clap::ValueEnum;

use super::Globals;
use super::output::{Failure, say};
use crate::config::{self, Config, ConfigError, Flag, Sources};

/// The key that `--data-dir` stands for.
const DATA_DIR_KEY: &str = "server.data_dir";

/// What every command starts from.
#[derive(Debug)]
pub(super) struct Context {
    /// Where settings come from, the global flags included.
    pub(super) sources: Sources,
    /// Print JSON.
    pub(super) json: bool,
}

impl Context {
    /// Takes directory and environment from the process.
    pub(super) fn new(globals: Globals) -> anyhow::Result<Self> {
        let mut sources =
            Sources::of_process(globals.config).context("cannot find the current directory")?;
        let data_dir = globals.data_dir.map(|dir| dir.display().to_string());
        let level = globals.log_level.and_then(|level| level.to_possible_value());
        let level = level.map(|level| level.get_name().to_owned());
        sources.flags.extend(flag("--data-dir", DATA_DIR_KEY, data_dir));
        sources.flags.extend(flag("--log-level", "telemetry.level", level));
        Ok(Self { sources, json: globals.json })
    }

    /// The configuration; what is strange in it is said.
    pub(super) fn config(&self) -> Result<Config, ConfigError> {
        let config = config::load(&self.sources)?;
        config.warnings.iter().for_each(|warning| say(format_args!("warning: {warning}")));
        Ok(config)
    }

    /// Looks into the directory that `--data-dir` names, if it does: what some other server says is not what was
    /// asked for.
    pub(super) fn named_data_dir(&self) -> Result<(), StoreError> {
        let named = self.sources.flags.iter().find(|flag| flag.key == DATA_DIR_KEY);
        named.map_or(Ok(()), |flag| {
            DataDir::read(self.sources.directory.join(&flag.value)).map(|_| ())
        })
    }

    /// The client key in the variable that `--api-key-env` names; none where none is named.
    pub(super) fn client_key(&self, variable: Option<&str>) -> anyhow::Result<Option<Secret>> {
        let Some(name) = variable else { return Ok(None) };
        let wrong = match self.sources.env.get(name) {
            None => "is not set",
            Some(key) if key.is_empty() => "is empty",
            // No header has any other.
            Some(key) if !key.bytes().all(|byte| matches!(byte, b' '..=b'~')) => {
                "has a line break, or another character that no key has"
            }
            Some(key) => return Ok(Some(Secret::new(key.clone()))),
        };
        let hint = "put the client key there and nothing else, or leave --api-key-env out";
        Err(Failure::new(format!("the variable {name} {wrong}"), hint).into())
    }
}

/// A flag that stands for a key, if it was given.
pub(super) fn flag(name: &'static str, key: &'static str, value: Option<String>) -> Option<Flag> {
    value.map(|value| Flag { name, key, value })
}
