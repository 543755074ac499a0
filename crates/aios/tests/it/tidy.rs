//! The shape of the code, as `ARCHITECTURE.md` has it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Longest source file, in lines, its unit tests not counted.
const FILE_LINES_MAX: usize = 350;

/// What a crate may never depend on, whatever its layer.
const NEVER: [(&str, &[&str]); 10] = [
    ("aios-privacy", &["tokio", "hyper", "http"]),
    ("aios-core", &["tokio", "hyper", "http"]),
    ("aios-route", &["tokio", "hyper", "http"]),
    ("aios-control", &["tokio", "hyper", "http"]),
    ("aios-eval", &["tokio", "hyper", "http"]),
    ("aios-memory", &["tokio", "hyper", "http"]),
    ("aios-embed", &["tokio", "hyper", "http"]),
    ("aios-store", &["hyper", "http"]),
    ("aios-upstream", &["clap"]),
    ("aios-server", &["clap"]),
];

#[test]
fn layers_import_downwards_only() {
    let packages = packages();
    let layers: BTreeMap<&str, i64> = packages
        .iter()
        .filter_map(|package| Some((name(package), package["metadata"]["aios"]["layer"].as_i64()?)))
        .collect();
    assert!(layers.len() >= 8, "{layers:?}");
    for package in &packages {
        let Some(layer) = layers.get(name(package)) else { continue };
        for dependency in dependencies(package) {
            let below = layers.get(dependency).is_none_or(|below| below < layer);
            assert!(below, "{} (layer {layer}) must not depend on {dependency}", name(package));
        }
    }
    for package in packages.iter().filter(|package| name(package).starts_with("aios")) {
        let is_tool = ["aios-bench", "aios-sim"].contains(&name(package));
        let is_layered = layers.contains_key(name(package)) || is_tool;
        assert!(is_layered, "{} states no layer", name(package));
    }
}

#[test]
fn crates_keep_to_their_work() {
    let packages = packages();
    for (crate_name, forbidden) in NEVER {
        let package = packages.iter().find(|package| name(package) == crate_name).unwrap();
        for dependency in dependencies(package) {
            assert!(!forbidden.contains(&dependency), "{crate_name} must not use {dependency}");
        }
    }
}

#[test]
fn only_the_top_reads_the_environment_and_only_the_store_writes_files() {
    let rules: [(&str, &[&str], &[&str]); 2] = [
        ("reads the environment", &["std::env::var", "env::vars", "env::var("], &["aios"]),
        (
            "writes files",
            &["fs::write(", "File::create(", "OpenOptions::new("],
            &["aios-store", "aios"],
        ),
    ];
    for file in sources() {
        let text = code_of(&file);
        for (what, marks, allowed) in rules {
            let found = marks.iter().find(|mark| text.contains(*mark));
            let is_allowed =
                allowed.iter().any(|name| file.starts_with(root().join("crates").join(name)));
            assert!(found.is_none() || is_allowed, "{} {what}: {found:?}", file.display());
        }
    }
}

#[test]
fn files_can_be_taken_in() {
    for file in sources() {
        let n = code_of(&file).lines().count();
        assert!(n <= FILE_LINES_MAX, "{} has {n} lines, {FILE_LINES_MAX} allowed", file.display());
    }
}

/// A file's text up to its unit tests.
fn code_of(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let is_tests =
        file.ends_with("tests.rs") || file.components().any(|part| part.as_os_str() == "tests");
    if is_tests {
        String::new()
    } else {
        text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![root().join("crates")];
    while let Some(dir) = left.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    assert!(found.len() > 100, "{}", found.len());
    found
}

fn packages() -> Vec<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let args = ["metadata", "--no-deps", "--format-version", "1", "--offline"];
    let output = Command::new(cargo).args(args).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

fn name(package: &Value) -> &str {
    package["name"].as_str().unwrap()
}

/// What a crate is built with; what only its tests use does not count.
fn dependencies(package: &Value) -> Vec<&str> {
    let all = package["dependencies"].as_array().unwrap().iter();
    all.filter(|dependency| dependency["kind"] != "dev").map(name).collect()
}
