//! The process dies at a step of all that the memory does, again and again in the same directory: each step's turn
//! comes, and what it meets there is what earlier deaths have left.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use aios_core::Clock as _;
use aios_memory::{Language, ModelId, Quantized};
use aios_privacy::{Policy, Redactor, Remembered};
use aios_store::{
    DataDir, EraseRequest, EraseTarget, ErasureState, MemoryScope, MemoryStore, NewFragment,
    Revised,
};

use crate::deaths::{Noon, conversation};
use crate::memory::{DEATHS, answers, found, open, planted, said};

/// Tells a child where to work, which round it is, and at which point to end: `dir|round|point|n_before`.
const ORDER: &str = "AIOS_MEMORY_ROUND";

/// Rounds in one directory; each but the first begins on what a death has left.
const ROUNDS: usize = 10;

/// Turns of each conversation in one round.
const N_TURNS: usize = 3;

/// Deaths, unless more are asked for.
const N_DEATHS: usize = 30;

/// The conversation that a round erases.
const fn erased(round: usize) -> u64 {
    10 + round as u64
}

fn line(said: &str) {
    println!("\n{said}");
    std::io::stdout().flush().unwrap();
}

/// The end of a child: one round of everything, saying what is done once it is.
#[test]
fn a_child_goes_a_round() {
    let Ok(order) = std::env::var(ORDER) else { return };
    let parts: Vec<_> = order.split('|').collect();
    let [dir, round, point, n_before] = parts[..] else { panic!("{order}") };
    let round: usize = round.parse().unwrap();
    let dir = DataDir::open(dir).unwrap();
    let memory = MemoryStore::open(&dir).unwrap();
    let (_log, _audit, eraser) = open(&dir);
    if !point.is_empty() {
        aios_store::arm(point, n_before.parse().unwrap());
    }
    for place in (0..N_TURNS).map(|place| round * N_TURNS + place) {
        for n in [1, 2, erased(round)] {
            let given = if place % N_TURNS == 1 { vec![1] } else { Vec::new() };
            memory.keep(vec![said(n, place)], given).unwrap().wait().unwrap();
            line(&format!("kept {n} {place}"));
        }
    }
    // Several at once, in words that were said before.
    let text = Remembered::new(&Policy::default(), &Redactor::default(), "again the old mill");
    let again = |n: u64| NewFragment {
        id: Some(format!("again{round}")),
        text: text.clone().unwrap(),
        ..said(n, 0)
    };
    memory.add(vec![again(1), again(2)]).unwrap().wait().unwrap();
    let scope = MemoryScope::Conversation(vec![conversation(1)]);
    let place = round * N_TURNS;
    assert_eq!(memory.pin(&scope, &format!("t{place}"), true).unwrap(), Revised::Done);
    line(&format!("pinned {place}"));
    memory.note_confirmed(vec![1], Noon.now()).unwrap();
    let model = ModelId { name: "m".into(), revision: "1".into(), digest: "".into(), dim: 2 };
    let left = memory.without_vector(&model, 100).unwrap();
    let vectors = left.iter().map(|(one, _)| (*one, Quantized::of(&[1.0, one.number as f32])));
    assert!(memory.put_vectors(&model, vectors.collect()).unwrap() > 0);
    memory.merge_copies().unwrap();
    memory.rebuild(Language::English).unwrap();
    let later = Noon.now().plus(Duration::from_secs(400 * 86_400));
    assert!(!memory.archive_idle(later).unwrap().proposed.is_empty());
    memory.restore_archived().unwrap();
    let target = EraseTarget::new(vec![conversation(erased(round))], None).unwrap();
    let basis = Redactor::default().redact("request").text;
    let request = EraseRequest { requester: "cli".into(), basis };
    let plan = eraser.plan(&target, &request).unwrap();
    line("erasing");
    let receipt = eraser.execute(&plan.id, &plan.plan_hash, None).unwrap();
    assert_eq!(receipt.state, ErasureState::Completed);
    line("erased");
    let passes = aios_store::passes();
    let passes: Vec<_> = passes.iter().map(|(point, n)| format!("{point}={n}")).collect();
    println!("passes: {}", passes.join(" "));
}

/// What a child said, and whether it came to its end.
fn child(dir: &Path, round: usize, point: &str, n_before: usize) -> (String, bool) {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["points::a_child_goes_a_round", "--exact", "--nocapture"])
        .env(ORDER, format!("{}|{round}|{point}|{n_before}", dir.display()))
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&child.stderr);
    assert!(!complaint.contains("panicked"), "{point} after {n_before}: {complaint}");
    (String::from_utf8_lossy(&child.stdout).into_owned(), child.status.success())
}

/// Every pass of every point in one round.
fn steps() -> Vec<(String, usize)> {
    let temp = tempfile::tempdir().unwrap();
    let (said, has_ended) = child(temp.path(), 0, "", 0);
    assert!(has_ended, "{said}");
    let passes = said.lines().find_map(|line| line.strip_prefix("passes: ")).unwrap();
    let each = passes.split(' ').flat_map(|one| {
        let (point, n) = one.split_once('=').unwrap();
        (0..n.parse().unwrap()).map(move |n_before| (point.to_owned(), n_before))
    });
    each.collect()
}

