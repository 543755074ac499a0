//! The list of points is whole: a step that a crash may fall behind has points around it, and somebody dies at each.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{audit, control, deaths, erasure, points};

/// What is done to the disk so that it stays, or is gone for good. What SQLite does is its own.
const STEPS: [&str; 10] = [
    ".sync_all(",
    ".sync_data(",
    ".set_len(",
    ".persist(",
    "sync_dir(",
    "fs::rename(",
    "fs::remove_file(",
    "fs::remove_dir",
    "fs::hard_link(",
    "fs::copy(",
];

/// Steps that finish the one before: to die between them is to die behind both.
const FINISHES: [(&str, &str); 2] =
    [(".set_len(", ".sync_all("), ("fs::remove_file(", "sync_dir(")];

/// Functions whose steps need no points, and why.
const WITHOUT: [(&str, &str, &str); 8] = [
    ("disk.rs", "sync_dir", "whoever calls it has them"),
    ("disk.rs", "create_anew", "the temporary file of a crash before this one"),
    ("replace.rs", "discard", "a temporary file, which the next start removes if this does not"),
    ("data_dir.rs", "write_pid", "who holds the lock is told to people, and nothing goes by it"),
    (
        "audit/state.rs",
        "write",
        "takes back what a disk has refused; half a line is cut off at the next start",
    ),
    ("register/keep.rs", "write", "as for the trail"),
    ("control/log.rs", "cut", "as for the trail"),
    ("log/disk_file.rs", "truncate", "as for the trail"),
];

#[test]
fn every_step_has_a_point_before_it_and_one_behind() {
    let (mut bare, mut n_steps, mut used) = (Vec::new(), 0, BTreeSet::new());
    for (file, code) in sources() {
        for (name, body) in functions(&code) {
            let marks = marks(&body);
            n_steps += marks.iter().filter(|mark| mark.is_some()).count();
            let is_without =
                |(path, function, _): &(&str, &str, &str)| *path == file && *function == name;
            match (is_covered(&marks), WITHOUT.iter().position(is_without)) {
                (false, None) => bare.push(format!("{file}: {name}: {marks:?}")),
                (false, Some(at)) => drop(used.insert(at)),
                (true, _) => {}
            }
        }
    }
    assert!(n_steps > 30, "{n_steps}");
    assert_eq!(bare, [""; 0], "steps without a point; see `fail.rs`");
    let idle: Vec<_> = (0..WITHOUT.len()).filter(|at| !used.contains(at)).collect();
    assert_eq!(idle.iter().map(|at| WITHOUT[*at]).collect::<Vec<_>>(), [], "they need no leave");
}

#[test]
fn somebody_dies_at_every_point() {
    let declared: BTreeSet<String> =
        sources().iter().flat_map(|(_, code)| declared(code)).collect();
    assert!(declared.len() > 100, "{declared:?}");
    let all =
        [deaths::points(), erasure::points(), audit::points(), control::points(), points::points()];
    let passed: BTreeSet<String> = all.into_iter().flatten().collect();
    let missing: Vec<_> = declared.difference(&passed).collect();
    assert_eq!(missing, [""; 0], "no scenario passes them");
    let unknown: Vec<_> = passed.difference(&declared).collect();
    assert_eq!(unknown, [""; 0], "they stand nowhere in the sources");
}

/// Whether steps have points around them. A mark is a step, or none for a point.
fn is_covered(marks: &[Option<&str>]) -> bool {
    let pairs = std::iter::once(&Some("")).chain(marks).zip(marks.iter().chain([&Some("")]));
    pairs.clone().all(|(before, next)| match (before, next) {
        (None, _) | (_, None) | (Some(""), Some("")) => true,
        (Some(step), Some(next)) => FINISHES.contains(&(*step, *next)),
    })
}

