//! Whose data is meant, on the command line.

use aios_core::Clock;
use aios_privacy::Pseudonym;
use aios_server::{Whose, WhoseError};
use aios_store::{Census, DataDir, Depth, EraseTarget};
use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::cli::context::Context;
use crate::cli::output::Failure;
use crate::cli::owner;
use crate::cli::progress::Bar;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::keys;

/// Flags that name somebody.
#[derive(Debug, Clone, Args)]
pub(super) struct Who {
    #[command(flatten)]
    named: Named,
    /// Client that sent the id, where several clients use the same one; `(none)` for requests without a key
    #[arg(long, value_name = "NAME", conflicts_with = "pseudonym")]
    client: Option<String>,
}

/// One of them.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
struct Named {
    /// A conversation, by the id that the application sent
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    conv_id: Option<String>,
    /// A person, by the id that the application sent in `user` or `safety_identifier`; or a client, by its name
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    subject: Option<String>,
    /// A conversation or a person, by the pseudonym that events show (c1_…, s1_…)
    #[arg(long, value_parser = Pseudonym::parse)]
    pseudonym: Option<Pseudonym>,
}

/// A data directory, who is looked for in it, and what was found.
#[derive(Debug)]
pub(super) struct Looked {
    pub(super) config: Config,
    pub(super) whose: Whose,
    pub(super) target: EraseTarget,
    pub(super) census: Census,
    /// The live versions of the key, the newest first.
    pub(super) key_versions: Vec<u16>,
}

impl Who {
    /// Finds out who is meant, and what is stored of them. That somebody asked goes on record.
    pub(super) fn look(self, context: &Context, depth: Depth) -> anyhow::Result<Looked> {
        let config = context.config()?;
        let dir = DataDir::read(&config.server.data_dir)?;
        let whose = Whose {
            conv_id: self.named.conv_id,
            subject: self.named.subject,
            pseudonym: self.named.pseudonym,
            client: self.client,
        };
        // A pseudonym is found without a key, which may be gone.
        let ring = match whose.pseudonym {
            Some(_) => keys::live(&dir)?,
            None => Some(keys::keyring(&dir)?),
        };
        let clients: Vec<String> = config.client_keys.iter().map(|key| key.name.clone()).collect();
        let now = SystemClock.now();
        let bar = Bar::of_bytes();
        let looked =
            whose.look(&dir, ring.as_ref(), &clients, depth, now, &bar).map_err(advised)?;
        let key_versions = ring.iter().flat_map(|ring| ring.versions()).collect();
        let (target, census) = (looked.target, looked.census);
        owner::found_on_record(&config, target.pseudonyms(), census.n_events);
        Ok(Looked { config, whose, target, census, key_versions })
    }
}

impl Looked {
    /// The pseudonyms, as they are printed.
    pub(super) fn pseudonyms(&self) -> Vec<&str> {
        self.target.pseudonyms().iter().map(Pseudonym::as_str).collect()
    }
}

fn advised(error: WhoseError) -> anyhow::Error {
    let message = error.to_string();
    let failure = match error {
        WhoseError::Store(error) => return error.into(),
        WhoseError::NotOne => {
            Failure::usage(message, "give --conv-id, --subject or --pseudonym a value")
        }
        WhoseError::Ambiguous { .. } => Failure::new(message, "say which with --client NAME"),
        WhoseError::UnknownClient { .. } => {
            Failure::usage(message, "name one of them, or leave --client out to think of all")
        }
        WhoseError::Nobody => Failure::usage(message, "name the pseudonym of one conversation"),
        WhoseError::NoSuchKey { .. } => Failure::usage(
            message,
            "copy it whole from an event; `aios keys list` shows the versions that there are",
        ),
        WhoseError::NoKey => {
            Failure::new(message, "put the key back from its backup, or name a --pseudonym")
        }
    };
    failure.into()
}
