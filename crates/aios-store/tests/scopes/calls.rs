//! Calls of every kind at random, in threads, while whoever they are about is erased and everything is made anew.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use aios_core::{Clock, Timestamp};
use aios_memory::corpus::Random;
use aios_memory::{Kind, ModelId, Quantized, Query, Unit, Validity};
use aios_privacy::{Policy, Redactor, Remembered};
use aios_store::{
    Added, AuditConfig, AuditLog, DataDir, Eraser, EventLogConfig, FileEventLog, Home, MemoryScope,
    MemoryStore, NewFragment, Pending, Revised,
};

use super::erasing::erase;
use super::judge::{Call, Judge};
use super::names::{Names, Who};

/// How many calls; more by this variable, as `cargo xtask bench safety` asks.
const CALLS: &str = "AIOS_MEMORY_CALLS";
const N_CALLS: usize = 6_000;

const N_THREADS: usize = 3;

/// Somebody is erased once for so many calls; of many calls, a hundred are.
const ERASED_EVERY: usize = 500;
const N_ERASED: usize = 100;

/// Turns of one thread that wait to be on disk.
const WAITING: usize = 16;

/// Scopes that one thread asks for again.
const ASKED: usize = 32;

/// What is said, by everybody: nothing but marks tells one's words from another's.
const TEXTS: [&str; 6] = [
    "the ferry to the island leaves at nine",
    "the ferry to the island leaves at ten",
    "we stay at the old mill by the river",
    "the dog is called Biscuit and likes the ferry",
    "my sister plays the cello in the old mill",
    "the code of the gate is written on the map",
];

const QUESTIONS: [&str; 4] =
    ["When does the ferry leave?", "Where is the old mill?", "What is the dog called?", "the map"];

pub(super) const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// Long enough ago to be put away.
const LONG_AGO: Timestamp = Timestamp::from_micros(1_770_000_000_000_000);

#[derive(Debug)]
struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// What all threads share.
pub(super) struct Stand<'a> {
    pub(super) memory: MemoryStore,
    /// Another process's view of the same files.
    reader: MemoryStore,
    pub(super) names: &'a Names,
    judge: Judge<'a>,
    model: ModelId,
    erased_every: usize,
    n_calls: AtomicUsize,
    n_found: AtomicUsize,
    /// Searches that could have been answered at once, and were.
    n_at_hand: AtomicUsize,
    n_refused: AtomicUsize,
}

struct Caller<'a> {
    stand: &'a Stand<'a>,
    random: Random,
    waiting: VecDeque<(Pending<Vec<Added>>, Who, Option<Who>)>,
    /// Scopes that this thread had read for itself alone.
    asked: VecDeque<(Who, MemoryScope)>,
    /// The last number that was given to something of this thread.
    last: i64,
}

