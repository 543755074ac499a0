//! The register of segments: what each of them held when it was sealed, and which of them we have removed.
//!
//! A segment vouches for itself by its footer, which goes with its end, and with itself. So what was sealed is written
//! down elsewhere, in lines that stand in a chain of hashes: `audit/segments.ndjson`. How far that chain has come is on
//! the audit trail. See `docs/adr/0023-a-register-of-segments.md`.
//!
//! A line is written
//! - behind a footer. A crash between the two leaves a segment that is sealed and not in here; the next start writes
//!   it down, as it does with all that were sealed before there was a register.
//! - before a segment that lines were taken out of takes the place of the old one. A crash between the two leaves the old
//!   one, which is in here too: a segment is sound if it is as any line says.
//! - before a segment is removed. A crash between the two leaves a segment that is removed by name; the next start
//!   writes it down once more, and retention or erasure removes it again.

mod acknowledge;
mod keep;
mod short;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aios_core::Timestamp;
use serde::{Deserialize, Serialize};

pub use acknowledge::{Acknowledged, acknowledge_loss};
pub(crate) use acknowledge::{Rest, acknowledged, names};
pub(crate) use keep::{Book, age, note, note_found, note_rewritten, note_sealed, states};
pub(crate) use short::{Shortfall, shortfalls};

use crate::chain::{self, GENESIS};
use crate::lines::{Lines, Place, Read};
use crate::{DataDir, DigestOf, Footer, SegmentId, StoreError, regular};

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// Its number, from 1, without gaps.
    seq: u64,
    /// The hash of the line before.
    prev: String,
    #[serde(flatten)]
    fact: Fact,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(crate) enum Fact {
    /// A segment was sealed, or was found sealed.
    Sealed {
        segment: SegmentId,
        #[serde(flatten)]
        held: Held,
    },
    /// Lines are taken out of a segment; this is what stays.
    Rewritten {
        segment: SegmentId,
        #[serde(flatten)]
        held: Held,
    },
    /// A segment is removed: its time is over, or nothing is left in it.
    Removed { segment: SegmentId },
    /// Lines that were written and are in no segment any more: not by us.
    Lost(Loss),
    /// Somebody has taken note of a loss.
    Acknowledged(Acknowledged),
    /// What needs not be said any more was left out: the chain goes on behind it.
    Aged,
    /// The register was gone, although the audit trail knew of one.
    BegunAnew {
        /// The newest segment then: of those up to it nobody knows what else there was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        newest: Option<SegmentId>,
    },
}

/// What a segment held, as its footer said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) n_events: u64,
    pub(crate) first_ts: Option<Timestamp>,
    pub(crate) last_ts: Option<Timestamp>,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    pub(crate) sha256_of: DigestOf,
}

/// Lines of a segment that took events, which are gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Loss {
    /// The file, from the data directory.
    pub(crate) file: String,
    pub(crate) n_lines: u64,
    /// None of them is older.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) first_ts: Option<Timestamp>,
    /// None of them is younger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_ts: Option<Timestamp>,
    pub(crate) why: String,
}

/// All that the lines come to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Register {
    /// What each segment that was not removed has held, the last state last.
    pub(crate) segments: BTreeMap<SegmentId, Vec<Held>>,
    pub(crate) losses: Vec<Loss>,
    /// What somebody has taken note of, by the name of the loss.
    acknowledged: BTreeMap<String, Acknowledged>,
    begun_anew: Option<Option<SegmentId>>,
    /// Number and hash of what stands before the first line.
    before: (u64, String),
    /// The same of the last line.
    end: (u64, String),
    n_lines: u64,
    /// The first line that is not as it was written.
    fault: Option<(u64, String)>,
    /// The line that was asked for, and its hash.
    asked: Option<(u64, Option<String>)>,
}

impl From<&Footer> for Held {
    fn from(footer: &Footer) -> Self {
        Self {
            n_events: footer.n_events,
            first_ts: footer.first_ts,
            last_ts: footer.last_ts,
            bytes: footer.bytes,
            sha256: footer.sha256.clone(),
            sha256_of: footer.sha256_of,
        }
    }
}

/// Where it is: with what must never go back in time.
pub(crate) fn path(dir: &DataDir) -> PathBuf {
    dir.audit_path().join("segments.ndjson")
}

impl Register {
    /// The register as it stands on disk; empty where there is none.
    pub(crate) fn read(dir: &DataDir) -> Result<Self, StoreError> {
        Self::read_asking(&path(dir), None).map(|(register, _)| register)
    }

