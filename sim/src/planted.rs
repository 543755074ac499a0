//! Bugs that are planted, to see that they are found.
//!
//! Each stands around the real parts and does to them, now and then, what a bug in them would.

use std::path::Path;

/// A planted bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    /// An event is written twice.
    DoubleEvent,
    /// A rollback is decided and not kept.
    LostRollback,
    /// Rotating brings back a line of somebody who was erased.
    Resurrection,
}

impl Planted {
    /// Each with its name.
    pub const ALL: [(&'static str, Self); 3] = [
        ("double-event", Self::DoubleEvent),
        ("lost-rollback", Self::LostRollback),
        ("resurrection", Self::Resurrection),
    ];
}

/// Whoever does it.
#[derive(Debug)]
pub(crate) struct Saboteur {
    planted: Option<Planted>,
    /// A line of each conversation, as it stood before it was erased.
    remembered: Vec<Vec<u8>>,
    n_chances: u64,
    /// The next event is written twice.
    pub(crate) doubles: bool,
}

impl Saboteur {
    pub(crate) const fn new(planted: Option<Planted>) -> Self {
        Self { planted, remembered: Vec::new(), n_chances: 0, doubles: false }
    }

    /// Whether a bug strikes here, at one chance of so many.
    pub(crate) fn strikes(&mut self, planted: Planted, one_of: u64) -> bool {
        if self.planted != Some(planted) {
            return false;
        }
        self.n_chances += 1;
        self.n_chances.is_multiple_of(one_of)
    }

    /// Somebody is about to be erased.
    pub(crate) fn remember(&mut self, lines: impl Iterator<Item = Vec<u8>>) {
        if self.planted == Some(Planted::Resurrection) {
            self.remembered.extend(lines.take(1));
        }
    }

    pub(crate) fn remembered(&self) -> Option<&[u8]> {
        self.remembered.last().map(Vec::as_slice)
    }
}

/// Appends a line as the log would.
pub(crate) fn append(path: &Path, line: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    std::fs::OpenOptions::new().append(true).open(path)?.write_all(line)
}
