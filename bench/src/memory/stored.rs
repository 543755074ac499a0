//! What is on disk: keeping, finding among many, forgetting.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use aios_core::{Clock, Timestamp};
use aios_memory::Kind;
use aios_memory::corpus::{Random, planted};
use aios_privacy::{Policy, Pseudonym, Redactor, Remembered};
use aios_store::{
    AuditConfig, AuditLog, DataDir, EraseRequest, EraseTarget, Eraser, ErasureState,
    EventLogConfig, FileEventLog, Home, MemoryScope, MemoryStore, NewFragment,
};
use anyhow::{Context, Result, ensure};

use super::{Bar, at, timed};

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// Fragments of a conversation.
const PER_CONVERSATION: usize = 200;

/// Turns that wait for their sync at a time, each of another request.
const WAITING: usize = 256;

fn conversation(n: usize) -> Result<Pseudonym> {
    Ok(Pseudonym::parse(&format!("c1_{n:032x}"))?)
}

fn said(conversation_number: usize, second: usize, text: &str) -> Result<NewFragment> {
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
pub(super) fn ingest(dir: &Path, n: usize) -> Result<Vec<Bar>> {
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
    Ok(vec![Bar::at_least("turns kept in a second, each synced", n as f64 / ms * 1e3, 2_000.0)])
}

/// A conversation of a thousand turns out of many others.
pub(super) fn erase(dir: &Path, n_others: usize) -> Result<Vec<Bar>> {
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
    let target = EraseTarget::new(vec![conversation(1)?], None).context("somebody is meant")?;
    let clock: Arc<dyn Clock> = Arc::new(Fixed);
    let audit = Arc::new(AuditLog::open(&dir, AuditConfig::default(), NOW)?);
    let log = Arc::new(FileEventLog::open(&dir, EventLogConfig::default())?);
    let eraser = Eraser::open(&dir, log, audit, clock)?;
    let basis = Redactor::default().redact("bench").text;
    let request = EraseRequest { requester: "bench".to_owned(), basis };
    let plan = eraser.plan(&target, &request)?;
    let (receipt, ms) = timed(|| eraser.execute(&plan.id, &plan.plan_hash, None));
    let receipt = receipt?;
    ensure!(receipt.state == ErasureState::Completed, "{:?}", receipt.verified.left);
    Ok(vec![
        Bar::at_most("erasing a conversation and proving it, ms", ms, 250.0),
        Bar::shown("  fragments of it", n_planted as f64),
        Bar::at_most("  planted words left in any file", n_left(dir.path())? as f64, 0.0),
    ])
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

/// Questions in single conversations of a large memory; then many more, to see that nothing leaks.
pub(super) fn many(dir: &Path, n: usize, n_calls: usize) -> Result<Vec<Bar>> {
    let dir = DataDir::open(dir)?;
    let memory = MemoryStore::open(&dir)?;
    let texts = planted(11, 50_000).texts;
    let n_conversations = n / PER_CONVERSATION;
    let mut waiting = VecDeque::new();
    // A fragment's number tells whose it is: they are given in order.
    for n in 0..n_conversations {
        let new = (0..PER_CONVERSATION)
            .map(|at| said(n, at, &texts[(n * PER_CONVERSATION + at * 7) % texts.len()]));
        waiting.push_back(memory.add(new.collect::<Result<Vec<_>>>()?)?);
        if waiting.len() > 4
            && let Some(first) = waiting.pop_front()
        {
            first.wait()?;
        }
    }
    waiting.into_iter().try_for_each(|one| one.wait().map(drop))?;
    let mut random = Random::new(13);
    let mut ask = |of: Option<usize>| -> Result<(bool, f64)> {
        let n = of.unwrap_or_else(|| random.below(n_conversations));
        let from: Vec<&str> = texts[random.below(texts.len())].split(' ').collect();
        let question = (0..6).map(|_| from[random.below(from.len())]).collect::<Vec<_>>().join(" ");
        let scope = MemoryScope::Conversation(vec![conversation(n)?]);
        let (found, ms) = timed(|| memory.ranked(&scope, &memory.query(&question, NOW)));
        let whose = |id: &i64| usize::try_from(*id - 1).unwrap_or(0) / PER_CONVERSATION;
        Ok((found?.iter().flatten().any(|id| whose(id) != n), ms))
    };
    // Each conversation for the first time: its rows are read.
    let mut cold = Vec::new();
    for n in 0..500.min(n_conversations) {
        cold.push(ask(Some(n))?.1);
    }
    let (mut n_leaks, mut warm) = (0, Vec::new());
    for call in 0..n_calls {
        let (has_leaked, ms) = ask(None)?;
        n_leaks += usize::from(has_leaked);
        if call % 100 == 0 {
            warm.push(ms);
        }
    }
    Ok(vec![
        Bar::shown("fragments stored", n as f64),
        Bar::at_most(
            "question in one of its conversations, rows read, ms",
            at(&mut cold, 0.5),
            2.0,
        ),
        Bar::shown("  the same at the 95th percentile", at(&mut cold, 0.95)),
        Bar::shown("question in any conversation, ms", at(&mut warm, 0.5)),
        Bar::shown("calls in scopes at random", n_calls as f64),
        Bar::at_most("  that returned a fragment of another scope", n_leaks as f64, 0.0),
    ])
}
