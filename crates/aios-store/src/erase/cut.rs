//! Takes what is somebody's out of the files that hold it.

use std::io::{self, Write};
use std::path::Path;

use aios_core::{Progress, Timestamp};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::census::{Census, Depth, Holding};
use super::content::{Content, each_line};
use super::cut_document::cut_document;
use super::judge::Judge;
use super::reader::Reader;
use super::receipt::Work;
use super::registry::Treatment;
use super::target::{EraseTarget, Whose};
use crate::replace::{Points, Replacement, points, remove};
use crate::segment::name::FileKind;
use crate::segment::{Keep, Look, Segments};
use crate::{DataDir, MemoryStore, StoreError, disk, goldens};

const LINES: Points = points!("erase_lines");

/// Goes through the files that a look at `depth` found, and does to each what its store asks for. Done
/// again it finds less to do, until there is nothing.
///
/// Each file stands for itself: one that fails is noted, and keeps no other from being cut. What is shown are bytes of
/// files, first those that are looked through and then those that are cut.
pub(crate) fn cut(
    dir: &DataDir,
    target: &EraseTarget,
    depth: Depth,
    now: Timestamp,
    progress: &dyn Progress,
    work: &mut Work,
) -> Result<(), StoreError> {
    work.failed.clear();
    let mut census = Census::take(dir, target, depth, now, progress)?;
    if salvage(dir, &census, work) {
        census = Census::take(dir, target, depth, now, progress)?;
    }
    // Catalogues last: they are made anew from what is then in the segments.
    let (catalogues, rest): (Vec<_>, Vec<_>) =
        census.holding.iter().partition(|holding| is_catalogue(holding));
    let pass = Pass { dir, judge: Judge::new(dir, target)?, depth };
    let all: Vec<_> = rest.into_iter().chain(catalogues).collect();
    let lens: Vec<_> = all.iter().map(|holding| disk::len(&holding.path)).collect();
    progress.begin(lens.iter().sum());
    for (holding, len) in all.into_iter().zip(lens) {
        if let Err(error) = pass.cut(holding, work) {
            tracing::error!(%error, "an erasure leaves a file as it is and goes on with the others");
            work.failed.insert(holding.path.clone(), error.to_string());
        }
        progress.advance(len);
    }
    progress.end();
    Ok(())
}

/// Of segments that cannot be read to their ends, the good members are made readable again, so that they
/// can be cut like any other. Whether any was.
fn salvage(dir: &DataDir, census: &Census, work: &mut Work) -> bool {
    let n_before = work.salvaged.len();
    for id in &census.damaged {
        match Segments::of(dir).salvage(*id) {
            Ok(salvaged) => work.salvaged.extend(salvaged),
            Err(error) => tracing::error!(%error, "a damaged segment cannot be salvaged"),
        }
    }
    work.salvaged.len() > n_before
}

fn is_catalogue(holding: &Holding) -> bool {
    holding
        .store
        .is_some_and(|store| matches!(store.treatment, Treatment::Derived | Treatment::Catalogue))
}

/// One pass over what holds something of the target.
pub(super) struct Pass<'a> {
    pub(super) dir: &'a DataDir,
    pub(super) judge: Judge<'a>,
    depth: Depth,
}

