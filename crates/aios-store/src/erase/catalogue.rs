//! Which cold segments need not be read to find somebody.
//!
//! The index knows whom each segment names, and the head of a segment's sidecar in which state the segment is. So most are
//! ruled out by a page and a line, however long they are. Where the index does not have that state, the sidecar
//! is read. Neither is a witness: what both have wrong the proof finds, which asks no catalogue.

use std::path::Path;

use super::reader::Reader;
use super::target::EraseTarget;
use crate::segment::Layout;
use crate::segment::sidecar::Sidecar;
use crate::{DataDir, Index, SegmentId};

/// The catalogues of one data directory, asked about one target.
pub(super) struct Catalogue<'a> {
    layout: Layout,
    /// None where there is none, or none that can be read: then the sidecars are.
    index: Option<Index>,
    target: &'a EraseTarget,
}

impl<'a> Catalogue<'a> {
    pub(super) fn of(dir: &DataDir, target: &'a EraseTarget) -> Self {
        let index = Index::read(dir).unwrap_or_else(|error| {
            tracing::debug!(%error, "an erasure does without the index");
            None
        });
        Self { layout: Layout::of(dir), index, target }
    }

    /// Whether the target is not in a cold segment. Of a copy that lies elsewhere nothing is known.
    pub(super) fn rules_out(&self, reader: &mut Reader, id: SegmentId, path: &Path) -> bool {
        if self.layout.cold(id) != path {
            return false;
        }
        // What cannot be read, or is about another state of the segment, rules out nothing; and lines
        // that are no events stand in no catalogue.
        let footer = Sidecar::load_footer(&self.layout, id).ok().flatten();
        let Some(footer) = footer.filter(|footer| footer.n_bad == 0) else { return false };
        let known = self.index.as_ref().and_then(|index| {
            index.is_any_named_in(id, &footer.sha256, self.target.pseudonyms()).ok().flatten()
        });
        known.map_or_else(|| self.sidecar_names_nobody(reader, id), |is_named| !is_named)
    }

    fn sidecar_names_nobody(&self, reader: &mut Reader, id: SegmentId) -> bool {
        let mut is_named = false;
        let path = self.layout.sidecar(id);
        let looked = reader.each_window(&path, self.target.len_max(), |window, _| {
            is_named |= self.target.names_in(window);
        });
        looked.is_ok() && !is_named
    }
}
