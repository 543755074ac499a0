//! The process dies at every step at which the memory could be broken off: what was acknowledged is there,
//! and an erasure is finished or was never begun.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use aios_core::{Clock, Timestamp};
use aios_memory::{Kind, Language};
use aios_privacy::{Policy, Redactor, Remembered};
use aios_store::{
    AuditConfig, AuditLog, DataDir, EraseRequest, EraseTarget, Eraser, ErasureState,
    EventLogConfig, FileEventLog, Home, MemoryScope, MemoryStore, NewFragment,
};

use crate::deaths::{Noon, conversation};

/// Tells a child where to work, and at which point to end: `dir|point|n_before`.
const ORDER: &str = "AIOS_MEMORY_ORDER";

/// How often a point is passed by before the process ends there.
const PASSES: [usize; 4] = [0, 1, 5, 11];

/// Turns of each of three conversations.
const N_TURNS: usize = 6;

const ERASED: u64 = 2;

/// Stands in what a conversation says, and nowhere else.
pub(crate) fn planted(n: u64, place: usize) -> String {
    format!("planted{n}word{place}x")
}

pub(crate) fn said(n: u64, place: usize) -> NewFragment {
    let text = format!("{} and the ferry leaves at {place}", planted(n, place));
    NewFragment {
        home: Home::Conversation(conversation(n)),
        subject: None,
        id: Some(format!("t{place}")),
        session: 0,
        kind: Kind::Turn,
        speaker: None,
        text: Remembered::new(&Policy::default(), &Redactor::default(), &text).unwrap(),
        ts: Timestamp::from_micros(1_800_000_000_000_000 + place as i64),
        valid: aios_memory::Validity::default(),
        source: "test",
    }
}

pub(crate) fn open(dir: &DataDir) -> (Arc<FileEventLog>, Arc<AuditLog>, Eraser) {
    let log = Arc::new(FileEventLog::open(dir, EventLogConfig::default()).unwrap());
    let audit = Arc::new(AuditLog::open(dir, AuditConfig::default(), Noon.now()).unwrap());
    let eraser = Eraser::open(dir, Arc::clone(&log), Arc::clone(&audit), Arc::new(Noon)).unwrap();
    (log, audit, eraser)
}

/// The end of a child: keeps turns, looks after them, erases; says what is done once it is.
#[test]
fn a_child_remembers_as_it_is_told() {
    let Ok(order) = std::env::var(ORDER) else { return };
    let parts: Vec<_> = order.split('|').collect();
    let [dir, point, n_before] = parts[..] else { panic!("{order}") };
    let dir = DataDir::open(dir).unwrap();
    let memory = MemoryStore::open(&dir).unwrap();
    if !point.is_empty() {
        aios_store::arm(point, n_before.parse().unwrap());
    }
    for place in 0..N_TURNS {
        for n in 1..=3 {
            memory.add(vec![said(n, place)]).unwrap().wait().unwrap();
            println!("\nkept {n} {place}");
            std::io::stdout().flush().unwrap();
        }
    }
    memory.rebuild(Language::English).unwrap();
    memory.merge_copies().unwrap();
    let (_log, _audit, eraser) = open(&dir);
    let target = EraseTarget::new(vec![conversation(ERASED)], None).unwrap();
    let basis = Redactor::default().redact("request").text;
    let request = EraseRequest { requester: "cli".into(), basis };
    let plan = eraser.plan(&target, &request).unwrap();
    let receipt = eraser.execute(&plan.id, &plan.plan_hash, None).unwrap();
    assert_eq!(receipt.state, ErasureState::Completed);
    println!("\nerased\npassed: {}", aios_store::passed().join(" "));
}

/// What a child said, and whether it came to its end.
fn child(dir: &Path, point: &str, n_before: usize) -> (String, bool) {
    let order = format!("{}|{point}|{n_before}", dir.display());
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["memory::a_child_remembers_as_it_is_told", "--exact", "--nocapture"])
        .env(ORDER, order)
        .stderr(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout).into_owned();
    (said, child.status.success())
}

