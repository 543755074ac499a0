//! Cleans up after a crash, when the log is opened: removes strays, finishes what was broken off.

use std::collections::BTreeSet;

use super::catalog::{Segments, ages, names};
use super::name::{FileKind, SegmentId};
use super::sidecar::Sidecar;
use crate::StoreError;
use crate::replace::remove;

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
    remove_strays(segments, &mut tidied)?;
    for info in segments.list()?.iter().filter(|info| info.footer.is_none()) {
        match info.age {
            super::Age::Hot => {
                segments.finish(info.id)?;
                tidied.n_finished += 1;
            }
            super::Age::Cold => {
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
    if tidied != Tidied::default() {
        tracing::info!(?tidied, "finished what the last run left undone");
    }
    Ok(tidied)
}

fn make_sidecar(segments: Segments<'_>, id: SegmentId) -> Result<(), StoreError> {
    let layout = segments.layout();
    Sidecar::survey(&layout, id)?.write(&layout, id)
}

/// Temporary files, compressed copies whose original is still there, and sidecars of nothing.
fn remove_strays(segments: Segments<'_>, tidied: &mut Tidied) -> Result<(), StoreError> {
    let layout = segments.layout();
    let names = names(&layout)?;
    let hot: BTreeSet<_> = names
        .iter()
        .filter_map(|name| match FileKind::of(name) {
            FileKind::Hot(id) => Some(id),
            _ => None,
        })
        .collect();
    let sealed = ages(&layout)?;
    for name in names {
        let is_stray = match FileKind::of(&name) {
            FileKind::Stray => true,
            // The hot one counts as long as it is there, so this may be an older state of it.
            FileKind::Cold(id) => hot.contains(&id),
            FileKind::Sidecar(id) => hot.contains(&id) || !sealed.contains_key(&id),
            FileKind::Active | FileKind::Late | FileKind::Hot(_) | FileKind::Other => false,
        };
        if is_stray {
            remove(&layout.dir().join(name), "janitor.before_remove", "janitor.removed")?;
            tidied.n_removed += 1;
        }
    }
    Ok(())
}
