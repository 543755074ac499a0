//! Command line, configuration and wiring.
//!
//! The only crate that reads the environment, files of settings and the real clock. A command parses,
//! calls a library and prints; what decides anything stands in the crates below.

pub mod cli;
pub mod clock;
pub mod config;
pub mod embedding;
pub mod keys;
pub mod knots;
pub mod otel;
mod page;
pub mod serve;
