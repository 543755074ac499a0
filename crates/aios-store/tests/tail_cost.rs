//! Whoever looks at the newest of the audit trail reads its end, however long it is.
//!
//! Bytes are counted as in `erase_cost.rs`, in a program of its own for the same reason.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "this crate is nothing but a test")]

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use aios_core::Timestamp;
use aios_store::{AuditAction, AuditEntry, DataDir, audit_tail};

mod counted;

use counted::read_by;

const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const N_DAYS: u64 = 40;
const N_A_DAY: u64 = 1_000;

/// A block from the end of a file.
const BLOCK: u64 = 64 * 1024;

/// What finding the order of the files may cost: of each its first line, and what the process reads of itself.
const ORDER_BYTES_MAX: u64 = N_DAYS * 1024 + 4 * 1024;

#[test]
fn the_newest_entries_cost_what_is_asked_for() {
    let temp = tempfile::tempdir().unwrap();
    let dir = DataDir::open(temp.path()).unwrap();
    let stored = write_trail(&dir);
    let newest = |n: usize| {
        let (entries, bytes) = read_by(|| audit_tail(&dir, n).unwrap());
        let seqs: Vec<_> = entries.into_iter().map(|entry| entry.seq).collect();
        let last = N_DAYS * N_A_DAY;
        let first = last.saturating_sub(n as u64);
        assert!(seqs.iter().copied().eq(first + 1..=last), "{n}: {seqs:?}");
        bytes
    };
    let (none, few) = (newest(0), newest(20));
    // They are of the last two days.
    let many = newest(N_A_DAY as usize + 20);
    let all = newest((N_DAYS * N_A_DAY) as usize + 1);
    println!(
        "{none} for none, {few} for 20, {many} for more than a day, {all} for all of {stored}"
    );
    assert!(none <= ORDER_BYTES_MAX, "{none}");
    assert!(few <= ORDER_BYTES_MAX + BLOCK, "{few} of {stored}");
    let day = stored / N_DAYS;
    assert!(many <= ORDER_BYTES_MAX + day + BLOCK, "{many} of {stored}");
    assert!(all >= stored && stored > 50 * BLOCK, "{all} of {stored}: too little to tell anything");
}

/// A file for each day; returns how many bytes they have.
fn write_trail(dir: &DataDir) -> u64 {
    let audit = dir.path().join("audit");
    fs::create_dir_all(&audit).unwrap();
    let mut stored = 0;
    for day in 0..N_DAYS {
        let ts = START.plus(DAY * u32::try_from(day).unwrap());
        let mut text = String::new();
        for n in 1..=N_A_DAY {
            let action =
                AuditAction::Changed { request: "POST /admin/v1/nightly".into(), status: 200 };
            let (seq, prev) = (day * N_A_DAY + n, "0".repeat(64));
            let entry = AuditEntry { seq, prev, ts, actor: "owner".into(), action };
            let line = serde_json::to_string(&entry).unwrap();
            let open = line.strip_suffix('}').unwrap();
            writeln!(text, "{open},\"h\":\"{}\"}}", "0".repeat(64)).unwrap();
        }
        let name: String = ts.to_string().chars().take(10).collect();
        fs::write(audit.join(format!("{name}.ndjson")), &text).unwrap();
        stored += text.len() as u64;
    }
    stored
}
