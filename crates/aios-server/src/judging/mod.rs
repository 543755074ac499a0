//! From what was kept to what can be judged: the event log's index read into control's rows.
//!
//! One reader serves the running server and commands that look at files. Judging itself is control's
//! work and touches nothing.

mod budget;
mod counted;
mod hours;
mod look;
mod minutes;
mod objectives;
mod recall;
mod rows;
mod tested;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

pub use budget::{Budget, budgets, exhausted_in};
pub use counted::look_counted;
pub use hours::{Hour, Hours, hours};
pub use look::{figures, goldens, look};
pub use minutes::Minutes;
pub use objectives::Objectives;
pub use recall::{MemoryLook, RecallReport, keep_recall, recall, recall_trend};
pub(crate) use rows::live_row;
pub use rows::{each_row, rows};
pub use tested::{Tested, anchored, tested};
