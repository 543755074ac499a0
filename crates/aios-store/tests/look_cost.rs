//! Looking whether somebody has put back what was erased costs what has changed, and no edit goes by unseen.
//!
//! Bytes are counted as in `erase_cost.rs`, in a program of its own for the same reason.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "this crate is nothing but a test")]

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aios_core::{Clock, Timestamp};
use aios_memory::{Kind, Validity};
use aios_privacy::{Policy, Pseudonym, Redactor, Remembered};
use aios_store::{
    AuditConfig, AuditLog, DataDir, EraseRequest, EraseTarget, Eraser, ErasureState,
    EventLogConfig, FileEventLog, Home, MemoryStore, NewFragment,
};

mod counted;

use counted::read_by;

const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// What a look may cost at which nothing has changed, or one thing was remembered: pages of the databases and no more.
const LOOK_BYTES_MAX: u64 = 256 * 1024;

const N_FRAGMENTS: u64 = 4_000;
const N_DOCUMENTS: u64 = 16;
const DOCUMENT_BYTES: usize = 256 * 1024;

#[derive(Debug)]
struct Afterwards;

impl Clock for Afterwards {
    fn now(&self) -> Timestamp {
        START.plus(Duration::from_secs(60 * 60))
    }
}

struct Rig {
    eraser: Eraser,
    memory: MemoryStore,
    now: Timestamp,
    redactor: Redactor,
    temp: tempfile::TempDir,
}

#[test]
fn a_look_costs_what_has_changed() {
    let rig = Rig::of();
    let stored = bytes_in(rig.temp.path());
    let ((), start) = read_by(|| assert_eq!(rig.recheck(true), 0));
    assert!(start > 4 << 20, "a start reads all that no index follows: {start} of {stored}");
    // What the start itself has written is read once.
    rig.look();
    let ((), look) = read_by(|| assert_eq!(rig.look(), 0));
    let ((), hourly) = read_by(|| assert_eq!(rig.recheck(false), 0));
    rig.remember(N_FRAGMENTS);
    rig.memory.add(Vec::new()).unwrap().wait().unwrap();
    let ((), remembered) = read_by(|| assert_eq!(rig.look() + rig.recheck(false), 0));
    println!(
        "{look}, hourly {hourly}, {remembered} when something was remembered, of {stored} stored; a start {start}"
    );
    for bytes in [look, hourly, remembered] {
        assert!(bytes <= LOOK_BYTES_MAX, "{bytes} of {stored}");
    }
    assert!(stored > 20 * LOOK_BYTES_MAX, "{stored}: too little to tell anything");
    // A document that is edited is read, and no other: also one that is as long as before, of the same time.
    let path = rig.temp.path().join("exports/7.txt");
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let name = conversation(0).to_string();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen(text.split_at(name.len()).0, &name, 1)).unwrap();
    File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
    assert_eq!(rig.look(), 1, "what was put into it is erased once more");
    rig.look();
    assert_eq!(rig.look(), 0);
}

impl Rig {
    /// Documents and a memory of some megabytes, and a conversation that is erased.
    fn of() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        fs::create_dir_all(temp.path().join("exports")).unwrap();
        for n in 0..N_DOCUMENTS {
            let text = "nobody is named in here\n".repeat(DOCUMENT_BYTES / 24);
            fs::write(temp.path().join(format!("exports/{n}.txt")), text).unwrap();
        }
        let log = Arc::new(FileEventLog::open(&dir, EventLogConfig::default()).unwrap());
        let now = Afterwards.now();
        let audit = Arc::new(AuditLog::open(&dir, AuditConfig::default(), now).unwrap());
        let eraser = Eraser::open(&dir, log, audit, Arc::new(Afterwards)).unwrap();
        let memory = MemoryStore::open(&dir).unwrap();
        let redactor = Redactor::new(&[]);
        let rig = Self { eraser, memory, now, redactor, temp };
        (0..N_FRAGMENTS).for_each(|n| rig.remember(n));
        rig.memory.add(Vec::new()).unwrap().wait().unwrap();
        let target = EraseTarget::new(vec![conversation(0)], None).unwrap();
        let request = EraseRequest::new("test", "test", &Redactor::new(&[]));
        let plan = rig.eraser.plan(&target, &request).unwrap();
        let receipt = rig.eraser.execute(&plan.id, &plan.plan_hash, None).unwrap();
        assert_eq!((receipt.state, receipt.n_records_erased), (ErasureState::Completed, 1));
        rig
    }

    /// Remembers a turn of a conversation of its own.
    fn remember(&self, n: u64) {
        let text = format!("{n}: {}", "the ferry leaves at noon from the old harbor ".repeat(16));
        let text = Remembered::new(&Policy::default(), &self.redactor, &text).unwrap();
        let new = NewFragment {
            home: Home::Conversation(conversation(n)),
            subject: None,
            id: None,
            session: 0,
            kind: Kind::Turn,
            speaker: None,
            text,
            ts: START,
            valid: Validity::default(),
            source: "chat",
        };
        self.memory.add(vec![new]).unwrap();
    }

    fn look(&self) -> usize {
        self.eraser.look_again(self.now).unwrap().map_or(0, |done| done.receipts.len())
    }

    fn recheck(&self, is_start: bool) -> usize {
        let done = match is_start {
            true => self.eraser.recheck_at_start(),
            false => self.eraser.recheck(self.now),
        };
        done.unwrap().receipts.len()
    }
}

fn bytes_in(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    let len = |entry: fs::DirEntry| match entry.metadata().unwrap() {
        metadata if metadata.is_dir() => bytes_in(&entry.path()),
        metadata => metadata.len(),
    };
    entries.map(len).sum()
}

fn conversation(n: u64) -> Pseudonym {
    let digits = u128::from(n + 1) * 0x9e37_79b9_7f4a_7c15_f39c_c060;
    Pseudonym::parse(&format!("c1_{digits:032x}")).unwrap()
}
