//! What was lost, and what of it somebody has taken note of.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Serialize;

use super::{ERASED_AGAIN, Fault, Verifier};
use crate::register::{Acknowledged, Rest, Shortfall, acknowledged, names, shortfalls};
use crate::{DataDir, Segments, StoreError};

/// What is wrong, and somebody has taken note of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Known {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub why: String,
    /// Who has, and why it stays so.
    #[serde(flatten)]
    pub acknowledged: Acknowledged,
}

impl Verifier {
    /// What was written down of each segment, against the segments.
    pub(super) fn register(&mut self, dir: &DataDir) -> Result<(), StoreError> {
        let mut acknowledged = acknowledged(dir)?;
        let mut is_known = BTreeSet::new();
        let short = shortfalls(dir, &Segments::of(dir).list()?)?;
        for (name, short) in names(&short).into_iter().zip(short) {
            // What is left of it cannot be read to its end: it stays a fault, and ends nothing.
            let name = name.ok();
            let known = name.as_ref().and_then(|name| acknowledged.remove(name));
            let why = format!("{} (events missing: {})", short.why, short.n_events);
            // What a footer says of itself is named already.
            let is_it = |fault: &Fault| fault.path == short.path && fault.why == short.why;
            let told = self.done.faults.iter().position(is_it);
            match (known, told) {
                (Some(acknowledged), told) => {
                    is_known.extend(told);
                    is_known.extend(self.settled_by(&short));
                    self.done.acknowledged.push(Known { path: short.path, why, acknowledged });
                }
                (None, Some(told)) => self.done.faults[told].loss = name,
                (None, None) => {
                    let fault = Fault::new(&short.path, None, why);
                    self.done.faults.push(Fault { loss: name, ..fault });
                }
            }
        }
        let mut n = 0..;
        self.done.faults.retain(|_| n.next().is_none_or(|n| !is_known.contains(&n)));
        Ok(())
    }

    /// The faults that are none any more where this loss is acknowledged: of a file without a footer all that come of
    /// that, since its name is made of its bytes. What is there of somebody who was erased is not settled by it.
    fn settled_by(&self, short: &Shortfall) -> Vec<usize> {
        let of_segment = short.segment.filter(|_| short.rest == Rest::Bytes);
        let of_segment = of_segment.and_then(|id| self.of_segments.get(&id)).cloned();
        let is_settled = |n: &usize| {
            self.done.faults.get(*n).is_some_and(|fault| !fault.why.ends_with(ERASED_AGAIN))
        };
        of_segment.unwrap_or_default().filter(is_settled).collect()
    }
}
