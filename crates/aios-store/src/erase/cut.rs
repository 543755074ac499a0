//! Takes what is somebody's out of the files that hold it.

use std::io::{self, Write as _};
use std::path::Path;

use aios_core::Timestamp;

use super::census::{Census, Depth, Holding, each_line};
use super::receipt::Work;
use super::registry::Treatment;
use super::scan;
use super::target::{EraseTarget, Whose};
use crate::replace::{Points, Replacement, points, remove};
use crate::segment::name::FileKind;
use crate::segment::{Keep, Look, Segments};
use crate::{DataDir, StoreError};

const LINES: Points = points!("erase_lines");

/// Goes through the files that a look at `depth` found, and does to each what its store asks for. Done
/// again it finds less to do, until there is nothing.
pub(crate) fn cut(
    dir: &DataDir,
    target: &EraseTarget,
    depth: Depth,
    now: Timestamp,
    work: &mut Work,
) -> Result<(), StoreError> {
    let census = Census::take(dir, target, depth, now)?;
    // Catalogues last: they are made anew from what is then in the segments.
    let (catalogues, rest): (Vec<_>, Vec<_>) =
        census.holding.iter().partition(|holding| is_catalogue(holding));
    for holding in rest.into_iter().chain(catalogues) {
        cut_file(dir, target, depth, holding, work)?;
    }
    Ok(())
}

fn is_catalogue(holding: &Holding) -> bool {
    holding.store.is_some_and(|store| store.treatment == Treatment::Derived)
}

fn cut_file(
    dir: &DataDir,
    target: &EraseTarget,
    depth: Depth,
    holding: &Holding,
    work: &mut Work,
) -> Result<(), StoreError> {
    let Some(store) = holding.store else { return Ok(()) };
    match store.treatment {
        Treatment::Lines => match file_kind(&holding.path) {
            FileKind::Hot(id) | FileKind::Cold(id) => cut_segment(dir, target, depth, id, work),
            // They are sealed before: what comes in since is fenced, and the log's own thread writes here.
            FileKind::Active | FileKind::Late if holding.is_of_the_log(dir) => Ok(()),
            FileKind::Active
            | FileKind::Late
            | FileKind::Sidecar(_)
            | FileKind::Stray
            | FileKind::Other => {
                cut_lines(target, &holding.path, work).map(|()| work.touched(dir, &holding.path))
            }
        },
        // With its segment a sidecar was made anew, and is about nobody who is gone.
        Treatment::Derived if !is_named(target, &holding.path)? => Ok(()),
        Treatment::Derived | Treatment::Scraps => {
            remove(&holding.path, "erase.before_remove", "erase.removed")?;
            work.touched(dir, &holding.path);
            Ok(())
        }
        // Brought to where the log is once all segments are cut.
        Treatment::Indexed => Ok(()),
        // Reported, not cut: nobody but their author knows what is left without it.
        Treatment::Document | Treatment::Proof | Treatment::Apart => Ok(()),
    }
}

fn cut_segment(
    dir: &DataDir,
    target: &EraseTarget,
    depth: Depth,
    id: crate::SegmentId,
    work: &mut Work,
) -> Result<(), StoreError> {
    let segments = Segments::of(dir);
    let names: Vec<&str> = target.pseudonyms().iter().map(|one| one.as_str()).collect();
    let has_bad_lines = segments.finish(id).map_or(true, |footer| footer.n_bad > 0);
    let look = match depth {
        Depth::Catalogued if !has_bad_lines => Look::Named(&names),
        Depth::Catalogued | Depth::EveryByte => Look::Everywhere,
    };
    let mut keep = |line: &[u8]| match target.judge(line) {
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

/// The lines that stay are the same bytes in the same order.
fn cut_lines(target: &EraseTarget, path: &Path, work: &mut Work) -> Result<(), StoreError> {
    let mut out = Replacement::begin(path)?;
    let (mut n_dropped, mut failed) = (0, None);
    let read = each_line(path, |line| {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        if target.judge(text) == Whose::Ours {
            n_dropped += 1;
        } else if let Err(error) = out.write_all(line) {
            failed = Some(error);
        }
    });
    read.and_then(|()| failed.map_or(Ok(()), Err)).map_err(StoreError::io("rewrite", path))?;
    if n_dropped == 0 {
        return Ok(());
    }
    out.commit(&LINES)?;
    work.n_records += n_dropped;
    Ok(())
}

/// Whether a catalogue still names the target. One that is gone names nobody.
fn is_named(target: &EraseTarget, path: &Path) -> Result<bool, StoreError> {
    let mut is_named = false;
    let looked = scan::each_window(path, target.len_max() + 1, |window, _| {
        is_named |= target.names_in(window) || target.raw_in(window) || target.packed_in(window);
    });
    match looked {
        Ok(_) => Ok(is_named),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(StoreError::io("read", path)(error)),
    }
}

fn file_kind(path: &Path) -> FileKind {
    FileKind::of(path.file_name().and_then(|name| name.to_str()).unwrap_or_default())
}

impl Holding {
    /// Whether it lies where the event log does.
    fn is_of_the_log(&self, dir: &DataDir) -> bool {
        self.path.parent() == Some(dir.analytics_path().as_path())
    }
}

impl Work {
    fn touched(&mut self, dir: &DataDir, path: &Path) {
        self.files.push(path.strip_prefix(dir.path()).unwrap_or(path).to_owned());
    }
}
