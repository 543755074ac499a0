//! Counts where a text stands in everything that is kept: plain, and as JSON, addresses and base64 spell
//! it. It answers with counts, never with what stands around it.

use std::io;
use std::path::PathBuf;

use aios_core::Progress;
use memchr::memmem::Finder;
use serde::Serialize;

use super::census::Left;
use super::names;
use super::reader::Reader;
use super::registry::STORES;
use super::scan::{self, Found};
use crate::{DataDir, StoreError};

/// Where a text was found.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Hits {
    /// Times that it stands somewhere, in whatever spelling.
    pub n_hits: u64,
    /// Files that were read.
    pub n_files: u64,
    /// Bytes that were read, unpacked.
    pub n_bytes: u64,
    /// Each store that has files.
    pub stores: Vec<StoreHits>,
    /// Files and directories in whose names it stands, from the data directory.
    pub names: Vec<PathBuf>,
    /// Files that could not be read: nobody knows what is in them.
    pub unreadable: Vec<Left>,
}

/// What one store holds of it.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct StoreHits {
    /// The store; `(unknown)` for files that belong to none.
    pub store: &'static str,
    /// Times that it stands there.
    pub n_hits: u64,
    /// Its files in which it stands, from the data directory.
    pub files: Vec<PathBuf>,
    /// Files that were read.
    pub n_files: u64,
}

/// What files of no store are shown as.
const UNKNOWN: &str = "(unknown)";

impl Hits {
    /// Reads every byte of every file. `None` for an empty text, which stands everywhere.
    ///
    /// # Errors
    /// When the data directory cannot be listed. A file that cannot be read does not end it.
    pub fn of(
        dir: &DataDir,
        text: &str,
        progress: &dyn Progress,
    ) -> Result<Option<Self>, StoreError> {
        if text.is_empty() {
            return Ok(None);
        }
        let needles = Needles::of(text);
        let names = STORES.iter().map(|store| store.name).chain([UNKNOWN]);
        let stores = names.map(|store| StoreHits { store, ..StoreHits::default() }).collect();
        let mut hits = Self { stores, ..Self::default() };
        let mut reader = Reader::default();
        scan::each_file(dir.path(), progress, |file| {
            let relative = file.path.strip_prefix(dir.path()).unwrap_or(&file.path).to_owned();
            match needles.count_in(&mut reader, file) {
                Ok(counted) => hits.add(file, relative, counted),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return false,
                Err(error) => {
                    hits.unreadable.push(Left { file: relative, why: error.to_string() });
                }
            }
            true
        })?;
        for (path, name) in names::all(dir.path())? {
            let n_hits = needles.count(&name, 0);
            if n_hits > 0 {
                hits.n_hits += n_hits;
                hits.names.push(path);
            }
        }
        hits.stores.retain(|store| store.n_files > 0);
        Ok(Some(hits))
    }

    fn add(&mut self, file: &Found, relative: PathBuf, (n_hits, n_bytes): (u64, u64)) {
        self.n_hits += n_hits;
        self.n_files += 1;
        self.n_bytes += n_bytes;
        let name = file.store.map_or(UNKNOWN, |store| store.name);
        let Some(store) = self.stores.iter_mut().find(|store| store.store == name) else { return };
        store.n_hits += n_hits;
        store.n_files += 1;
        if n_hits > 0 {
            store.files.push(relative);
        }
    }
}

/// A text in every spelling.
struct Needles {
    all: Vec<Finder<'static>>,
    len_max: usize,
}

impl Needles {
    fn of(text: &str) -> Self {
        let mut spellings = vec![text.as_bytes().to_vec()];
        if let Ok(quoted) = serde_json::to_string(text) {
            let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            spellings.push(inner.unwrap_or(&quoted).as_bytes().to_vec());
        }
        spellings.push(percent(text));
        spellings.extend(base64(text.as_bytes()));
        spellings.sort_unstable();
        spellings.dedup();
        let len_max = spellings.iter().map(Vec::len).max().unwrap_or(0);
        let all = spellings.iter().map(|one| Finder::new(one).into_owned()).collect();
        Self { all, len_max }
    }

