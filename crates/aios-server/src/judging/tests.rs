//! Whatever becomes of the lines of a healthy log: where one is lost, the objectives are not known to be kept.

use std::fs;

use aios_control::slo::check::Goldens;
use aios_core::{Percent, Split, Timestamp, Verdict};
use aios_store::{DataDir, Index};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

use super::{MemoryLook, Objectives, fixture, look, rows};

const N: usize = 87;

fn at(second: usize) -> Timestamp {
    Timestamp::from_micros((1_800_000_000 + second as i64) * 1_000_000)
}

fn line(n: usize) -> Vec<u8> {
    let id = aios_core::EventId::new(at(n), [n as u8; 10]);
    let facts = json!({ "event_id": id, "ts": at(n), "conv_id": format!("c1_{n:032x}") });
    fixture::response(facts).into_bytes()
}

/// What can happen to a line.
#[derive(Debug, Clone)]
enum Harm {
    Cut(usize),
    Joined,
    Broken(usize),
    Overwritten(usize, Vec<u8>),
    Replaced(Vec<u8>),
}

fn harm() -> impl Strategy<Value = Harm> {
    prop_oneof![
        (0..300_usize).prop_map(Harm::Cut),
        Just(Harm::Joined),
        (0..300_usize).prop_map(Harm::Broken),
        // No byte of these stands in a line, so that none becomes another event.
        (0..300_usize, vec(prop_oneof![Just(0), 0x80..=0xbf_u8], 0..40))
            .prop_map(|(from, bytes)| Harm::Overwritten(from, bytes)),
        vec(any::<u8>(), 0..300).prop_map(Harm::Replaced),
    ]
}

impl Harm {
    /// The line with its newline, as it is then.
    fn done_to(&self, mut line: Vec<u8>) -> Vec<u8> {
        match self {
            Self::Cut(at) => line.truncate(*at),
            Self::Joined => return line,
            Self::Broken(at) => line.insert((*at).min(line.len()), b'\n'),
            Self::Overwritten(from, bytes) => {
                for (at, byte) in bytes.iter().enumerate() {
                    if let Some(old) = line.get_mut(from + at) {
                        *old = *byte;
                    }
                }
            }
            Self::Replaced(bytes) => line.clone_from(bytes),
        }
        line.push(b'\n');
        line
    }
}

/// The verdict, and how many of the log's rows it rests on.
fn judged(dir: &DataDir) -> (Verdict, usize) {
    let (objectives, now) = (Objectives::default(), at(N));
    let times = now.minus(objectives.window)..now;
    let index = Index::snapshot(dir).unwrap();
    let (rows, unread) = (rows(&index, times.clone()).unwrap(), index.unread(&times).unwrap());
    let goldens = Goldens {
        ts: None,
        n: 10,
        pass_rate: Some(1.0),
        latency_ms_p95: Some(100.0),
        error_rate: Some(0.0),
        recall_at_5: None,
    };
    let split = Split::plain(Percent::new(10.0).unwrap(), "canary");
    let memory = MemoryLook::default();
    (look(&objectives, &rows, Some(&goldens), &split, memory, &unread).verdict, rows.len())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// The last line stays: one without its newline is being written, and not lost.
    #[test]
    fn no_harm_to_a_healthy_log_leaves_it_green_unless_no_line_was_lost(
        harms in vec((0..N - 1, harm()), 0..30),
    ) {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        fs::create_dir(dir.events_path().parent().unwrap()).unwrap();
        let whole = |n| [line(n), b"\n".to_vec()].concat();
        let mut lines: Vec<_> = (0..N).map(whole).collect();
        fs::write(dir.events_path(), lines.concat()).unwrap();
        prop_assert_eq!(judged(&dir), (Verdict::Met, N));
        for (n, harm) in &harms {
            lines[*n] = harm.done_to(line(*n));
        }
        fs::write(dir.events_path(), lines.concat()).unwrap();
        let (verdict, n_read) = judged(&dir);
        prop_assert!(verdict == Verdict::NoData || n_read == N, "{verdict} with {n_read} of {N}");
    }
}
