//! Many questions in a large memory, while conversations of it are erased: nothing of anybody else comes back, and
//! nothing that was erased before the question was put.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use aios_memory::corpus::{Random, planted};
use aios_store::{DataDir, ErasureState, MemoryScope, MemoryStore};
use anyhow::{Result, ensure};

use super::stored::{NOW, PER_CONVERSATION, conversation, eraser, forget, said};
use super::{Figure, at, timed};

/// Every so many conversations one is erased, meanwhile and one after the other.
const ERASED_EVERY: usize = 100;

struct Asker<'a> {
    memory: &'a MemoryStore,
    texts: &'a [String],
    random: Random,
    n_conversations: usize,
    /// How many of those that are erased are erased by now.
    n_erased: &'a AtomicUsize,
}

/// What a call brought.
struct Asked {
    ms: f64,
    is_leak: bool,
    is_late: bool,
}

/// The `n`-th conversation that is erased.
const fn erased(n: usize) -> usize {
    n * ERASED_EVERY
}

pub(super) fn run(dir: &Path, n: usize, n_calls: usize) -> Result<Vec<Figure>> {
    let dir = DataDir::open(dir)?;
    let memory = MemoryStore::open(&dir)?;
    let texts = planted(11, 50_000).texts;
    let n_conversations = n / PER_CONVERSATION;
    fill(&memory, &texts, n_conversations)?;
    let n_erased = AtomicUsize::new(0);
    let random = Random::new(13);
    let mut asker =
        Asker { memory: &memory, texts: &texts, random, n_conversations, n_erased: &n_erased };
    // Each conversation for the first time: its rows are read.
    let cold = (0..500.min(n_conversations)).map(|n| Ok(asker.ask(n)?.ms));
    let mut cold = cold.collect::<Result<Vec<f64>>>()?;
    let eraser = eraser(&dir)?;
    let is_over = AtomicBool::new(false);
    let (mut n_leaks, mut n_late, mut warm) = (0_usize, 0_usize, Vec::new());
    let done = thread::scope(|scope| -> Result<()> {
        let erasing = scope.spawn(|| -> Result<()> {
            for n in 0..n_conversations / ERASED_EVERY {
                if is_over.load(Ordering::SeqCst) {
                    break;
                }
                let receipt = forget(&eraser, erased(n))?;
                ensure!(receipt.state == ErasureState::Completed, "{:?}", receipt.verified.left);
                n_erased.store(n + 1, Ordering::SeqCst);
            }
            Ok(())
        });
        for call in 0..n_calls {
            let of = asker.any();
            let asked = asker.ask(of)?;
            n_leaks += usize::from(asked.is_leak);
            n_late += usize::from(asked.is_late);
            if call % 100 == 0 {
                warm.push(asked.ms);
            }
        }
        is_over.store(true, Ordering::SeqCst);
        erasing.join().map_err(|_| anyhow::anyhow!("the thread that erases has panicked"))?
    });
    done?;
    ensure!(n_erased.load(Ordering::SeqCst) > 0, "nothing was erased meanwhile");
    Ok(vec![
        Figure("fragments stored", n as f64),
        Figure("question in one conversation of all, rows read, ms", at(&mut cold, 0.5)),
        Figure("  the same at the 95th percentile", at(&mut cold, 0.95)),
        Figure("question in any conversation while others are erased, ms", at(&mut warm, 0.5)),
        Figure("calls in conversations at random", n_calls as f64),
        Figure(
            "  conversations that were erased meanwhile",
            n_erased.load(Ordering::SeqCst) as f64,
        ),
        Figure("calls that returned a fragment of another scope", n_leaks as f64),
        Figure("calls that returned what was erased before", n_late as f64),
    ])
}

/// A fragment's number tells whose it is: they are given in order.
fn fill(memory: &MemoryStore, texts: &[String], n_conversations: usize) -> Result<()> {
    let mut waiting = VecDeque::new();
    for n in 0..n_conversations {
        let text = |at: usize| &texts[(n * PER_CONVERSATION + at * 7) % texts.len()];
        let new = (0..PER_CONVERSATION).map(|at| said(n, at, text(at)));
        waiting.push_back(memory.add(new.collect::<Result<Vec<_>>>()?)?);
        if waiting.len() > 4
            && let Some(first) = waiting.pop_front()
        {
            first.wait()?;
        }
    }
    waiting.into_iter().try_for_each(|one| one.wait().map(drop))?;
    Ok(())
}

impl Asker<'_> {
    /// Some conversation; one in four of those that are erased.
    fn any(&mut self) -> usize {
        let n = self.random.below(self.n_conversations);
        if self.random.percent(25) { n - n % ERASED_EVERY } else { n }
    }

    fn ask(&mut self, n: usize) -> Result<Asked> {
        let from: Vec<&str> = self.texts[self.random.below(self.texts.len())].split(' ').collect();
        let words = (0..6).map(|_| from[self.random.below(from.len())]);
        let question = words.collect::<Vec<_>>().join(" ");
        let scope = MemoryScope::Conversation(vec![conversation(n)?]);
        let was_erased = n.is_multiple_of(ERASED_EVERY)
            && n / ERASED_EVERY < self.n_erased.load(Ordering::SeqCst);
        let query = self.memory.query(&question, NOW);
        let (found, ms) = timed(|| self.memory.ranked(&scope, &query));
        let found: Vec<i64> = found?.into_iter().flatten().collect();
        let whose = |id: &i64| usize::try_from(*id - 1).unwrap_or(0) / PER_CONVERSATION;
        let is_leak = found.iter().any(|id| whose(id) != n);
        Ok(Asked { ms, is_leak, is_late: was_erased && !found.is_empty() })
    }
}
