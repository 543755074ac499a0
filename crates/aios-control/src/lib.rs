//! Judgement and decision, pure: what happened comes in as values and time as an argument; verdicts
//! and decisions come out. Nothing here reads, writes, waits or knows what time it is.
//!
//! The judge ([`judge`]) compares treatment with control of the same minutes and says what is proven.
//! The planner ([`plan`]) turns verdicts into decisions, and the canary's state ([`Canary`]) is a fold
//! over both, so that a restart loses nothing and a decision can be derived again.

#![warn(clippy::wildcard_enum_match_arm)]

mod blocks;
pub mod boundary;
mod canary;
mod cells;
mod evalue;
mod event;
mod evidence;
mod forecast;
pub mod hypothesis;
mod interval;
mod judge;
mod multiple;
mod plan;
pub mod replay;
mod rollout;
mod row;
pub mod simulate;
pub mod sli;
pub mod slo;
mod sources;
mod spoken;
mod srm;
mod stages;

pub use blocks::Shape;
pub use canary::{Canary, Phase, Record};
pub use cells::{Cells, Signs};
pub use evalue::{LAMBDAS, LogWealth, Spread};
pub use event::{ControlEvent, DecisionEvent, HandEvent, StandingEvent, VerdictEvent};
pub use evidence::{Epoch, Evidence, Observation, Testimony};
pub use forecast::{
    Expected, Forecast, Needed, StagePlan, blocks_needed, blocks_still_needed, forecast,
};
pub use interval::{mean, mean_interval};
pub use judge::{Ceilings, JudgePolicy, Judgement, Metric, Question, difference_interval, judge};
pub use multiple::{e_benjamini_hochberg, holm};
pub use plan::{CanaryPolicy, Check, plan};
pub use rollout::{Hand, Held, Rollout};
pub use row::{Row, is_failure};
pub use sources::{Sources, unseen_regression};
pub use stages::{STAGES_MAX, Stages, StagesError};