    /// Hits and bytes. What stands in the overlap of two windows is counted once.
    fn count_in(&self, reader: &mut Reader, file: &Found) -> io::Result<(u64, u64)> {
        let (mut n_hits, mut is_wrapped) = (0, false);
        let n_bytes = reader.each_window(&file.path, self.len_max - 1, |window, seen| {
            is_wrapped |= seen == 0 && scan::is_wrapped(window);
            n_hits += self.count(window, seen);
        })?;
        if is_wrapped { Err(scan::wrapped()) } else { Ok((n_hits, n_bytes)) }
    }

    fn count(&self, window: &[u8], seen: usize) -> u64 {
        let of_each = self.all.iter().map(|needle| {
            let len = needle.needle().len();
            needle.find_iter(window).filter(|at| at + len > seen).count() as u64
        });
        of_each.sum()
    }
}

/// As addresses spell it.
fn percent(text: &str) -> Vec<u8> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let spell = |byte: u8| match is_plain(byte) {
        true => vec![byte],
        false => format!("%{byte:02X}").into_bytes(),
    };
    text.bytes().flat_map(spell).collect()
}

/// What does not depend on what stands before and behind it, for each of the three places at which it may
/// begin. Nothing of what is too short to have such a middle.
fn base64(text: &[u8]) -> Vec<Vec<u8>> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let middle = |skipped: usize| {
        let whole = text.get(skipped..).unwrap_or_default();
        let (triples, _) = whole.as_chunks::<3>();
        let digits = triples.iter().flat_map(|[a, b, c]| {
            let bits = u32::from(*a) << 16 | u32::from(*b) << 8 | u32::from(*c);
            [18, 12, 6, 0].map(|shift| DIGITS[(bits >> shift & 63) as usize])
        });
        digits.collect::<Vec<u8>>()
    };
    (0..3).map(middle).filter(|digits| digits.len() >= BASE64_MIN).collect()
}

/// Fewer digits of base64 stand in any text.
const BASE64_MIN: usize = 8;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn count(text: &str, content: &str) -> u64 {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        fs::create_dir(temp.path().join("exports")).unwrap();
        fs::write(temp.path().join("exports/x.txt"), content).unwrap();
        let hits = Hits::of(&dir, text, &()).unwrap().unwrap();
        let exports = hits.stores.iter().find(|store| store.store == "exports").unwrap();
        assert_eq!(
            (exports.n_hits, exports.files.len()),
            (hits.n_hits, usize::from(hits.n_hits > 0))
        );
        hits.n_hits
    }

    #[test]
    fn a_text_is_found_in_every_spelling() {
        let text = "Jane \"Jay\" Doe";
        assert_eq!(count(text, "Jane Doe"), 0);
        assert_eq!(count(text, text), 1);
        assert_eq!(count(text, "{\"name\":\"Jane \\\"Jay\\\" Doe\"}, Jane \"Jay\" Doe"), 2);
        assert_eq!(count(text, "?name=Jane%20%22Jay%22%20Doe"), 1);
        assert_eq!(count(text, &"x".repeat(400_000)), 0);
        assert_eq!(count(text, &format!("{}{text}{text}", "x".repeat(262_140))), 2);
        // As base64 of "Jane "Jay" Doe", alone and behind one and two more letters.
        for encoded in ["SmFuZSAiSmF5IiBEb2U=", "eEphbmUgIkpheSIgRG9l", "eHhKYW5lICJKYXkiIERvZQ=="]
        {
            assert_eq!(count(text, encoded), 1, "{encoded}");
        }
    }

    #[test]
    fn names_of_files_and_directories_are_searched() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        fs::create_dir_all(temp.path().join("exports/for Jane Doe")).unwrap();
        fs::write(temp.path().join("exports/Jane Doe.csv"), "a,b").unwrap();
        let hits = Hits::of(&dir, "Jane Doe", &()).unwrap().unwrap();
        let names = ["exports/Jane Doe.csv", "exports/for Jane Doe"].map(PathBuf::from);
        assert_eq!((hits.n_hits, hits.names), (2, names.to_vec()));
    }

    #[test]
    fn an_empty_text_is_not_searched_for() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        assert!(Hits::of(&dir, "", &()).unwrap().is_none());
    }

    #[test]
    fn what_cannot_be_looked_into_is_named() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        fs::write(temp.path().join("x.zip"), b"PK\x03\x04Jane").unwrap();
        let hits = Hits::of(&dir, "Jane", &()).unwrap().unwrap();
        assert_eq!(hits.unreadable[0].file, PathBuf::from("x.zip"));
    }
}
