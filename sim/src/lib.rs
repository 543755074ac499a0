//! The real pipeline and the real controller under a seeded clock, scripted models and a faulty disk.
//!
//! A seed is a script ([`script`]): clients that ask, leave and come back, models that fail, a disk that
//! fails, a clock that jumps, operators, erasures, crashes. It is run against a deployment on a directory of
//! its own ([`run`]), and after each step everything that must hold is checked. The same seed comes to the
//! same, to the byte.

mod acts;
mod canary;
mod client;
mod clock;
mod death;
mod digest;
mod files;
mod home;
mod invariants;
mod panics;
mod planted;
mod random;
mod reached;
mod run;
mod seed;
mod setup;
mod shrink;
mod step;
#[cfg(test)]
mod tests;
mod text;
mod truth;
mod world;

/// Of what several seeds have come to, in a few characters: the same on every machine.
#[must_use]
pub fn digest_of<'a>(digests: impl Iterator<Item = &'a str>) -> String {
    digest::of_all(digests)
}

pub use home::Home;
pub use planted::Planted;
pub use reached::Reached;
pub use seed::{Outcome, Violation, run, run_twice};
pub use shrink::shrink;
pub use step::{Ask, Kind, Order, Sent, Step, Talk, script};
