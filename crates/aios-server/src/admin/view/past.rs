//! What control has kept, from its end back: a look reads what it shows and some more, not all that ever was.

use std::ops::Range;

use aios_control::ControlEvent;
use aios_core::Timestamp;
use aios_store::{ControlTail, DataDir, Kept, StoreError};

use super::overview::Mark;

/// Lines that one look reads: weeks of verdicts.
const LINES_MAX: usize = 20_000;

/// Decisions of a time, the oldest first.
pub(super) fn marks(dir: &DataDir, times: &Range<Timestamp>) -> Result<Vec<Mark>, StoreError> {
    let mut marks = Vec::new();
    for kept in ControlTail::<ControlEvent>::open(dir)?.take(LINES_MAX) {
        let event = kept?.record;
        if event.at() < times.start {
            break;
        }
        marks.extend(mark(&event).filter(|_| times.contains(&event.at())));
    }
    marks.reverse();
    Ok(marks)
}

/// At most `n` lines with a smaller number than this, the newest first, and whether there are more.
pub(super) fn lines(
    dir: &DataDir,
    before: Option<u64>,
    n: usize,
) -> Result<(Vec<Kept<ControlEvent>>, bool), StoreError> {
    let tail = ControlTail::before(dir, before)?;
    let mut lines = tail.take(n + 1).collect::<Result<Vec<_>, _>>()?;
    let is_more = lines.len() > n;
    lines.truncate(n);
    Ok((lines, is_more))
}

fn mark(event: &ControlEvent) -> Option<Mark> {
    match event {
        ControlEvent::Decision(decided) => Some(Mark {
            at_ms: decided.ts.as_micros() / 1_000,
            kind: decided.decision.name().to_owned(),
            label: decided.decision.to_string(),
        }),
        ControlEvent::Verdict(_) | ControlEvent::Hand(_) | ControlEvent::Standing(_) => None,
    }
}
