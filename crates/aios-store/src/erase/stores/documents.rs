//! Documents that people edit too.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::erase::content::WHOLE_MAX;
use crate::erase::document::Document;
use crate::erase::registry::{Store, Treatment};
use crate::{DataDir, StoreError, disk};

/// Golden sets, baselines and the reports made of them: production prompts may have become cases.
pub(crate) const GOLDENS: Store = Store {
    name: "goldens",
    files: &["goldens/*", "retrieval_qa/*"],
    treatment: Treatment::Records,
};

/// Reports.
pub(crate) const REPORTS: Store =
    Store { name: "reports", files: &["reports/*"], treatment: Treatment::Records };

/// What routing has learned, and its outcome log.
pub(crate) const ROUTER: Store =
    Store { name: "router", files: &["router/*"], treatment: Treatment::Lines };

/// What the operator sets while the server runs.
pub(crate) const SETTINGS: Store = Store {
    name: "settings",
    files: &["analytics/adaptive_override.json", "holds.json", "retention.json"],
    treatment: Treatment::Apart,
};

/// What is wrong and who was told of it: figures and advice, nobody's words.
pub(crate) const ALERTS: Store =
    Store { name: "alerts", files: &["alerts/book.json"], treatment: Treatment::Apart };

/// The names of the clients that there are or have been.
pub(crate) const CLIENTS: Store =
    Store { name: "clients", files: &["clients.json"], treatment: Treatment::Names };

/// Directory of the questions whose answers are known.
const QUESTIONS: &str = "retrieval_qa";

/// Cuts the questions that are answered by fragments of these ids, which are asked for where there are questions. They
/// need name nobody: what they ask is what somebody said. Returns how many there were.
pub(crate) fn cut_questions(
    dir: &DataDir,
    ids: impl FnOnce() -> Result<BTreeSet<String>, StoreError>,
) -> Result<u64, StoreError> {
    let place = dir.path().join(QUESTIONS);
    let names = disk::names_in(&place)?;
    if names.is_empty() {
        return Ok(0);
    }
    let (ids, mut n) = (ids()?, 0);
    for name in names {
        let path = place.join(name);
        // What is no text holds no questions.
        let Ok(Some(text)) = disk::read_text(&path, WHOLE_MAX) else { continue };
        let (n_cut, left) = without_questions(&text, &ids);
        match left.filter(|left| !left.trim().is_empty()) {
            _ if n_cut == 0 => {}
            Some(left) => disk::write_atomic(&path, left.as_bytes())?,
            None => disk::remove(&path)?,
        }
        n += n_cut;
    }
    Ok(n)
}

/// How many questions go, and what is left: of a document, of a case alone, or of a case on each line.
fn without_questions(text: &str, ids: &BTreeSet<String>) -> (u64, Option<String>) {
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    let is_asked = |case: &Value| {
        let expected = case.get("expected_fragments").and_then(Value::as_array);
        expected.is_some_and(|all| all.iter().any(|id| ids.contains(&plain(id))))
    };
    let Some(whole) = read(text) else {
        let is_kept = |line: &&str| !read(line).as_ref().is_some_and(is_asked);
        let kept: Vec<&str> = text.split_inclusive('\n').filter(is_kept).collect();
        let n = text.split_inclusive('\n').count() - kept.len();
        return (n as u64, Some(kept.concat()));
    };
    if is_asked(&whole) {
        return (1, None);
    }
    let cases = whole.as_array().or_else(|| whole.get("test_cases")?.as_array());
    let asked = cases.into_iter().flatten().filter(|case| is_asked(case));
    let names: Vec<String> = asked.filter_map(|case| case.get("id")).map(plain).collect();
    let cut = Document::read(text).map(|document| {
        let cut = document.named(&names);
        (cut.n_records, document.without(&cut))
    });
    cut.unwrap_or_default()
}

/// An id; other tools write them as numbers.
fn plain(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}