/// Every point at which a round dies.
pub(crate) fn points() -> Vec<String> {
    steps().into_iter().map(|(point, _)| point).collect()
}

/// What was acknowledged in a directory until now.
#[derive(Default)]
struct Acknowledged {
    kept: BTreeSet<(u64, usize)>,
    pinned: BTreeSet<usize>,
    /// Conversations whose erasure had begun, and those of which it was said that they are gone.
    begun: BTreeSet<u64>,
    erased: BTreeSet<u64>,
}

impl Acknowledged {
    fn hear(&mut self, said: &str, round: usize) {
        for line in said.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["kept", n, place] => {
                    self.kept.insert((n.parse().unwrap(), place.parse().unwrap()));
                }
                ["pinned", place] => {
                    self.pinned.insert(place.parse().unwrap());
                }
                ["erasing"] => {
                    self.begun.insert(erased(round));
                }
                ["erased"] => {
                    self.erased.insert(erased(round));
                }
                _ => {}
            }
        }
    }
}

/// What was wrong after deaths.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wrong {
    lost: usize,
    half: usize,
    changed: usize,
}

/// Starts again, finishes what was decided, and looks.
fn look(temp: &Path, told: &Acknowledged, wrong: &mut Wrong, what: &str) {
    let dir = DataDir::open(temp).unwrap();
    let memory = MemoryStore::open(&dir).unwrap();
    let is_found = |(n, place): (u64, usize)| found(&memory, n, &planted(n, place));
    memory.restore_archived().unwrap();
    let of = |n: u64| told.kept.iter().copied().filter(move |one| one.0 == n);
    // What is said to be gone needs nobody to finish it.
    wrong.half += told.erased.iter().filter(|n| of(**n).any(is_found)).count();
    let (_log, _audit, eraser) = open(&dir);
    for receipt in eraser.resume().receipts {
        assert_eq!(receipt.state, ErasureState::Completed, "{what}: {:?}", receipt.verified.left);
    }
    let files = fs::read_dir(temp.join("memory")).unwrap();
    let bytes: Vec<u8> = files.flat_map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
    let homes: BTreeSet<u64> = told.kept.iter().map(|one| one.0).collect();
    for n in homes {
        let is_there: Vec<bool> = of(n).map(is_found).collect();
        let n_found = is_there.iter().filter(|found| **found).count();
        let is_gone = n_found == 0 && told.begun.contains(&n);
        if is_gone {
            let left = |(n, place)| memchr::memmem::find(&bytes, planted(n, place).as_bytes());
            wrong.half += usize::from(of(n).any(|one| left(one).is_some()));
        } else if told.begun.contains(&n) {
            wrong.half += usize::from(n_found < is_there.len());
        } else {
            wrong.lost += is_there.len() - n_found;
        }
    }
    let uses = memory.uses().unwrap();
    let is_pinned = |place: &usize| {
        let id = format!("t{place}");
        let home = conversation(1);
        uses.iter().any(|one| one.id == id && one.home == home.as_str() && one.is_pinned)
    };
    wrong.lost += told.pinned.iter().filter(|place| !is_pinned(place)).count();
    let questions: Vec<String> = of(2)
        .map(|(n, place)| format!("{} or the ferry at {place}", planted(n, place)))
        .chain(["the old mill".to_owned()])
        .collect();
    let before = answers(&memory, &questions);
    memory.rebuild(Language::English).unwrap();
    wrong.changed += usize::from(before != answers(&memory, &questions));
    drop((eraser, memory));
    let database = rusqlite::Connection::open(temp.join("memory/memory.sqlite")).unwrap();
    let sound: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok", "{what}");
}

#[test]
fn at_whichever_step_it_dies_nothing_is_lost_nor_half_erased() {
    let mut steps = steps();
    let n_points = steps.iter().map(|step| &step.0).collect::<BTreeSet<_>>().len();
    let n_steps = steps.len();
    let n_deaths = std::env::var(DEATHS).map_or(N_DEATHS, |n| n.parse().unwrap()).max(n_points);
    assert!(n_points >= 25 && n_steps >= 60, "{n_points} {steps:?}");
    // Each point at least once, however few deaths are asked for; then every pass of each.
    steps.sort_by_key(|step| step.1);
    let mut wrong = Wrong::default();
    let mut n_died = 0;
    let mut steps = steps.iter().cycle();
    let mut n_tried = 0;
    while n_died < n_deaths {
        let temp = tempfile::tempdir().unwrap();
        let mut told = Acknowledged::default();
        for round in 0..ROUNDS.min(n_deaths - n_died) {
            let (point, n_before) = steps.next().unwrap();
            let what = format!("{point} after {n_before}");
            let (said, has_ended) = child(temp.path(), round, point, *n_before);
            n_tried += 1;
            assert!(n_tried < 2 * n_deaths + n_steps, "{n_died} of {n_tried}");
            // What an earlier death has left can make a step needless.
            n_died += usize::from(!has_ended);
            told.hear(&said, round);
            look(temp.path(), &told, &mut wrong, &what);
        }
    }
    println!(
        "\n{{\"deaths\":{n_died},\"points\":{n_points},\"steps\":{n_steps},\"lost\":{},\"half\":{},\"changed\":{}}}",
        wrong.lost, wrong.half, wrong.changed
    );
    assert_eq!(wrong, Wrong::default());
}
