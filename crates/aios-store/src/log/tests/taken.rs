//! What others do to the file while it is written.

use std::fs::{self, OpenOptions};
use std::ops::Range;
use std::path::PathBuf;

use aios_core::Timestamp;

use super::*;
use crate::{Index, verify};

/// A log with five events, each on disk.
struct Rig {
    temp: tempfile::TempDir,
    dir: DataDir,
    log: FileEventLog,
}

impl Rig {
    async fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let log = Self::open(&dir);
        let rig = Self { temp, dir, log };
        for n in 0..5 {
            append(&rig.log, n).await;
        }
        rig
    }

    fn open(dir: &DataDir) -> FileEventLog {
        let config = EventLogConfig { sync: SyncPolicy::Always, ..EventLogConfig::default() };
        FileEventLog::open(dir, config).unwrap()
    }

    fn path(&self) -> PathBuf {
        self.dir.events_path()
    }

    /// Waits until the log has noticed that so many events are gone, and writes another. `left` are those that are still
    /// in the file that has the name.
    async fn check(&self, n_taken: u64, left: Range<u64>) {
        while self.log.stats().taken < n_taken {
            tokio::task::yield_now().await;
        }
        append(&self.log, 7).await;
        let stats = self.log.stats();
        assert_eq!((stats.taken, stats.lost, stats.written), (n_taken, n_taken, 6));
        let expect: String = left.chain(7..8).map(fixture::line).collect();
        assert_eq!(fs::read_to_string(self.path()).unwrap(), expect);
    }

    /// What is known of the loss after a new start, without an index.
    async fn check_known(self, n_lost: u64) {
        assert!(self.log.close(LONG).await.complete);
        drop(self.log);
        drop(Self::open(&self.dir));
        fs::remove_file(self.dir.index_path()).ok();
        let everything = Timestamp::from_micros(0)..Timestamp::from_micros(i64::MAX);
        let copy = Index::snapshot(&self.dir).unwrap();
        assert_eq!(copy.unread(&everything).unwrap().n_lines, n_lost);
        let hour = std::time::Duration::from_secs(3600);
        let later = fixture::event(9).at().plus(hour)..fixture::event(9).at().plus(2 * hour);
        assert_eq!(copy.unread(&later).unwrap().n_lines, 0);
        let faults = verify(&self.dir, true, &()).unwrap().faults;
        assert_eq!(faults.len(), usize::from(n_lost > 0), "{faults:?}");
        drop(self.temp);
    }
}

#[tokio::test]
async fn a_file_that_is_cut_is_noticed_and_gone_on_in_behind_its_last_whole_line() {
    let rig = Rig::new().await;
    let cut = fixture::line(0).len() + fixture::line(1).len() + 99;
    OpenOptions::new().write(true).open(rig.path()).unwrap().set_len(cut as u64).unwrap();
    rig.check(3, 0..2).await;
    rig.check_known(3).await;
}

#[tokio::test]
async fn a_file_that_is_emptied_is_noticed_where_nothing_is_written() {
    let rig = Rig::new().await;
    fs::write(rig.path(), "").unwrap();
    rig.check(5, 0..0).await;
    rig.check_known(5).await;
}

#[tokio::test]
async fn what_is_sealed_at_once_is_missed_too() {
    let rig = Rig::new().await;
    let two = fixture::line(0) + &fixture::line(1);
    OpenOptions::new().write(true).open(rig.path()).unwrap().set_len(two.len() as u64).unwrap();
    rig.log.seal().await.unwrap();
    assert_eq!(rig.log.stats().taken, 3);
    rig.check_known(3).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_is_removed_is_noticed() {
    let rig = Rig::new().await;
    fs::remove_file(rig.path()).unwrap();
    rig.check(5, 0..0).await;
    rig.check_known(5).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_is_replaced_has_lost_what_the_other_does_not_begin_with() {
    let rig = Rig::new().await;
    let other = rig.temp.path().join("other");
    let odd = fixture::line(2).replace("blue", "grey");
    fs::write(&other, [fixture::line(0), fixture::line(1), odd.clone()].concat()).unwrap();
    fs::rename(&other, rig.path()).unwrap();
    while rig.log.stats().taken < 3 {
        tokio::task::yield_now().await;
    }
    append(&rig.log, 7).await;
    let expect = [fixture::line(0), fixture::line(1), odd, fixture::line(7)].concat();
    assert_eq!(fs::read_to_string(rig.path()).unwrap(), expect);
    rig.check_known(3).await;
}

/// As editors do.
#[cfg(unix)]
#[tokio::test]
async fn one_that_is_replaced_by_a_copy_of_itself_has_lost_nothing() {
    let rig = Rig::new().await;
    let other = rig.temp.path().join("other");
    fs::copy(rig.path(), &other).unwrap();
    fs::rename(&other, rig.path()).unwrap();
    rig.check(0, 0..5).await;
    rig.check_known(0).await;
}

#[tokio::test]
async fn lines_that_others_append_are_no_loss_and_half_of_one_is_put_aside() {
    let rig = Rig::new().await;
    let mut file = OpenOptions::new().append(true).open(rig.path()).unwrap();
    std::io::Write::write_all(&mut file, b"{\"event_type\":\"resp").unwrap();
    rig.check(0, 0..5).await;
    rig.check_known(0).await;
}

/// What a machine that lost power may leave: lines of garbage, which nobody can tell from events that were acknowledged.
#[tokio::test]
async fn whole_lines_that_are_put_aside_at_a_start_are_lost_and_half_a_line_is_not() {
    for (end, n_lost) in [("{\"event_type\":\"resp", 0), ("\0\0\0\0", 0), ("{\"event\n\0\0\n{", 2)]
    {
        let rig = Rig::new().await;
        let mut file = OpenOptions::new().append(true).open(rig.path()).unwrap();
        assert!(rig.log.close(LONG).await.complete);
        std::io::Write::write_all(&mut file, end.as_bytes()).unwrap();
        drop(rig.log);
        let log = Rig::open(&rig.dir);
        let stats = log.stats();
        assert_eq!((stats.quarantined_lines, stats.quarantined_bytes), (n_lost, end.len() as u64));
        let rig = Rig { log, ..rig };
        let everything = Timestamp::from_micros(0)..Timestamp::from_micros(i64::MAX);
        let unread = Index::snapshot(&rig.dir).unwrap().unread(&everything).unwrap();
        assert_eq!(unread.n_lines, n_lost);
        rig.log.seal().await.unwrap();
        let unread = Index::snapshot(&rig.dir).unwrap().unread(&everything).unwrap();
        assert_eq!(unread.n_lines, n_lost);
        // With the log its keeper ends, who writes the footer.
        assert!(rig.log.close(LONG).await.complete);
        assert_eq!(verify(&rig.dir, true, &()).unwrap().faults.len(), usize::from(n_lost > 0));
    }
}
