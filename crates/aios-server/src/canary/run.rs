//! Looks again and again, for as long as the server runs.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aios_control::{Phase, Row};
use aios_core::{Percent, Timestamp};
use aios_store::{DataDir, EventStore, Index, StoreError};
use tokio::sync::watch;
use tokio::time::Instant;

use super::check::{Checked, Look};
use super::error::CanaryError;
use super::evidence::RowSource;
use super::gate::{Gate, Trial};
use super::keeper::{CanaryKeeper, Order, Wish};
use super::settings::ControlConfig;
use super::standing::Standing;
use crate::controller::ControllerState;
use crate::gateway::Gateway;
use crate::judging::{each_row, live_row};

/// Longest and shortest pause between two looks. Most find that the turn is not over, which costs nothing.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));

/// Looks in the time that one turn takes.
const LOOKS_PER_TURN: u32 = 10;

/// Where a running server's canary is looked at and moved: by the loop and by the admin API.
pub(crate) struct Desk {
    pub(crate) keeper: Arc<CanaryKeeper>,
    pub(crate) config: watch::Receiver<ControlConfig>,
    pub(crate) controller: Arc<ControllerState>,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) data_dir: Arc<DataDir>,
    /// Looks that ended in a panic.
    pub(crate) n_panics: AtomicU64,
}

/// How often files past their time are looked for.
const PRUNE_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// A report that somebody hands in.
#[derive(Debug, Clone, serde::Deserialize, schemars::JsonSchema)]
pub(crate) struct Report {
    /// Where it was read, for messages.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

impl Desk {
    /// Looks. Blocks for as long as reading the window takes.
    pub(crate) fn look(
        &self,
        report: Option<&Report>,
        if_version: Option<u64>,
    ) -> Result<Checked, CanaryError> {
        let config = self.config.borrow().clone();
        let now = self.gateway.clock.now();
        if !config.canary.enabled {
            return Err(CanaryError::Disabled);
        }
        let gate = self.gate(report, now)?;
        self.keeper.check(&Look {
            settings: &config.canary,
            split: &self.gateway.split(),
            in_force_since: Some(self.controller.in_force_since(now)),
            rows: &LogRows { store: &*self.gateway.store, dir: &self.data_dir },
            gate: &gate,
            now,
            if_version,
        })
    }

    /// Has the log keep in memory what looks will soon ask for, from before the first one on.
    fn foresee(&self) {
        let is_running = self.keeper.standing().rollout.canary.phase == Phase::Running;
        if is_running && self.config.borrow().canary.asks_soon() {
            self.gateway.store.keep_recent();
        }
    }

    /// A look, if the canary is not switched off; that it is must be on record.
    pub(crate) fn look_or_notice(&self) -> Result<Option<Checked>, CanaryError> {
        if self.config.borrow().canary.enabled {
            return self.look(None, None).map(Some);
        }
        self.notice().map(|()| None)
    }

    /// Keeps that somebody else decides, or does so no more. Blocks for a write to disk, if there is anything to keep.
    fn notice(&self) -> Result<(), CanaryError> {
        let now = self.gateway.clock.now();
        self.keeper.notice(&self.gateway.split(), Some(self.controller.in_force_since(now)), now)
    }

    /// Does what an operator asks for. Blocks for a write to disk.
    pub(crate) fn decide(
        &self,
        wish: Wish,
        reason: &str,
        if_version: Option<u64>,
    ) -> Result<Arc<Standing>, CanaryError> {
        if !self.config.borrow().canary.enabled {
            return Err(CanaryError::Disabled);
        }
        let reason = self.gateway.live.load().redactor.redact(reason).text;
        self.keeper.decide(Order { wish, reason, if_version }, self.gateway.clock.now())
    }

    /// The report that was handed in, which must be usable; else the last one that was made.
    fn gate(&self, report: Option<&Report>, now: Timestamp) -> Result<Gate, CanaryError> {
        let (live, split) = (self.gateway.live.load(), self.gateway.split());
        let profile = self.gateway.routing.policy(&split).profile;
        let threshold = self.config.borrow().canary.golden_threshold;
        let on_trial = (&*live.answers_hash, &*split, profile);
        let trial = Trial::new(on_trial, (&self.data_dir, now), threshold, &live.objectives.slos);
        match report {
            Some(Report { path, text }) => Ok(Gate::of(text, path, &trial, now)?),
            None => Ok(Gate::of_last(&self.data_dir, &trial, now)),
        }
    }

