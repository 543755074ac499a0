//! Cleans up after a crash, when the log is opened: removes strays, finishes what was broken off. While it is
//! open, only what others have put there is taken in.

use std::path::Path;

use super::catalog::{Age, Segments, ages, names};
use super::foreign;
use super::name::{FileKind, Layout, SegmentId};
use super::seal;
use super::sidecar::Sidecar;
use crate::log::recover::put_aside;
use crate::replace::remove;
use crate::{StoreError, register, regular};

/// What was found to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tidied {
    /// Files that a crash had left half written, or that belong to nothing.
    pub(crate) n_removed: usize,
    /// Segments that had no footer yet.
    pub(crate) n_finished: usize,
    /// Sidecars that were missing or about another state of their segment.
    pub(crate) n_sidecars: usize,
}

pub(super) fn tidy(segments: Segments<'_>) -> Result<Tidied, StoreError> {
    let mut tidied = Tidied::default();
    foreign::warn(&segments.layout())?;
    remove_strays(segments, &mut tidied)?;
    let infos = segments.list()?;
    for info in infos.iter().filter(|info| info.footer.is_none()) {
        match info.age {
            // One that has lost its end must not keep the log from opening either.
            Age::Hot => match segments.finish(info.id) {
                Ok(_) => tidied.n_finished += 1,
                Err(error @ StoreError::Corrupt { .. }) => {
                    tracing::error!(%error, "a segment is damaged; it is left as it is");
                }
                Err(error) => return Err(error),
            },
            Age::Cold => {
                // A damaged segment must not keep the log from opening: `aios logs verify` names it.
                match make_sidecar(segments, info.id) {
                    Ok(()) => tidied.n_sidecars += 1,
                    Err(error) => {
                        tracing::error!(%error, "a cold segment cannot be read; it is left as it is");
                    }
                }
            }
        }
    }
    let is_as_listed = tidied.n_sidecars == 0;
    register::note_found(segments.dir(), &if is_as_listed { infos } else { segments.list()? })?;
    if tidied != Tidied::default() {
        tracing::info!(?tidied, "finished what the last run left undone");
    }
    Ok(tidied)
}

/// A segment that cannot be read is left as it is.
pub(super) fn take_in(segments: Segments<'_>) -> Result<(), StoreError> {
    let layout = segments.layout();
    let (infos, mut is_as_listed) = (segments.list()?, true);
    for info in &infos {
        let taken_in = match info.age {
            Age::Hot if regular::is_file(&layout.cold(info.id)) => segments.take_in_cold(info.id),
            Age::Hot if info.footer.is_none() => segments.finish(info.id).map(drop),
            Age::Cold if info.footer.is_none() => segments.take_in_cold(info.id),
            Age::Hot | Age::Cold => continue,
        };
        is_as_listed = false;
        if let Err(error) = taken_in {
            tracing::error!(%error, "a segment cannot be read; it is left as it is");
        }
    }
    register::note_found(segments.dir(), &if is_as_listed { infos } else { segments.list()? })
}

fn make_sidecar(segments: Segments<'_>, id: SegmentId) -> Result<(), StoreError> {
    let layout = segments.layout();
    Sidecar::survey(&layout, id)?.write(&layout, id)
}

/// Leaves one of a hot and a cold segment with the same id; tells how many files were removed. A compression
/// that was broken off leaves a hot one with its footer, which counts. One without is no work of ours: a copy
/// that was broken off, of which nobody knows how much is missing. It must not cost the cold one, and a footer made for it
/// would have it count as whole: so it is put aside even where the cold one is damaged too. That one stays for an erasure
/// to take apart, and `aios logs verify` names both.
pub(super) fn leave_one(
    layout: &Layout,
    id: SegmentId,
    quarantine: &Path,
) -> Result<usize, StoreError> {
    let (hot, cold) = (layout.hot(id), layout.cold(id));
    if !(regular::is_file(&hot) && regular::is_file(&cold)) {
        return Ok(0);
    }
    let is_whole = seal::read_footer(&hot)?.is_some_and(|footer| footer.segment == id);
    if !is_whole {
        if let Ok(sidecar) = Sidecar::survey(layout, id) {
            sidecar.write(layout, id)?;
        }
        put_aside(&hot, quarantine)?;
        return Ok(0);
    }
    let stale: Vec<_> =
        [cold, layout.sidecar(id)].into_iter().filter(|path| regular::is_file(path)).collect();
    for path in &stale {
        remove(path, "janitor.before_remove", "janitor.removed")?;
    }
    Ok(stale.len())
}

/// Temporary files, one of two files of the same segment, and sidecars of nothing.
fn remove_strays(segments: Segments<'_>, tidied: &mut Tidied) -> Result<(), StoreError> {
    let layout = segments.layout();
    for name in names(&layout)? {
        if let FileKind::Cold(id) = FileKind::of(&name) {
            tidied.n_removed += leave_one(&layout, id, &segments.quarantine())?;
        }
    }
    let sealed = ages(&layout)?;
    for name in names(&layout)? {
        let is_stray = match FileKind::of(&name) {
            FileKind::Stray => true,
            FileKind::Sidecar(id) => sealed.get(&id) != Some(&Age::Cold),
            FileKind::Active
            | FileKind::Late
            | FileKind::Older
            | FileKind::Hot(_)
            | FileKind::Cold(_)
            | FileKind::Other => false,
        };
        if is_stray {
            remove(&layout.dir().join(name), "janitor.before_remove", "janitor.removed")?;
            tidied.n_removed += 1;
        }
    }
    Ok(())
}
