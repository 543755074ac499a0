//! What the memory must never do, by the tests of the store with larger numbers: give somebody what is another's, lose
//! what it has acknowledged, or erase by halves.

use std::process::Stdio;

use anyhow::Result;

use super::Options;
use super::bars::Limit;
use super::memory::tell;
use super::stand::figure;
use crate::cargo;

/// Calls at random, and times that the process dies in each of two ways.
const CALLS: usize = 1_000_000;
const DEATHS: usize = 1_000;

/// A run of a test of the store: it prints its figures as one line of JSON.
struct Run {
    /// What it is told of how much to do, and that.
    variable: &'static str,
    n: usize,
    n_quick: usize,
    /// Program and name of the test.
    program: &'static str,
    test: &'static str,
    /// Figures by their names in the report. What has a bar must be none at all.
    figures: &'static [(&'static str, &'static str, bool)],
}

const RUNS: [Run; 3] = [
    Run {
        variable: "AIOS_MEMORY_CALLS",
        n: CALLS,
        n_quick: 20_000,
        program: "scopes",
        test: "nothing_comes_back",
        figures: &[
            ("calls", "calls of all kinds, of scopes whose names are nearly the same", false),
            ("found", "  calls that found something", false),
            ("erased", "  conversations and people that were erased meanwhile", false),
            ("leaks", "fragments that came back to somebody else", true),
            ("late", "fragments that came back after they were erased", true),
        ],
    },
    Run {
        variable: "AIOS_MEMORY_DEATHS",
        n: DEATHS,
        n_quick: 30,
        program: "crash",
        test: "killed_at_any_time",
        figures: &[
            ("deaths", "times killed at any time while it kept turns", false),
            ("lost", "turns that were acknowledged and lost", true),
            ("changed", "questions answered otherwise after a rebuild", true),
        ],
    },
    Run {
        variable: "AIOS_MEMORY_DEATHS",
        n: DEATHS,
        n_quick: 30,
        program: "crash",
        test: "at_whichever_step",
        figures: &[
            ("deaths", "times ended at a step of all that it does", false),
            ("points", "  points at which it can end", false),
            ("steps", "  passes of them in one round", false),
            ("lost", "what was acknowledged at a step and lost", true),
            ("half", "erasures that were done by halves", true),
            ("changed", "rounds answered otherwise after a rebuild", true),
        ],
    },
];

/// Runs all, prints their figures; true where every bar is met.
pub(super) fn run(options: &Options) -> Result<bool> {
    // Each is run, whatever has become of those before.
    let mut all_met = true;
    for one in &RUNS {
        all_met &= one.is_met(options.quick);
    }
    Ok(all_met)
}

impl Run {
    fn is_met(&self, quick: bool) -> bool {
        let n = if quick { self.n_quick } else { self.n };
        let store = ["test", "--quiet", "-p", "aios-store", "--features", "fail-points"];
        let mut command = cargo::cargo(&store);
        command.args(["--test", self.program, self.test, "--", "--nocapture"]);
        command.env(self.variable, n.to_string());
        // What is wrong is said by the test, on stderr.
        let Ok(done) = command.stderr(Stdio::inherit()).output() else {
            return self.tell_all(None);
        };
        let said = String::from_utf8_lossy(&done.stdout);
        self.tell_all(report(&said)) && done.status.success()
    }

    /// Without a report no bar is met.
    fn tell_all(&self, report: Option<&str>) -> bool {
        let mut all_met = true;
        for (key, name, is_bar) in self.figures {
            let limit = is_bar.then_some(Limit::AtMost(0.0));
            all_met &= tell(name, report.and_then(|report| figure(report, key)), limit);
        }
        all_met
    }
}

/// The line with the figures.
fn report(said: &str) -> Option<&str> {
    said.lines().find(|line| line.starts_with('{') && line.ends_with('}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_report_or_a_fault_is_not_met() {
        let said =
            "running 1 test\n\n{\"calls\":9,\"found\":5,\"erased\":1,\"leaks\":0,\"late\":0}\n.\n";
        let whole = report(said).unwrap();
        assert!(RUNS[0].tell_all(Some(whole)));
        assert!(!RUNS[0].tell_all(Some(&whole.replace("\"late\":0", "\"late\":1"))));
        assert!(!RUNS[0].tell_all(report("no test was run")));
    }
}
