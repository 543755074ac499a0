//! Who changes segments, and who has to look at them again.

use super::DataDir;
use crate::segment::Lease;
use crate::{SegmentId, StoreError};

impl DataDir {
    /// A number that is another one when a sealed segment may have been changed since.
    pub(crate) fn segments_generation(&self) -> u64 {
        self.lock.as_ref().map_or(0, |lock| lock.leases.generation())
    }

    /// A number that is another one when a segment may hold other events by now than its writer has put in.
    pub(crate) fn segments_changes(&self) -> u64 {
        self.lock.as_ref().map_or(0, |lock| lock.leases.changes())
    }

    /// Has whoever goes by the generation take a segment in that is sealed, and holds what its writer has put in.
    pub(crate) fn note_sealed_segment(&self) {
        if let Some(lock) = &self.lock {
            lock.leases.is_sealed();
        }
    }

    /// Has whoever goes by the generation look at every sealed segment again.
    pub(crate) fn doubt_segments(&self) {
        if let Some(lock) = &self.lock {
            lock.leases.doubt();
        }
    }

    /// Takes the right to change a segment; waits while somebody else has it.
    pub(crate) fn lease_segment(&self, id: SegmentId) -> Result<Lease<'_>, StoreError> {
        Ok(self.owned("change a segment")?.leases.take(id))
    }
}
