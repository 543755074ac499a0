//! How treatment differs from control.

use std::ops::Range;

use aios_core::{Bucket, Percent};

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
    /// Nothing, and all requests come from a few conversations that go on for long, each with ways of its own: one is
    /// always slow, another often fails. Which bucket got the bad ones is chance, and stays so.
    Clustered,
}

impl Scenario {
    /// Every scenario.
    pub const ALL: [Self; 9] = [
        Self::Equal,
        Self::Even,
        Self::Errors,
        Self::P95,
        Self::Quality,
        Self::Margin,
        Self::Late,
        Self::Outage,
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
            Self::Clustered => "no difference, few long conversations",
        }
    }

    /// Whether treatment should reach everybody.
    #[must_use]
    pub const fn is_harmless(self) -> bool {
        match self {
            Self::Equal | Self::Even | Self::Outage | Self::Clustered => true,
            Self::Errors | Self::P95 | Self::Quality | Self::Margin | Self::Late => false,
        }
    }

    /// How a bucket serves while this share is in treatment, before the `n`-th look.
    pub(super) fn behavior(self, bucket: Bucket, treatment: Percent, n: u32) -> Behavior {
        let well = Behavior::CONTROL;
        match (self, bucket) {
            (Self::Outage, _) if OUTAGE.contains(&n) => Behavior { error_rate: 0.33, ..well },
            (Self::Late, Bucket::Treatment) if treatment.get() < 50.0 => well,
            (Self::Errors | Self::Late, Bucket::Treatment) => Behavior { error_rate: 0.03, ..well },
            (Self::P95, Bucket::Treatment) => Behavior { slowdown: 1.1, ..well },
            (Self::Quality, Bucket::Treatment) => Behavior { miss_rate: 0.07, ..well },
            (Self::Margin, Bucket::Treatment) => Behavior { error_rate: 0.02, ..well },
            (Self::Equal | Self::Even | Self::Outage | Self::Clustered, Bucket::Treatment)
            | (_, Bucket::Control) => well,
        }
    }
}

/// Looks before which everything is broken.
const OUTAGE: Range<u32> = 4..7;

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
}

/// The guide's own p95.
pub(super) const P95_MS: f64 = 17_700.0;
