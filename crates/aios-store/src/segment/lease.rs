//! One at a time: whoever changes a segment holds its lease, be it rotation, retention or erasure.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

use super::name::SegmentId;

/// The segments that somebody is changing.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    held: Mutex<BTreeSet<SegmentId>>,
    freed: Condvar,
    /// How often a segment may have been changed.
    generation: AtomicU64,
}

/// The right to change one segment. Ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Lease<'a> {
    leases: &'a Leases,
    id: SegmentId,
}

impl Leases {
    /// Waits until nobody else holds the segment.
    pub(crate) fn take(&self, id: SegmentId) -> Lease<'_> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut held = self
            .freed
            .wait_while(held, |held| held.contains(&id))
            .unwrap_or_else(PoisonError::into_inner);
        held.insert(id);
        Lease { leases: self, id }
    }

    /// Somebody else may have changed segments.
    pub(crate) fn doubt(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// A number that is another one when a segment may have been changed since.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.leases.doubt();
        self.leases.held.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
        self.leases.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn one_segment_is_changed_by_one_at_a_time() {
        let id = SegmentId::parse("20270115T083000Z-0708090a").unwrap();
        let (leases, inside, most) = (Leases::default(), AtomicUsize::new(0), AtomicUsize::new(0));
        let work = || {
            for _ in 0..200 {
                let _lease = leases.take(id);
                most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::yield_now();
                inside.fetch_sub(1, Ordering::SeqCst);
            }
        };
        std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(work))));
        assert_eq!((most.load(Ordering::SeqCst), leases.generation()), (1, 800));
        // Another segment is another matter.
        let (_a, _b) = (leases.take(id), leases.take(id.next()));
    }
}
