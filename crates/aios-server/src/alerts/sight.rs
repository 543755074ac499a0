//! What is wrong now, as far as can be seen.

use aios_control::slo::Limits;
use aios_control::slo::burn::Alert;
use aios_control::slo::check::{Check, Statement, Witness};
use aios_core::{Split, Tier, Timestamp, Verdict};
use aios_store::{DataDir, EventLogStats, Index, StoreError};
use aios_upstream::EndpointStatus;

use super::Severity;
use super::book::Trouble;
use crate::judging::{self, Budget, MemoryLook, Minutes, Objectives, budgets, exhausted_in};

/// Looks at the log again and again.
#[derive(Debug)]
pub(super) struct Sight {
    minutes: Minutes,
    limits: Limits,
}

/// What was seen of the objectives.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) budgets: Vec<Budget>,
    pub(super) check: Check,
    pub(super) troubles: Vec<Trouble>,
    /// Whether there is an index to look at.
    pub(super) has_index: bool,
    /// When the youngest request came.
    pub(super) last_event: Option<Timestamp>,
}

impl Sight {
    pub(super) fn new(objectives: &Objectives) -> Self {
        let limits = objectives.limits();
        Self { minutes: Minutes::new(limits), limits }
    }

    /// Whether what was counted was counted by these objectives' limits.
    pub(super) fn is_for(&self, objectives: &Objectives) -> bool {
        self.limits == objectives.limits()
    }

    /// Looks at live traffic, the golden report and routing. Blocks.
    pub(super) fn look(
        &mut self,
        dir: &DataDir,
        objectives: &Objectives,
        split: &Split,
        now: Timestamp,
    ) -> Result<Seen, StoreError> {
        let index = Index::read(dir)?;
        if let Some(index) = &index {
            self.minutes.bring_up(index, now)?;
        }
        let budgets = budgets(&self.minutes, objectives, now);
        let goldens = goldens(dir, objectives, now)?;
        let recall = judging::recall(dir.path(), objectives, now)?;
        let memory = MemoryLook { recall, ..MemoryLook::default() };
        let counts = (index.as_ref(), &self.minutes);
        let check =
            judging::look_counted(objectives, counts, goldens.as_ref(), split, memory, now)?;
        let troubles = budgets.iter().filter_map(burning).chain(broken(&check)).collect();
        let (has_index, last_event) = (index.is_some(), self.minutes.last_event());
        Ok(Seen { budgets, check, troubles, has_index, last_event })
    }
}

fn goldens(
    dir: &DataDir,
    objectives: &Objectives,
    now: Timestamp,
) -> Result<Option<aios_control::slo::check::Goldens>, StoreError> {
    let Some(text) = dir.read_golden_report()? else { return Ok(None) };
    Ok(match judging::goldens(&text, objectives, dir.path(), now) {
        Ok(goldens) => goldens.ok(),
        Err(error) => {
            tracing::warn!(%error, "goldens/last_report.json is not looked at");
            None
        }
    })
}

fn burning(budget: &Budget) -> Option<Trouble> {
    let severity = match budget.burn.alert {
        Alert::Page => Severity::Page,
        Alert::Ticket => Severity::Ticket,
        Alert::None | Alert::Insufficient => return None,
    };
    let detail = format!(
        "burns its budget {:.1} times too fast over the last hour; {:.0} % left, {}. {} of {} events were bad in 30 days, where {:.2} % may be.",
        budget.burn.rate,
        budget.burn.budget_left_pct,
        exhausted_in(&budget.burn),
        budget.n_bad,
        budget.n,
        budget.bad_share_max * 100.0,
    );
    Some(Trouble { about: budget.slo.to_owned(), severity, detail })
}

/// What golden cases and routing break is no burn, and not gone in an hour. Of live traffic that is a share of events,
/// its burning budget tells.
fn broken(check: &Check) -> Vec<Trouble> {
    let of = |slo: &aios_control::slo::check::Checked| {
        let breaks = |one: &&Statement| {
            let burns = one.witness == Witness::Live && one.n_bad.is_some();
            one.verdict == Verdict::Breached && !burns
        };
        slo.statements.iter().find(breaks).map(|_| Trouble {
            about: slo.slo.to_owned(),
            severity: Severity::Ticket,
            detail: slo.to_string(),
        })
    };
    check.slos.iter().filter_map(of).collect()
}

/// What is wrong with the parts that requests need.
pub(super) fn broken_parts(endpoints: &[EndpointStatus], log: &EventLogStats) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    for tier in Tier::ALL {
        let mut of_tier = endpoints.iter().filter(|endpoint| endpoint.tier == tier).peekable();
        if of_tier.peek().is_some() && of_tier.all(|endpoint| endpoint.breaker.level() == OPEN) {
            troubles.push(Trouble {
                about: format!("tier_{tier}"),
                severity: Severity::Page,
                detail: format!("no endpoint of {tier} answers; the other tier takes its messages"),
            });
        }
    }
    if log.failing {
        let why = log.last_error.as_deref().unwrap_or("no reason is known");
        troubles.push(Trouble {
            about: "event_log".to_owned(),
            severity: Severity::Page,
            detail: format!("events cannot be written: {why}"),
        });
    }
    troubles
}

/// Level of an open breaker.
const OPEN: i64 = 2;
