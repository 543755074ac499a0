//! One look at every objective: what live traffic says of it, what the last golden report says, and
//! what follows.
//!
//! Either witness may break an objective, and one of them must speak for it: where neither can, that
//! is no data, which is never a pass. A golden report is no sample, so its figures are taken as they
//! are; live traffic breaks an objective only where that is proven.
//!
//! What could not be read of live traffic may have broken any objective. So one line that is lost leaves
//! nothing that is known to be kept: no data, whatever the goldens say. What is broken stays broken.

use std::fmt;

use aios_core::{Boundary, Timestamp, Unread, Verdict};
use serde::Serialize;

use super::{Good, Slo, SloResult};
use crate::sli::Window;

/// Figures of a golden report or a recorded baseline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Goldens {
    /// When it was made, where it says so.
    pub ts: Option<Timestamp>,
    /// Cases in it.
    pub n: u64,
    /// Share of cases that passed.
    pub pass_rate: Option<f64>,
    /// The latency that 95 % of cases did not exceed.
    pub latency_ms_p95: Option<f64>,
    /// Share of cases that failed to be answered.
    pub error_rate: Option<f64>,
    /// Recall among the first five fragments.
    pub recall_at_5: Option<f64>,
}

impl Goldens {
    fn figure(&self, slo: &str) -> Option<f64> {
        match slo {
            "pass_rate" => self.pass_rate,
            "latency_ms_p95" => self.latency_ms_p95,
            "error_rate" => self.error_rate,
            "recall_at_5" => self.recall_at_5,
            _ => None,
        }
    }
}

/// What an objective is held against.
#[derive(Debug, Clone, Copy)]
pub struct Looked<'a> {
    /// Live traffic.
    pub live: Window<'a>,
    /// What of it could not be read.
    pub unread: &'a Unread,
    /// A golden report that is young enough.
    pub goldens: Option<&'a Goldens>,
    /// The boundaries that routing applies now.
    pub boundaries: &'a [Boundary],
    /// Whether anything is remembered between requests; where not, nothing need be found.
    pub has_memory: bool,
}

/// Who says something of an objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Witness {
    /// Live traffic.
    Live,
    /// A golden report.
    Goldens,
    /// Routing as it is set.
    Routing,
}

impl Witness {
    const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Goldens => "goldens",
            Self::Routing => "routing",
        }
    }
}

/// What one witness says of one objective.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Statement {
    /// Who says it.
    pub witness: Witness,
    /// Kept, broken, or too little to go by.
    pub verdict: Verdict,
    /// The figure.
    pub figure: f64,
    /// What it rests on.
    pub n: u64,
    /// Bad ones among them, where the objective is a share.
    pub n_bad: Option<u64>,
    /// The figure is on the wrong side of the objective, which may well be chance.
    pub unproven: bool,
}

/// How one objective is kept.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checked {
    /// The indicator.
    pub slo: &'static str,
    /// One verdict of all statements.
    pub verdict: Verdict,
    /// On which side of the objective it is good.
    pub good: Good,
    /// The objective.
    pub objective: f64,
    /// Who says what.
    pub statements: Vec<Statement>,
    /// It is not asked for here.
    pub is_off: bool,
}

/// How all objectives are kept.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// Broken if one is, met only if every one is and all that was written could be read.
    pub verdict: Verdict,
    /// What of live traffic could not be read.
    pub unread: Unread,
    /// Each objective.
    pub slos: Vec<Checked>,
}

/// Looks at every objective.
#[must_use]
pub fn check(slos: &[Slo], looked: &Looked<'_>) -> Check {
    check_with(slos, looked, |slo| slo.judge_live(&looked.live))
}

/// The same, where what live traffic says of an objective was found in another way, such as from counts.
#[must_use]
pub fn check_with(
    slos: &[Slo],
    looked: &Looked<'_>,
    judge_live: impl Fn(&Slo) -> SloResult,
) -> Check {
    let slos: Vec<_> = slos.iter().map(|slo| checked(slo, looked, &judge_live(slo))).collect();
    let of_log = (!looked.unread.is_none()).then_some(Verdict::NoData);
    let verdicts = slos.iter().filter(|slo| !slo.is_off).map(|slo| slo.verdict).chain(of_log);
    Check { verdict: all_of(verdicts), unread: looked.unread.clone(), slos }
}

