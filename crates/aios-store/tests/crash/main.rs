//! Crashes at every point at which the store could be broken off.

// The lints take a module for test code by this mark.
#[cfg(test)]
mod audit;
#[cfg(test)]
mod control;
#[cfg(test)]
mod deaths;
#[cfg(test)]
mod erasure;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod points;
#[cfg(test)]
mod sources;
