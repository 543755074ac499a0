//! The memory, opened for one command, and whose part of it is meant.

use aios_privacy::Keyring;
use aios_server::Part;
use aios_store::{AuditAction, DataDir, MemoryScope, MemoryStore, StoreError};
use anyhow::Context as _;
use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cli::output::Failure;
use crate::cli::owner;
use crate::config::Config;
use crate::keys;

/// Who changes the memory: this command, or the server that owns the data directory.
pub(super) enum Changer {
    Here(Box<Opened>),
    Server,
}

/// The memory, open for changing, with the keys of whoever is in it.
pub(super) struct Opened {
    pub(super) memory: MemoryStore,
    pub(super) ring: Keyring,
    dir: DataDir,
}

impl Opened {
    /// Puts on record that what is remembered was changed; a server does that for each request.
    fn on_record(&self, config: &Config, verb: &str) -> anyhow::Result<()> {
        owner::on_record(config, &self.dir, AuditAction::Memory { change: verb.to_owned() })
    }
}

impl Changer {
    /// Opens the memory unless a server has it. The data directory is made if it is not there.
    pub(super) fn of(config: &Config) -> anyhow::Result<Self> {
        match DataDir::open(&config.server.data_dir) {
            Ok(dir) => {
                let memory = MemoryStore::open(&dir)?;
                let ring = keys::keyring(&dir)?;
                Ok(Self::Here(Box::new(Opened { memory, ring, dir })))
            }
            Err(StoreError::Locked { .. }) => Ok(Self::Server),
            Err(error) => Err(error.into()),
        }
    }

    /// Puts on record what was done here.
    pub(super) fn on_record(&self, config: &Config, verb: &str) -> anyhow::Result<()> {
        match self {
            Self::Here(opened) => opened.on_record(config, verb),
            Self::Server => Ok(()),
        }
    }
}

/// Has the memory changed, here or by the server, which is asked at its path for this verb.
pub(super) fn change<T: DeserializeOwned>(
    config: &Config,
    verb: &str,
    asked: &impl Serialize,
    here: impl FnOnce(&Opened) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    match Changer::of(config)? {
        Changer::Here(opened) => {
            let done = here(&opened)?;
            opened.on_record(config, verb)?;
            Ok(done)
        }
        Changer::Server => ask(config, verb, asked),
    }
}

/// Asks the server that runs.
pub(super) fn ask<T: DeserializeOwned>(
    config: &Config,
    verb: &str,
    asked: &impl Serialize,
) -> anyhow::Result<T> {
    owner::ask(config, &format!("/admin/v1/memory/{verb}"), asked)
}

/// Opens it for looking.
pub(in crate::cli) fn look(config: &Config) -> anyhow::Result<(DataDir, MemoryStore)> {
    let dir = DataDir::read(&config.server.data_dir)?;
    let memory = MemoryStore::read(&dir)?.ok_or_else(|| {
        let message = format!("nothing is remembered in {}", dir.path().display());
        Failure::new(message, "keep something with `aios memory add` or `aios memory import`")
    })?;
    Ok((dir, memory))
}

/// Flags that name a part of the memory.
#[derive(Debug, Args)]
pub(super) struct PartFlags {
    #[command(flatten)]
    named: Named,
    /// Client that sent the id
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    client: String,
}

/// One of them.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Named {
    /// A conversation, by the id that the application sent
    #[arg(long, value_name = "ID")]
    conv_id: Option<String>,
    /// What a person said in all conversations, by the id that the application sent
    #[arg(long, value_name = "ID")]
    subject: Option<String>,
    /// What belongs to no conversation
    #[arg(long)]
    shared: bool,
}

impl From<PartFlags> for Part {
    fn from(flags: PartFlags) -> Self {
        let PartFlags { named: Named { conv_id, subject, shared }, client } = flags;
        Self { conv_id, subject, shared, client }
    }
}

/// What may be found in a part; flags name exactly one.
pub(super) fn scope(part: &Part, ring: &Keyring) -> anyhow::Result<MemoryScope> {
    part.scope(ring).context("flags name exactly one part")
}
