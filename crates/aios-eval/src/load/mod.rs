//! Load tests: what was seen of many requests, and whether it is good enough.
//!
//! Latency counts from the moment at which a request should have been sent. A driver that waits for a slow server before
//! it sends the next request never sees how long everybody else would have waited ("coordinated omission"), so a
//! stall of ten seconds looks like one slow request. Here nobody is asked anything: what was seen comes as samples.

mod judge;
mod report;
mod sample;
mod tally;
#[cfg(test)]
mod tests;

pub use judge::{Check, ERROR_RATE_MAX, MAIN_SHARE, NOT_SENT_MAX, P95_MS_MAX, UNKNOWN_MAX, check};
pub use report::{
    About, Difference, Figures, LOAD_REPORT_VERSION, LoadReport, Pace, Routed, Slice, differences,
};
pub use sample::{Cause, Sample};
pub use tally::Tally;