#[test]
fn a_step_without_a_point_is_seen() {
    let check = |body: &str, expect: bool| assert_eq!(is_covered(&marks(body)), expect, "{body}");
    let (point, sync) = ("fail::point(\"a\");", "file.sync_all()?;");
    check("let a = 1;", true);
    check(&[point, sync, point].join("\n"), true);
    check(&[point, sync].join("\n"), false);
    check(&[sync, point].join("\n"), false);
    check(&[point, sync, sync, point].join("\n"), false);
    check(&[point, "file.set_len(1)?;", sync, point].join("\n"), true);
    check(&[point, sync, point, "fs::rename(a, b)?;", point].join("\n"), true);
    check(&[point, "// file.sync_all()", point].join("\n"), true);
    let declares = |code: &str| declared(code).into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(
        declares("fail::point(\"a.b\"); remove(x, \"c.d\", \"c.e\")?; f(\"a.b\");"),
        "a.b c.d c.e"
    );
    assert_eq!(declares("cut(x,\n \"c.d\",\n \"c.e\",\n)"), "c.d c.e");
    assert_eq!(declares("const A: Points = points!(\"x\");").split(' ').count(), 4);
}

/// Steps and points in the order in which they are written.
fn marks(body: &str) -> Vec<Option<&'static str>> {
    let mut found = Vec::new();
    for (at, line) in body.lines().enumerate().filter(|(_, line)| !is_comment(line)) {
        let points = line.match_indices("fail::point(").map(|(column, _)| ((at, column), None));
        found.extend(points);
        for step in STEPS {
            let is_whole = |column: &usize| {
                let before = line.get(..*column).unwrap().chars().next_back();
                step.starts_with('.') || before.is_none_or(|c| !c.is_alphanumeric() && c != '_')
            };
            let columns = line.match_indices(step).map(|(column, _)| column).filter(is_whole);
            found.extend(columns.map(|column| ((at, column), Some(step))));
        }
    }
    found.sort_unstable();
    found.into_iter().map(|(_, mark)| mark).collect()
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("//") || line.starts_with("use ")
}

/// The names of points that a source has.
fn declared(code: &str) -> BTreeSet<String> {
    let code: Vec<&str> = code.lines().filter(|line| !is_comment(line)).collect();
    let code = code.join(" ");
    let parts: Vec<&str> = code.split('"').collect();
    let mut names = BTreeSet::new();
    for (at, name) in parts.iter().enumerate().skip(1).step_by(2) {
        let before = parts[at - 1];
        let is_point = before.ends_with("fail::point(");
        let is_set = before.ends_with(" points!(");
        // Given to what removes or cuts: the one before and the one behind.
        let next = parts.get(at + 1).is_some_and(|between| between.trim() == ",");
        let end = parts.get(at + 3).map(|end| end.trim_start_matches([',', ' ']));
        let is_first = next && is_name(name) && end.is_some_and(|end| end.starts_with(')'));
        if is_set {
            let ends = ["before_sync", "before_rename", "after_rename", "done"];
            names.extend(ends.map(|end| format!("{name}.{end}")));
        } else if is_point {
            names.insert((*name).to_owned());
        } else if is_first && is_name(parts[at + 2]) {
            names.extend([(*name).to_owned(), parts[at + 2].to_owned()]);
        }
    }
    names
}

fn is_name(text: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    text.split_once('.').is_some_and(|(head, tail)| is_word(head) && is_word(tail))
}

/// Each function's name, and the lines that follow until the next begins.
fn functions(code: &str) -> Vec<(&str, String)> {
    let mut functions: Vec<(&str, String)> = Vec::new();
    for line in code.lines() {
        let is_head = line.trim_start().split(' ').take(5).any(|word| word == "fn");
        match (is_head && !is_comment(line), functions.last_mut()) {
            (true, _) => {
                let (_, name) = line.split_once("fn ").unwrap();
                let is_part = |c: char| c.is_alphanumeric() || c == '_';
                functions.push((name.split(|c| !is_part(c)).next().unwrap(), String::new()));
            }
            (false, Some((_, body))) => *body += &format!("{line}\n"),
            (false, None) => {}
        }
    }
    functions
}

/// The path of each source below `src`, and its code without its tests.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root, &mut found);
    let mut sources: Vec<_> = found
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
            let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
            (name, code)
        })
        .collect();
    sources.sort_unstable();
    sources
}

fn collect(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let is_test = path.file_stem().is_some_and(|name| name == "tests");
        match path.is_dir() {
            _ if is_test => {}
            true => collect(&path, found),
            false if path.extension().is_some_and(|end| end == "rs") => found.push(path),
            false => {}
        }
    }
}
