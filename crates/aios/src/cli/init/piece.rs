//! One file of `aios init`, and writing a few of them: all or none.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use aios_store::{read_document, write_document};

use crate::cli::output::Failure;

/// A file to write.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Relative to the directory of `--out`, with `/`.
    pub(super) path: String,
    pub(super) text: String,
    pub(super) encoding: Encoding,
    /// Lies in the data directory, where the store alone writes, for its owner's eyes only.
    pub(super) is_kept: bool,
}

/// How a text stands in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    /// UTF-16, little end first, with a byte order mark: what Windows' Task Scheduler writes itself.
    Utf16,
}

impl Piece {
    pub(super) fn text(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into(), encoding: Encoding::Utf8, is_kept: false }
    }

    pub(super) fn kept(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { is_kept: true, ..Self::text(path, text) }
    }

    fn bytes(&self) -> Vec<u8> {
        match self.encoding {
            Encoding::Utf8 => self.text.clone().into_bytes(),
            Encoding::Utf16 => {
                let units = std::iter::once(0xFEFF).chain(self.text.encode_utf16());
                units.flat_map(u16::to_le_bytes).collect()
            }
        }
    }
}

/// Writes each piece below `dir`, and tells of each whether it was. What is there already stops everything before the
/// first byte, unless `force`. A document of the data directory that says the same already is let be: a golden run puts
/// the same set there.
pub(super) fn write_all(pieces: &[Piece], dir: &Path, force: bool) -> anyhow::Result<Vec<bool>> {
    let mut wanted = Vec::new();
    for piece in pieces {
        let path = dir.join(&piece.path);
        let is_wanted = !piece.is_kept || read_document(&path)?.as_ref() != Some(&piece.text);
        wanted.push((piece, path, is_wanted));
    }
    let mut there = wanted.iter().filter(|(_, path, is_wanted)| *is_wanted && path.exists());
    if let Some((_, there, _)) = there.next().filter(|_| !force) {
        let message = format!("cannot write {}: it is there already", there.display());
        let hint = "look at it first; --force writes over it, --out names another directory, --dry-run only prints";
        return Err(Failure::new(message, hint).into());
    }
    for (piece, path, _) in wanted.iter().filter(|(.., is_wanted)| *is_wanted) {
        let written: anyhow::Result<()> = if piece.is_kept {
            write_document(path, &piece.text).map(drop).map_err(Into::into)
        } else {
            write(path, &piece.bytes()).map_err(Into::into)
        };
        written.map_err(|error| {
            let message = format!("cannot write {}", path.display());
            let hint = "check that the directory can be written to, or name another with --out";
            Failure::new(message, hint).because(error)
        })?;
    }
    Ok(wanted.into_iter().map(|(.., is_wanted)| is_wanted).collect())
}

/// Whole or not at all: a temporary file takes the other's place.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    let temporary = path.with_file_name(name);
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    });
    // A failure leaves nothing behind; that removing fails as well would change nothing.
    written.inspect_err(|_| drop(fs::remove_file(&temporary)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_over_and_nothing_half() {
        let dir = tempfile::tempdir().unwrap();
        let pieces = [Piece::text("a/one", "1"), Piece::text("two", "2")];
        fs::write(dir.path().join("two"), "mine").unwrap();
        let error = write_all(&pieces, dir.path(), false).unwrap_err();
        assert!(error.to_string().contains("it is there already"), "{error}");
        assert!(!dir.path().join("a").exists());
        write_all(&pieces, dir.path(), true).unwrap();
        let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
        assert_eq!((read("a/one"), read("two")), ("1".to_owned(), "2".to_owned()));
    }

    #[test]
    fn utf_16_begins_with_its_mark() {
        let piece = Piece { encoding: Encoding::Utf16, ..Piece::text("x", "<é") };
        assert_eq!(piece.bytes(), [0xFF, 0xFE, b'<', 0, 0xE9, 0]);
    }
}
