//! The memory, opened for one command, and whose part of it is meant.

use aios_privacy::{Keyring, Pseudonym};
use aios_store::{DataDir, Home, MemoryScope, MemoryStore};
use clap::Args;

use crate::cli::output::Failure;
use crate::config::Config;
use crate::keys;

/// Opens it for changing. The data directory is made if it is not there.
pub(in crate::cli) fn own(config: &Config) -> anyhow::Result<(DataDir, MemoryStore)> {
    let dir = DataDir::open(&config.server.data_dir)?;
    let memory = MemoryStore::open(&dir)?;
    Ok((dir, memory))
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
pub(super) struct Part {
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

impl Part {
    /// What may be found.
    pub(super) fn scope(&self, dir: &DataDir) -> anyhow::Result<MemoryScope> {
        let ring = keys::keyring(dir)?;
        let parts = |id: &str| [self.client.as_bytes().to_vec(), id.as_bytes().to_vec()];
        Ok(match (&self.named.conv_id, &self.named.subject) {
            (Some(id), _) => conversation(&ring, &self.client, id),
            (None, Some(id)) => {
                let parts = parts(id);
                MemoryScope::Subject(ring.subject(&[&parts[0], &parts[1]]))
            }
            (None, None) => MemoryScope::Shared,
        })
    }
}

/// A conversation under every live version of the key.
pub(in crate::cli) fn conversation(ring: &Keyring, client: &str, id: &str) -> MemoryScope {
    MemoryScope::Conversation(ring.conversation(&[client.as_bytes(), id.as_bytes()]))
}

/// Where something new belongs.
pub(super) fn home(ring: &Keyring, client: &str, conv_id: Option<&str>) -> Home {
    let pseudonym = |id: &str| -> Pseudonym {
        ring.current().conversation(&[client.as_bytes(), id.as_bytes()])
    };
    conv_id.map_or(Home::Shared, |id| Home::Conversation(pseudonym(id)))
}