fn checked(slo: &Slo, looked: &Looked<'_>, of_live: &SloResult) -> Checked {
    let name = slo.sli.name();
    let statements: Vec<_> =
        [live(of_live), goldens(slo, looked), routing(slo, looked)].into_iter().flatten().collect();
    let any = |verdict| statements.iter().any(|statement| statement.verdict == verdict);
    let verdict = if any(Verdict::Breached) {
        Verdict::Breached
    } else if any(Verdict::Met) {
        Verdict::Met
    } else {
        Verdict::NoData
    };
    let is_off = name == "recall_at_5" && statements.is_empty() && !looked.has_memory;
    Checked { slo: name, verdict, good: slo.good, objective: slo.objective, statements, is_off }
}

fn live(result: &SloResult) -> Option<Statement> {
    result.measured.map(|measured| Statement {
        witness: Witness::Live,
        verdict: result.verdict,
        figure: measured.figure,
        n: measured.n,
        n_bad: measured.n_bad,
        unproven: result.unproven,
    })
}

fn goldens(slo: &Slo, looked: &Looked<'_>) -> Option<Statement> {
    let goldens = looked.goldens.filter(|goldens| goldens.n > 0)?;
    let figure = goldens.figure(slo.sli.name())?;
    Some(said(slo, Witness::Goldens, figure, goldens.n))
}

fn routing(slo: &Slo, looked: &Looked<'_>) -> Option<Statement> {
    if slo.sli.name() != "boundary_drift" {
        return None;
    }
    let baseline = looked.live.baseline_boundary.get();
    let drifts = looked.boundaries.iter().map(|boundary| (boundary.get() - baseline).abs());
    let figure = drifts.reduce(f64::max)?;
    Some(said(slo, Witness::Routing, figure, looked.boundaries.len() as u64))
}

/// What is no sample is taken as it is.
fn said(slo: &Slo, witness: Witness, figure: f64, n: u64) -> Statement {
    let verdict = if slo.is_kept_by(figure) { Verdict::Met } else { Verdict::Breached };
    Statement { witness, verdict, figure, n, n_bad: None, unproven: false }
}

fn all_of(verdicts: impl Iterator<Item = Verdict> + Clone) -> Verdict {
    if verdicts.clone().any(|verdict| verdict == Verdict::Breached) {
        Verdict::Breached
    } else if verdicts.clone().count() == 0 || verdicts.clone().any(|it| it == Verdict::NoData) {
        Verdict::NoData
    } else {
        Verdict::Met
    }
}

/// The guide's line: what is broken or unknown stands first.
impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.verdict == Verdict::Met { "QUALITY_OK" } else { "QUALITY_ALERT" })?;
        if !self.unread.is_none() {
            write!(f, " event_log=NODATA[unread={}", self.unread.n_lines)?;
            self.unread.first.as_ref().map_or(Ok(()), |first| write!(f, " first={first}"))?;
            f.write_str("]")?;
        }
        let is_good = |slo: &&Checked| slo.is_off || slo.verdict == Verdict::Met;
        let (good, bad): (Vec<_>, Vec<_>) = self.slos.iter().partition(is_good);
        bad.into_iter().chain(good).try_for_each(|slo| write!(f, " {slo}"))
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let objective = short(self.objective);
        if self.is_off {
            return write!(f, "{}=off", self.slo);
        }
        if self.statements.is_empty() {
            return write!(f, "{}=NODATA{}{objective}[n=0]", self.slo, self.good);
        }
        for (n, one) in self.statements.iter().enumerate() {
            let between = if n == 0 { "" } else { " " };
            let figure = short(one.figure);
            let (figure, relation) = match (one.verdict, self.good) {
                (Verdict::NoData, good) => (format!("NODATA({figure})"), good.to_string()),
                (Verdict::Met, good) if !one.unproven => (figure, good.to_string()),
                (Verdict::Met, _) => (figure, "~".to_owned()),
                (Verdict::Breached, Good::AtLeast) => (figure, "<".to_owned()),
                (Verdict::Breached, Good::AtMost) => (figure, ">".to_owned()),
            };
            write!(
                f,
                "{between}{}={figure}{relation}{objective}[{} n={}",
                self.slo,
                one.witness.name(),
                one.n
            )?;
            if let Some(n_bad) = one.n_bad {
                write!(f, " bad={n_bad}")?;
            }
            f.write_str("]")?;
        }
        Ok(())
    }
}

