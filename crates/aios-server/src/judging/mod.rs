//! From what was kept to what can be judged: the event log's index read into control's rows.
//!
//! One reader serves the running server and commands that look at files. Judging itself is control's
//! work and touches nothing.

mod minutes;
mod rows;

pub use minutes::Minutes;
pub use rows::{each_row, rows};