impl Pass<'_> {
    fn cut(&self, holding: &Holding, work: &mut Work) -> Result<(), StoreError> {
        let (path, Some(store)) = (&holding.path, holding.store) else { return Ok(()) };
        match store.treatment {
            Treatment::Lines => self.cut_lines_or_segment(path, work),
            Treatment::Records => {
                // Commands write these too: none may write back what it has read before.
                let _turn = goldens::turn(self.dir.path())?;
                match Content::of(&mut Reader::default(), path, store)
                    .map_err(StoreError::io("read", path))?
                {
                    Content::Lines => self.cut_lines(path, work),
                    Content::Document(text) => cut_document(self, store, path, &text, work),
                    Content::Opaque => self.remove(path, work),
                }
            }
            // With its segment a sidecar was made anew, and is about nobody who is gone.
            Treatment::Derived | Treatment::Catalogue if !is_named(self.judge.target, path)? => {
                Ok(())
            }
            Treatment::Derived | Treatment::Catalogue | Treatment::Scraps => {
                self.remove(path, work)
            }
            Treatment::Database => self.cut_rows(path, work),
            // Brought to where the log is once all segments are cut.
            Treatment::Indexed => Ok(()),
            // Reported: nothing of anybody belongs there.
            Treatment::Proof | Treatment::Chain | Treatment::Names | Treatment::Apart => Ok(()),
        }
    }

    fn cut_lines_or_segment(&self, path: &Path, work: &mut Work) -> Result<(), StoreError> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_of_the_log = path.parent() == Some(self.dir.analytics_path().as_path());
        match FileKind::of(name) {
            FileKind::Hot(id) | FileKind::Cold(id) if is_of_the_log => self.cut_segment(id, work),
            // They are sealed before: what comes in since is fenced, and the log's own thread writes here.
            FileKind::Active | FileKind::Late if is_of_the_log => Ok(()),
            FileKind::Hot(_)
            | FileKind::Cold(_)
            | FileKind::Active
            | FileKind::Late
            | FileKind::Older
            | FileKind::Sidecar(_)
            | FileKind::Stray
            | FileKind::Other => self.cut_lines(path, work),
        }
    }

    fn cut_segment(&self, id: crate::SegmentId, work: &mut Work) -> Result<(), StoreError> {
        let (segments, target) = (Segments::of(self.dir), self.judge.target);
        let names: Vec<&str> = target.pseudonyms().iter().map(|one| one.as_str()).collect();
        let has_bad_lines = segments.finish(id).map_or(true, |footer| footer.n_bad > 0);
        let look = match self.depth {
            Depth::Catalogued if !has_bad_lines => Look::Named(&names),
            Depth::Catalogued | Depth::EveryByte => Look::Everywhere,
        };
        let mut keep = |line: &[u8]| match self.judge.line(line, true) {
            Whose::Ours => Keep::Drop,
            Whose::Mention | Whose::Other => Keep::Keep,
        };
        match segments.rewrite(id, look, &mut keep) {
            Ok(rewritten) if rewritten.dropped > 0 => {
                work.n_records += rewritten.dropped;
                work.segments.push(rewritten);
                Ok(())
            }
            Ok(_) => Ok(()),
            // Past its time meanwhile, and so gone.
            Err(StoreError::NoSegment { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The lines that stay are the same bytes in the same order. A file that nothing is left of goes.
    fn cut_lines(&self, path: &Path, work: &mut Work) -> Result<(), StoreError> {
        let read = StoreError::io("read", path);
        let mut reader = Reader::default();
        let kind =
            reader.is_gzip(path).and_then(|packed| Ok((packed, self.judge.may_be_older(path)?)));
        let (is_packed, may_be_older) = kind.map_err(read)?;
        let mut out = Out::begin(path, is_packed)?;
        let (mut n_kept, mut n_dropped, mut failed) = (0_u64, 0, None);
        let read = each_line(&mut reader, path, |line| {
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            if self.judge.line(text, may_be_older) == Whose::Ours {
                n_dropped += 1;
            } else if let Err(error) = out.write_all(line) {
                failed = Some(error);
            } else {
                n_kept += 1;
            }
        });
        read.and_then(|()| failed.map_or(Ok(()), Err)).map_err(StoreError::io("rewrite", path))?;
        if n_dropped == 0 {
            return Ok(());
        }
        work.n_records += n_dropped;
        if n_kept == 0 {
            drop(out);
            return self.remove(path, work);
        }
        out.commit(path)?;
        work.touched(self.dir, path);
        Ok(())
    }

    fn cut_rows(&self, path: &Path, work: &mut Work) -> Result<(), StoreError> {
        work.n_records += MemoryStore::erase_from(self.dir, self.judge.target.pseudonyms())?;
        work.touched(self.dir, path);
        Ok(())
    }

    pub(super) fn remove(&self, path: &Path, work: &mut Work) -> Result<(), StoreError> {
        remove(path, "erase.before_remove", "erase.removed")?;
        work.touched(self.dir, path);
        Ok(())
    }
}

/// A file that is written anew, packed as it was.
enum Out {
    Plain(Replacement),
    Packed(GzEncoder<Replacement>),
}

impl Out {
    fn begin(path: &Path, is_packed: bool) -> Result<Self, StoreError> {
        let out = Replacement::begin(path)?;
        Ok(match is_packed {
            true => Self::Packed(GzEncoder::new(out, Compression::default())),
            false => Self::Plain(out),
        })
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.write_all(bytes),
            Self::Packed(out) => out.write_all(bytes),
        }
    }

    fn commit(self, path: &Path) -> Result<(), StoreError> {
        let out = match self {
            Self::Plain(out) => out,
            Self::Packed(out) => out.finish().map_err(StoreError::io("rewrite", path))?,
        };
        out.commit(&LINES)
    }
}

/// Whether a catalogue still names the target. One that is gone names nobody.
fn is_named(target: &EraseTarget, path: &Path) -> Result<bool, StoreError> {
    let mut is_named = false;
    let looked = Reader::default().each_window(path, target.len_max() + 1, |window, _| {
        is_named |= target.names_in(window) || target.raw_in(window) || target.packed_in(window);
    });
    match looked {
        Ok(_) => Ok(is_named),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(StoreError::io("read", path)(error)),
    }
}

impl Work {
    pub(super) fn touched(&mut self, dir: &DataDir, path: &Path) {
        self.files.push(path.strip_prefix(dir.path()).unwrap_or(path).to_owned());
    }
}
