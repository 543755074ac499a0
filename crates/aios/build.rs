//! Takes the dashboard's page into the program, compressed, where `cargo xtask dashboard` has built it. Without it the
//! program builds all the same, and the server says how to build the page.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

fn main() -> io::Result<()> {
    let var = |name: &str| env::var_os(name).map(PathBuf::from).unwrap_or_default();
    let dist = var("CARGO_MANIFEST_DIR").join("../../dashboard/dist");
    // Cargo looks at the time of what is there. A place that is not there would make every build a new one.
    if fs::create_dir_all(&dist).is_err() {
        println!("cargo::warning=dashboard/dist is not there and cannot be made");
    }
    println!("cargo::rerun-if-changed={}", dist.display());
    let sources = var("CARGO_MANIFEST_DIR").join("../../dashboard/src");
    println!("cargo::rerun-if-changed={}", sources.display());
    if is_older(&dist.join("index.html"), &sources)? {
        println!(
            "cargo::warning=the dashboard that is built in is older than its sources; `cargo xtask dashboard` builds it anew"
        );
    }
    let out = var("OUT_DIR");
    let mut list = String::from("&[\n");
    for (n, file) in files(&dist)?.iter().enumerate() {
        let bytes = fs::read(file)?;
        let kept = out.join(format!("page{n}.gz"));
        fs::write(&kept, gzip(&bytes)?)?;
        let path = file.strip_prefix(&dist).unwrap_or(file).display().to_string();
        let path = format!("/{}", path.replace('\\', "/"));
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        let (tag, kept) = (hasher.finish(), kept.display().to_string());
        writeln!(
            list,
            "aios_server::PageFile {{ path: {path:?}, tag: \"\\\"{tag:016x}\\\"\", gzip: include_bytes!({kept:?}) }},"
        )
        .map_err(io::Error::other)?;
    }
    fs::write(out.join("page.rs"), list + "]\n")
}

/// Whether what was made is there, and something that it is made of was written after it.
fn is_older(made: &Path, sources: &Path) -> io::Result<bool> {
    let Ok(made) = made.metadata().and_then(|made| made.modified()) else { return Ok(false) };
    for source in files(sources)? {
        if source.metadata()?.modified()? > made && !source.ends_with("schema.d.ts") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Every file, in the order of names, so that the same page makes the same program.
fn files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let path = entry?.path();
        match path.is_dir() {
            true => found.extend(files(&path)?),
            false => found.push(path),
        }
    }
    found.sort();
    Ok(found)
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}
