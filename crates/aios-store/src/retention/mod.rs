//! How long what is kept is kept.
//!
//! A pure [`plan`] says what is due by the times of events, never by those of files; executing it does
//! step by step what it says. Each step is whole or not done, and a plan that was broken off is made
//! anew from what is there.

mod clock;
mod execute;
mod hold;
mod plan;
mod policy;
mod stop;

pub(crate) use execute::{Ask, check_memory, items, run};
pub use execute::{Rotate, Rotated};
pub use hold::{Hold, HoldId, Holds, NewHold};
pub(crate) use plan::REMOVED_MAX_PCT;
pub use plan::{Held, Item, Plan, Step, plan};
pub use policy::{Class, Policy, Term};
pub use stop::Stop;
