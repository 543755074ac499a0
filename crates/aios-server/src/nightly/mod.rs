//! What is looked after each night: a fixed order of steps, of which none depends on the one before.
//!
//! A step is a file in `steps/` and a line in [`STEPS`]. Each can be done twice without harm, says in a
//! line what it came to, and fails alone: those behind it still run. None moves the canary.

mod follow;
mod housekeeper;
mod schedule;
mod settings;
mod steps;

#[cfg(test)]
mod tests;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use aios_core::{Progress, Timestamp};
use aios_privacy::{Keyring, Redactor};
use aios_store::{AuditAction, AuditLog, DataDir, EventStore, Rotator, oldest_event};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::admin::shape::{Time, Word};
use crate::judging::Objectives;

pub(crate) use housekeeper::{House, Housekeeper};
pub use schedule::NightlyAt;
pub use settings::{NightWork, Nightly, Promotion, Served, api_url};

/// What the steps work with.
pub struct Night {
    /// The event log.
    pub store: Arc<dyn EventStore>,
    /// Rotates what is kept.
    pub rotator: Arc<Rotator>,
    /// The trail that the night is put on record in.
    pub audit: Arc<AuditLog>,
    /// In whose name.
    pub actor: String,
    /// The data directory.
    pub data_dir: Arc<DataDir>,
    /// Finds what must not be in the log.
    pub scanner: Arc<Redactor>,
    /// What is asked of live traffic and reports.
    pub objectives: Arc<Objectives>,
    /// Makes the pseudonyms that ids are found by; none where nothing was ever stored under one.
    pub keyring: Option<Arc<Keyring>>,
    /// What else is wanted.
    pub work: NightWork,
    /// Whom golden questions are asked; none where no server runs.
    pub served: Option<Arc<Served>>,
    /// When the night began.
    pub now: Timestamp,
    /// Only tell what would be done.
    pub dry_run: bool,
    /// Is shown how golden questions go.
    pub progress: Arc<dyn Progress>,
    /// Only this step, one of [`step_names`].
    pub only: Option<String>,
    /// Room that is left on the disk; none if nobody can tell.
    pub free_bytes: Option<u64>,
}

/// With less room on the disk nothing is written that can wait. Rotating makes room, so that is done all the same.
const FREE_MIN: u64 = 500 << 20;

/// One thing to do.
struct Step {
    name: &'static str,
    run: fn(&Night) -> Result<Outcome, String>,
}

impl Step {
    fn needs_room(&self) -> bool {
        self.name != steps::rotate::STEP.name
    }

    fn is_wanted(&self, night: &Night) -> bool {
        night.only.as_deref().is_none_or(|only| only == self.name)
    }
}

/// What a step came to, with a line for people.
enum Outcome {
    /// It is done, or in a dry run could be.
    Done(String),
    /// There was nothing to look at.
    Skipped(String),
    /// It is done, and something is not as it should be.
    Violation(String),
}

/// The steps, in their order.
const STEPS: &[Step] = &[
    steps::rotate::STEP,
    steps::reports::STEP,
    steps::rescan::STEP,
    steps::memory::STEP,
    steps::recall::STEP,
    steps::golden::STEP,
    steps::hypotheses::STEP,
    steps::promote::STEP,
];

/// The night's outcome, step by step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NightReport {
    /// When it began.
    #[schemars(with = "Time")]
    pub started_at: Timestamp,
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// In their order.
    pub steps: Vec<StepReport>,
}

/// One step's outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepReport {
    /// Its name.
    pub step: String,
    /// How it ended.
    #[schemars(with = "Word<StepState>")]
    pub state: StepState,
    /// In a line.
    pub detail: String,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// It is done.
    Done,
    /// There was nothing to do it with.
    Skipped,
    /// It is done, and found what should not be.
    Violation,
    /// It could not be done.
    Failed,
}

impl StepState {
    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Skipped => "skipped",
            Self::Violation => "violation",
            Self::Failed => "failed",
        }
    }
}

