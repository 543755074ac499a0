//! How the canary stands, for people and programs.

use std::io::Write;

use aios_control::{Held, Phase};
use aios_core::{Boundary, EvidenceWindow, Percent, Split, Timestamp};
use aios_server::Standing;
use aios_store::ControlFault;
use serde::Serialize;

use crate::cli::routing::on_hold;
use crate::cli::status::pair;
use crate::cli::table;
use crate::config::Config;

/// How the canary stands.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    current_pct: Percent,
    consecutive_passes: u32,
    consecutive_failures: u32,
    phase: Phase,
    held: bool,
    hold: Option<Held>,
    enabled: bool,
    version: u64,
    next_pct: Option<Percent>,
    candidate: Option<String>,
    boundary: Option<Boundary>,
    stage_since: Option<Timestamp>,
    counted: Option<EvidenceWindow>,
    n_inconclusive: u32,
    /// Nothing is judged before, because a clock was ahead.
    ahead_until: Option<Timestamp>,
    /// The split in force, where it was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    split: Option<Split>,
    fault: Option<ControlFault>,
    #[serde(skip)]
    on_hold: Option<String>,
    #[serde(skip)]
    needed: (u32, u32),
}

impl Shown {
    /// Until when nothing is judged, if a clock was ahead.
    pub(super) const fn ahead_until(&self) -> Option<Timestamp> {
        self.ahead_until
    }

    pub(super) fn new(
        config: &Config,
        standing: &Standing,
        split: Option<Split>,
        now: Timestamp,
    ) -> Self {
        let Standing { rollout, fault } = standing;
        let canary = &rollout.canary;
        let zero = Percent::new(0.0).expect("0 is a percentage");
        let current_pct = match (config.canary.enabled, fault) {
            (false, _) => config.routing.split.treatment_pct,
            (true, Some(_)) => zero,
            (true, None) => canary.treatment_pct,
        };
        Self {
            current_pct,
            consecutive_passes: canary.consecutive_passes,
            consecutive_failures: canary.consecutive_failures,
            phase: canary.phase,
            held: canary.held,
            hold: rollout.hold.clone(),
            on_hold: on_hold(config, rollout),
            enabled: config.canary.enabled,
            version: rollout.version,
            next_pct: config
                .canary
                .policy
                .stages
                .after(canary.treatment_pct)
                .filter(|_| canary.phase.may_advance()),
            candidate: rollout.candidate.clone(),
            boundary: rollout.boundary,
            stage_since: rollout.stage_since,
            counted: canary.counted,
            n_inconclusive: rollout.n_inconclusive,
            ahead_until: rollout.ahead_of(now),
            split,
            fault: fault.clone(),
            needed: (config.canary.policy.passes, config.canary.policy.failures),
        }
    }

    /// The guide's line first.
    pub(super) fn print(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let (passes, failures) = (self.consecutive_passes, self.consecutive_failures);
        writeln!(out, "current_pct={}, consecutive_passes={passes}", self.current_pct)?;
        let held = if self.held { ", held" } else { "" };
        let on_hold = self.on_hold.as_ref().map(|told| pair("held", told));
        let is_frozen = self.split.as_ref().is_some_and(|split| split.frozen);
        let frozen = if is_frozen { ", frozen by an override" } else { "" };
        let phase = if self.enabled { self.phase.name() } else { "switched off (canary.enabled)" };
        let mut rows = vec![
            pair("phase", format_args!("{phase}{held}{frozen}")),
            pair("passes", format_args!("{passes}/{}", self.needed.0)),
            pair("failures", format_args!("{failures}/{}", self.needed.1)),
        ];
        rows.extend(on_hold);
        rows.extend(self.next_pct.map(|next| pair("next stage", format_args!("{next} %"))));
        rows.push(pair("version", self.version));
        rows.extend(self.candidate.as_ref().map(|candidate| pair("on trial", candidate)));
        rows.extend(self.boundary.map(|it| pair("treatment's boundary", it)));
        rows.extend(self.stage_since.map(|since| pair("stage since", since)));
        rows.extend(self.counted.map(|window| pair("counted until", window.until)));
        rows.extend(self.ahead_until.map(|until| {
            pair("blind until", format_args!("{until}, since a clock was ahead; reset it"))
        }));
        rows.extend(self.split.as_ref().map(|split| {
            let pct = split.treatment_pct;
            pair("in force", format_args!("{pct} % in treatment, from {}", split.origin))
        }));
        table::print(out, &rows)
    }
}