impl Caller<'_> {
    fn run(mut self, n: usize, tell: &SyncSender<()>) {
        for _ in 0..n {
            self.call();
            let n_before = self.stand.n_calls.fetch_add(1, Ordering::SeqCst);
            if n_before.is_multiple_of(self.stand.erased_every) {
                tell.send(()).unwrap();
            }
        }
        while !self.waiting.is_empty() {
            self.settle();
        }
    }

    fn call(&mut self) {
        let Stand { memory, reader, names, judge, .. } = self.stand;
        let kind = self.random.below(1_000);
        let n_erased = names.n_erased();
        let (who, scope) = self.scope();
        let call = Call { who, n_erased };
        match kind {
            0..60 => self.remember(),
            60..64 => self.embed(),
            64..66 => self.revise(call),
            66..250 => {
                let ranked = memory.ranked(&scope, &self.query()).unwrap();
                self.note(!ranked.is_empty());
                judge.numbers(call, ranked.into_iter().flatten());
            }
            250..450 => {
                if let Some(found) = memory.search_at_hand(&scope, &self.query()) {
                    self.note(!found.is_empty());
                    self.stand.n_at_hand.fetch_add(1, Ordering::SeqCst);
                    judge.found(call, &found);
                }
            }
            _ => {
                let by = if kind < 500 { reader } else { memory };
                let found = by.search(&scope, &self.query()).unwrap();
                self.note(!found.is_empty());
                judge.found(call, &found);
            }
        }
    }

    /// Some scope: one that is kept ready, one that is not, or one that was read a while ago.
    fn scope(&mut self) -> (Who, MemoryScope) {
        let names = self.stand.names;
        let asked = self.random.below(self.asked.len() + 1);
        if self.random.percent(25)
            && let Some((who, scope)) = self.asked.get(asked)
        {
            return (*who, scope.clone());
        }
        let who = names.any(&mut self.random);
        if self.random.percent(60) {
            return (who, names.scope(who));
        }
        let scope = names.cold_scope(who, &mut self.random);
        if self.asked.len() == ASKED {
            self.asked.pop_front();
        }
        self.asked.push_back((who, scope.clone()));
        (who, scope)
    }

    fn note(&self, is_found: bool) {
        self.stand.n_found.fetch_add(usize::from(is_found), Ordering::SeqCst);
    }

    /// A question of all kinds; those by a vector are about everything.
    fn query(&mut self) -> Query {
        let question = self.random.pick(&QUESTIONS);
        let mut query = self.stand.memory.query(question, NOW);
        if self.random.percent(20) {
            query.unit = Unit::Turn;
        }
        if self.random.percent(30) {
            let vector = vector(question);
            assert!(self.stand.memory.ask_by_vector(&mut query, &self.stand.model, vector));
        }
        query
    }

    /// The same texts, the same ids, in every home and of everybody.
    fn remember(&mut self) {
        let names = self.stand.names;
        let home = names.home(&mut self.random);
        let person = self.random.percent(60).then(|| names.person(&mut self.random));
        let marks = person.map_or(home.mark(), |who| format!("{} {}", home.mark(), who.mark()));
        let text = self.random.pick(&TEXTS);
        let (id, text) = match self.random.below(3) {
            // A copy of what others have said, which only its id tells from theirs.
            0 => (Some(format!("{marks} {}", self.random.below(20))), text.to_owned()),
            1 => (Some(format!("t{}", self.random.below(20))), format!("{text} {marks}")),
            _ => (None, format!("{text} {marks}")),
        };
        // Of several versions of the key, any may have been the newest then.
        let name = |who: Who, random: &mut Random| {
            let all = names.pseudonyms(who);
            all[random.below(all.len())].clone()
        };
        let remembered =
            |text: &str| Remembered::new(&Policy::default(), &Redactor::default(), text).unwrap();
        let new = NewFragment {
            home: match home {
                Who::NOBODY => Home::Shared,
                _ => Home::Conversation(name(home, &mut self.random)),
            },
            subject: person.map(|who| name(who, &mut self.random)),
            id,
            session: 0,
            kind: if self.random.percent(80) { Kind::Turn } else { Kind::Document },
            speaker: Some(remembered(&marks)),
            text: remembered(&text),
            ts: if self.random.percent(20) { LONG_AGO } else { NOW },
            valid: Validity::default(),
            source: "test",
        };
        assert!(Who::all_in(new.speaker.as_ref().unwrap().as_str()).any(|who| who == home));
        self.waiting.push_back((self.stand.memory.add(vec![new]).unwrap(), home, person));
        if self.waiting.len() > WAITING {
            self.settle();
        }
    }

    fn settle(&mut self) {
        let Some((pending, home, person)) = self.waiting.pop_front() else { return };
        for added in pending.wait().unwrap() {
            if added.number == 0 {
                self.stand.n_refused.fetch_add(1, Ordering::SeqCst);
            } else {
                self.last = added.number;
                self.stand.judge.own(added.number, home, person);
            }
        }
    }

    fn embed(&self) {
        let Stand { memory, model, .. } = self.stand;
        let left = memory.without_vector(model, 32).unwrap();
        let vectors = left.iter().map(|(one, text)| (*one, Some(vector(text)))).collect();
        memory.put_vectors(model, vectors).unwrap();
    }

    /// What is another's can neither be pinned nor be said to be out of date.
    fn revise(&mut self, call: Call) {
        let Stand { memory, names, judge, .. } = self.stand;
        let scope = names.scope(call.who);
        let from = 1 + self.random.below(usize::try_from(self.last).unwrap() + 1) as i64;
        let Some(number) = judge.strange(call.who, from) else { return };
        let strange = format!("m{number}");
        let own = format!("t{}", self.random.below(20));
        let done = match self.random.below(3) {
            0 => memory.pin(&scope, &strange, true),
            1 => memory.supersede(&scope, &strange, &own),
            _ => memory.supersede(&scope, &own, &strange),
        };
        // It may have become theirs since: then it was said again, and they are told when that is known.
        if done.unwrap() != Revised::Unknown {
            judge.numbers(call, std::iter::once(number));
        }
    }
}

