//! Whose data is meant, on the command line.

use aios_core::Clock;
use aios_privacy::Pseudonym;
use aios_server::{Whose, WhoseError};
use aios_store::{Census, DataDir, Depth, EraseTarget};
use clap::Args;

use crate::cli::context::Context;
use crate::cli::output::Failure;
use crate::cli::owner;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::keys;

/// Flags that name somebody.
#[derive(Debug, Args)]
pub(super) struct Who {
    #[command(flatten)]
    named: Named,
    /// Client that sent the id, where several clients use the same one
    #[arg(long, value_name = "NAME", conflicts_with = "pseudonym")]
    client: Option<String>,
}

/// One of them.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Named {
    /// A conversation, by the id that the application sent
    #[arg(long, value_name = "ID")]
    conv_id: Option<String>,
    /// A person, by the id that the application sent in `user` or `safety_identifier`; or a client, by its name
    #[arg(long, value_name = "ID")]
    subject: Option<String>,
    /// A conversation or a person, by the pseudonym that events show (c1_…, s1_…)
    #[arg(long, value_parser = Pseudonym::parse)]
    pseudonym: Option<Pseudonym>,
}

/// A data directory, and who is looked for in it.
#[derive(Debug)]
pub(super) struct Looked {
    pub(super) config: Config,
    pub(super) dir: DataDir,
    pub(super) whose: Whose,
    pub(super) target: EraseTarget,
    /// The live versions of the key, the newest first.
    pub(super) key_versions: Vec<u16>,
}

impl Who {
    /// Finds out who is meant. Reads only.
    pub(super) fn look(self, context: &Context) -> anyhow::Result<Looked> {
        let config = context.config()?;
        let dir = DataDir::read(&config.server.data_dir)?;
        let whose = Whose {
            conv_id: self.named.conv_id,
            subject: self.named.subject,
            pseudonym: self.named.pseudonym,
            client: self.client,
        };
        let ring = keys::keyring(&dir)?;
        let clients: Vec<String> = config.client_keys.iter().map(|key| key.name.clone()).collect();
        let target = whose.resolve(&dir, &ring, &clients, SystemClock.now()).map_err(advised)?;
        let key_versions = ring.versions().collect();
        Ok(Looked { config, dir, whose, target, key_versions })
    }
}

impl Looked {
    /// Counts what is stored; that somebody did goes on record.
    pub(super) fn census(&self, depth: Depth) -> anyhow::Result<Census> {
        let census = Census::take(&self.dir, &self.target, depth, SystemClock.now())?;
        owner::found_on_record(&self.config, self.target.pseudonyms(), census.n_events);
        Ok(census)
    }

    /// The pseudonyms, as they are printed.
    pub(super) fn pseudonyms(&self) -> Vec<&str> {
        self.target.pseudonyms().iter().map(Pseudonym::as_str).collect()
    }
}

fn advised(error: WhoseError) -> anyhow::Error {
    match error {
        WhoseError::Store(error) => error.into(),
        WhoseError::NotOne => {
            let hint = "give --conv-id, --subject or --pseudonym a value";
            Failure::new(error.to_string(), hint).into()
        }
        WhoseError::Ambiguous { .. } => {
            Failure::new(error.to_string(), "say which with --client NAME").into()
        }
    }
}
