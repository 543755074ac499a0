//! Golden runs: asking a gateway the questions of a golden set, and the report of what came of it.
//!
//! The gateway is asked over HTTP like by anybody else, or taken the questions to by whoever has it in the same process
//! ([`Post`]). They are marked as no live traffic, so that a run sees what clients see. Commands and the night's work run it
//! alike; judging what was seen is `aios-eval`'s work.

mod asker;
mod measure;
mod reference;
mod report;
mod runner;

pub use asker::{Asker, Judge, Post};
pub use reference::{ReferenceError, reference};
pub use report::{About, compared, draft, judge_name, judge_named};
pub use runner::Run;
