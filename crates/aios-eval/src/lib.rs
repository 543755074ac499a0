//! Golden cases: questions whose right handling is known, and the check that they get it.
//!
//! A golden set is a file that people write and promote cases into, so that it is read strictly
//! where a slip would weaken the gate (types, ids, expectations) and leniently where it would not
//! (keys that belong to other tools are kept). Nothing here asks anybody: what was seen of the answers comes
//! as an argument, and so does the router.

mod compare;
mod edit;
mod error;
mod expect;
mod fields;
mod golden;
mod hex;
mod judge;
mod lint;
pub mod load;
mod observation;
mod promote;
pub mod render;
mod report;
pub mod retrieval;
mod routing;
mod stats;
mod sweep;

pub use compare::{Comparison, Doubt, DriftError, Outcome, check_drift, unanswered};
pub use edit::{accepted, with_cases};
pub use error::{CaseError, GoldenError};
pub use expect::{Check, EXPECTATION_KEYS, Expectation, Judged, Pattern, Schema, Similar, cosine};
pub use golden::{Asker, BUILT_IN_SET, GoldenCase, GoldenSet, Origin};
pub use judge::{Judgment, Verdict, judge_fingerprint};
pub use lint::{Doubtful, Linted, lint};
pub use observation::Observation;
pub use promote::{Candidate, Facts, Looked, Promoter, Reason};
pub use report::{
    AssertionResult, BaselineRef, Change, Kind, Metrics, REPORT_VERSION, Reference, Replaced,
    Report, ReportError, SetRef, Status, Summary, THRESHOLD, TestResult, Unproven, Unrelated,
    candidate_fingerprint, is_ahead, left_of_report,
};
pub use routing::{Mismatch, RoutingReport, check_routing};
pub use stats::{Shift, mcnemar_worse, mean, median, percentile, ratio, shift, wilson};
pub use sweep::{Swept, reached, sweep};
