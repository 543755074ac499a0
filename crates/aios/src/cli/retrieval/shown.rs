//! How a measurement is printed.

use std::io::Write;

use aios_eval::retrieval::RetrievalReport;

use crate::cli::table::one_line;

/// Questions with something missing that are shown.
const MISSES_MAX: usize = 20;

/// Prints the figures, then what is missing.
pub(super) fn report(
    out: &mut dyn Write,
    report: &RetrievalReport,
    limits: &str,
) -> anyhow::Result<()> {
    let k = report.k;
    writeln!(out, "Recall@{k}: {:.3}", report.recall)?;
    let interval = report.interval;
    writeln!(
        out,
        "95 %: {:.3} to {:.3}, {} questions with an answer",
        interval.low, interval.high, report.n
    )?;
    writeln!(
        out,
        "hit@{k}: {:.3}  all@{k}: {:.3}  nDCG@{k}: {:.3}",
        report.hit, report.all, report.ndcg
    )?;
    writeln!(out, "{limits}; words: {:.0} mean, {} most", report.words_mean, report.words_max)?;
    writeln!(
        out,
        "leaks: {}  ms: {:.2} median, {:.2} p95",
        report.n_leaks, report.ms_p50, report.ms_p95
    )?;
    if report.n_unanswerable > 0 {
        let (quiet, all) = (report.n_quiet, report.n_unanswerable);
        writeln!(out, "nothing came back for {quiet} of {all} questions that nothing answers")?;
    }
    if report.n_unlabelled > 0 {
        writeln!(out, "passed over: {} proposals that nobody has confirmed", report.n_unlabelled)?;
    }
    if report.n_below_min > 0 {
        writeln!(out, "under their own least recall: {}", report.n_below_min)?;
    }
    for miss in report.misses.iter().take(MISSES_MAX) {
        let question = one_line(&miss.question, 70);
        let missing = one_line(&miss.missing.join(", "), 60);
        writeln!(
            out,
            "  {:.2}  {}  {question}  missing: {missing}",
            miss.recall,
            one_line(&miss.id, 30)
        )?;
    }
    if report.misses.len() > MISSES_MAX {
        writeln!(out, "  … and {} more", report.misses.len() - MISSES_MAX)?;
    }
    Ok(())
}

/// Prints what it comes to for the directory that was asked about; nothing, if it was another one that was measured.
pub(super) fn verdict(
    out: &mut dyn Write,
    report: &RetrievalReport,
    target: f64,
    is_asked: bool,
) -> anyhow::Result<()> {
    let verdict = match report.n {
        _ if !is_asked => "NO DATA (nothing of this directory was measured)",
        0 => "NO DATA",
        _ if report.n_leaks > 0 => "FAIL (leaks)",
        _ if report.recall >= target => "PASS",
        _ => "FAIL",
    };
    writeln!(out, "target {target}: {verdict}")?;
    Ok(())
}
