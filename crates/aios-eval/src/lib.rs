//! Golden cases: questions whose right handling is known, and the check that they get it.
//!
//! A golden set is a file that people write and promote cases into, so that it is read strictly
//! where a slip would weaken the gate (types, ids, expectations) and leniently where it would not
//! (keys that belong to other tools are kept). The router comes as an argument: this crate judges
//! what it does and knows nothing of how.

mod error;
mod golden;
mod routing;

pub use error::{CaseError, GoldenError};
pub use golden::{GoldenCase, GoldenSet};
pub use routing::{Mismatch, RoutingReport, check_routing};
