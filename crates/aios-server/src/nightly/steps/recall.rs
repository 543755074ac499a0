//! Asks the memory questions whose answers are known, keeps what it finds for `aios slo check`, and holds it against
//! the objective.

use aios_memory::Query;

use crate::judging::{RecallReport, keep_recall};
use crate::nightly::{Night, Outcome, Step};
use crate::recall::{Measured, measure};

pub(in crate::nightly) const STEP: Step = Step { name: "recall", run };

/// The objective.
const SLI: &str = "recall_at_5";

fn run(night: &Night) -> Result<Outcome, String> {
    let no_data = |why: &str| Ok(Outcome::Skipped(format!("NODATA: {why}")));
    let Some(ring) = &night.keyring else { return no_data("nothing is stored yet") };
    let report = match measure(&night.data_dir, ring, night.now)? {
        Measured::NoMemory => return no_data("nothing is remembered"),
        Measured::NoQuestions => {
            return no_data("there are no questions; `aios retrieval create` proposes some");
        }
        Measured::Report(report) => report,
    };
    if report.n == 0 {
        return no_data("no question has an answer that somebody has confirmed");
    }
    if !night.dry_run {
        let kept = RecallReport {
            ts: night.now,
            n: report.n as u64,
            recall_at_5: report.recall,
            words_max: Query::WORDS_MAX,
        };
        keep_recall(night.data_dir.path(), &kept).map_err(|error| error.to_string())?;
    }
    let told = format!("recall@5 {:.3} over {} questions", report.recall, report.n);
    if report.n_leaks > 0 {
        let n = report.n_leaks;
        return Ok(Outcome::Violation(format!(
            "{told}; {n} fragments of other conversations came back"
        )));
    }
    let slo = night.objectives.slos.iter().find(|slo| slo.sli.name() == SLI);
    match slo.filter(|slo| report.recall < slo.objective) {
        Some(slo) => Ok(Outcome::Violation(format!(
            "{told}, less than {}; `aios retrieval eval` shows what was missed",
            slo.objective
        ))),
        None => Ok(Outcome::Done(told)),
    }
}
