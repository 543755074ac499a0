//! The thread behind the writer: gives sealed segments their footers, and keeps the index up.
//!
//! So the writer does neither, and nobody waits for either.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::index::fresh::Fresh;
use crate::index::{CaughtUp, Index};
use crate::register::{Fact, Loss};
use crate::segment::{Footer, SegmentId, Segments};
use crate::{DataDir, StoreError, register};

/// Where so many events came since it was last brought up, it is brought up ten times as often, so that little of what
/// the writer tells waits in memory.
const MANY: u64 = 50;
const MORE_OFTEN: u32 = 10;

/// Between two turns the index rests for so many times as long as a turn took: it gets a thirtieth of a
/// core, because serving comes first. Under a load for which that is too little it falls behind, and is
/// brought up when the load is over or somebody asks.
const REST: u32 = 29;

/// How long until an index that failed is tried again.
const INDEX_AGAIN: Duration = Duration::from_secs(60);

/// What the keeper is asked to do.
#[derive(Debug)]
pub(crate) enum Chore {
    /// This segment needs its footer; here it is, if all of the segment was counted as it was written.
    Finish(SegmentId, Option<Footer>),
    /// Write down that these lines are gone.
    Lost(Loss),
    /// Bring the index up, as far as one turn comes.
    Look,
    /// Bring the index to where the log is.
    CatchUp(IndexReply),
    /// Make the index anew.
    Reindex(IndexReply),
}

/// Where the keeper says how it went.
pub(crate) type IndexReply = oneshot::Sender<Result<CaughtUp, StoreError>>;

/// Takes chores.
pub(crate) type Chores = Sender<Chore>;

/// Ends when nobody has chores any more; dropping waits for that.
#[derive(Debug)]
pub(super) struct Keeper(Option<JoinHandle<()>>);

impl Keeper {
    /// Begins to do chores.
    pub(super) fn start(
        dir: DataDir,
        chores: Receiver<Chore>,
        fresh: Arc<Fresh>,
        every: Duration,
    ) -> Result<Self, StoreError> {
        let path = dir.path().to_owned();
        let work =
            Work { dir, fresh, every, index: None, is_foreign: false, look_at: Instant::now() };
        let run = move || work.run(&chores);
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

struct Work {
    dir: DataDir,
    /// What the writer tells the index.
    fresh: Arc<Fresh>,
    /// How often the index is brought up.
    every: Duration,
    index: Option<Index>,
    /// What has the index's name is not to be opened: it is none that was written here.
    is_foreign: bool,
    /// When to look whether the index is behind.
    look_at: Instant,
}

impl Work {
    fn run(mut self, chores: &Receiver<Chore>) {
        loop {
            match chores.recv_timeout(self.look_at.saturating_duration_since(Instant::now())) {
                Ok(chore) => self.chore(chore),
                Err(RecvTimeoutError::Timeout) => self.look(),
                Err(RecvTimeoutError::Disconnected) => return self.let_go(),
            }
        }
    }

    fn chore(&mut self, chore: Chore) {
        // Who asked may have left.
        match chore {
            Chore::Finish(id, footer) => finish(&self.dir, id, footer),
            Chore::Lost(loss) => {
                write_down(&self.dir, loss);
                self.look_at = Instant::now();
            }
            Chore::Look => self.look(),
            Chore::CatchUp(reply) => drop(reply.send(self.catch_up())),
            Chore::Reindex(reply) => drop(reply.send(self.reindex())),
        }
    }

    fn look(&mut self) {
        let started = Instant::now();
        let done = self.with_index(Index::catch_up_some);
        let rest = started.elapsed() * REST;
        let pause = match done {
            Ok(done) if done.is_behind => rest,
            Ok(done) if done.n_events >= MANY => rest.max(self.every / MORE_OFTEN),
            Ok(_) => rest.max(self.every),
            Err(error) => {
                // The log goes on without it; what asks the index says that it is not there.
                tracing::warn!(%error, "the index cannot be kept up; it is tried again");
                INDEX_AGAIN
            }
        };
        self.look_at = Instant::now() + pause;
    }

    fn catch_up(&mut self) -> Result<CaughtUp, StoreError> {
        self.with_index(Index::catch_up)
    }

    fn with_index(
        &mut self,
        work: fn(&mut Index) -> Result<CaughtUp, StoreError>,
    ) -> Result<CaughtUp, StoreError> {
        let mut index = self.take_index()?;
        let mut done = work(&mut index);
        if !index.is_in_its_file() {
            // Whatever came of it is of a file that is not ours.
            self.leave(index);
            index = self.take_index()?;
            done = work(&mut index);
        }
        // One that has failed is opened anew, which finds out whether it is damaged.
        self.index = Some(index).filter(|_| done.is_ok());
        done
    }

    fn reindex(&mut self) -> Result<CaughtUp, StoreError> {
        self.index = Some(self.take_index()?.rebuild()?);
        self.catch_up()
    }

    /// One whose file was removed under it would go on into nothing, and one that was written over has in it what was erased.
    fn take_index(&mut self) -> Result<Index, StoreError> {
        if let Some(mut index) = self.index.take() {
            if index.is_in_its_file() {
                return Ok(index);
            }
            self.leave(index);
        }
        // Where it cannot be removed now, it is not opened the next time either.
        let index = if self.is_foreign { Index::anew(&self.dir) } else { Index::open(&self.dir) }?;
        self.is_foreign = false;
        Ok(index.told_by(&self.fresh))
    }
}

impl Work {
    /// Lets go of one whose file is not ours any more.
    fn leave(&mut self, index: Index) {
        let path = self.dir.index_path();
        tracing::warn!(
            path = %path.display(),
            "the index was removed, replaced or written over while it was open; it is made anew from the log"
        );
        self.is_foreign = true;
        drop(index);
    }

    /// The next start must not open what has come in the index's place since the last look.
    fn let_go(&mut self) {
        if !self.is_foreign && self.index.as_mut().is_none_or(Index::is_in_its_file) {
            return;
        }
        if let Some(index) = self.index.take() {
            self.leave(index);
        }
        if let Err(error) = Index::remove(&self.dir) {
            tracing::error!(%error, "an index that was not written here cannot be removed");
        }
    }
}

/// Whoever judges their time is to know of it, also after a start.
fn write_down(dir: &DataDir, loss: Loss) {
    if let Err(error) = register::note(dir, &[Fact::Lost(loss)]) {
        tracing::error!(%error, "it could not be written down that events are lost");
    }
}

fn finish(dir: &DataDir, id: SegmentId, footer: Option<Footer>) {
    match Segments::of(dir).finish_counted(id, footer) {
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn an_index_that_is_not_ours_is_left_to_no_start_though_it_is_not_open() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let path = dir.index_path();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        for is_foreign in [false, true] {
            fs::write(&path, "a copy").unwrap();
            let (dir, fresh, look_at) = (dir.clone(), Arc::default(), Instant::now());
            let every = Duration::from_secs(1);
            Work { dir, fresh, every, index: None, is_foreign, look_at }.let_go();
            assert_eq!(path.exists(), !is_foreign);
        }
    }
}
