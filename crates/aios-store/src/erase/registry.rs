//! Which stores there are: every kind of file in the data directory, and what erasure does with it.
//!
//! A file that belongs to no store here cannot be made through this crate (see [`must_know`]),
//! and one that lies about all the same makes a verification incomplete. So nothing can be kept where
//! an erasure would not look. A new store is a file in `stores/` and a line in [`STORES`].

use std::io;
use std::path::Path;

use super::stores;
use crate::data_dir::LOCK_FILE;

/// Directories between a file and the data directory, at most.
const DEPTH_MAX: usize = 4;

/// A kind of thing that is kept.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Store {
    /// How plans, receipts and reports call it.
    pub(crate) name: &'static str,
    /// Its files, from the data directory, with `/`. A `*` stands for anything but a `/`.
    pub(crate) files: &'static [&'static str],
    /// What erasure does with them.
    pub(crate) treatment: Treatment,
}

/// What erasure does with a store's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// Newline-delimited JSON, gzipped or not: the lines of the subject are dropped, all others stay
    /// byte for byte.
    Lines,
    /// Made from other stores: removed where it names the subject, and made anew.
    Derived,
    /// Says what stands where in a segment: made anew with it, and removed where it names the subject all the
    /// same.
    Catalogue,
    /// Made from the event log by its own thread, which forgets what the log has no more.
    Indexed,
    /// A database that erases its own rows, down to the bytes.
    Database,
    /// What no reader understands: removed whole where it names the subject.
    Scraps,
    /// One document, or lines, that a person may edit too: the subject's records are cut, all others
    /// stay byte for byte. What is no text is removed whole.
    Records,
    /// Names of clients, which their operator gave. Searched for pseudonyms.
    Names,
    /// Proof of what was done. It names the subject by pseudonym, where it says whom it is about, and stays. Whatever
    /// else it has of the subject is reported.
    Proof,
    /// Lines in a chain of hashes that a running server writes on, none of them anybody's: they stay. What an operator
    /// says in one is masked before; what was not, once, is told of.
    Chain,
    /// Holds nothing of any subject; searched all the same.
    Apart,
}

impl Treatment {
    /// Whether only the proof reads such files. They follow what was cut elsewhere, or stay as they are, so that
    /// finding out what is to be cut learns nothing from them; and they grow with the log, as it then would.
    pub(crate) fn is_for_the_proof(self) -> bool {
        match self {
            Self::Catalogue | Self::Indexed | Self::Proof | Self::Chain => true,
            Self::Lines
            | Self::Derived
            | Self::Database
            | Self::Scraps
            | Self::Records
            | Self::Names
            | Self::Apart => false,
        }
    }

    /// Whether it is made of what AIOS stores elsewhere without anybody's id, or names clients. Such files are not
    /// searched for what a caller knows somebody by: that may be the name of a client, or look like a number.
    pub(crate) fn is_without_ids(self) -> bool {
        match self {
            Self::Catalogue | Self::Indexed | Self::Names => true,
            Self::Lines
            | Self::Derived
            | Self::Database
            | Self::Scraps
            | Self::Records
            | Self::Proof
            | Self::Chain
            | Self::Apart => false,
        }
    }
}

/// Every store, in the order in which they are searched.
pub(crate) const STORES: &[&Store] = &[
    &stores::TEMPORARY,
    &stores::EVENTS_HOT,
    &stores::EVENTS_COLD,
    &stores::SIDECARS,
    &stores::CONTROL,
    &stores::CONTROL_HEAD,
    &stores::QUARANTINE,
    &stores::INDEX,
    &stores::AUDIT,
    &stores::ERASURES,
    &stores::MEMORY,
    &stores::MEMORY_SCRAPS,
    &stores::ROUTER,
    &stores::GOLDENS,
    &stores::REPORTS,
    &stores::CACHE,
    &stores::EXPORTS,
    &stores::SETTINGS,
    &stores::ALERTS,
    &stores::CLIENTS,
    &stores::KEYS,
    &stores::TRIALS,
];

/// The store that a file belongs to, by its path from the data directory.
pub(crate) fn store_of(relative: &Path) -> Option<&'static Store> {
    let parts: Option<Vec<&str>> = relative.iter().map(|part| part.to_str()).collect();
    let path = parts?.join("/");
    STORES.iter().copied().find(|store| store.files.iter().any(|glob| matches(glob, &path)))
}

