//! How treatment differs from control.

use std::ops::Range;

use aios_core::{Bucket, Percent};

use crate::canary::Canary;
use crate::judge::Metric;
use crate::stages::Stages;

/// What is wrong with treatment, if anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// Nothing.
    Equal,
    /// Nothing, and of each ten conversations exactly so many are in treatment as the share says. By chance
    /// now one bucket and now the other has too few for a block, which costs some looks.
    Even,
    /// It fails three times as often: 3 % instead of 1 %.
    Errors,
    /// Everything takes a tenth longer.
    P95,
    /// 93 % of its answers are good enough, instead of 97 %.
    Quality,
    /// It fails exactly as much more often as the margin says: 2 % instead of 1 %.
    Margin,
    /// It fails three times as often, from the stage of 50 % on.
    Late,
    /// Nothing, but for three looks a third of everything fails, in both buckets.
    Outage,
    /// Nothing, but both fail a quarter more often than the objective allows.
    Over,
    /// The same, where an operator keeps it at the last stage before everybody: nothing ends the looking, and control is the
    /// smaller side.
    Held,
    /// Nothing, and all requests come from a few conversations that go on for long, each with ways of its own: one is
    /// always slow, another often fails. Which bucket got the bad ones is chance, and stays so.
    Clustered,
}

impl Scenario {
    /// Every scenario.
    pub const ALL: [Self; 11] = [
        Self::Equal,
        Self::Even,
        Self::Errors,
        Self::P95,
        Self::Quality,
        Self::Margin,
        Self::Late,
        Self::Outage,
        Self::Over,
        Self::Held,
        Self::Clustered,
    ];

    /// Name on the command line and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Even => "even",
            Self::Errors => "errors",
            Self::P95 => "p95",
            Self::Quality => "quality",
            Self::Margin => "margin",
            Self::Late => "late",
            Self::Outage => "outage",
            Self::Over => "over",
            Self::Held => "held",
            Self::Clustered => "clustered",
        }
    }

    /// In a few words.
    #[must_use]
    pub const fn told(self) -> &'static str {
        match self {
            Self::Equal => "no difference",
            Self::Even => "no difference, dealt evenly",
            Self::Errors => "errors 1 -> 3 %",
            Self::P95 => "p95 +10 %",
            Self::Quality => "quality 97 -> 93 %",
            Self::Margin => "errors 1 -> 2 %, exactly at the margin",
            Self::Late => "errors 1 -> 3 % from 50 % on",
            Self::Outage => "no difference, an outage of both",
            Self::Over => "no difference, both just over the objective",
            Self::Held => "no difference, both just over it, held at the last stage",
            Self::Clustered => "no difference, few long conversations",
        }
    }

    /// By how much treatment is worse, and in what; none where it should reach everybody.
    pub(super) const fn harm(self) -> Option<(Metric, f64)> {
        match self {
            Self::Errors | Self::Late => Some((Metric::Errors, 0.02)),
            Self::Margin => Some((Metric::Errors, 0.01)),
            Self::P95 => Some((Metric::Latency, 0.1)),
            Self::Quality => Some((Metric::Quality, 0.04)),
            Self::Equal | Self::Even | Self::Outage | Self::Over | Self::Held | Self::Clustered => {
                None
            }
        }
    }

    /// How a bucket serves while this share is in treatment, before the `n`-th look, where so many errors may be.
    pub(super) fn behavior(
        self,
        bucket: Bucket,
        treatment: Percent,
        n: u32,
        errors_max: f64,
    ) -> Behavior {
        let well = Behavior::CONTROL;
        match (self, bucket) {
            (Self::Outage, _) if OUTAGE.contains(&n) => Behavior { error_rate: 0.33, ..well },
            (Self::Over | Self::Held, _) => Behavior { error_rate: OVER * errors_max, ..well },
            (_, Bucket::Control) => well,
            (Self::Late, Bucket::Treatment) if treatment.get() < 50.0 => well,
            (_, Bucket::Treatment) => well.harmed(self.harm()),
        }
    }

    /// Where the rollout begins.
    pub(super) fn begins(self, stages: &Stages) -> Canary {
        let first = Canary::at(stages.first());
        if self != Self::Held {
            return first;
        }
        let last = stages.iter().take_while(|stage| stage.get() < 100.0).last();
        Canary { held: true, ..last.map_or(first, Canary::at) }
    }

    /// Most looks, where nothing ends them.
    pub(super) const fn checks_max(self) -> u32 {
        if matches!(self, Self::Held) { 100 } else { u32::MAX }
    }
}

/// Looks before which everything is broken.
const OUTAGE: Range<u32> = 4..7;

/// What is just over an objective, in its parts.
const OVER: f64 = 1.25;

/// How a bucket serves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Behavior {
    pub(super) error_rate: f64,
    pub(super) miss_rate: f64,
    pub(super) slowdown: f64,
}

impl Behavior {
    /// The guide's own figures: 1 % errors, 97 % good answers.
    pub(super) const CONTROL: Self = Self { error_rate: 0.01, miss_rate: 0.03, slowdown: 1.0 };

    fn harmed(self, harm: Option<(Metric, f64)>) -> Self {
        match harm {
            None => self,
            Some((Metric::Errors, more)) => Self { error_rate: self.error_rate + more, ..self },
            Some((Metric::Quality, more)) => Self { miss_rate: self.miss_rate + more, ..self },
            Some((Metric::Latency, more)) => Self { slowdown: self.slowdown + more, ..self },
        }
    }
}

/// The guide's own p95, which made-up latencies have in control.
pub const P95_MS: f64 = 17_700.0;
