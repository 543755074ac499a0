//! Who changes what is kept: this process if nobody else owns the data directory, else the running server.

use std::time::Duration;

use aios_store::{DataDir, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cli::output::Failure;
use crate::cli::{net, running};
use crate::config::Config;

/// Longest wait for a server that compresses weeks of segments.
const ANSWER_MAX: Duration = Duration::from_secs(60 * 60);

/// Who changes what is kept.
pub(super) enum Owner {
    /// We do.
    Us(DataDir),
    /// The server that runs.
    Server,
}

impl Owner {
    /// Takes the directory, unless somebody has it.
    pub(super) fn of(config: &Config) -> anyhow::Result<Self> {
        // A directory that is not there is not made: there is nothing to look after in it.
        DataDir::read(&config.server.data_dir)?;
        match DataDir::open(&config.server.data_dir) {
            Ok(dir) => Ok(Self::Us(dir)),
            Err(StoreError::Locked { .. }) => Ok(Self::Server),
            Err(error) => Err(error.into()),
        }
    }
}

/// Asks the running server to change something.
pub(super) fn ask<T: DeserializeOwned>(
    config: &Config,
    path: &str,
    body: &impl Serialize,
) -> anyhow::Result<T> {
    let url = format!("http://{}{path}", config.server.admin_listen);
    let body = serde_json::to_vec(body)?;
    let answer = net::post(&url, running::token(config), body, ANSWER_MAX);
    let Some((status, answer)) = net::runtime()?.block_on(answer) else {
        let dir = config.server.data_dir.display();
        let message = format!("another process owns {dir}, and no server answers at {url}");
        let hint = "name that server's configuration with --config, or stop the process";
        return Err(Failure::new(message, hint).into());
    };
    if (200..300).contains(&status) {
        return Ok(serde_json::from_slice(&answer)?);
    }
    let why = serde_json::from_slice::<Value>(&answer).ok();
    let why =
        why.as_ref().and_then(|why| why["error"]["message"].as_str()).unwrap_or("no reason given");
    let hint = match status {
        401 | 403 => "run it as the user that runs the server, who may read its admin token",
        404 => "name something that is there; the verbs that list things tell what is",
        409 => "do what it says first, then try again",
        _ => "the server's log tells more",
    };
    Err(Failure::new(format!("the server refused ({status}): {why}"), hint).into())
}