#[test]
fn whenever_the_process_dies_what_was_acknowledged_is_there() {
    let whole = tempfile::tempdir().unwrap();
    let (said, ended) = child(whole.path(), "", 0);
    assert!(ended, "{said}");
    check(whole.path(), &said, "no death");
    let passed = said.lines().find_map(|line| line.strip_prefix("passed: ")).unwrap().to_owned();
    let points: Vec<&str> =
        passed.split(' ').filter(|point| point.starts_with("memory.")).collect();
    assert_eq!(points.len(), 10, "{points:?}");
    let (mut n_deaths, mut n_after) = (0, 0);
    for point in points {
        for n_before in PASSES {
            let temp = tempfile::tempdir().unwrap();
            let (said, ended) = child(temp.path(), point, n_before);
            if ended {
                break;
            }
            n_deaths += 1;
            let is_erased = check(temp.path(), &said, &format!("{point} after {n_before}"));
            n_after += usize::from(is_erased);
        }
    }
    assert!(n_deaths >= 14 && n_after >= 3 && n_after < n_deaths, "{n_deaths} {n_after}");
}

/// After a death: starts again, finishes what was decided, and looks. Whether the erasure had been decided.
fn check(temp: &Path, said: &str, what: &str) -> bool {
    let dir = DataDir::open(temp).unwrap();
    let memory = MemoryStore::open(&dir).unwrap();
    let (log, _audit, eraser) = open(&dir);
    for receipt in eraser.resume().receipts {
        assert_eq!(receipt.state, ErasureState::Completed, "{what}: {:?}", receipt.verified.left);
    }
    let is_decided = log.fence().n_refused() > 0;
    let files = fs::read_dir(temp.join("memory")).unwrap();
    let bytes: Vec<u8> = files.flat_map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
    for n in 1..=3 {
        for place in 0..N_TURNS {
            let word = planted(n, place);
            let is_found = found(&memory, n, &word);
            let was_kept = said.lines().any(|line| line == format!("kept {n} {place}"));
            if n == ERASED && is_decided {
                let is_left = memchr::memmem::find(&bytes, word.as_bytes()).is_some();
                assert!(!is_found && !is_left, "{what}: {word} is left");
            } else if was_kept {
                assert!(is_found, "{what}: {word} was acknowledged and is lost");
            }
        }
    }
    let before = memory.stats().unwrap();
    memory.rebuild(Language::English).unwrap();
    let after = memory.stats().unwrap();
    assert_eq!(after.n_fragments, before.n_fragments, "{what}");
    assert_eq!(after.generation, before.generation + 1, "{what}");
    is_decided
}

/// How often a process is killed while it keeps turns; more by this variable, as `cargo xtask bench safety` asks.
pub(crate) const DEATHS: &str = "AIOS_MEMORY_DEATHS";
const N_DEATHS: u64 = 30;

/// After so many deaths another directory is begun.
const DEATHS_IN_ONE: u64 = 50;

/// Tells a child where to keep turns until it is killed, and from which number on: `dir|first`.
const KEEPING: &str = "AIOS_MEMORY_KEEPING";

/// The end of a child: keeps turns of three conversations, and says of each that it is on disk.
#[test]
fn a_child_keeps_until_it_is_killed() {
    let Ok(order) = std::env::var(KEEPING) else { return };
    let (dir, first) = order.split_once('|').unwrap();
    let memory = MemoryStore::open(&DataDir::open(dir).unwrap()).unwrap();
    let mut out = std::io::stdout();
    for place in first.parse::<usize>().unwrap().. {
        // Of several at once all are there, or none.
        let new = (1..=3).map(|n| said(n, place)).collect();
        memory.add(new).unwrap().wait().unwrap();
        // Nobody listens any more who has killed it.
        if writeln!(out, "\nkept {place}").and_then(|()| out.flush()).is_err() {
            return;
        }
    }
}

