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
    /// How often it may have come to hold other events than its writer has put in.
    changes: AtomicU64,
}

/// The right to change one segment. Ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Lease<'a> {
    leases: &'a Leases,
    id: SegmentId,
    holds_the_same: bool,
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
        Lease { leases: self, id, holds_the_same: false }
    }

    /// Somebody else may have changed segments.
    pub(crate) fn doubt(&self) {
        // In this order: whoever has seen the change sees that the segments are to be looked at.
        self.is_sealed();
        self.changes.fetch_add(1, Ordering::AcqRel);
    }

    /// A segment is sealed, and holds what its writer has put in.
    pub(crate) fn is_sealed(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// A number that is another one when a segment may have been changed since.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// A number that is another one when a segment may hold other events by now than its writer has put in.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }
}

impl Lease<'_> {
    /// The segment holds what its writer has put in, and was only sealed.
    pub(crate) fn holds_the_same(&mut self) {
        self.holds_the_same = true;
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        match self.holds_the_same {
            true => self.leases.is_sealed(),
            false => self.leases.doubt(),
        }
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

    #[test]
    fn what_is_only_sealed_holds_the_same() {
        let id = SegmentId::parse("20270115T083000Z-0708090a").unwrap();
        let leases = Leases::default();
        leases.take(id).holds_the_same();
        assert_eq!((leases.generation(), leases.changes()), (1, 0));
        drop(leases.take(id));
        assert_eq!((leases.generation(), leases.changes()), (2, 1));
    }
}