impl NightReport {
    /// The gravest state of all steps.
    #[must_use]
    pub fn worst(&self) -> StepState {
        self.steps.iter().map(|step| step.state).max().unwrap_or(StepState::Skipped)
    }
}

/// The names of the steps, in their order.
pub fn step_names() -> impl Iterator<Item = &'static str> {
    STEPS.iter().map(|step| step.name)
}

/// Does every step that is wanted and tells of each as soon as it has ended. Blocks while it works.
pub fn run_night(night: &Night, mut tell: impl FnMut(&StepReport)) -> NightReport {
    let steps = STEPS.iter().filter(|step| step.is_wanted(night)).map(|step| {
        let report = run_step(step, night);
        tell(&report);
        report
    });
    let report =
        NightReport { started_at: night.now, dry_run: night.dry_run, steps: steps.collect() };
    if !night.dry_run
        && let Err(why) = keep(night, &report)
    {
        tracing::error!(why, "the night's report cannot be kept");
    }
    report
}

/// From when on a night is due: when the last one began, else when the log did. So a machine that is off each night
/// catches up with its first one, too. None where nothing was served yet, which nothing need be done for.
#[must_use]
pub(crate) fn due_since(dir: &DataDir) -> Option<Timestamp> {
    let last = last_report(dir).ok().flatten().map(|report| report.started_at);
    last.or_else(|| oldest_event(dir).ok().flatten())
}

/// The report of the last night, if there was one.
pub(crate) fn last_report(dir: &DataDir) -> Result<Option<NightReport>, String> {
    let json = dir.read_night().map_err(|error| error.to_string())?;
    let read = |json: String| serde_json::from_str(&json).map_err(|error| error.to_string());
    json.map(read).transpose()
}

/// Puts the night on record, and its report where the next one, the dashboard and people find it.
fn keep(night: &Night, report: &NightReport) -> Result<(), String> {
    // A part of a night is none: the next one is still due.
    if night.only.is_none() {
        let json = serde_json::to_string(report).map_err(|error| error.to_string())?;
        night.data_dir.write_night(&json).map_err(|error| error.to_string())?;
    }
    let n = |state| report.steps.iter().filter(|step| step.state == state).count() as u64;
    let action = AuditAction::Night {
        n_done: n(StepState::Done),
        n_skipped: n(StepState::Skipped),
        n_violations: n(StepState::Violation),
        n_failed: n(StepState::Failed),
        steps: report
            .steps
            .iter()
            .map(|step| (step.step.clone(), step.state.name().to_owned()))
            .collect(),
    };
    let recorded = night.audit.append(night.now, &night.actor, action);
    let witnessed = recorded.and_then(|_| night.audit.witness_control(night.now));
    witnessed.map_err(|error| error.to_string())
}

fn run_step(step: &Step, night: &Night) -> StepReport {
    if let Some(free) = night.free_bytes.filter(|free| step.needs_room() && *free < FREE_MIN) {
        let (free, min) = (free >> 20, FREE_MIN >> 20);
        let detail =
            format!("only {free} MiB are free, and {min} are needed; make room on the disk");
        return StepReport { step: step.name.to_owned(), state: StepState::Failed, detail };
    }
    let ended = catch_unwind(AssertUnwindSafe(|| (step.run)(night)));
    let (state, detail) = match ended {
        Ok(Ok(Outcome::Done(detail))) => (StepState::Done, detail),
        Ok(Ok(Outcome::Skipped(detail))) => (StepState::Skipped, detail),
        Ok(Ok(Outcome::Violation(detail))) => (StepState::Violation, detail),
        Ok(Err(why)) => (StepState::Failed, why),
        Err(panicked) => (StepState::Failed, format!("it panicked: {}", said(&*panicked))),
    };
    StepReport { step: step.name.to_owned(), state, detail }
}

fn said(panicked: &(dyn Any + Send)) -> &str {
    let text = panicked.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panicked.downcast_ref::<&str>().copied()).unwrap_or("no message")
}
