//! Has it done: by the running server, or here if none runs.

use std::sync::Arc;
use std::time::Duration;

use aios_core::Clock;
use aios_store::{AuditLog, DataDir, EraseRequest, Eraser, FileEventLog, StoreError};
use anyhow::Context as _;
use serde_json::{Value, json};

use super::whose::Looked;
use crate::cli::output::Failure;
use crate::cli::{net, running};
use crate::clock::SystemClock;

/// Longest wait for a server that erases: it reads everything that is stored.
const ERASE_MAX: Duration = Duration::from_secs(60 * 60);

/// Longest wait for the event log to be written out.
const CLOSE_MAX: Duration = Duration::from_secs(10);

/// Erases. Returns the receipt.
pub(super) fn erase(looked: &Looked, basis: &str) -> anyhow::Result<Value> {
    match DataDir::open(&looked.config.server.data_dir) {
        Ok(dir) => here(looked, &dir, basis),
        Err(StoreError::Locked { .. }) => by_the_server(looked, basis),
        Err(error) => Err(error.into()),
    }
}

fn here(looked: &Looked, dir: &DataDir, basis: &str) -> anyhow::Result<Value> {
    let clock = Arc::new(SystemClock);
    let audit = AuditLog::open(dir, looked.config.audit.clone(), clock.now())?;
    let audit = Arc::new(audit);
    let log = Arc::new(FileEventLog::open(dir, looked.config.events.log)?);
    let eraser = Eraser::open(dir, Arc::clone(&log), Arc::clone(&audit), clock)?;
    eraser.resume()?;
    let request = EraseRequest { requester: "cli".to_owned(), basis: basis.to_owned() };
    let receipt = eraser
        .plan(&looked.target, &request)
        .and_then(|plan| eraser.execute(&plan.id, &plan.plan_hash, looked.whose.raw_id()));
    net::runtime()?.block_on(log.close(CLOSE_MAX));
    audit.close(SystemClock.now())?;
    let receipt = receipt.map_err(|error| match error.hint() {
        Some(hint) => anyhow::Error::from(Failure::new(error.to_string(), hint)),
        None => error.into(),
    })?;
    Ok(serde_json::to_value(receipt)?)
}

fn by_the_server(looked: &Looked, basis: &str) -> anyhow::Result<Value> {
    let wanted = json!({ "whose": looked.whose, "basis": basis });
    let plan = ask(looked, "/admin/v1/erasures", &wanted)?;
    let id = plan["id"].as_str().context("the server's plan has no id")?;
    let decided = json!({ "plan_hash": plan["plan_hash"], "id": looked.whose.raw_id() });
    ask(looked, &format!("/admin/v1/erasures/{id}/execute"), &decided)
}

fn ask(looked: &Looked, path: &str, body: &Value) -> anyhow::Result<Value> {
    let config = &looked.config;
    let url = format!("http://{}{path}", config.server.admin_listen);
    let body = serde_json::to_vec(body)?;
    let call = net::post(&url, running::token(config), body, ERASE_MAX);
    let Some((status, answer)) = net::runtime()?.block_on(call) else {
        let message = format!("a server owns the data directory, but none answers at {url}");
        let hint = "name the server's configuration with --config, or stop the server";
        return Err(Failure::new(message, hint).into());
    };
    let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
    if (200..300).contains(&status) {
        return Ok(answer);
    }
    let why = answer["error"]["message"].as_str().unwrap_or("it gave no reason");
    let hint = "keys/admin.token in the data directory opens the server's admin API";
    Err(Failure::new(format!("the server refused with {status}: {why}"), hint).into())
}
