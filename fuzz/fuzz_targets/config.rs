//! Any configuration file: it is read or refused with its problems named, without a panic.

#![no_main]

use std::fs;
use std::sync::LazyLock;

use aios::config::{Sources, load};
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

static DIR: LazyLock<TempDir> =
    LazyLock::new(|| tempfile::tempdir().expect("there is room for a directory"));

fuzz_target!(|text: &[u8]| {
    let file = DIR.path().join("aios.toml");
    fs::write(&file, text).expect("there is room for a file");
    let sources =
        Sources { file: Some(file), directory: DIR.path().to_path_buf(), ..Sources::default() };
    match load(&sources) {
        Ok(config) => drop(config),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