    /// The same, and how many good bytes it has.
    fn read_asking(path: &Path, asked: Option<u64>) -> Result<(Self, u64), StoreError> {
        let asked = asked.map(|seq| (seq, None));
        let genesis = (0, GENESIS.to_owned());
        let (before, end) = (genesis.clone(), genesis);
        let mut register = Self { before, end, asked, ..Self::default() };
        let failed = || StoreError::io("read the register of segments", path);
        let file = match regular::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((register, 0)),
            Err(error) => return Err(failed()(error)),
        };
        let start = Place { number: Some(1), offset: 0 };
        let mut lines = Lines::new(std::io::BufReader::new(file), start);
        let mut good = 0;
        while let Some(read) = lines.next().map_err(failed())? {
            let (place, bytes) = match read {
                Read::Line { place, bytes } => (place, bytes),
                Read::TooLong { place } => (place, &b""[..]),
            };
            good = place.offset + bytes.len() as u64 + 1;
            if let Err(why) = register.take(&String::from_utf8_lossy(bytes)) {
                register.fault.get_or_insert((place.number.unwrap_or(0), why));
            }
        }
        Ok((register, good))
    }

    /// Takes in a line. One that is wrong counts as far as it can be read: it says what there was.
    fn take(&mut self, line: &str) -> Result<(), String> {
        let (body, hash) = chain::open(line)?;
        let entry: Entry = serde_json::from_str(&body).map_err(|error| error.to_string())?;
        let is_intact = chain::hash(&entry.prev, &body) == hash;
        let may_begin = match entry.fact {
            Fact::Aged | Fact::BegunAnew { .. } => true,
            Fact::Sealed { .. }
            | Fact::Rewritten { .. }
            | Fact::Removed { .. }
            | Fact::Lost(_)
            | Fact::Acknowledged(_) => {
                self.n_lines > 0 || (entry.seq == 1 && entry.prev == GENESIS)
            }
        };
        if self.n_lines == 0 {
            self.before = (entry.seq.saturating_sub(1), entry.prev.clone());
            self.end = self.before.clone();
        }
        let follows = entry.seq == self.end.0 + 1 && entry.prev == self.end.1;
        let seq = self.end.0;
        self.end = (entry.seq, hash.to_owned());
        if let Some((asked, found)) = &mut self.asked
            && *asked == entry.seq
        {
            *found = Some(hash.to_owned());
        }
        self.apply(entry.fact);
        match (is_intact, follows, may_begin) {
            (false, _, _) => Err("it was edited: its hash is another".to_owned()),
            (true, false, _) => Err(format!("it does not follow line {seq}")),
            (true, true, false) => Err("lines before it are gone".to_owned()),
            (true, true, true) => Ok(()),
        }
    }

    fn apply(&mut self, fact: Fact) {
        self.n_lines += 1;
        match fact {
            Fact::Sealed { segment, held } | Fact::Rewritten { segment, held } => {
                self.segments.entry(segment).or_default().push(held);
            }
            Fact::Removed { segment } => drop(self.segments.remove(&segment)),
            Fact::Lost(loss) => self.losses.push(loss),
            Fact::Acknowledged(known) => {
                self.acknowledged.insert(known.loss.clone(), known);
            }
            Fact::Aged => {}
            Fact::BegunAnew { newest } => self.begun_anew = Some(newest),
        }
    }

    /// Takes in what is to be written; gives the lines for it.
    fn add(&mut self, facts: &[Fact]) -> String {
        let mut lines = String::new();
        for fact in facts {
            let (seq, prev) = (self.end.0 + 1, self.end.1.clone());
            let entry = Entry { seq, prev, fact: fact.clone() };
            let body = serde_json::to_string(&entry).expect("its keys are text");
            let (line, hash) = chain::seal(&entry.prev, &body);
            lines.push_str(&line);
            self.end = (seq, hash);
            self.apply(entry.fact);
        }
        lines
    }
}

/// Number and hash of the last line, if there is one.
pub(crate) fn head(dir: &DataDir) -> Result<Option<(u64, String)>, StoreError> {
    keep::look(dir, |register| Ok((register.n_lines > 0).then(|| register.end.clone())))
}

/// What is wrong with the register itself, held against what the audit trail says of it: the line that its last head
/// is about, and that line's hash.
pub(crate) fn faults(
    dir: &DataDir,
    on_trail: Option<(u64, String)>,
) -> Result<Vec<(Option<u64>, String)>, StoreError> {
    let asked = on_trail.as_ref().map(|(seq, _)| *seq);
    let (register, _) = Register::read_asking(&path(dir), asked)?;
    let mut faults: Vec<_> =
        register.fault.iter().map(|(n, why)| (Some(*n), why.clone())).collect();
    if register.begun_anew.is_some() {
        let why = "it was gone and was begun anew: nobody knows which segments there were before";
        faults.push((None, why.to_owned()));
    }
    let Some((seq, hash)) = on_trail else { return Ok(faults) };
    let stands = register.asked.and_then(|(_, found)| found);
    let why = if register.n_lines == 0 {
        Some("it is gone, and with it what each segment held".to_owned())
    } else if register.end.0 < seq {
        Some(format!("it ends with line {}, and had {seq} by the audit trail", register.end.0))
    } else if seq > register.before.0 {
        (stands.as_ref() != Some(&hash))
            .then(|| format!("line {seq} is another by the audit trail"))
    } else {
        let is_anchored = register.before == (seq, hash);
        (!is_anchored).then(|| "it does not begin where the audit trail has it".to_owned())
    };
    faults.extend(why.map(|why| (None, why)));
    Ok(faults)
}