/// Shares to a thousandth, milliseconds whole.
fn short(figure: f64) -> String {
    if figure.abs() >= 100.0 {
        return format!("{figure:.0}");
    }
    let text = format!("{figure:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use aios_core::{BOUNDARY_DEFAULT, Outcome, UnreadAt};

    use super::*;
    use crate::row::Row;
    use crate::row::tests::row;
    use crate::slo::default_slos;

    fn goldens(pass_rate: f64) -> Goldens {
        Goldens {
            ts: None,
            n: 10,
            pass_rate: Some(pass_rate),
            latency_ms_p95: Some(17_700.0),
            error_rate: Some(0.0),
            recall_at_5: None,
        }
    }

    fn line(rows: &[Row], goldens: Option<&Goldens>, has_memory: bool) -> String {
        let slos: Vec<_> = default_slos().into_iter().map(|slo| Slo { n_min: 30, ..slo }).collect();
        let looked = Looked {
            live: Window::new(rows),
            goldens,
            boundaries: &[BOUNDARY_DEFAULT],
            has_memory,
            unread: &Unread::default(),
        };
        check(&slos, &looked).to_string()
    }

    #[test]
    fn what_could_not_be_read_leaves_nothing_known_to_be_kept_and_nothing_broken_whole() {
        let slos: Vec<_> = default_slos().into_iter().map(|slo| Slo { n_min: 30, ..slo }).collect();
        let good: Vec<Row> = (0..100).map(|n| Row { quality: Some(1.0), ..row(n) }).collect();
        let of = |n_lines: u64, pass_rate: f64| {
            let first = UnreadAt { file: "a.ndjson".into(), line: Some(3), why: String::new() };
            let unread = Unread { n_lines, first: (n_lines > 0).then_some(first) };
            let looked = Looked {
                live: Window::new(&good),
                goldens: Some(&goldens(pass_rate)),
                boundaries: &[BOUNDARY_DEFAULT],
                has_memory: false,
                unread: &unread,
            };
            check(&slos, &looked)
        };
        assert_eq!(of(0, 1.0).verdict, Verdict::Met);
        let lost = of(1, 1.0);
        assert_eq!(lost.verdict, Verdict::NoData);
        let line = lost.to_string();
        assert!(
            line.starts_with(
                "QUALITY_ALERT event_log=NODATA[unread=1 first=a.ndjson:3] pass_rate=1"
            ),
            "{line}"
        );
        assert_eq!(of(1, 0.5).verdict, Verdict::Breached);
    }

    #[test]
    fn a_report_alone_can_speak_for_a_fresh_installation() {
        assert_eq!(
            line(&[], Some(&goldens(1.0)), false),
            "QUALITY_OK pass_rate=1>=0.95[goldens n=10] latency_ms_p95=17700<=20000[goldens n=10] \
             boundary_drift=0<=0.08[routing n=1] recall_at_5=off error_rate=0<=0.01[goldens n=10]"
        );
        let line = line(&[], Some(&goldens(0.9)), true);
        assert!(
            line.starts_with(
                "QUALITY_ALERT pass_rate=0.9<0.95[goldens n=10] recall_at_5=NODATA>=0.85[n=0] "
            ),
            "{line}"
        );
    }

    #[test]
    fn nothing_to_go_by_is_never_ok() {
        let line = line(&[], None, false);
        assert!(line.starts_with("QUALITY_ALERT pass_rate=NODATA>=0.95[n=0] "), "{line}");
        let empty = Goldens { n: 0, ..goldens(1.0) };
        assert!(super::tests::line(&[], Some(&empty), false).starts_with("QUALITY_ALERT"));
    }

    #[test]
    fn either_witness_may_break_an_objective() {
        let good: Vec<Row> = (0..100).map(|n| Row { quality: Some(1.0), ..row(n) }).collect();
        assert!(line(&good, Some(&goldens(1.0)), false).starts_with("QUALITY_OK "));
        assert!(line(&good, None, false).starts_with("QUALITY_OK "));
        assert!(line(&good, Some(&goldens(0.9)), false).starts_with(
            "QUALITY_ALERT pass_rate=1>=0.95[live n=100 bad=0] pass_rate=0.9<0.95[goldens n=10] "
        ));
        let mut bad = good;
        bad[..9].iter_mut().for_each(|row| row.outcome = Outcome::Timeout);
        let line = line(&bad, Some(&goldens(1.0)), false);
        assert!(line.contains("error_rate=0.09>0.01[live n=100 bad=9]"), "{line}");
    }

    #[test]
    fn one_bad_request_in_thirty_is_no_alert_and_is_told() {
        let mut rows: Vec<Row> = (0..30).map(row).collect();
        rows[7].outcome = Outcome::Timeout;
        let line = line(&rows, Some(&goldens(1.0)), false);
        assert!(line.starts_with("QUALITY_OK "), "{line}");
        assert!(line.contains("error_rate=0.033~0.01[live n=30 bad=1]"), "{line}");
    }
}