    /// Blocks for a look at a few small files, once a day.
    fn prune(&self) {
        let term = self.config.borrow().canary.term;
        match self.keeper.prune(term, self.gateway.clock.now()) {
            Ok(0) => {}
            Ok(n_files) => {
                tracing::info!(n_files, "verdicts and decisions past their time are gone")
            }
            Err(error) => tracing::error!(%error, "what is kept of the canary could not be pruned"),
        }
    }

    fn pause(&self) -> Duration {
        let turn = self.config.borrow().canary.check_every;
        (turn / LOOKS_PER_TURN).clamp(PAUSE.0, PAUSE.1)
    }
}

/// Runs until the pipeline is gone.
pub(crate) async fn run(desk: Arc<Desk>) {
    let (mut prune_at, mut complaint) = (Instant::now(), Complaint::default());
    let (mut config, mut split) = (desk.config.clone(), desk.gateway.split.clone());
    loop {
        desk.foresee();
        // Another configuration may be another candidate, which begins anew at once.
        tokio::select! {
            () = tokio::time::sleep(desk.pause()) => {}
            Ok(()) = config.changed() => {}
            // An override that is soon taken back must be on record all the same.
            Ok(()) = split.changed() => {}
        }
        if Instant::now() >= prune_at {
            prune_at = Instant::now() + PRUNE_EVERY;
            desk.prune();
        }
        let looking = Arc::clone(&desk);
        let looked = tokio::task::spawn_blocking(move || looking.look_or_notice()).await;
        match looked {
            Ok(Ok(checked)) => {
                complaint.ends();
                checked.iter().for_each(tell);
            }
            Ok(Err(error)) if complaint.is_news(&error) => {
                tracing::warn!(%error, "the canary cannot be looked at; the split stays")
            }
            Ok(Err(_)) => {}
            // Serving goes on with the last split; the next look begins anew from what is kept.
            Err(panicked) => {
                desk.n_panics.fetch_add(1, Ordering::Relaxed);
                tracing::error!(%panicked, "looking at the canary has failed; the split stays");
            }
        }
    }
}

/// What is wrong and was said so: once, and not at each look.
#[derive(Debug, Default)]
struct Complaint(Option<String>);

impl Complaint {
    fn is_news(&mut self, error: &CanaryError) -> bool {
        let said = self.0.replace(error.to_string());
        said != self.0
    }

    fn ends(&mut self) {
        self.0 = None;
    }
}

fn tell(checked: &Checked) {
    if checked.quiet.is_some() {
        return;
    }
    let Checked { verdict, reason, version, n_blocks, .. } = checked;
    let pct = checked.canary.treatment_pct.get();
    tracing::info!(%verdict, %reason, version, n_blocks, treatment_pct = pct, "the canary was looked at");
}

/// The rows of the event log, also what was written a moment ago: from memory what the log has there, the rest from the
/// index, which is brought up where it may not have that.
struct LogRows<'a> {
    store: &'a dyn EventStore,
    dir: &'a DataDir,
}

impl RowSource for LogRows<'_> {
    fn each(&self, times: Range<Timestamp>, take: &mut dyn FnMut(Row)) -> Result<(), StoreError> {
        if let Some(recent) = self.store.recent(&times)
            && self.each_older(times.start..recent.from, take)?
        {
            recent.seen.iter().filter_map(live_row).for_each(take);
            return Ok(());
        }
        self.store.catch_up_index()?;
        self.each_older(times, take).map(drop)
    }

    fn n_unread(&self, times: Range<Timestamp>) -> Result<u64, StoreError> {
        let count = || -> Result<Option<u64>, StoreError> {
            let unread = Index::read(self.dir)?.map(|index| index.unread(&times)).transpose()?;
            Ok(unread.map(|unread| unread.n_lines))
        };
        // Where the index is behind, it may take a line for one of this time that is older. It must have known before it
        // was asked and know still: another may have come in its place.
        let is_known = || self.store.knows_unread();
        if is_known() && count()? == Some(0) && is_known() {
            return Ok(0);
        }
        self.store.catch_up_index()?;
        Ok(count()?.unwrap_or_default())
    }
}

