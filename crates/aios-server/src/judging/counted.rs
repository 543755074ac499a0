//! One look at every objective by what was counted, for whoever looks often: the rows of a day are many.

use std::time::Duration;

use aios_control::sli::Window;
use aios_control::slo::check::{Check, Goldens, Looked, check_with};
use aios_control::slo::{Share, Slo, SloResult};
use aios_core::{Boundary, Bucket, Split, Timestamp, Unread};
use aios_store::{Index, Latencies, Span, StoreError};

use super::{MemoryLook, Minutes, Objectives};

/// Looks at every objective as [`look`](super::look) does. The latency is right within 3 %.
///
/// # Errors
/// When the index cannot be read.
pub fn look_counted(
    objectives: &Objectives,
    (index, minutes): (Option<&Index>, &Minutes),
    goldens: Option<&Goldens>,
    split: &Split,
    memory: MemoryLook,
    now: Timestamp,
) -> Result<Check, StoreError> {
    let since = now.minus(objectives.window);
    let (mut latencies, mut unread) = (Latencies::default(), Unread::default());
    if let Some(index) = index {
        unread = index.unread(&(since..now))?;
        let span = if objectives.window <= HOURS_FROM { Span::Minute } else { Span::Hour };
        index.cells(span, since..now, |cell| latencies.merge(&cell.counts.latencies))?;
    }
    let boundaries: Vec<Boundary> = Bucket::ALL.map(|bucket| split.boundary(bucket)).to_vec();
    let live = Window { recall: memory.recall, ..Window::new(&[]) };
    let has_memory = memory.is_on;
    let looked = Looked { live, unread: &unread, goldens, boundaries: &boundaries, has_memory };
    let judge = |slo: &Slo| {
        counted(slo, minutes, since, &latencies).unwrap_or_else(|| slo.judge_live(&live))
    };
    Ok(check_with(&objectives.slos, &looked, judge))
}

/// In longer windows minutes are too many, and an hour more or less is of no matter.
const HOURS_FROM: Duration = Duration::from_secs(6 * 3_600);

/// What the counts say; none of an objective that is no share of events.
fn counted(
    slo: &Slo,
    minutes: &Minutes,
    since: Timestamp,
    latencies: &Latencies,
) -> Option<SloResult> {
    let share = slo.share()?;
    let first = since.as_secs().div_euclid(60);
    let counted = minutes.tallies().minutes(share);
    let (n, n_bad) = counted
        .iter()
        .filter(|at| at.minute >= first)
        .fold((0, 0), |(n, n_bad), at| (n + at.n, n_bad + at.n_bad));
    let bad_share = n_bad as f64 / n.max(1) as f64;
    let figure = match share {
        Share::Answered => bad_share,
        Share::InTime => latencies.percentile(0.95).unwrap_or(0.0),
        Share::GoodEnough => 1.0 - bad_share,
    };
    Some(slo.judge_counted(figure, n, n_bad))
}