/// Kills a child at once when it has acknowledged so many turns more, wherever it is by then. Returns the number of
/// the last turn of which it said that it is kept.
fn kill_after(dir: &Path, first: usize, n_turns: usize) -> Option<usize> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["memory::a_child_keeps_until_it_is_killed", "--exact", "--nocapture"])
        .env(KEEPING, format!("{}|{first}", dir.display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let kept = |line: String| line.strip_prefix("kept ")?.parse().ok();
    let mut last = lines.by_ref().filter_map(kept).take(n_turns).last();
    child.kill().unwrap();
    // What it said until it was gone counts too.
    last = lines.filter_map(kept).last().or(last);
    child.wait().unwrap();
    last
}

/// The ids that questions find, of every conversation.
pub(crate) fn answers(memory: &MemoryStore, questions: &[String]) -> Vec<Vec<Vec<i64>>> {
    let ask = |n: u64, question: &String| {
        let scope = MemoryScope::Conversation(vec![conversation(n)]);
        memory.ranked(&scope, &memory.query(question, Noon.now())).unwrap()
    };
    questions.iter().flat_map(|question| (1..=3).map(move |n| ask(n, question))).collect()
}

#[test]
fn killed_at_any_time_it_loses_no_turn_and_a_rebuild_changes_nothing() {
    let n_deaths = std::env::var(DEATHS).map_or(N_DEATHS, |n| n.parse().unwrap());
    let mut temp = tempfile::tempdir().unwrap();
    let (mut n_lost, mut n_changed, mut next) = (0, 0, 0);
    for death in 0..n_deaths {
        // What is kept there is asked for after each death: it must not become much.
        if death % DEATHS_IN_ONE == 0 {
            (temp, next) = (tempfile::tempdir().unwrap(), 0);
        }
        let first = next;
        // Multiples of a prime: between one and nineteen, in no order.
        let n_turns = 1 + usize::try_from(death * 7 % 19).unwrap();
        let last = kill_after(temp.path(), first, n_turns).expect("it kept some before it died");
        assert!(last + 1 >= first + n_turns);
        let memory = MemoryStore::open(&DataDir::open(temp.path()).unwrap()).unwrap();
        for (n, place) in (1..=3).flat_map(|n| (first..=last).map(move |place| (n, place))) {
            n_lost += usize::from(!found(&memory, n, &planted(n, place)));
        }
        // One that was not acknowledged may be there: then all three of it are.
        let more = [last + 1, last + 2]
            .map(|place| [1, 2, 3].map(|n| found(&memory, n, &planted(n, place))));
        assert!(more.iter().all(|three| three.iter().all(|one| *one == three[0])), "{more:?}");
        next = last + 3;
        if death % 10 == 9 || death + 1 == n_deaths {
            let questions: Vec<String> = (0..=last)
                .step_by(last / 5 + 1)
                .map(|place| format!("{} or the ferry at {place}", planted(2, place)))
                .collect();
            let before = answers(&memory, &questions);
            assert!(before.iter().any(|found| !found.is_empty()));
            memory.rebuild(Language::English).unwrap();
            let after = answers(&memory, &questions);
            n_changed +=
                before.iter().zip(&after).filter(|(before, after)| before != after).count();
        }
    }
    println!("\n{{\"deaths\":{n_deaths},\"lost\":{n_lost},\"changed\":{n_changed}}}");
    assert_eq!((n_lost, n_changed), (0, 0));
}

pub(crate) fn found(memory: &MemoryStore, n: u64, word: &str) -> bool {
    let scope = MemoryScope::Conversation(vec![conversation(n)]);
    let results = memory.search(&scope, &memory.query(word, Noon.now())).unwrap();
    results.iter().flat_map(|result| &result.fragments).any(|one| one.text.contains(word))
}