impl LogRows<'_> {
    /// Shows those that the index has; false where there is none.
    fn each_older(
        &self,
        times: Range<Timestamp>,
        take: &mut dyn FnMut(Row),
    ) -> Result<bool, StoreError> {
        if times.is_empty() {
            return Ok(true);
        }
        let Some(index) = Index::read(self.dir)? else { return Ok(false) };
        each_row(&index, times, take).map(|()| true)
    }
}

/// Opens what is kept of the canary.
pub(crate) fn open(dir: &DataDir, start: Percent) -> std::io::Result<Arc<CanaryKeeper>> {
    CanaryKeeper::open(dir, start).map(Arc::new).map_err(std::io::Error::other)
}

impl RowSource for Index {
    fn each(&self, times: Range<Timestamp>, take: &mut dyn FnMut(Row)) -> Result<(), StoreError> {
        each_row(self, times, take)
    }

    fn n_unread(&self, times: Range<Timestamp>) -> Result<u64, StoreError> {
        Ok(self.unread(&times)?.n_lines)
    }
}

#[cfg(test)]
mod tests {
    use aios_core::{Event, EventId};
    use aios_store::{EventLogConfig, FileEventLog, SyncPolicy};
    use serde_json::json;

    use super::*;
    use crate::judging::fixture;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_micros(1_800_000_000_000_000 + ms * 1_000)
    }

    /// A request of this time; one of two is a golden run's.
    fn request(ms: i64) -> Event {
        let facts = json!({
            "ts": at(ms), "event_id": EventId::new(at(ms), [ms as u8; 10]),
            "conv_id": format!("c1_{ms:032x}"), "purpose": if ms % 2 == 0 { "live" } else { "golden" },
        });
        serde_json::from_str(&fixture::response(facts)).unwrap()
    }

    #[test]
    fn a_look_reads_what_was_written_a_moment_ago_and_no_index_is_brought_up() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let (sync, index_every) = (SyncPolicy::Always, Duration::from_secs(3_600));
        let config = EventLogConfig { sync, index_every, ..EventLogConfig::default() };
        let log = FileEventLog::open(&dir, config).unwrap();
        let rows = LogRows { store: &log, dir: &dir };
        let times = |rows: &dyn RowSource| {
            let mut times = Vec::new();
            rows.each(at(1)..at(9), &mut |row| times.push(row.ts)).unwrap();
            times
        };
        let write = |log: &FileEventLog, ms: i64| {
            let slot = runtime.block_on(log.reserve()).unwrap();
            runtime.block_on(slot.append(request(ms)).durable()).unwrap();
        };
        assert_eq!(times(&rows), []);
        [4, 3, 2].into_iter().for_each(|ms| write(&log, ms));
        assert_eq!(times(&rows), [at(2), at(4)]);
        assert_eq!(rows.n_unread(at(1)..at(9)).unwrap(), 0);
        let index = Index::read(&dir).unwrap().unwrap();
        assert_eq!(times(&index), [], "it is behind");
        log.catch_up_index().unwrap();
        assert_eq!(times(&index), [at(2), at(4)]);
        // After a start the index has what was written before. Of a file that is gone on with nothing is told.
        runtime.block_on(log.seal()).unwrap();
        drop(log);
        let log = FileEventLog::open(&dir, config).unwrap();
        let rows = LogRows { store: &log, dir: &dir };
        assert_eq!(times(&rows), [at(2), at(4)]);
        [8, 6].into_iter().for_each(|ms| write(&log, ms));
        assert_eq!(times(&rows), [at(2), at(4), at(6), at(8)]);
        assert_eq!(times(&index), [at(2), at(4)], "it is behind");
    }

    #[test]
    fn what_is_wrong_is_said_once_and_again_when_it_comes_back() {
        let (mut complaint, disabled) = (Complaint::default(), CanaryError::Disabled);
        let other = CanaryError::Conflict { expected: 1, found: 2 };
        let said = [&disabled, &disabled, &other, &other, &disabled];
        assert_eq!(said.map(|error| complaint.is_news(error)), [true, false, true, false, true]);
        complaint.ends();
        assert!(complaint.is_news(&disabled));
    }
}
