//! Takes lines out of a sealed segment.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write as _};
use std::path::Path;

use serde::Serialize;

use super::cold::{self, ColdWriter, Member};
use super::facts;
use super::footer::{Digest, Footer, Tally};
use super::name::{Layout, SegmentId};
use super::seal;
use super::sidecar::{CHANGED, Sidecar};
use crate::disk::AT_ONCE;
use crate::replace::{Points, Replacement, points, remove};
use crate::{StoreError, regular};

const HOT: Points = points!("rewrite_hot");
const COLD: Points = points!("rewrite_cold");

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// It stays.
    Keep,
    /// It goes.
    Drop,
}

/// Where lines are looked for.
#[derive(Debug, Clone, Copy)]
pub enum Look<'a> {
    /// In the whole segment.
    Everywhere,
    /// In a cold segment only in the members that hold one of these pseudonyms, as its sidecar has it.
    /// Lines that are no events name nobody and are not found so. Hot ones are looked through whole.
    Named(&'a [&'a str]),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rewritten {
    /// The segment.
    pub segment: SegmentId,
    /// Lines that stayed.
    pub kept: u64,
    /// Lines that went.
    pub dropped: u64,
    /// Bytes of its text before, the footer left out.
    pub bytes_before: u64,
    /// The same after.
    pub bytes_after: u64,
    /// Digest before, as its footer had it.
    pub old_sha256: String,
    /// Digest after; `None` if nothing was left and the segment is gone.
    pub new_sha256: Option<String>,
    /// What was wrong with it before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flaw: Option<String>,
}

/// What is known of a segment before it is rewritten, and where it is written down what it is to be.
pub(super) struct Rewriting<'a> {
    /// Told before the new segment takes the old one's place; of none if nothing is left.
    pub(super) record: &'a Record<'a>,
    /// What is wrong with it.
    pub(super) flaw: Option<String>,
}

/// Writes down what a segment is to be.
pub(super) type Record<'a> = dyn Fn(Option<&Footer>) -> Result<(), StoreError> + 'a;

/// The caller holds the lease, and the segment has its footer.
pub(super) fn hot(
    layout: &Layout,
    id: SegmentId,
    known: Rewriting<'_>,
    keep: &mut dyn FnMut(&[u8]) -> Keep,
) -> Result<Rewritten, StoreError> {
    let path = layout.hot(id);
    let old = seal::read_footer(&path)?;
    let old = old.ok_or_else(|| StoreError::corrupt(&path, "it has no footer"))?;
    let mut out = Replacement::begin(&path)?;
    let sorted = sort_hot(&path, &mut out, keep).map_err(StoreError::io("rewrite", &path))?;
    let (tally, dropped) = (sorted.kept, sorted.n_dropped);
    let counts = tally.counts;
    // The new digest would cover up that somebody has changed the text.
    let flaw = (sorted.all.sha256() != old.sha256).then(|| CHANGED.to_owned());
    let new = tally.footer(id).with_flaw(old.flaw.clone().or(known.flaw).or(flaw));
    let mut done = Rewritten::between(id, &old, &new, dropped);
    if dropped == 0 {
        return Ok(done.unchanged(&old));
    }
    if counts.bytes == 0 {
        drop(out);
        (known.record)(None)?;
        remove(&path, "rewrite.before_remove", "rewrite.removed")?;
        done.new_sha256 = None;
        return Ok(done);
    }
    out.write_all(&new.line()).map_err(StoreError::io("rewrite", &path))?;
    (known.record)(Some(&new))?;
    out.commit_checked(&HOT, |written| reads_back(written, &new))?;
    Ok(done)
}

/// The lines of a segment, sorted out.
struct Sorted {
    /// Digest of all of them.
    all: Digest,
    kept: Tally,
    n_dropped: u64,
}

fn sort_hot(
    path: &Path,
    out: &mut Replacement,
    keep: &mut dyn FnMut(&[u8]) -> Keep,
) -> io::Result<Sorted> {
    let mut reader = BufReader::with_capacity(AT_ONCE, regular::open(path)?);
    let mut sorted = Sorted { all: Digest::default(), kept: Tally::default(), n_dropped: 0 };
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        if !facts::is_footer(&line) {
            sorted.all.add(&line);
            match keep(without_newline(&line)) {
                Keep::Keep => {
                    sorted.kept.add(&line);
                    out.write_all(&line)?;
                }
                Keep::Drop => sorted.n_dropped += 1,
            }
        }
        line.clear();
    }
    Ok(sorted)
}

