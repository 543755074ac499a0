//! The canary: what is kept of it, looked at again and again, and moved.
//!
//! The keeper has the one log of control and is the only one who writes it: the loop, the admin API and,
//! where no server runs, the command line ask it. A line is on disk before anybody sees what follows from
//! it; the state is a fold over the lines, so a crash at any moment leaves the state before or after one.
//!
//! Judging and planning are `aios-control`'s work. Here is what they cannot do: read rows, write lines,
//! know what time it is.

mod check;
mod error;
mod evidence;
mod gate;
mod hand;
mod keeper;
mod listen;
mod metrics;
mod run;
mod settings;
mod standing;
mod step;
#[cfg(test)]
mod tests;

pub use check::{Checked, Look, Quiet};
pub use error::CanaryError;
pub use evidence::RowSource;
pub use gate::{Gate, GateError, Trial};
pub use keeper::{CanaryKeeper, Order, Wish};
pub(crate) use metrics::CanaryMetrics;
pub(crate) use run::{Desk, Report, open, run};
pub use settings::{CanarySettings, ControlConfig};
pub use standing::{Standing, split_of};
