//! What a running server says of itself at `/status` of its admin address.

use std::net::SocketAddr;

use aios_core::{Profile, Split, Tier, Timestamp};
use aios_privacy::Secret;
use aios_store::DataDir;
use serde::Deserialize;
use serde_json::Value;

use super::net;
use super::output::Failure;
use crate::config::Config;

/// A running server's answer.
#[derive(Debug)]
pub(super) struct Running {
    /// What this program reads in it.
    pub(super) status: Status,
    /// The whole.
    pub(super) raw: Value,
}

/// The parts of the status that commands show.
#[derive(Debug, Deserialize)]
pub(super) struct Status {
    pub(super) version: String,
    pub(super) started_at: Timestamp,
    pub(super) config: ConfigInForce,
    pub(super) split: Split,
    pub(super) override_error: Option<String>,
    pub(super) profile: Profile,
    pub(super) n_sampled: Option<usize>,
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) event_log: EventLog,
    /// How often the memory's file was another one while it was open.
    #[serde(default)]
    pub(super) memory_replaced: u64,
    /// A server of an older build does not say.
    pub(super) pseudonym_key: Option<u16>,
    pub(super) requests_in_flight: i64,
}

/// Which configuration is in force.
#[derive(Debug, Deserialize)]
pub(super) struct ConfigInForce {
    pub(super) generation: u64,
    pub(super) hash: String,
    pub(super) answers_hash: String,
    pub(super) reload_error: Option<String>,
    /// A server of an older build does not say.
    #[serde(default)]
    pub(super) needs_restart: Vec<String>,
}

/// An endpoint and its health.
#[derive(Debug, Deserialize)]
pub(super) struct Endpoint {
    pub(super) name: String,
    pub(super) tier: Tier,
    pub(super) model: String,
    pub(super) simulated: bool,
    pub(super) breaker: Breaker,
    pub(super) in_flight: u64,
    pub(super) queued: u64,
    /// What an operator should know.
    pub(super) warning: Option<String>,
}

/// An endpoint's breaker.
#[derive(Debug, Deserialize)]
pub(super) struct Breaker {
    /// `closed`, `half_open` or `open`.
    pub(super) state: String,
    pub(super) reason: Option<String>,
    pub(super) hint: Option<String>,
}

/// Counters of the event log.
#[derive(Debug, Deserialize)]
pub(super) struct EventLog {
    pub(super) written: u64,
    pub(super) lost: u64,
    /// Of the lost ones those that were written, and that somebody has taken out of the log.
    #[serde(default)]
    pub(super) taken: u64,
    /// Whole lines that held no event and were put aside at the start.
    #[serde(default)]
    pub(super) quarantined_lines: u64,
    pub(super) queue_depth: u64,
    pub(super) failing: bool,
    pub(super) last_error: Option<String>,
}

/// Where the server is to be asked: where the owner of the data directory says, or else where the
/// configuration says.
pub(super) fn address(config: &Config) -> SocketAddr {
    let said = DataDir::read(&config.server.data_dir).and_then(|dir| dir.admin_address());
    match said {
        Ok(Some(address)) => address,
        Ok(None) | Err(_) => config.server.admin_listen,
    }
}

/// Asks the server; `None` if none answers.
pub(super) fn find(config: &Config) -> anyhow::Result<Option<Running>> {
    let url = format!("http://{}/status", address(config));
    let Some(answer) = net::runtime()?.block_on(net::get(&url, token(config))) else {
        return Ok(None);
    };
    let raw = match answer {
        (200, body) => serde_json::from_slice::<Value>(&body).ok(),
        (_, _) => None,
    };
    let read = raw.and_then(|raw| Status::deserialize(&raw).ok().map(|status| (status, raw)));
    let (status, raw) = read.ok_or_else(|| {
        Failure::new(
            format!("what answers at {url} is not this version of AIOS"),
            "choose another server.admin_listen, or restart the server with this version",
        )
    })?;
    Ok(Some(Running { status, raw }))
}

/// As [`find`], but only the server that owns the data directory: what another one says is about another.
pub(super) fn owner(config: &Config) -> anyhow::Result<Option<Running>> {
    match DataDir::read(&config.server.data_dir).and_then(|dir| dir.admin_address()) {
        Ok(Some(_)) => find(config),
        Ok(None) | Err(_) => Ok(None),
    }
}

/// What opens the running server's admin API, as far as this user may read it.
pub(super) fn token(config: &Config) -> Option<Secret> {
    let dir = DataDir::read(&config.server.data_dir).ok()?;
    dir.read_admin_token().ok().flatten()
}

/// As [`find`]; an error if no server answers.
pub(super) fn required(config: &Config) -> anyhow::Result<Running> {
    find(config)?.ok_or_else(|| {
        let message = format!("no AIOS server answers at http://{}", address(config));
        let hint = "start it with `aios serve`, or name its directory with --data-dir";
        Failure::new(message, hint).into()
    })
}
