//! What is doubtful about a golden set that can be read.

use crate::expect::{EXPECTATION_KEYS, Expectation};
use crate::golden::{GoldenCase, GoldenSet};
use crate::promote::{is_near, normal};

/// Cases from which on a set says something of rare faults.
const CASES_WANTED: usize = 20;
/// Most letters by which a key differs from the one that was probably meant.
const TYPO_MAX: usize = 2;

/// Something doubtful.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubtful {
    /// It weakens the gate; otherwise it is only good to know.
    pub is_wrong: bool,
    /// The case, if it is about one.
    pub id: Option<String>,
    /// What.
    pub what: String,
}

/// Looks at every case. `n_findings` tells how much personal data is in a text.
#[must_use]
pub fn lint(set: &GoldenSet, n_findings: impl Fn(&str) -> usize) -> Vec<Doubtful> {
    let mut found = Vec::new();
    for case in set.cases() {
        let mut say = |is_wrong: bool, what: String| {
            found.push(Doubtful { is_wrong, id: Some(case.id.clone()), what });
        };
        for key in case.extra.keys() {
            if let Some(meant) = meant(key) {
                say(
                    true,
                    format!(
                        "{key:?} is no key of a case; {meant:?} is, and nothing is expected by a slip"
                    ),
                );
            }
        }
        for (a, b) in contradictions(case) {
            say(true, format!("no answer can both contain and not contain {a:?} and {b:?}"));
        }
        if let Some(pattern) = matches_nothing(case) {
            say(true, format!("the pattern {pattern:?} is found in every text, even an empty one"));
        }
        if n_findings(&case.question) > 0 {
            say(true, "the question holds personal data; `aios pii redact` masks it".to_owned());
        }
        if case.is_candidate {
            say(false, "it is a candidate and decides nothing until it is accepted".to_owned());
        } else if case.expectations.is_empty() {
            say(false, "nothing is expected but an answer".to_owned());
        } else if case.wanted_tier().is_none() {
            say(
                false,
                "no tier is expected, so that another route is only seen in main's share"
                    .to_owned(),
            );
        }
    }
    found.extend(twins(set));
    found.extend(too_few(set));
    found
}

fn meant(key: &str) -> Option<&'static str> {
    let others = ["id", "question", "trait", "system", "request", "status", "origin"];
    let known = EXPECTATION_KEYS.into_iter().chain(others);
    known.into_iter().find(|known| distance(key, known) <= TYPO_MAX)
}

fn contradictions(case: &GoldenCase) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for wanted in &case.expectations {
        let Expectation::Contains(wanted) = wanted else { continue };
        for unwanted in &case.expectations {
            if let Expectation::NotContains(unwanted) = unwanted
                && wanted.to_lowercase().contains(&unwanted.to_lowercase())
            {
                found.push((wanted.clone(), unwanted.clone()));
            }
        }
    }
    found
}

fn matches_nothing(case: &GoldenCase) -> Option<String> {
    case.expectations.iter().find_map(|expectation| match expectation {
        Expectation::Regex(pattern) if pattern.is_in("") => Some(pattern.source().to_owned()),
        _ => None,
    })
}

fn twins(set: &GoldenSet) -> Vec<Doubtful> {
    let normal: Vec<_> = set.cases().iter().map(|case| normal(&case.question)).collect();
    let mut found = Vec::new();
    for (n, (case, text)) in set.cases().iter().zip(&normal).enumerate() {
        if let Some(twin) = normal[..n].iter().position(|other| is_near(other, text)) {
            let what =
                format!("it asks the same as {:?}, which then counts twice", set.cases()[twin].id);
            found.push(Doubtful { is_wrong: false, id: Some(case.id.clone()), what });
        }
    }
    found
}

fn too_few(set: &GoldenSet) -> Option<Doubtful> {
    let n = set.cases().iter().filter(|case| !case.is_candidate).count();
    if n == 0 {
        let what = "no case decides: all are candidates".to_owned();
        return Some(Doubtful { is_wrong: true, id: None, what });
    }
    let unseen = 100.0 * (1.0 - 0.05_f64.powf(1.0 / n as f64));
    let what =
        format!("{n} cases cannot show what goes wrong in fewer than {unseen:.0} % of questions");
    (n < CASES_WANTED).then_some(Doubtful { is_wrong: false, id: None, what })
}

/// How many letters must be put in, left out or changed: Levenshtein.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let changed = corner + usize::from(letter != *other);
            corner = row[j + 1];
            row[j + 1] = changed.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expect: &[&str]) {
        let found = lint(&GoldenSet::parse(json).unwrap(), |text| text.matches('@').count());
        let wrong: Vec<_> =
            found.iter().filter(|one| one.is_wrong).map(|one| one.what.as_str()).collect();
        assert_eq!(wrong.len(), expect.len(), "{wrong:?}");
        for (what, part) in wrong.iter().zip(expect) {
            assert!(what.contains(part), "{what:?} lacks {part:?}");
        }
    }

    #[test]
    fn what_weakens_the_gate_is_wrong() {
        check(r#"[{"id":"a","question":"Q","contains":"x","note":1,"owner":"me"}]"#, &[]);
        check(r#"[{"id":"a","question":"Q","contain":"x"}]"#, &["\"contain\" is no key"]);
        check(r#"[{"id":"a","question":"Q","expectd_tier":"main"}]"#, &["\"expected_tier\" is"]);
        check(
            r#"[{"id":"a","question":"Q","contains":"Red car","not_contains":"red"}]"#,
            &["both contain"],
        );
        check(r#"[{"id":"a","question":"Q","regex":"x*"}]"#, &["every text"]);
        check(r#"[{"id":"a","question":"mail a@b"}]"#, &["personal data"]);
        check(r#"[{"id":"a","question":"Q","status":"candidate"}]"#, &["all are candidates"]);
    }

    #[test]
    fn the_rest_is_good_to_know() {
        let json = r#"[{"id":"a","question":"Why is it so?","expected_tier":"main"},{"id":"b","question":"why is it so"}]"#;
        let found = lint(&GoldenSet::parse(json).unwrap(), |_| 0);
        let told: Vec<_> = found.iter().map(|one| one.what.as_str()).collect();
        assert!(told[0].contains("nothing is expected"), "{told:?}");
        assert!(told[1].contains("the same as \"a\""), "{told:?}");
        assert!(told[2].contains("fewer than 78 %"), "{told:?}");
    }
}
