//! `aios preflight`: asks every component to show that it works.
//!
//! A component is a file here and a line in [`COMPONENTS`]. None can pass by itself: each does a small
//! piece of its real work and looks at what came out.

mod canary;
mod config;
mod event_log;
pub(crate) mod goldens;
mod memory;
mod models;
mod privacy;
mod routing;
mod sample;

use std::io::Write;

use aios_store::StoreError;
use clap::Args;
use serde::Serialize;
use serde_json::json;
use tokio::runtime::Runtime;

use super::context::Context;
use super::net;
use super::output::{self, Exit};
use super::running::{self, Running};
use crate::config::{Config, ConfigError};

/// Check every part, one line each
///
/// Nothing is made that stays: of a data directory that is not there it says that the first start makes it. Exit code 2 if a part does not pass. With --json: {"n_passing", "n_components",
/// "components": [{"name", "state": "ok" | "failed" | "not_checked", "detail", "hint"}]}.
#[derive(Debug, Args)]
pub(super) struct Command {}

/// What shows that a component works, or what is wrong with it.
type Checked = Result<String, Fault>;

/// A component's name and its check.
type Component = (&'static str, fn(&Subject) -> Checked);

/// The components in the order in which they are checked.
const COMPONENTS: [Component; 8] = [
    ("config", config::check),
    ("models", models::check),
    ("routing", routing::check),
    ("event log", event_log::check),
    ("privacy", privacy::check),
    ("goldens", goldens::check),
    ("memory", memory::check),
    ("canary", canary::check),
];

/// What is checked.
struct Subject {
    loaded: Result<Config, ConfigError>,
    running: anyhow::Result<Option<Running>>,
    runtime: Runtime,
}

impl Subject {
    /// The configuration, for components that need one.
    fn config(&self) -> Result<&Config, Fault> {
        self.loaded.as_ref().map_err(|_| Fault {
            state: State::NotChecked,
            detail: "needs a configuration that can be used".to_owned(),
            hint: "mend the configuration first".to_owned(),
        })
    }

    /// The running server, if there is one.
    fn running(&self) -> Result<Option<&Running>, Fault> {
        self.running.as_ref().map(Option::as_ref).map_err(Fault::of)
    }
}

/// Where a component stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Ok,
    Failed,
    /// Something before it has failed.
    NotChecked,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "FAILED",
            Self::NotChecked => "not checked",
        }
    }
}

/// Why a component does not pass.
#[derive(Debug)]
struct Fault {
    state: State,
    detail: String,
    hint: String,
}

impl Fault {
    fn new(detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { state: State::Failed, detail: detail.into(), hint: hint.into() }
    }

    fn of(error: &anyhow::Error) -> Self {
        let hint = output::hint(error).unwrap_or("run again with --log-level debug to see more");
        Self::new(format!("{error:#}"), hint)
    }
}

impl From<anyhow::Error> for Fault {
    fn from(error: anyhow::Error) -> Self {
        Self::of(&error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        // Its text names its cause already.
        let hint = error.hint().unwrap_or("check the data directory and the disk it is on");
        Self::new(error.to_string(), hint)
    }
}

/// What is told of a component.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    state: State,
    detail: String,
    hint: Option<String>,
}

impl Check {
    fn of(name: &'static str, checked: Checked) -> Self {
        match checked {
            Ok(detail) => Self { name, state: State::Ok, detail, hint: None },
            Err(Fault { state, detail, hint }) => Self { name, state, detail, hint: Some(hint) },
        }
    }

    fn print(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        writeln!(out, "{:<11}  {:<9}  {}", self.state.word(), self.name, self.detail)?;
        if let Some(hint) = &self.hint {
            writeln!(out, "{:24}hint: {hint}", "")?;
        }
        Ok(out.flush()?)
    }
}

impl Command {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let loaded = context.config();
        let running = loaded.as_ref().map_or(Ok(None), running::find);
        let subject = Subject { loaded, running, runtime: net::runtime()? };
        let mut checks = Vec::with_capacity(COMPONENTS.len());
        for (name, check) in COMPONENTS {
            let check = Check::of(name, check(&subject));
            if !context.json {
                check.print(out)?;
            }
            checks.push(check);
        }
        let n_all = checks.len();
        let n_passing = checks.iter().filter(|check| check.state == State::Ok).count();
        if context.json {
            let report =
                json!({ "n_passing": n_passing, "n_components": n_all, "components": checks });
            output::json(out, &report)?;
        } else {
            writeln!(out, "{n_passing}/{n_all} passing")?;
        }
        Ok(if n_passing == n_all { Exit::Done } else { Exit::Violation })
    }
}
