//! The thread behind the writer: gives sealed segments their footers, so that the writer need not.

use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;

use crate::segment::{SegmentId, Segments};
use crate::{DataDir, StoreError};

/// Ends when every writer has; dropping waits for that.
#[derive(Debug)]
pub(super) struct Keeper(Option<JoinHandle<()>>);

impl Keeper {
    /// Takes care of the segments that come through `sealed`.
    pub(super) fn start(dir: DataDir, sealed: Receiver<SegmentId>) -> Result<Self, StoreError> {
        let path = dir.path().to_owned();
        let run = move || {
            for id in sealed {
                finish(&dir, id);
            }
        };
        let thread = std::thread::Builder::new().name("event-log-keeper".to_owned()).spawn(run);
        thread
            .map(|thread| Self(Some(thread)))
            .map_err(StoreError::io("start the keeper of", &path))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if self.0.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the event log's keeper has panicked");
        }
    }
}

fn finish(dir: &DataDir, id: SegmentId) {
    match Segments::of(dir).finish(id) {
        Ok(footer) => {
            tracing::debug!(segment = %id, n_events = footer.n_events, "a segment is sealed")
        }
        // Compressed, erased or removed meanwhile: then it has had its footer.
        Err(StoreError::NoSegment { .. }) => {}
        Err(error) => {
            tracing::error!(%error, segment = %id, "a segment has no footer yet; it gets one at the next start");
        }
    }
}