/// A direction for a text.
fn vector(text: &str) -> Quantized {
    let seed = text.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(byte));
    let mut random = Random::new(seed);
    let numbers: Vec<f32> = (0..8).map(|_| random.below(200) as f32 - 99.5).collect();
    Quantized::of(&numbers).unwrap()
}

#[test]
fn nothing_comes_back_to_anybody_else_while_others_are_erased() {
    let n_calls = std::env::var(CALLS).map_or(N_CALLS, |n| n.parse().unwrap());
    let temp = tempfile::tempdir().unwrap();
    let dir = DataDir::open(temp.path()).unwrap();
    let memory = MemoryStore::open(&dir).unwrap();
    let log = Arc::new(FileEventLog::open(&dir, EventLogConfig::default()).unwrap());
    let audit = Arc::new(AuditLog::open(&dir, AuditConfig::default(), NOW).unwrap());
    let eraser = Eraser::open(&dir, log, audit, Arc::new(Fixed)).unwrap();
    let model = ModelId { name: "test".into(), revision: "1".into(), digest: "".into(), dim: 8 };
    memory.use_model(&model);
    let reader = MemoryStore::read(&DataDir::read(temp.path()).unwrap()).unwrap().unwrap();
    reader.use_model(&model);
    let names = Names::new();
    let [n_calls_made, n_found, n_at_hand, n_refused] = [(); 4].map(|()| AtomicUsize::new(0));
    let judge = Judge::new(&names);
    let stand = Stand {
        memory,
        reader,
        names: &names,
        judge,
        model,
        erased_every: ERASED_EVERY.max(n_calls / N_ERASED),
        n_calls: n_calls_made,
        n_found,
        n_at_hand,
        n_refused,
    };
    let (tell, told) = sync_channel(2);
    let n_erased = thread::scope(|scope| {
        let (all, eraser) = (&stand, &eraser);
        let erasing = scope.spawn(move || erase(all, eraser, &told));
        let callers = (0..N_THREADS).map(|n| {
            let (tell, stand) = (tell.clone(), &stand);
            let share = n_calls / N_THREADS + usize::from(n < n_calls % N_THREADS);
            let random = Random::new(100 + n as u64);
            let caller =
                Caller { stand, random, waiting: VecDeque::new(), asked: VecDeque::new(), last: 1 };
            scope.spawn(move || caller.run(share, &tell))
        });
        callers.collect::<Vec<_>>().into_iter().for_each(|caller| caller.join().unwrap());
        drop(tell);
        erasing.join().unwrap()
    });
    let count = |n: &AtomicUsize| n.load(Ordering::SeqCst);
    let [n_made, n_found, n_at_hand] =
        [&stand.n_calls, &stand.n_found, &stand.n_at_hand].map(count);
    let stats = stand.memory.stats().unwrap();
    let faults = stand.judge.verdict();
    println!(
        "\n{{\"calls\":{n_made},\"found\":{n_found},\"at_hand\":{n_at_hand},\"refused\":{},\"left\":{},\"erased\":{n_erased},\"leaks\":{},\"late\":{}}}",
        count(&stand.n_refused),
        stats.n_fragments,
        faults.leaks.len(),
        faults.late.len(),
    );
    // That finds nothing which asks for nothing: enough calls must have brought something.
    assert!(n_found > n_made / 5 && n_at_hand > n_made / 50, "{n_found} {n_at_hand}");
    assert!(n_erased >= n_made / stand.erased_every && stats.n_fragments > 0, "{n_erased}");
    assert!(faults.leaks.is_empty(), "{:#?}", &faults.leaks[..faults.leaks.len().min(5)]);
    assert!(faults.late.is_empty(), "{:#?}", &faults.late[..faults.late.len().min(5)]);
}
