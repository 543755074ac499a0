//! A reply's body, sent at a model's pace.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep_until};

use super::frames::Frames;
use super::random::Random;

/// The simulated connection broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the simulated model broke the connection")]
pub struct SimCut;

/// When the frames of a body go out.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    /// When the first one does.
    pub(super) first_at: Instant,
    /// Time between two, on average.
    pub(super) gap: Duration,
    /// Draws how much each gap differs from the average.
    pub(super) random: Random,
}

/// The body of a simulated reply. Dropping it frees the model's slot, as hanging up does.
#[derive(Debug)]
pub struct SimBody {
    frames: VecDeque<Bytes>,
    cut: bool,
    bytes_left: u64,
    timer: Option<(Pin<Box<Sleep>>, Pace)>,
    _slot: Option<OwnedSemaphorePermit>,
}

impl SimBody {
    /// A body that goes out as fast as it is read.
    pub(super) fn ready(frames: Frames) -> Self {
        let bytes_left = frames.frames.iter().map(|frame| frame.len() as u64).sum();
        Self { frames: frames.frames.into(), cut: frames.cut, bytes_left, timer: None, _slot: None }
    }

    /// A body that goes out at a pace and holds a slot until its end.
    pub(super) fn paced(frames: Frames, pace: Pace, slot: Option<OwnedSemaphorePermit>) -> Self {
        let timer = Some((Box::pin(sleep_until(pace.first_at)), pace));
        Self { timer, _slot: slot, ..Self::ready(frames) }
    }

    fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some((sleep, pace)) = &mut self.timer else { return Poll::Ready(()) };
        ready!(sleep.as_mut().poll(cx));
        let next = sleep.deadline() + pace.next_gap();
        sleep.as_mut().reset(next);
        Poll::Ready(())
    }
}

impl Pace {
    /// Uniform between half and one and a half of the average. Counted from the moment the last
    /// frame was due, so that a slow reader does not slow the model down.
    fn next_gap(&mut self) -> Duration {
        self.gap.mul_f64(0.5 + self.random.unit())
    }
}

impl http_body::Body for SimBody {
    type Data = Bytes;
    type Error = SimCut;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, SimCut>>> {
        let this = self.get_mut();
        if this.frames.is_empty() {
            return Poll::Ready(std::mem::take(&mut this.cut).then_some(Err(SimCut)));
        }
        ready!(this.poll_due(cx));
        let frame = this.frames.pop_front().unwrap_or_default();
        this.bytes_left -= frame.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty() && !self.cut
    }

    /// Exact for a reply in one piece, so that it gets a length; unknown for anything else.
    fn size_hint(&self) -> SizeHint {
        if self.cut || self.frames.len() > 1 {
            SizeHint::new()
        } else {
            SizeHint::with_exact(self.bytes_left)
        }
    }
}
