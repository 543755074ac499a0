//! Who changes what is kept: this process if nobody else owns the data directory, else the running server.

use std::sync::Arc;
use std::time::Duration;

use aios_core::Clock as _;
use aios_privacy::Pseudonym;
use aios_store::{AuditAction, AuditLog, DataDir, Eraser, FileEventLog, StoreError, actor};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::cli::output::{Failure, say};
use crate::cli::{net, running};
use crate::clock::SystemClock;
use crate::config::Config;

/// Longest wait for a server that compresses weeks of segments.
const ANSWER_MAX: Duration = Duration::from_secs(60 * 60);

/// Longest wait for the event log to be written out.
const CLOSE_MAX: Duration = Duration::from_secs(10);

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

/// Puts on record what was done here.
pub(super) fn on_record(config: &Config, dir: &DataDir, action: AuditAction) -> anyhow::Result<()> {
    let audit = AuditLog::offline(dir, config.audit.clone(), SystemClock.now())?;
    audit.append(SystemClock.now(), actor::OPERATOR, action)?;
    Ok(audit.close(SystemClock.now())?)
}

/// Puts on record how far control's chain has come by what was done here, so that neither it nor its head can be put
/// back to before unseen.
pub(super) fn control_on_record(config: &Config, dir: &DataDir) -> anyhow::Result<()> {
    let audit = AuditLog::offline(dir, config.audit.clone(), SystemClock.now())?;
    audit.witness_control(SystemClock.now())?;
    Ok(audit.close(SystemClock.now())?)
}

/// Puts on record that somebody was looked for. Reading needs nobody's leave, so that it cannot be put on
/// record, as in a copy that may not be written, is only said.
pub(super) fn found_on_record(config: &Config, subjects: &[Pseudonym], n_events: u64) {
    let recorded = Owner::of(config).and_then(|owner| match owner {
        Owner::Us(dir) => {
            let action = AuditAction::Found { subjects: subjects.to_vec(), n_events };
            on_record(config, &dir, action)
        }
        Owner::Server => {
            let found = json!({ "subjects": subjects, "n_events": n_events });
            ask::<Value>(config, "/admin/v1/audit/found", &found).map(drop)
        }
    });
    if let Err(error) = recorded {
        say(format_args!("this search is not on the audit record: {error}"));
    }
}

/// Goes on with the erasures that wait, here and now.
pub(super) fn resume_erasures(config: &Config, dir: &DataDir) -> anyhow::Result<()> {
    let audit = Arc::new(AuditLog::offline(dir, config.audit.clone(), SystemClock.now())?);
    let log = Arc::new(FileEventLog::open(dir, config.events.log)?);
    let eraser = Eraser::open(dir, Arc::clone(&log), Arc::clone(&audit), Arc::new(SystemClock))?;
    let resumed = eraser.resume();
    for receipt in resumed.receipts {
        say(format_args!("the erasure {} is {}", receipt.id, receipt.state.name()));
    }
    for (id, error) in resumed.failed {
        say(format_args!("the erasure {id} cannot be finished: {error}"));
    }
    net::runtime()?.block_on(log.close(CLOSE_MAX));
    Ok(audit.close(SystemClock.now())?)
}

/// Asks the running server to change something.
pub(super) fn ask<T: DeserializeOwned>(
    config: &Config,
    path: &str,
    body: &impl Serialize,
) -> anyhow::Result<T> {
    let url = format!("http://{}{path}", running::address(config));
    let body = serde_json::to_vec(body)?;
    let answer = net::post(&url, running::token(config), body, ANSWER_MAX);
    let Some((status, answer)) = net::runtime()?.block_on(answer) else {
        return Err(no_answer(config, &url).into());
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

/// Why nobody has answered: the one that was asked has ended, or the directory is another command's.
fn no_answer(config: &Config, url: &str) -> Failure {
    let dir = config.server.data_dir.display();
    if matches!(Owner::of(config), Ok(Owner::Us(_))) {
        return Failure::new(
            format!("the server that owned {dir} has ended without an answer"),
            "start it again: what was decided is finished at the start, such as an erasure; then look whether it is done",
        );
    }
    Failure::new(
        format!("another process owns {dir}, and no server answers at {url}"),
        "wait for the other command to end, or stop the process",
    )
}
