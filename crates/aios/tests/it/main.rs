//! Runs the real program.

// The lints take a module for test code by this mark.
#[cfg(test)]
mod cli;
#[cfg(test)]
mod preflight;
#[cfg(test)]
mod program;
