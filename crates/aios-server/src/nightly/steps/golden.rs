//! Asks the golden set of the policy on trial, so that the canary's gate has a fresh word on it each morning, also
//! where its boundary has moved since. Where no baseline was recorded there is nothing to compare with, and nobody
//! is asked.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aios_core::Bucket;
use aios_eval::{GoldenSet, Report, Status, check_drift};
use aios_store::{GoldenPaths, read_document, write_document};

use crate::golden::{About, Asker, Run, compared, judge_named};
use crate::nightly::{Night, Outcome, Served, Step};

pub(in crate::nightly) const STEP: Step = Step { name: "golden", run };

/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(300);

fn run(night: &Night) -> Result<Outcome, String> {
    let skipped = |why: &str| Ok(Outcome::Skipped(why.to_owned()));
    let Some(bucket) = night.work.golden else { return skipped("switched off") };
    let Some(served) = &night.served else { return skipped("no server runs that could be asked") };
    if served.needs_key() && night.work.golden_key.is_none() {
        return skipped("client keys are required; name one in nightly.golden_key_env");
    }
    let paths = GoldenPaths::of(night.data_dir.path());
    let Some(baseline) = read(&paths.baseline)? else {
        return skipped("no baseline is recorded; `aios golden record` does it");
    };
    let baseline = Report::trusted(&baseline, night.now)
        .map_err(|error| format!("cannot use {}: {error}", paths.baseline.display()))?;
    let Some(text) = read(&paths.set)? else { return skipped("there is no golden set") };
    let set = GoldenSet::parse(&text)
        .map_err(|error| format!("cannot use {}: {error}", paths.set.display()))?;
    check_drift(&baseline, &set)
        .map_err(|error| format!("{error}; record the baseline anew with `aios golden record`"))?;
    let Some(policy) = served.fingerprint(bucket) else {
        return skipped("nobody may be in treatment: it was emptied, or routing is switched off");
    };
    if night.dry_run {
        let n = set.cases().len();
        return Ok(Outcome::Done(format!("{n} questions would be asked of {bucket}")));
    }
    let report = asked(night, served, bucket, policy, set, &baseline)?;
    let text = serde_json::to_string_pretty(&report).map_err(|error| error.to_string())? + "\n";
    write_document(&paths.report, &text).map_err(|error| error.to_string())?;
    Ok(told(&report))
}

/// The report of a run that could be judged.
fn asked(
    night: &Night,
    served: &Arc<Served>,
    bucket: Bucket,
    policy: String,
    set: GoldenSet,
    baseline: &Report,
) -> Result<Report, String> {
    let (key, threshold) = (night.work.golden_key.as_ref(), night.work.golden_threshold);
    // The baseline's judge: another would make another score of the same answer.
    let judge = baseline.judge.as_deref().and_then(judge_named).unwrap_or_default();
    let asker = Asker::new(served.url(), key, bucket, TIMEOUT, judge);
    let asker = asker.map_err(|error| error.to_string())?;
    let mut run = Run::new(set, asker, baseline.concurrency, &*night.progress);
    // Its own runtime: the server's may end while a night is under way.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime
        .map_err(|error| error.to_string())?
        .block_on(run.ask_until_sure(1, baseline, threshold));
    if served.fingerprint(bucket).as_ref() != Some(&policy) {
        return Err(format!("{bucket} has changed while it was asked; the report was dropped"));
    }
    let about = About { redactor: &night.scanner, now: night.now, fingerprint: Some(policy) };
    let report = compared(&run, baseline, threshold, &about);
    match (report.status, &report.error) {
        // The last report that says something stays; it grows old by itself.
        (Status::Error, why) => Err(why.clone().unwrap_or_default()),
        (Status::Pass | Status::Fail, _) => Ok(report),
    }
}

fn told(report: &Report) -> Outcome {
    let (summary, metrics) = (&report.summary, &report.metrics);
    let told = format!(
        "{} of {}: {}/{} cases passed, {:.0} % main, p95 {:.0} ms",
        report.status.name(),
        report.bucket,
        summary.passed,
        summary.cases,
        metrics.main_model_percent,
        metrics.p95_ms,
    );
    match report.regressions_detected.first() {
        None => Outcome::Done(told),
        Some(first) => {
            let id = first.id.as_ref().map_or_else(String::new, |id| format!(" {id}"));
            Outcome::Violation(format!("{told}; worse: {}{id}: {}", first.what, first.detail))
        }
    }
}

fn read(path: &Path) -> Result<Option<String>, String> {
    read_document(path).map_err(|error| error.to_string())
}
