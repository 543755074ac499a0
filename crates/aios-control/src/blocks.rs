//! Blocks: so many observations of treatment beside so many of control, of about the same moment.
//!
//! An outage or a busy hour meets both halves of a block, so the difference between them is the
//! treatment's own. Who stands in which block depends on the order of arrival alone, never on how an
//! observation came out: that keeps the bets on blocks fair.

use std::collections::VecDeque;

use aios_core::{Bucket, Percent};
use serde::{Deserialize, Serialize};

/// Most observations of one bucket in a block.
const SIDE_MAX: usize = 4;

/// Blocks' worth of observations that wait for the other bucket; beyond them the oldest are left out. Conversations are
/// dealt by chance, so that now one bucket is ahead and now the other, and whatever is left out is evidence lost.
const WAITING_MAX: usize = 32;

/// How many observations of each bucket make one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shape {
    /// Of treatment.
    pub treated: u32,
    /// Of control.
    pub controls: u32,
}

impl Shape {
    /// The shape that wastes little when this share of conversations is in treatment. None where one
    /// of the buckets is empty: there is nothing to compare.
    #[must_use]
    pub fn for_share(treatment: Percent) -> Option<Self> {
        let (treated, controls) = match treatment.get() {
            pct if pct <= 0.0 || pct >= 100.0 => return None,
            pct if pct < 20.0 => (1, 4),
            pct if pct < 40.0 => (1, 3),
            pct if pct <= 60.0 => (1, 1),
            _ => (3, 1),
        };
        Some(Self { treated, controls })
    }

    /// Observations of a bucket in one block.
    #[must_use]
    pub const fn of(self, bucket: Bucket) -> u32 {
        match bucket {
            Bucket::Treatment => self.treated,
            Bucket::Control => self.controls,
        }
    }
}

/// One block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block<T> {
    shape: Shape,
    treated: [T; SIDE_MAX],
    controls: [T; SIDE_MAX],
}

impl<T> Block<T> {
    pub(crate) fn treated(&self) -> &[T] {
        self.treated.get(..self.shape.treated as usize).unwrap_or(&[])
    }

    pub(crate) fn controls(&self) -> &[T] {
        self.controls.get(..self.shape.controls as usize).unwrap_or(&[])
    }
}

/// What waits to become a block. The newest of each bucket go together: what is compared must lie close together in time,
/// since at the beginning of an outage a treated one beside a control from before it looks like harm. The older ones are
/// taken when their bucket has fallen behind.
#[derive(Debug, Clone)]
pub(crate) struct Waiting<T> {
    shape: Shape,
    treated: VecDeque<T>,
    controls: VecDeque<T>,
}

impl<T: Copy + Default> Waiting<T> {
    pub(crate) fn new(shape: Shape) -> Self {
        Self { shape, treated: VecDeque::new(), controls: VecDeque::new() }
    }

    /// Adds one observation, which may complete a block.
    pub(crate) fn add(&mut self, bucket: Bucket, seen: T) -> Option<Block<T>> {
        let queue = match bucket {
            Bucket::Treatment => &mut self.treated,
            Bucket::Control => &mut self.controls,
        };
        if queue.len() == WAITING_MAX * self.shape.of(bucket) as usize {
            queue.pop_front();
        }
        queue.push_back(seen);
        self.complete()
    }

    fn complete(&mut self) -> Option<Block<T>> {
        let (n_treated, n_controls) = (self.shape.treated as usize, self.shape.controls as usize);
        if self.treated.len() < n_treated || self.controls.len() < n_controls {
            return None;
        }
        let (treated, controls) =
            (newest(&mut self.treated, n_treated), newest(&mut self.controls, n_controls));
        Some(Block { shape: self.shape, treated, controls })
    }
}

fn newest<T: Copy + Default>(queue: &mut VecDeque<T>, n: usize) -> [T; SIDE_MAX] {
    let mut side = [T::default(); SIDE_MAX];
    let older = queue.len().saturating_sub(n);
    for (place, seen) in side.iter_mut().zip(queue.drain(older..)) {
        *place = seen;
    }
    side
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(pct: f64) -> Option<(u32, u32)> {
        let shape = Shape::for_share(Percent::new(pct).unwrap());
        shape.map(|shape| (shape.treated, shape.controls))
    }

    #[test]
    fn each_stage_has_its_shape() {
        let shapes = [0.0, 10.0, 25.0, 50.0, 75.0, 100.0].map(shape);
        let expect = [None, Some((1, 4)), Some((1, 3)), Some((1, 1)), Some((3, 1)), None];
        assert_eq!(shapes, expect);
    }

    #[test]
    fn the_newest_of_both_buckets_stand_in_a_block() {
        let mut waiting = Waiting::new(Shape { treated: 1, controls: 2 });
        assert!(waiting.add(Bucket::Control, 1).is_none());
        assert!(waiting.add(Bucket::Treatment, 10).is_none());
        assert!(waiting.add(Bucket::Treatment, 11).is_none());
        let block = waiting.add(Bucket::Control, 2).unwrap();
        assert_eq!((block.treated(), block.controls()), ([11].as_slice(), [1, 2].as_slice()));
        assert!(waiting.add(Bucket::Control, 3).is_none());
        let block = waiting.add(Bucket::Control, 4).unwrap();
        assert_eq!((block.treated(), block.controls()), ([10].as_slice(), [3, 4].as_slice()));
        (5..9).for_each(|control| assert!(waiting.add(Bucket::Control, control).is_none()));
        let block = waiting.add(Bucket::Treatment, 12).unwrap();
        assert_eq!(block.controls(), [7, 8]);
    }

    #[test]
    fn what_waits_is_bounded_and_the_newest_stay() {
        let mut waiting = Waiting::new(Shape { treated: 1, controls: 1 });
        for seen in 0..1_000 {
            assert!(waiting.add(Bucket::Control, seen).is_none());
        }
        let paired: Vec<i32> = std::iter::from_fn(|| {
            waiting.add(Bucket::Treatment, 0).map(|block| block.controls()[0])
        })
        .collect();
        assert!(paired.iter().copied().eq((0..1_000).rev().take(WAITING_MAX)), "{paired:?}");
    }
}
