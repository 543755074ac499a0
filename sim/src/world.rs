//! A deployment: the real planes and the real store on a directory of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aios_core::Clock;
use aios_privacy::KeyMaterial;
use aios_route::{BucketKey, Policy};
use aios_server::{Keys, Pieces, RoutingState, Unplugged};
use aios_store::{AuditConfig, AuditLog, DataDir, DiskFaults, Eraser, FileEventLog, Rotator};
use anyhow::{Context, Result};
use tokio::sync::mpsc;

use crate::clock::SimClock;
use crate::files::Files;
use crate::planted::{self, Planted};
use crate::setup;

/// One life of a deployment, from its start to its end or its death.
pub(crate) struct World {
    pub(crate) plane: Unplugged,
    pub(crate) log: Arc<FileEventLog>,
    pub(crate) dir: Arc<DataDir>,
    pub(crate) eraser: Arc<Eraser>,
    pub(crate) rotator: Rotator,
    pub(crate) faults: Arc<DiskFaults>,
}

/// What a deployment is started with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    pub(crate) seed: u64,
    /// Which life it is.
    pub(crate) life: u64,
    /// Which generation of the configuration is the first.
    pub(crate) generation: u64,
    /// Whether the kill switch is not thrown.
    pub(crate) adaptive: bool,
    /// What is wrong with it.
    pub(crate) planted: Option<Planted>,
}

impl World {
    /// Starts a deployment as `aios serve` does, without sockets and loops.
    pub(crate) fn start(path: &Path, clock: &Arc<SimClock>, start: Start) -> Result<Self> {
        let Start { seed, life, generation, adaptive, planted } = start;
        let dir = Arc::new(DataDir::open(path).context("the directory cannot be opened")?);
        let audit = AuditLog::open(&dir, AuditConfig::default(), clock.now());
        let audit = Arc::new(audit.context("the audit trail cannot be opened")?);
        let faults = Arc::<DiskFaults>::default();
        if planted == Some(Planted::EarlyAnswer) {
            faults.lie();
        }
        let is_restless = planted == Some(Planted::Restless);
        let config = setup::event_log(seed);
        let log = FileEventLog::open_faulty(&dir, config, &faults);
        let log = Arc::new(log.context("the event log cannot be opened")?);
        let eraser =
            Eraser::open(&dir, Arc::clone(&log), Arc::clone(&audit), Arc::clone(clock) as _);
        let eraser = Arc::new(eraser.context("the ledger cannot be opened")?);
        if let Some((id, error)) = eraser.resume().failed.into_iter().next() {
            return Err(error).context(format!("erasure {id} cannot be finished"));
        }
        eraser.recheck_at_start().context("what is erased cannot be looked for")?;
        let rotator = Rotator::new(Arc::clone(&log) as _, audit)
            .with_eraser(Arc::clone(&eraser), &config.retention);
        let (learned_to, learned) = mpsc::channel(1);
        let plane = Unplugged::new(Pieces {
            live: setup::live(seed, generation, None, planted),
            control: setup::control(seed, adaptive, planted),
            routing: Arc::new(RoutingState::new(Policy::golden(), None, learned_to)),
            learned,
            store: Arc::clone(&log) as _,
            data_dir: Arc::clone(&dir),
            clock: Arc::clone(clock) as _,
            keys: Keys {
                pseudonyms: setup::keyring().current().clone(),
                older: Vec::new(),
                bucket: BucketKey::new(&KeyMaterial::new([9; 32])),
            },
            observer: None,
            ids: Some([seed, if is_restless { planted::restless() << 32 | life } else { life }]),
        })
        .context("the planes cannot be put together")?;
        Ok(Self { plane, log, dir, eraser, rotator, faults })
    }
}

/// A picture of a directory: what a process that dies now leaves behind.
pub(crate) fn photograph(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let target: PathBuf = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            photograph(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)
                .with_context(|| format!("cannot copy {}", entry.path().display()))?;
        }
    }
    Ok(())
}

/// A picture on which nothing moves: two in a row are the same. What is kept of what was said is written by a thread that
/// nobody waits for, in several files; a process that dies leaves them as they are at one moment.
pub(crate) fn photograph_still(from: &Path, to: &Path) -> Result<()> {
    let again = to.with_extension("again");
    loop {
        photograph(from, to)?;
        photograph(from, &again)?;
        let is_still = Files::read(to)?.is_same(to, &Files::read(&again)?, &again);
        fs::remove_dir_all(&again)?;
        if is_still {
            return Ok(());
        }
        fs::remove_dir_all(to)?;
    }
}
