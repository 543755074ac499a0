//! Links and directories in the place of files keep nothing else from going on.

use std::time::Duration;

use super::*;
use crate::segment::{Age, Segments};
use crate::{
    DataDir, EventLogConfig, EventStore as _, FileEventLog, Policy, Rotate, Rotated, fixture,
    regular,
};

/// Puts something under a name.
type Put<'a> = &'a dyn Fn(&Path);

/// What is put, each in a test of its own. What the link leads to must stay as it is.
fn each_put(check: impl Fn(Put<'_>)) {
    check(&|path| fs::create_dir(path).unwrap());
    #[cfg(unix)]
    {
        let elsewhere = tempfile::NamedTempFile::new().unwrap();
        let text = fixture::line(77);
        fs::write(elsewhere.path(), &text).unwrap();
        check(&|path| std::os::unix::fs::symlink(elsewhere.path(), path).unwrap());
        assert_eq!(fs::read_to_string(elsewhere.path()).unwrap(), text);
        let gone = elsewhere.path().with_extension("gone");
        check(&|path| std::os::unix::fs::symlink(&gone, path).unwrap());
        assert!(!gone.exists());
        check(&|path| {
            assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
        });
        let folder = tempfile::tempdir().unwrap();
        check(&|path| std::os::unix::fs::symlink(folder.path(), path).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

/// The second in which event `n` happened.
fn began(n: u64) -> i64 {
    fixture::event(n).at().as_secs()
}

/// Five events in a cold segment and three in a hot one.
struct Rig {
    _temp: tempfile::TempDir,
    dir: DataDir,
    layout: Layout,
    ids: Vec<SegmentId>,
}

impl Rig {
    fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let layout = Layout::of(&dir);
        let rig = Self { _temp: temp, dir, layout, ids: Vec::new() };
        fs::create_dir(rig.layout.dir()).unwrap();
        rig.seal(0..5);
        let segments = Segments::of(&rig.dir);
        segments.compress(segments.list().unwrap()[0].id).unwrap();
        rig.seal(5..8);
        let ids = segments.list().unwrap().into_iter().map(|info| info.id).collect();
        Self { ids, ..rig }
    }

    fn seal(&self, numbers: std::ops::Range<u64>) {
        let end = numbers.end;
        fs::write(self.layout.active(), numbers.map(fixture::line).collect::<String>()).unwrap();
        self.rotate(end, Rotate { seal: true, ..Rotate::default() });
    }

    /// Opens the log, as a start does, and rotates it at the time of event `n`.
    fn rotate(&self, n: u64, rotate: Rotate) -> Rotated {
        let log = FileEventLog::open(&self.dir, EventLogConfig::default()).unwrap();
        let done = log.rotate(fixture::event(n).at(), rotate).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(log.close(Duration::from_secs(60)));
        done
    }

    /// File and reason of all that is wrong.
    fn faults(&self) -> Vec<(PathBuf, String)> {
        let faults = crate::verify(&self.dir, true, &()).unwrap().faults;
        faults.into_iter().map(|fault| (fault.path, fault.why)).collect()
    }

    fn kept(&self) -> (usize, usize, u64) {
        let now = fixture::event(9).at();
        let events = crate::stats(&self.dir, &Policy::default(), now).unwrap().swap_remove(0);
        (events.n_hot, events.n_cold, events.n_sealed_events)
    }
}

#[test]
fn what_is_no_file_is_named_once_and_all_else_goes_on() {
    each_put(|put| {
        let rig = Rig::new();
        let (layout, other) = (&rig.layout, rig.ids[1].next());
        let mut put_at = vec![
            layout.hot(other),
            layout.cold(other.next()),
            layout.sidecar(other),
            // Over the name that a cold segment had while it was hot, and the other way round.
            layout.hot(rig.ids[0]),
            layout.cold(rig.ids[1]),
            layout.dir().join("hypotheses.x.ndjson.tmp"),
            layout.sidecar(rig.ids[0]),
            layout.late(),
            layout.older(),
        ];
        fs::remove_file(layout.sidecar(rig.ids[0])).unwrap();
        put_at.iter().for_each(|path| put(path));
        put_at.sort();
        let faults = rig.faults();
        assert_eq!(faults.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>(), put_at);
        for (path, why) in &faults {
            let what = match path.symlink_metadata().unwrap().file_type() {
                kind if kind.is_symlink() => "a link stands",
                kind if kind.is_dir() => "a directory stands",
                _ => "no regular file stands",
            };
            assert!(why.starts_with(what) && why.contains("hint: "), "{why}");
        }
        assert_eq!((rig.kept().0, rig.kept().1), (1, 1));
        let events: Vec<_> = crate::tail(&rig.dir, 99).unwrap().map(Result::unwrap).collect();
        assert_eq!(events.len(), 8);
        assert_eq!(crate::oldest_event(&rig.dir).unwrap().map(|at| at.as_secs()), Some(began(0)));
        let mut index = crate::Index::open(&rig.dir).unwrap();
        index.catch_up().unwrap();
        assert_eq!(index.n_events().unwrap(), 8);
        drop(index);
        let dry = rig.rotate(8, Rotate { seal: true, dry_run: true, ..Rotate::default() });
        assert_eq!((dry.n_sealed, dry.stopped), (0, None));
        // A start and a rotation make the sidecar anew where nothing but a link is in its way.
        fs::write(layout.active(), fixture::line(8)).unwrap();
        let done = rig.rotate(9, Rotate { seal: true, ..Rotate::default() });
        assert_eq!((done.n_sealed, done.failed), (1, Vec::new()));
        assert_eq!((rig.kept().0, rig.kept().1), (2, 1));
        assert!(!layout.sidecar(rig.ids[0]).is_symlink());
        let ages: Vec<_> = Segments::of(&rig.dir).list().unwrap();
        assert_eq!(
            ages.iter().map(|it| it.age).collect::<Vec<_>>(),
            [Age::Cold, Age::Hot, Age::Hot]
        );
        // Nor does it keep any from its time.
        let done = rig.rotate(9 + 86_400 * 400, Rotate { force: true, ..Rotate::default() });
        assert_eq!((done.removed.len(), done.failed), (3, Vec::new()));
        assert_eq!(Segments::of(&rig.dir).list().unwrap(), []);
    });
}

#[test]
fn a_segment_whose_cold_name_a_directory_has_is_not_compressed_to_be_thrown_away() {
    let rig = Rig::new();
    let path = rig.layout.cold(rig.ids[1]);
    fs::create_dir(&path).unwrap();
    let error = Segments::of(&rig.dir).compress(rig.ids[1]).unwrap_err();
    assert!(
        matches!(&error, crate::StoreError::Io { source, .. } if regular::is_irregular(source))
    );
    assert_eq!(rig.kept(), (1, 1, 8));
}

#[test]
fn a_segment_that_is_replaced_by_no_file_is_missing_and_not_lost_for_good() {
    each_put(|put| {
        let rig = Rig::new();
        for path in [rig.layout.cold(rig.ids[0]), rig.layout.hot(rig.ids[1])] {
            fs::remove_file(&path).unwrap();
            put(&path);
        }
        let verified = crate::verify(&rig.dir, true, &()).unwrap();
        let why = "stands where a segment belongs: ";
        let is_so = |it: &crate::Fault| it.loss.is_none() && it.why.contains(why);
        assert!(verified.faults.len() == 2 && verified.faults.iter().all(is_so), "{verified:?}");
        let missing = crate::register::shortfalls(&rig.dir, &[]).unwrap();
        assert_eq!(missing.iter().map(|it| it.n_events).collect::<Vec<_>>(), [5, 3]);
        assert_eq!(rig.kept(), (0, 0, 0));
    });
}

#[test]
fn holds_that_are_no_file_are_named_and_keep_everything() {
    each_put(|put| {
        let rig = Rig::new();
        put(&rig.dir.holds_path());
        let faults = rig.faults();
        assert!(faults.len() == 1 && faults[0].0 == rig.dir.holds_path(), "{faults:?}");
        assert!(faults[0].1.contains("is not a regular file") && faults[0].1.contains("hint: "));
        assert_eq!(rig.kept(), (1, 1, 8));
        let long_after = 9 + 86_400 * 400;
        let done = rig.rotate(long_after, Rotate { force: true, ..Rotate::default() });
        assert_eq!((done.removed.len(), done.stopped), (0, Some(crate::Stop::HoldsUnreadable)));
    });
}
