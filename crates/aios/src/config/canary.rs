//! `[canary]`.

use std::time::Duration;

use aios_control::boundary::{BoundaryPolicy, REACH_MAX};
use aios_control::{CanaryPolicy, Ceilings, Sources, Stages};
use aios_server::{CanarySettings, ControlConfig};

use super::Config;
use super::file;
use super::resolve::Resolver;

/// An answer of less quality is not good enough.
const QUALITY_MIN: f64 = 0.5;

/// `[canary]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Canary {
    /// Whether the canary moves the share in treatment.
    pub enabled: bool,
    check_every: Duration,
    /// How many verdicts move it.
    pub policy: CanaryPolicy,
    sources: Sources,
    error_margin: f64,
    quality_margin: f64,
    latency_margin: f64,
    quality_required: bool,
    /// How much slower, or how much of routing elsewhere, a golden report may let pass.
    pub golden_threshold: f64,
    boundary: BoundaryPolicy,
}

impl Config {
    /// What control needs.
    #[must_use]
    pub fn control(&self) -> ControlConfig {
        let (split, canary) = (&self.routing.split, &self.canary);
        ControlConfig {
            split: split.clone(),
            canary: CanarySettings {
                enabled: canary.enabled,
                check_every: canary.check_every,
                start: split.treatment_pct,
                policy: canary.policy,
                sources: canary.sources,
                error_margin: canary.error_margin,
                quality_margin: canary.quality_margin,
                latency_margin: canary.latency_margin,
                quality_required: canary.quality_required,
                ceilings: Ceilings::of(&self.objectives.slos),
                quality_min: QUALITY_MIN,
                boundaries: (split.control_boundary, split.treatment_boundary),
                boundary: self.boundary(),
                golden_threshold: canary.golden_threshold,
                settle: self.upstream.timeouts.total,
                term: self.events.log.retention.audit,
            },
        }
    }
}

impl Config {
    /// The boundary is held to the objectives, too: the embedder's answers near it must be as good as all, and it goes no
    /// further by itself than its drift may.
    fn boundary(&self) -> BoundaryPolicy {
        let asked = |name: &str| {
            self.objectives.slos.iter().find(|slo| slo.sli.name() == name).map(|slo| slo.objective)
        };
        let BoundaryPolicy { pass_rate_min, reach, .. } = self.canary.boundary;
        BoundaryPolicy {
            pass_rate_min: asked("pass_rate").unwrap_or(pass_rate_min),
            reach: asked("boundary_drift").unwrap_or(reach).min(REACH_MAX),
            ..self.canary.boundary
        }
    }
}

impl Resolver<'_> {
    pub(super) fn canary(&mut self, file: &file::Canary) -> Canary {
        Canary {
            enabled: file.enabled,
            check_every: self.duration("canary.check_every", &file.check_every, false),
            policy: CanaryPolicy {
                stages: self.stages(&file.stages),
                passes: self.count("canary.passes", file.passes, 1..=1_000),
                failures: self.count("canary.failures", file.failures, 1..=1_000),
                golden_gate: file.golden_gate,
                ..CanaryPolicy::default()
            },
            sources: self.choice("canary.evidence", &file.evidence, &Sources::NAMES),
            error_margin: self.margin("canary.error_margin", file.error_margin, 0.1),
            quality_margin: self.margin("canary.quality_margin", file.quality_margin, 0.1),
            latency_margin: self.margin("canary.latency_margin", file.latency_margin, 1.0),
            quality_required: file.quality_required,
            golden_threshold: self.margin("canary.golden_threshold", file.golden_threshold, 10.0),
            boundary: BoundaryPolicy {
                step: self.reach("canary.boundary_step", file.boundary_step),
                per_day_max: self.reach("canary.boundary_per_day", file.boundary_per_day),
                quality_min: QUALITY_MIN,
                ..BoundaryPolicy::default()
            },
        }
    }

    fn stages(&mut self, shares: &[f64]) -> Stages {
        Stages::new(shares).unwrap_or_else(|error| {
            self.refuse("canary.stages", error.to_string());
            Stages::default()
        })
    }

    /// 0 is no movement; further than it may ever be away there is nowhere to go.
    fn reach(&mut self, key: &str, value: f64) -> f64 {
        if !(0.0..=REACH_MAX).contains(&value) {
            self.refuse(key, format!("must be from 0 to {REACH_MAX}, not {value}"));
        }
        value
    }

    /// A bettor must not be able to lose more than there is, which a wider margin would allow.
    fn margin(&mut self, key: &str, value: f64, most: f64) -> f64 {
        if !(value > 0.0 && value <= most) {
            self.refuse(key, format!("must be above 0 and at most {most}, not {value}"));
        }
        value
    }
}
