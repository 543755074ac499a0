//! How well the memory finds, as it was last measured.

use std::path::{Path, PathBuf};

use aios_control::sli::Recall;
use aios_core::Timestamp;
use aios_eval::is_ahead;
use aios_store::{StoreError, read_document, write_document};
use serde::{Deserialize, Serialize};

use super::Objectives;

/// What an evaluation came to, as it is kept beside the questions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RecallReport {
    /// When it was run.
    pub ts: Timestamp,
    /// Questions with an answer.
    pub n: u64,
    /// Mean recall among the first five spans.
    pub recall_at_5: f64,
    /// Most words of five spans.
    pub words_max: usize,
}

/// What is known of the memory.
#[derive(Debug, Clone, Copy, Default)]
pub struct MemoryLook {
    /// Requests use it, so that not to know how well it finds is no excuse.
    pub is_on: bool,
    /// How well it finds.
    pub recall: Option<Recall>,
}

/// Keeps what an evaluation came to.
///
/// # Errors
/// When it cannot be written.
pub fn keep_recall(data_dir: &Path, report: &RecallReport) -> Result<(), StoreError> {
    let mut earlier = recall_trend(data_dir)?;
    let n_over = (earlier.len() + 1).saturating_sub(TREND_MAX);
    earlier.drain(..n_over);
    let kept = Measured { last: *report, earlier };
    write_document(&place(data_dir), &serde_json::json!(kept).to_string()).map(drop)
}

/// Every evaluation that is kept, the oldest first; what cannot be read is none.
///
/// # Errors
/// When the file cannot be read.
pub fn recall_trend(data_dir: &Path) -> Result<Vec<RecallReport>, StoreError> {
    let text = read_document(&place(data_dir))?;
    let kept = text.and_then(|text| serde_json::from_str::<Measured>(&text).ok());
    Ok(kept.map(|kept| [kept.earlier, vec![kept.last]].concat()).unwrap_or_default())
}

/// Evaluations that are kept: more than half a year of nights.
const TREND_MAX: usize = 200;

/// The last evaluation, and those before it.
#[derive(Debug, Serialize, Deserialize)]
struct Measured {
    #[serde(flatten)]
    last: RecallReport,
    /// The oldest first.
    #[serde(default)]
    earlier: Vec<RecallReport>,
}

/// The last evaluation, if it is young enough. What cannot be read says nothing, and is told.
///
/// # Errors
/// When the file cannot be read.
pub fn recall(
    data_dir: &Path,
    objectives: &Objectives,
    now: Timestamp,
) -> Result<Option<Recall>, StoreError> {
    let Some(text) = read_document(&place(data_dir))? else { return Ok(None) };
    let report = match read(&text, now) {
        Ok(report) => report,
        Err(why) => {
            tracing::warn!(why, "retrieval_qa/last_report.json is not looked at");
            return Ok(None);
        }
    };
    let is_young = now.since(report.ts) <= objectives.report_age_max;
    let recall = Recall { ts: report.ts, n: report.n, at_5: report.recall_at_5 };
    Ok(is_young.then_some(recall))
}

/// An evaluation, if it can be one.
fn read(text: &str, now: Timestamp) -> Result<RecallReport, String> {
    let report: RecallReport = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if report.n == 0 {
        return Err("it is of no question".to_owned());
    }
    if !(0.0..=1.0).contains(&report.recall_at_5) {
        return Err(format!("its recall cannot be {}", report.recall_at_5));
    }
    if is_ahead(report.ts, now) {
        return Err(format!("it is of {}, which has not come yet", report.ts));
    }
    Ok(report)
}

fn place(data_dir: &Path) -> PathBuf {
    data_dir.join("retrieval_qa").join("last_report.json")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_evaluation_counts_while_it_is_young() {
        let temp = tempfile::tempdir().unwrap();
        aios_store::DataDir::open(temp.path()).unwrap();
        let ts = Timestamp::from_micros(1_800_000_000_000_000);
        let objectives = Objectives::default();
        let at = |later: Duration| recall(temp.path(), &objectives, ts.plus(later)).unwrap();
        assert_eq!(at(Duration::ZERO), None);
        let report = RecallReport { ts, n: 40, recall_at_5: 0.9, words_max: 950 };
        keep_recall(temp.path(), &report).unwrap();
        assert_eq!(at(objectives.report_age_max), Some(Recall { ts, n: 40, at_5: 0.9 }));
        assert_eq!(at(objectives.report_age_max + Duration::from_secs(1)), None);
        let later = RecallReport { ts: ts.plus(Duration::from_secs(60)), ..report };
        keep_recall(temp.path(), &later).unwrap();
        assert_eq!(recall_trend(temp.path()).unwrap(), [report, later]);
        assert!(at(Duration::ZERO).is_some_and(|recall| recall.ts == later.ts));
        std::fs::write(place(temp.path()), "{}").unwrap();
        assert_eq!(at(Duration::ZERO), None);
        for wrong in [
            RecallReport { n: 0, ..report },
            RecallReport { recall_at_5: 1.5, ..report },
            RecallReport { recall_at_5: -0.5, ..report },
            // Else it would never grow old.
            RecallReport { ts: ts.plus(Duration::from_secs(3_600)), ..report },
        ] {
            keep_recall(temp.path(), &wrong).unwrap();
            assert_eq!(at(Duration::ZERO), None, "{wrong:?}");
        }
    }
}