/// The caller holds the lease.
pub(super) fn cold(
    layout: &Layout,
    sidecar: &Sidecar,
    look: Look<'_>,
    known: Rewriting<'_>,
    keep: &mut dyn FnMut(&[u8]) -> Keep,
) -> Result<Rewritten, StoreError> {
    let old = sidecar.footer().clone();
    let (id, path) = (old.segment, layout.cold(old.segment));
    let file = regular::open(&path).map_err(StoreError::io("open", &path))?;
    let mut pass = ColdPass {
        file,
        out: ColdWriter::new(Replacement::begin(&path)?),
        keep,
        n_dropped: 0,
        changed: Vec::new(),
        flaw: sidecar.flaw().or(known.flaw),
    };
    for member in &sidecar.members {
        let is_wanted = match look {
            Look::Everywhere => true,
            Look::Named(pseudonyms) => Sidecar::names(member, pseudonyms),
        };
        pass.take(member, is_wanted).map_err(StoreError::io("rewrite", &path))?;
    }
    let new = pass.out.footer(id).with_flaw(pass.flaw.take());
    let mut done = Rewritten::between(id, &old, &new, pass.n_dropped);
    if pass.n_dropped == 0 {
        return Ok(done.unchanged(&old));
    }
    if new.bytes == 0 {
        drop(pass);
        (known.record)(None)?;
        remove(&path, "rewrite.before_remove", "rewrite.removed")?;
        Sidecar::remove(layout, id, "rewrite.before_remove", "rewrite.removed")?;
        done.new_sha256 = None;
        return Ok(done);
    }
    let changed = std::mem::take(&mut pass.changed);
    let (out, members) = pass.out.finish(&new).map_err(StoreError::io("rewrite", &path))?;
    (known.record)(Some(&new))?;
    // The old sidecar names who is erased: it goes first, and one that is missing is made anew.
    Sidecar::remove(layout, id, "rewrite_cold.before_sidecar", "rewrite_cold.sidecar_removed")?;
    out.commit_checked(&COLD, |written| unpack_to(written, &members, &changed))?;
    Sidecar::of(&path, new, members)?.write(layout, id)?;
    Ok(done)
}

/// One pass over the members of a cold segment.
struct ColdPass<'a> {
    file: File,
    out: ColdWriter<Replacement>,
    keep: &'a mut dyn FnMut(&[u8]) -> Keep,
    n_dropped: u64,
    /// Digests of the texts that were compressed anew.
    changed: Vec<String>,
    /// What is wrong with the segment.
    flaw: Option<String>,
}

impl ColdPass<'_> {
    fn take(&mut self, member: &Member, is_wanted: bool) -> io::Result<()> {
        let packed = cold::read_packed(&mut self.file, member)?;
        if !is_wanted {
            return self.out.copy(member, &packed);
        }
        let text = cold::unpack(&packed)?;
        if Digest::of(&text) != member.sha256 {
            self.flaw.get_or_insert_with(|| CHANGED.to_owned());
        }
        let (mut kept, mut n_dropped) = (Vec::with_capacity(text.len()), 0);
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            match (self.keep)(without_newline(line)) {
                Keep::Keep => kept.extend_from_slice(line),
                Keep::Drop => n_dropped += 1,
            }
        }
        if n_dropped == 0 {
            return self.out.copy(member, &packed);
        }
        self.n_dropped += n_dropped;
        if kept.is_empty() {
            return Ok(());
        }
        self.changed.push(self.out.whole_member(&kept)?);
        Ok(())
    }
}

impl Rewritten {
    fn between(segment: SegmentId, old: &Footer, new: &Footer, dropped: u64) -> Self {
        Self {
            segment,
            kept: new.n_events + new.n_bad,
            dropped,
            bytes_before: old.bytes,
            bytes_after: new.bytes,
            old_sha256: old.sha256.clone(),
            new_sha256: Some(new.sha256.clone()),
            flaw: new.flaw.clone(),
        }
    }

    fn unchanged(self, old: &Footer) -> Self {
        Self { new_sha256: Some(old.sha256.clone()), bytes_after: old.bytes, ..self }
    }
}

fn without_newline(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

/// What stays is compared with what stands on disk before it takes the old file's place.
fn reads_back(written: &Path, footer: &Footer) -> Result<(), StoreError> {
    let tally = seal::tally(written).map_err(StoreError::io("read", written))?;
    if tally.sha256() == footer.sha256 {
        return Ok(());
    }
    Err(StoreError::corrupt(written, "it does not read back as it was written"))
}

/// The same for the members that were compressed anew.
fn unpack_to(written: &Path, members: &[Member], changed: &[String]) -> Result<(), StoreError> {
    let check = || {
        let mut file = regular::open(written)?;
        for member in members.iter().filter(|member| changed.contains(&member.sha256)) {
            let mut tally = Tally::default();
            let text = cold::unpack(&cold::read_packed(&mut file, member)?)?;
            text.split_inclusive(|byte| *byte == b'\n').for_each(|line| drop(tally.add(line)));
            if tally.sha256() != member.sha256 {
                return Err(io::Error::other("it does not unpack to what was kept"));
            }
        }
        Ok(())
    };
    check().map_err(StoreError::io("check", written))
}
