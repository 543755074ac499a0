//! What is wrong with a golden set, and what is doubtful about what can be read of it.

use serde_json::Value;

use crate::error::GoldenError;
use crate::expect::{EXPECTATION_KEYS, Expectation};
use crate::golden::{GoldenCase, read_case, twice, values};
use crate::promote::{is_near, normal};

/// Cases from which on a set says something of rare faults.
const CASES_WANTED: usize = 20;
/// Most letters by which a key differs from the one that was probably meant.
const TYPO_MAX: usize = 2;

/// What was found in a set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Linted {
    /// Cases in it, also those that cannot be read.
    pub n_cases: usize,
    /// Everything that was found.
    pub found: Vec<Doubtful>,
}

/// Something wrong or doubtful.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubtful {
    /// The set cannot be used so, or it weakens the gate; otherwise it is only good to know.
    pub is_wrong: bool,
    /// The case, if it is about one.
    pub id: Option<String>,
    /// What.
    pub what: String,
}

impl Linted {
    /// Whether the set should not be used as it is.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        self.found.iter().any(|one| one.is_wrong)
    }
}

/// Looks at every case of a set's text, also where it cannot be used: whoever corrects it wants to know of all faults,
/// not of the first. `n_findings` tells how much personal data is in a text.
#[must_use]
pub fn lint(json: &str, n_findings: impl Fn(&str) -> usize) -> Linted {
    let values = match values(json) {
        Ok(values) if values.is_empty() => return Linted::unusable(&GoldenError::Empty),
        Ok(values) => values,
        Err(error) => return Linted::unusable(&error),
    };
    let n_cases = values.len();
    let (mut cases, mut faults) = (Vec::new(), Vec::new());
    for (place, value) in values.into_iter().enumerate() {
        match read_case((place, value.clone())) {
            Ok(case) => cases.push((place, case)),
            Err(first) => faults.extend(faults_of(place, value, first)),
        }
    }
    faults.extend(twice(cases.iter().map(|(place, case)| (*place, case))));
    let cases: Vec<GoldenCase> = cases.into_iter().map(|(_, case)| case).collect();
    let faults = faults.iter().map(Doubtful::of);
    let doubtful = doubtful(&cases, n_findings);
    Linted { n_cases, found: faults.chain(doubtful).collect() }
}

impl Linted {
    fn unusable(error: &GoldenError) -> Self {
        Self { n_cases: 0, found: vec![Doubtful::of(error)] }
    }
}

impl Doubtful {
    fn of(error: &GoldenError) -> Self {
        let (id, what) = match error {
            GoldenError::Case { id: Some(id), error, .. } => (Some(id.clone()), error.to_string()),
            GoldenError::DuplicateId { id, .. } => (Some(id.clone()), error.to_string()),
            GoldenError::Case { id: None, .. }
            | GoldenError::NotJson { .. }
            | GoldenError::NotAList { .. }
            | GoldenError::Empty => (None, error.to_string()),
        };
        Self { is_wrong: true, id, what }
    }
}

/// Every fault of a case that cannot be read: what was found is put right, until nothing more is found.
fn faults_of(place: usize, mut value: Value, first: GoldenError) -> Vec<GoldenError> {
    let named = value.get("id").and_then(Value::as_str).map(str::to_owned);
    let mut faults = Vec::new();
    let mut next = Some(first);
    while let Some(GoldenError::Case { index, error, .. }) = next {
        let key = error.key();
        faults.push(GoldenError::Case { index, id: named.clone(), error });
        let (Some(key), Value::Object(fields)) = (key, &mut value) else { break };
        match key {
            "id" | "question" => drop(fields.insert(key.to_owned(), "x".into())),
            _ if fields.remove(key).is_none() => break,
            _ => {}
        }
        next = read_case((place, value.clone())).err();
    }
    faults
}

fn doubtful(cases: &[GoldenCase], n_findings: impl Fn(&str) -> usize) -> Vec<Doubtful> {
    let mut found = Vec::new();
    for case in cases {
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
    found.extend(twins(cases));
    found.extend(too_few(cases));
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

fn twins(cases: &[GoldenCase]) -> Vec<Doubtful> {
    let normal: Vec<_> = cases.iter().map(|case| normal(&case.question)).collect();
    let mut found = Vec::new();
    for (n, (case, text)) in cases.iter().zip(&normal).enumerate() {
        if let Some(twin) = normal[..n].iter().position(|other| is_near(other, text)) {
            let what = format!("it asks the same as {:?}, which then counts twice", cases[twin].id);
            found.push(Doubtful { is_wrong: false, id: Some(case.id.clone()), what });
        }
    }
    found
}

fn too_few(cases: &[GoldenCase]) -> Option<Doubtful> {
    let n = cases.iter().filter(|case| !case.is_candidate).count();
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
        let found = lint(json, |text| text.matches('@').count()).found;
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
        let found = lint(json, |_| 0).found;
        let told: Vec<_> = found.iter().map(|one| one.what.as_str()).collect();
        assert!(told[0].contains("nothing is expected"), "{told:?}");
        assert!(told[1].contains("the same as \"a\""), "{told:?}");
        assert!(told[2].contains("fewer than 78 %"), "{told:?}");
    }

    /// Each line is a case and what is wrong with it.
    fn wrong(json: &str) -> String {
        let found = lint(json, |_| 0).found.into_iter().filter(|one| one.is_wrong);
        let lines = found.map(|one| format!("{}: {}", one.id.unwrap_or_default(), one.what));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn every_fault_is_named_with_its_case() {
        let json = r#"[{"id":"a","question":5},
            {"id":"b","question":7,"expected_tier":"banana","regex":"("},
            {"question":" ","trait":[]},
            7,
            {"id":"c","question":"Q","contain":"x"},
            {"id":"c","question":"R"},
            {"id":"d","question":"S","expected_tier":"main","expected_source":"embedder"}]"#;
        let wrong = wrong(json);
        let expect = [
            "a: \"question\" must be a text, not a number",
            "b: \"question\" must be a text, not a number",
            "b: \"expected_tier\" must be",
            "b: \"regex\" ",
            ": golden case 3: has no \"id\"",
            ": golden case 3: has an empty \"question\"",
            ": golden case 3: \"trait\" must be a text, not a list",
            ": golden case 4: must be an object, not a number",
            "d: \"expected_tier\" and \"expected_source\" name different tiers",
            "c: golden cases 5 and 6 have the same id \"c\"",
            "c: \"contain\" is no key",
        ];
        assert_eq!(wrong.lines().count(), expect.len(), "{wrong}");
        for (line, expect) in wrong.lines().zip(expect) {
            assert!(line.starts_with(expect), "{line:?} is not {expect:?}");
        }
        assert_eq!(lint(json, |_| 0).n_cases, 7);
    }

    #[test]
    fn what_is_no_set_is_wrong() {
        assert_eq!(wrong("[]"), ": the golden set has no cases");
        assert_eq!(wrong("{}"), ": the golden set must be a list of cases, not an object");
        assert!(wrong("[{").starts_with(": the golden set is not JSON"));
    }
}
