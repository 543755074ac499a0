//! Has it done: by the running server, or here if none runs.

use std::sync::Arc;
use std::time::Duration;

use aios_core::Clock;
use aios_store::{AuditLog, DataDir, EraseRequest, Eraser, FileEventLog, actor};
use anyhow::Context as _;
use serde_json::{Value, json};

use super::whose::Looked;
use crate::cli::busy::Busy;
use crate::cli::net;
use crate::cli::output::{Failure, say};
use crate::cli::owner::{self, Owner};
use crate::cli::progress::Bar;
use crate::clock::SystemClock;

/// Longest wait for the event log to be written out.
const CLOSE_MAX: Duration = Duration::from_secs(10);

/// Erases. Returns the receipt.
pub(super) fn erase(looked: &Looked, basis: &str) -> anyhow::Result<Value> {
    match Owner::of(&looked.config)? {
        Owner::Us(dir) => here(looked, &dir, basis),
        Owner::Server => {
            // How far it has come, the server does not say.
            let _busy = Busy::with("erasing, and reading everything again");
            by_the_server(looked, basis)
        }
    }
}

fn here(looked: &Looked, dir: &DataDir, basis: &str) -> anyhow::Result<Value> {
    let clock = Arc::new(SystemClock);
    let audit = AuditLog::offline(dir, looked.config.audit.clone(), clock.now())?;
    let audit = Arc::new(audit);
    let log = Arc::new(FileEventLog::open(dir, looked.config.events.log)?);
    let eraser = Eraser::open(dir, Arc::clone(&log), Arc::clone(&audit), clock)?;
    let eraser = eraser.showing(Bar::of_bytes());
    for (id, error) in eraser.resume().failed {
        say(format_args!("the erasure {id}, which was broken off, cannot be finished: {error}"));
    }
    let redactor = looked.config.privacy.redactor();
    let request = EraseRequest::new(actor::OPERATOR, basis, &redactor);
    let receipt = eraser
        .plan(&looked.target, &request)
        .and_then(|plan| eraser.execute(&plan.id, &plan.plan_hash, Some(&looked.target)));
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
    let plan: Value = owner::ask(&looked.config, "/admin/v1/erasures", &wanted)?;
    let id = plan["id"].as_str().context("the server's plan has no id")?;
    let decided = json!({ "plan_hash": plan["plan_hash"], "whose": looked.whose });
    owner::ask(&looked.config, &format!("/admin/v1/erasures/{id}/execute"), &decided)
}
