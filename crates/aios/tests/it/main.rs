//! Runs the real program.

// The lints take a module for test code by this mark.
#[cfg(test)]
mod alerts;
#[cfg(test)]
mod backup;
#[cfg(test)]
mod bodies;
#[cfg(test)]
mod canary;
#[cfg(test)]
mod chaos;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod dashboard;
#[cfg(test)]
mod data;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod durability;
#[cfg(test)]
mod fallback;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod feedback;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod hangups;
#[cfg(test)]
mod init;
#[cfg(test)]
mod judge;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod loadtest;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod nightly;
#[cfg(test)]
mod pii;
// What the project's own commands start servers at.
#[cfg(test)]
#[path = "../../../../xtask/src/ports.rs"]
mod ports;
#[cfg(test)]
mod preflight;
#[cfg(test)]
mod program;
#[cfg(test)]
mod purpose;
#[cfg(test)]
mod recall;
#[cfg(test)]
mod record;
#[cfg(test)]
mod reload;
#[cfg(test)]
mod retrieval;
#[cfg(test)]
mod rig;
#[cfg(test)]
mod runbook;
#[cfg(test)]
mod sinks;
#[cfg(test)]
mod slo;
#[cfg(all(test, unix))]
mod stopping;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod threats;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod tiers;
#[cfg(test)]
mod tls;
#[cfg(test)]
#[cfg(feature = "otel")]
mod traces;
#[cfg(test)]
mod trust;
