//! What is on disk: keeping and forgetting.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use aios_core::{Clock, Timestamp};
use aios_memory::Kind;
use aios_memory::corpus::planted;
use aios_privacy::{Policy, Pseudonym, Redactor, Remembered};
use aios_store::{
    AuditConfig, AuditLog, DataDir, EraseRequest, EraseTarget, Eraser, ErasureState,
    EventLogConfig, FileEventLog, Home, MemoryStore, NewFragment, Receipt,
};
use anyhow::{Context, Result, ensure};

use super::{Figure, timed};

pub(super) const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// Fragments of a conversation.
pub(super) const PER_CONVERSATION: usize = 200;

/// Turns that wait for their sync at a time, each of another request.
const WAITING: usize = 256;

pub(super) fn conversation(n: usize) -> Result<Pseudonym> {
    Ok(Pseudonym::parse(&format!("c1_{n:032x}"))?)
}

pub(super) fn said(conversation_number: usize, second: usize, text: &str) -> Result<NewFragment> {
    let kept = Remembered::new(&Policy::default(), &Redactor::new(&[]), text);
    Ok(NewFragment {
        home: Home::Conversation(conversation(conversation_number)?),
        subject: None,
        id: Some(format!("f{second}")),
        session: 0,
        kind: Kind::Turn,
        speaker: None,
        text: kept.context("the default policy blocks nothing")?,
        ts: Timestamp::from_micros(1_700_000_000_000_000 + second as i64 * 1_000_000),
        valid: aios_memory::Validity::default(),
        source: "bench",
    })
}

/// Turns one by one, each acknowledged when it is on disk.
pub(super) fn ingest(dir: &Path, n: usize) -> Result<Vec<Figure>> {
    let dir = DataDir::open(dir)?;
    let memory = MemoryStore::open(&dir)?;
    let texts = planted(7, n).texts;
    let new = texts.iter().enumerate().map(|(at, text)| said(at % 50, at, text));
    let new = new.collect::<Result<Vec<_>>>()?;
    let (done, ms) = timed(|| -> Result<()> {
        let mut waiting = VecDeque::with_capacity(WAITING);
        for one in new {
            waiting.push_back(memory.add(vec![one])?);
            if waiting.len() == WAITING
                && let Some(first) = waiting.pop_front()
            {
                first.wait()?;
            }
        }
        waiting.into_iter().try_for_each(|one| one.wait().map(drop))?;
        Ok(())
    });
    done?;
    ensure!(memory.stats()?.n_fragments == n as u64, "turns were lost");
    Ok(vec![Figure("turns kept in a second, each synced", n as f64 / ms * 1e3)])
}

/// A conversation of a thousand turns out of many others.
pub(super) fn erase(dir: &Path, n_others: usize) -> Result<Vec<Figure>> {
    const N_ERASED: usize = 1_000;
    let dir = DataDir::open(dir)?;
    let memory = MemoryStore::open(&dir)?;
    let texts = planted(9, n_others).texts;
    for (n, some) in texts.chunks(PER_CONVERSATION).enumerate() {
        let mut new = Vec::with_capacity(2 * some.len());
        for (at, text) in some.iter().enumerate() {
            new.push(said(n + 2, at, text)?);
            let place = n * 2 + at;
            if at < 2 && place < N_ERASED {
                new.push(said(1, place, &format!("{} {text}", planted_word(place)))?);
            }
        }
        memory.add(new)?.wait()?;
    }
    let n_planted = n_left(dir.path())?;
    ensure!(n_planted > 0, "nothing was planted");
    let eraser = eraser(&dir)?;
    let (receipt, ms) = timed(|| forget(&eraser, 1));
    let receipt = receipt?;
    ensure!(receipt.state == ErasureState::Completed, "{:?}", receipt.verified.left);
    Ok(vec![
        Figure("erasing a conversation of a thousand turns and proving it, ms", ms),
        Figure("  fragments of it", n_planted as f64),
        Figure("planted words left in any file", n_left(dir.path())? as f64),
    ])
}

/// What erases from a directory.
pub(super) fn eraser(dir: &DataDir) -> Result<Eraser> {
    let clock: Arc<dyn Clock> = Arc::new(Fixed);
    let audit = Arc::new(AuditLog::open(dir, AuditConfig::default(), NOW)?);
    let log = Arc::new(FileEventLog::open(dir, EventLogConfig::default())?);
    Ok(Eraser::open(dir, log, audit, clock)?)
}

/// Erases a conversation.
pub(super) fn forget(eraser: &Eraser, number: usize) -> Result<Receipt> {
    let target =
        EraseTarget::new(vec![conversation(number)?], None).context("somebody is meant")?;
    let basis = Redactor::default().redact("bench").text;
    let request = EraseRequest { requester: "bench".to_owned(), basis };
    let plan = eraser.plan(&target, &request)?;
    Ok(eraser.execute(&plan.id, &plan.plan_hash, None)?)
}

fn planted_word(place: usize) -> String {
    format!("planted{place}word")
}

/// How many planted words stand in the memory's files.
fn n_left(dir: &Path) -> Result<usize> {
    let mut bytes = Vec::new();
    for file in fs::read_dir(dir.join("memory"))? {
        bytes.extend(fs::read(file?.path())?);
    }
    let finder = memchr::memmem::Finder::new("planted");
    let words = finder.find_iter(&bytes).filter_map(|at| {
        let word = bytes.get(at..)?.split(|byte| !byte.is_ascii_alphanumeric()).next()?;
        word.ends_with(b"word").then(|| word.to_vec())
    });
    Ok(words.collect::<std::collections::BTreeSet<_>>().len())
}

#[derive(Debug)]
struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        NOW
    }
}