/// The data directory that a path lies in, if it lies in one.
pub(crate) fn data_dir_of(path: &Path) -> Option<&Path> {
    path.ancestors().skip(1).take(DEPTH_MAX).find(|dir| dir.join(LOCK_FILE).exists())
}

/// Refuses a file in a data directory that belongs to no store: what is kept there would be found by no
/// erasure. Files elsewhere are nobody's business here.
pub(crate) fn must_know(path: &Path) -> io::Result<()> {
    let Some(root) = data_dir_of(path) else { return Ok(()) };
    // What is half written is named after what it will be.
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let path = path.with_file_name(name.strip_suffix(".tmp").unwrap_or(name));
    let relative = path.strip_prefix(root).unwrap_or(&path);
    if store_of(relative).is_some() {
        return Ok(());
    }
    let why = "it belongs to no store, so no erasure would look into it";
    Err(io::Error::new(io::ErrorKind::InvalidInput, why))
}

/// Whether a path is of a form in which each `*` stands for anything but a `/`.
fn matches(glob: &str, path: &str) -> bool {
    let Some((head, rest)) = glob.split_once('*') else { return glob == path };
    let Some(path) = path.strip_prefix(head) else { return false };
    let name_end = path.find('/').unwrap_or(path.len());
    let ends = path.char_indices().map(|(at, _)| at).chain([path.len()]);
    ends.take_while(|end| *end <= name_end)
        .any(|end| path.get(end..).is_some_and(|path| matches(rest, path)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DataDir, disk};

    #[test]
    fn a_star_stays_within_a_name() {
        let check = |glob: &str, path: &str, expect: bool| {
            assert_eq!(matches(glob, path), expect, "{glob} {path}");
        };
        check("a/b.json", "a/b.json", true);
        check("a/b.json", "a/b.jsonx", false);
        check("a/*.json", "a/b.json", true);
        check("a/*.json", "a/.json", true);
        check("a/*.json", "a/b/c.json", false);
        check("*/*.tmp", "a/b.tmp", true);
        check("*/*.tmp", "b.tmp", false);
        check("a.*.n*", "a.é.nd", true);
    }

    #[test]
    fn a_file_belongs_to_the_first_store_that_knows_it() {
        let check = |path: &str, expect: Option<&str>| {
            assert_eq!(store_of(Path::new(path)).map(|store| store.name), expect, "{path}");
        };
        check("analytics/hypotheses.ndjson", Some("events (hot)"));
        check("analytics/hypotheses.2027-01-15T08.ndjson", Some("events (hot)"));
        check("analytics/hypotheses.2027-01-15T08.ndjson.gz", Some("events (cold)"));
        check("analytics/hypotheses.2027-01-15T08.members", Some("sidecars"));
        check("analytics/hypotheses.late.ndjson", Some("events (hot)"));
        check("analytics/hypotheses.ndjson.bak", None);
        check("analytics/hypotheses.ndjson.tmp", Some("temporary files"));
        check("audit/2027-01-15.ndjson", Some("audit"));
        check("preflight-7/analytics/hypotheses.ndjson", Some("trials"));
        check("hypotheses.ndjson", None);
        check("memory/memory.sqlite-wal", Some("memory"));
        check("memory/fragments.ndjson", Some("memory files"));
        check("elsewhere/x", None);
    }

    #[test]
    fn a_file_of_no_store_cannot_be_made_in_a_data_directory() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path().join("data")).unwrap();
        let make = |name: &str| disk::write_atomic(&dir.path().join(name), b"x");
        make("goldens/sample_set.json").unwrap();
        for unknown in ["notes.txt", "analytics/notes.txt", "memory/deep/er/x", "goldens.json"] {
            let error = make(unknown).unwrap_err().to_string();
            assert!(error.contains("belongs to no store"), "{unknown}: {error}");
            assert!(!dir.path().join(unknown).exists());
        }
        disk::write_atomic(&temp.path().join("elsewhere.txt"), b"x").unwrap();
    }

    #[test]
    fn names_of_stores_differ() {
        for (n, store) in STORES.iter().enumerate() {
            assert!(STORES[..n].iter().all(|other| other.name != store.name), "{}", store.name);
            assert!(!store.files.is_empty());
        }
    }
}
