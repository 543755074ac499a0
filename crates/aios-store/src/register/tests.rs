use std::fs;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use aios_core::Event;

use super::*;
use crate::{
    AuditConfig, AuditLog, EventLogConfig, EventStore as _, FileEventLog, Index, Keep, Look,
    Policy, Rotate, Rotator, SegmentInfo, Segments, fixture, verify,
};

const DAY: Duration = Duration::from_secs(86_400);

/// A directory whose log is written by a server that comes and goes.
struct Rig {
    temp: tempfile::TempDir,
    now: Timestamp,
}

impl Rig {
    /// With one sealed segment of 30 events, and two events after it.
    fn new() -> Self {
        let rig = Self::empty();
        rig.serve(0..30, |_, _| {});
        rig.append(30..32);
        rig
    }

    fn empty() -> Self {
        let now = fixture::event(40).at();
        Self { temp: tempfile::tempdir().unwrap(), now }
    }

    fn own(&self) -> DataDir {
        DataDir::open(self.temp.path()).unwrap()
    }

    fn reader(&self) -> DataDir {
        DataDir::read(self.temp.path()).unwrap()
    }

    fn append(&self, events: Range<u64>) {
        let path = self.reader().events_path();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut text = fs::read_to_string(&path).unwrap_or_default();
        text.extend(events.map(fixture::line));
        fs::write(path, text).unwrap();
    }

    /// A server starts, seals what there is, does something, and stops.
    fn serve(&self, events: Range<u64>, act: impl FnOnce(&DataDir, &Rotator)) {
        self.append(events);
        let dir = self.own();
        let log = Arc::new(FileEventLog::open(&dir, EventLogConfig::default()).unwrap());
        let audit = Arc::new(AuditLog::open(&dir, AuditConfig::default(), self.now).unwrap());
        let rotator = Rotator::new(log, Arc::clone(&audit));
        let seal = Rotate { seal: true, force: true, ..Rotate::default() };
        let done = rotator.rotate("x", self.now, seal).unwrap();
        assert_eq!(done.failed, Vec::<String>::new());
        act(&dir, &rotator);
        audit.close(self.now).unwrap();
    }

    fn restart(&self) {
        let dir = self.own();
        let log = FileEventLog::open(&dir, EventLogConfig::default()).unwrap();
        let audit = AuditLog::open(&dir, AuditConfig::default(), self.now).unwrap();
        audit.close(self.now).unwrap();
        drop(log);
    }

    fn sealed(&self) -> SegmentInfo {
        Segments::of(&self.reader()).list().unwrap().remove(0)
    }

    fn change(&self, path: &Path, change: impl FnOnce(String) -> String) {
        let text = fs::read_to_string(path).unwrap();
        fs::write(path, change(text)).unwrap();
    }

    /// What `aios logs verify` says, and how much judgement does not see: of the log's time, and of the day after.
    #[track_caller]
    fn check(&self, faults: &[&str], n_unread: u64) {
        let verified = verify(&self.reader(), true, &()).unwrap();
        let found: Vec<_> = verified.faults.iter().map(|fault| fault.why.as_str()).collect();
        let is_named = |why: &&str| found.iter().any(|found| found.contains(why));
        assert!(faults.iter().all(is_named) && faults.is_empty() == found.is_empty(), "{found:?}");
        // Without an index, by one that was made by a server, and after that is deleted.
        drop(fs::remove_file(self.reader().index_path()));
        for _ in 0..2 {
            let copy = Index::snapshot(&self.reader()).unwrap();
            assert_eq!(copy.unread(&self.times(0)).unwrap().n_lines, n_unread);
            assert_eq!(copy.unread(&self.times(1)).unwrap().n_lines, 0);
            Index::open(&self.own()).unwrap().catch_up().unwrap();
        }
    }

    fn times(&self, day: u32) -> Range<Timestamp> {
        let start = fixture::event(0).at().plus(DAY * day);
        start..start.plus(DAY)
    }
}

fn lines(text: &str, n: usize) -> String {
    text.split_inclusive('\n').take(n).collect()
}

#[test]
fn a_segment_that_has_lost_its_end_is_not_sealed_anew() {
    let rig = Rig::new();
    rig.check(&[], 0);
    let path = rig.sealed().path;
    for n_left in [29, 1] {
        rig.change(&path, |text| lines(&text, n_left));
        let cut = fs::read(&path).unwrap();
        let expect = ["it has lost its end: it was sealed with 30 events", "it has no footer"];
        rig.check(&expect, 30);
        rig.restart();
        rig.serve(0..0, |_, _| {});
        assert_eq!(fs::read(&path).unwrap(), cut);
        rig.check(&expect, 30);
    }
    fs::write(&path, "").unwrap();
    rig.restart();
    rig.check(&["it has lost its end"], 30);
}

#[test]
fn one_that_has_lost_its_footer_alone_gets_the_same_again() {
    let rig = Rig::new();
    let path = rig.sealed().path;
    let sealed = fs::read_to_string(&path).unwrap();
    for left in [lines(&sealed, 30), sealed.get(..sealed.len() - 9).unwrap().to_owned()] {
        fs::write(&path, left).unwrap();
        rig.check(&["it has no footer"], 0);
        rig.restart();
        assert_eq!(fs::read_to_string(&path).unwrap(), sealed);
        rig.check(&[], 0);
    }
}

#[test]
fn one_whose_footer_was_made_to_fit_is_told_apart() {
    let rig = Rig::new();
    let info = rig.sealed();
    rig.change(&info.path, |text| lines(&text, 20));
    let footer = crate::segment::seal::tally(&info.path).unwrap().footer(info.id);
    rig.change(&info.path, |text| text + &String::from_utf8(footer.line()).unwrap());
    let expect = ["it had 30 events and its footer says 20"];
    rig.check(&expect, 10);
    rig.restart();
    rig.check(&expect, 10);
    // An erasure that writes it anew does not make it whole.
    let dir = rig.own();
    let mut n = 0;
    let mut first = |_: &[u8]| {
        n += 1;
        if n == 1 { Keep::Drop } else { Keep::Keep }
    };
    Segments::of(&dir).rewrite(info.id, Look::Everywhere, &mut first).unwrap();
    drop(dir);
    rig.check(&["its footer was another than when it was sealed"], 1);
}

/// A clock counts finer than a line says; what was sealed by a server is known by it all the same.
#[tokio::test]
async fn what_a_running_server_has_sealed_can_be_erased_from_without_a_flaw() {
    let rig = Rig::empty();
    let dir = rig.own();
    let log = Arc::new(FileEventLog::open(&dir, EventLogConfig::default()).unwrap());
    for n in 0..3 {
        let Event::Response(mut event) = fixture::event(n) else { unreachable!() };
        event.ts = event.ts.plus(Duration::from_micros(123));
        let line = log.reserve().await.unwrap().append(Event::Response(event));
        line.durable().await.unwrap();
    }
    let audit = Arc::new(AuditLog::open(&dir, AuditConfig::default(), rig.now).unwrap());
    let rotator = Rotator::new(log, Arc::clone(&audit));
    let seal = Rotate { seal: true, force: true, ..Rotate::default() };
    let off_the_runtime = || rotator.rotate("x", rig.now, seal).unwrap();
    std::thread::scope(|scope| scope.spawn(off_the_runtime).join().unwrap());
    let mut n = 0;
    let mut first = |_: &[u8]| {
        n += 1;
        if n == 1 { Keep::Drop } else { Keep::Keep }
    };
    Segments::of(&dir).rewrite(rig.sealed().id, Look::Everywhere, &mut first).unwrap();
    assert_eq!(rig.sealed().footer.unwrap().flaw, None);
    audit.close(rig.now).unwrap();
    drop((rotator, audit, dir));
    rig.check(&[], 0);
}

#[test]
fn one_that_is_gone_is_missed_unless_it_was_removed() {
    let rig = Rig::new();
    let info = rig.sealed();
    let text = fs::read(&info.path).unwrap();
    fs::remove_file(&info.path).unwrap();
    rig.check(&["the segment is gone"], 30);
    rig.restart();
    rig.check(&["the segment is gone"], 30);
    fs::write(&info.path, text).unwrap();
    rig.check(&[], 0);
    rig.serve(0..0, |dir, _| Segments::of(dir).remove(info.id).unwrap());
    rig.check(&[], 0);
    // Somebody puts it back from a backup, and takes it away again.
    fs::write(&info.path, "x").unwrap();
    fs::remove_file(&info.path).unwrap();
    rig.check(&[], 0);
}

#[test]
fn a_cold_one_is_missed_too_and_one_that_was_rewritten_is_not() {
    let rig = Rig::new();
    let id = rig.sealed().id;
    rig.serve(0..0, |dir, _| {
        Segments::of(dir).compress(id).unwrap();
        let conversation = fixture::conversation(3).to_string();
        let mut drop_one = |line: &[u8]| {
            let is_it = String::from_utf8_lossy(line).contains(&conversation);
            if is_it { Keep::Drop } else { Keep::Keep }
        };
        let done = Segments::of(dir).rewrite(id, Look::Everywhere, &mut drop_one).unwrap();
        assert_eq!((done.dropped, done.flaw), (1, None));
    });
    rig.check(&[], 0);
    let path = rig.sealed().path;
    let whole = fs::read(&path).unwrap();
    // Without its last member, the footer, and without its sidecar.
    let start = memchr::memmem::rfind(&whole, &[0x1f, 0x8b, 8]).unwrap();
    fs::write(&path, &whole[..start]).unwrap();
    rig.restart();
    rig.check(&["it has lost its end: it was sealed with 29 events"], 29);
    fs::remove_file(&path).unwrap();
    rig.restart();
    rig.check(&["the segment is gone"], 29);
}

#[test]
fn what_was_sealed_before_there_was_a_register_is_written_down_at_the_next_start() {
    let rig = Rig::new();
    fs::remove_dir_all(rig.reader().audit_path()).unwrap();
    rig.check(&[], 0);
    rig.restart();
    assert_eq!(Register::read(&rig.reader()).unwrap().segments.len(), 1);
    rig.check(&[], 0);
    fs::remove_file(rig.sealed().path).unwrap();
    rig.check(&["the segment is gone"], 30);
}

#[test]
fn whoever_changes_the_register_is_found_out() {
    let rig = Rig::new();
    rig.serve(0..0, |_, _| {});
    let register = path(&rig.reader());
    let sound = fs::read_to_string(&register).unwrap();
    let seals = [
        (sound.replace("\"n_events\":30", "\"n_events\":20"), "it was edited"),
        (lines(&sound, 1), "it ends with line 1, and had 2"),
        (sound.replace(&lines(&sound, 1), ""), "lines before it are gone"),
    ];
    for (harmed, expect) in seals {
        fs::write(&register, harmed).unwrap();
        let verified = verify(&rig.reader(), true, &()).unwrap();
        assert!(verified.faults.iter().any(|fault| fault.why.contains(expect)), "{verified:?}");
    }
    // Half a line at its end was written by nobody.
    fs::write(&register, sound.clone() + "{\"seq\":3,").unwrap();
    rig.check(&[], 0);
    rig.restart();
    assert_eq!(fs::read_to_string(&register).unwrap(), sound);
    fs::remove_file(&register).unwrap();
    rig.check(&["it is gone, and with it"], 0);
    rig.restart();
    rig.check(&["it was gone and was begun anew"], 0);
}

#[test]
fn an_erasure_takes_lines_from_what_is_left_and_it_stays_told() {
    let rig = Rig::new();
    let info = rig.sealed();
    rig.change(&info.path, |text| lines(&text, 20));
    let dir = rig.own();
    let mut keep = |_: &[u8]| Keep::Keep;
    let done = Segments::of(&dir).rewrite(info.id, Look::Everywhere, &mut keep).unwrap();
    assert!(done.flaw.unwrap().starts_with("it has lost its end"));
    drop(dir);
    let expect = ["it has lost its end: it was sealed with 30 events", "its footer says 20"];
    rig.check(&expect, 11);
}

#[test]
fn what_retention_would_have_removed_by_now_is_not_missed_any_more() {
    let mut rig = Rig::new();
    fs::remove_file(rig.sealed().path).unwrap();
    rig.check(&["the segment is gone"], 30);
    rig.now = rig.now.plus(DAY * 91);
    rig.serve(0..0, |dir, rotator| {
        let before = Register::read(dir).unwrap();
        rotator.rotate("x", rig.now, Rotate::default()).unwrap();
        assert_eq!(Register::read(dir).unwrap().segments.len(), before.segments.len());
    });
    rig.check(&[], 0);
    assert_eq!(Policy::default().events.total, DAY * 90);
    // The chain goes on behind what was left out.
    rig.restart();
    rig.check(&[], 0);
}

impl Rig {
    /// Takes note of the one loss that is named.
    fn acknowledge(&self) -> Acknowledged {
        let verified = verify(&self.reader(), true, &()).unwrap();
        let mut losses: Vec<_> = verified.faults.iter().filter_map(|it| it.loss.clone()).collect();
        let loss = losses.pop().unwrap();
        assert!(losses.is_empty(), "{verified:?}");
        self.say(&loss, "the disk broke, see ann@example.org").unwrap()
    }

    fn say(&self, loss: &str, reason: &str) -> Result<Acknowledged, StoreError> {
        let dir = self.own();
        let audit = AuditLog::offline(&dir, AuditConfig::default(), self.now).unwrap();
        let redactor = aios_privacy::Redactor::default();
        let known = acknowledge_loss(&dir, &audit, loss, reason, &redactor, "x", self.now);
        audit.close(self.now).unwrap();
        known
    }

    /// Losses that are shown and are no fault; events that judgement misses all the same.
    #[track_caller]
    fn check_known(&self, why: &str, n_unread: u64) {
        self.check(&[], n_unread);
        let known = verify(&self.reader(), true, &()).unwrap().acknowledged;
        let [one] = &known[..] else { panic!("{known:?}") };
        assert!(one.why.contains(why), "{known:?}");
        assert_eq!(one.acknowledged.reason.as_str(), "the disk broke, see [EMAIL]");
    }
}

#[test]
fn a_loss_that_was_acknowledged_is_shown_and_the_next_one_alarms_again() {
    let rig = Rig::new();
    let path = rig.sealed().path;
    let whole = fs::read(&path).unwrap();
    rig.change(&path, |text| lines(&text, 20));
    rig.check(&["it has lost its end", "it has no footer"], 30);
    let known = rig.acknowledge();
    // Done twice it comes to the same.
    assert_eq!(rig.say(&known.loss, "once more").unwrap(), known);
    rig.check_known("it has lost its end", 30);
    rig.restart();
    rig.serve(0..0, |_, _| {});
    rig.check_known("it has lost its end", 30);
    let trail = crate::audit_tail(&rig.reader(), 100).unwrap();
    let on_record = trail.iter().filter(|it| {
        matches!(&it.action, crate::AuditAction::LossAcknowledged { loss, n_events: 30 } if *loss == known.loss)
    });
    assert_eq!(on_record.count(), 1);
    // One line more is gone; then another byte; then all of it.
    rig.change(&path, |text| lines(&text, 19));
    rig.check(&["it has lost its end", "it has no footer"], 30);
    rig.acknowledge();
    rig.check_known("it has lost its end", 30);
    rig.change(&path, |text| text.replacen("\"latency_ms\":", "\"latency_ms\": ", 1));
    rig.check(&["it has lost its end", "it has no footer"], 30);
    fs::remove_file(&path).unwrap();
    rig.check(&["the segment is gone"], 30);
    rig.acknowledge();
    rig.check_known("the segment is gone", 30);
    // What comes back is there, and nothing need be said of it.
    fs::write(&path, &whole).unwrap();
    rig.check(&[], 0);
    assert_eq!(verify(&rig.reader(), true, &()).unwrap().acknowledged, []);
    assert!(crate::verify_audit(&rig.reader(), &[]).unwrap().is_sound());
}

#[test]
fn a_footer_that_was_made_to_fit_is_acknowledged_alone() {
    let rig = Rig::new();
    let info = rig.sealed();
    rig.change(&info.path, |text| lines(&text, 20));
    let footer = crate::segment::seal::tally(&info.path).unwrap().footer(info.id);
    rig.change(&info.path, |text| text + &String::from_utf8(footer.line()).unwrap());
    rig.acknowledge();
    rig.check_known("its footer says 20", 10);
    // Compressed, it is the same.
    rig.serve(0..0, |dir, _| Segments::of(dir).compress(info.id).unwrap());
    rig.check_known("its footer says 20", 10);
    // Its text is another than its footer says: that was not acknowledged.
    let rig = Rig::new();
    let info = rig.sealed();
    rig.change(&info.path, |text| lines(&text, 20));
    rig.change(&info.path, |text| text + &String::from_utf8(footer.line()).unwrap());
    rig.acknowledge();
    rig.change(&info.path, |text| text.replacen("\"latency_ms\":", "\"latency_ms\": ", 1));
    let verified = verify(&rig.reader(), true, &()).unwrap();
    assert!(!verified.faults.is_empty(), "{verified:?}");
}

#[test]
fn only_a_loss_can_be_acknowledged_and_a_reason_says_something() {
    let rig = Rig::new();
    fs::remove_file(rig.sealed().path).unwrap();
    assert!(matches!(rig.say("0123456789ab", "gone"), Err(StoreError::NoLoss { .. })));
    let verified = verify(&rig.reader(), true, &()).unwrap();
    let loss = verified.faults[0].loss.clone().unwrap();
    for reason in [" ".to_owned(), "x".repeat(501)] {
        assert!(matches!(rig.say(&loss, &reason), Err(StoreError::LossReason { .. })));
    }
    rig.check(&["the segment is gone"], 30);
}

#[test]
fn what_was_acknowledged_is_forgotten_with_the_loss() {
    let mut rig = Rig::new();
    fs::remove_file(rig.sealed().path).unwrap();
    rig.acknowledge();
    rig.now = rig.now.plus(DAY * 91);
    rig.serve(0..0, |_, rotator| {
        rotator.rotate("x", rig.now, Rotate::default()).unwrap();
    });
    assert!(acknowledged(&rig.reader()).unwrap().is_empty());
    rig.check(&[], 0);
}

/// Lines at the end of the open log that a start has put aside.
fn lines_put_aside(rig: &Rig) -> Fact {
    Fact::Lost(Loss {
        file: "analytics/hypotheses.ndjson".to_owned(),
        n_lines: 3,
        first_ts: None,
        last_ts: Some(rig.now),
        why: "lines at its end held no events".to_owned(),
    })
}

#[test]
fn two_losses_that_are_alike_are_acknowledged_one_by_one() {
    let rig = Rig::new();
    let lost = lines_put_aside(&rig);
    note(&rig.own(), &[lost.clone(), lost]).unwrap();
    let open = || -> Vec<_> {
        let faults = verify(&rig.reader(), true, &()).unwrap().faults;
        faults.into_iter().map(|fault| fault.loss.unwrap()).collect()
    };
    let [first, second] = &open()[..] else { panic!("{:?}", open()) };
    assert_ne!(first, second);
    rig.say(first, "gone").unwrap();
    assert_eq!(open(), std::slice::from_ref(second));
    rig.say(second, "gone too").unwrap();
    assert_eq!(open(), [""; 0]);
    // A rotation keeps both.
    rig.serve(0..0, |_, _| {});
    assert_eq!(verify(&rig.reader(), true, &()).unwrap().acknowledged.len(), 2);
}

#[test]
fn a_loss_whose_rest_cannot_be_read_has_no_name_and_ends_nothing() {
    let rig = Rig::new();
    let id = rig.sealed().id;
    rig.serve(0..0, |dir, _| Segments::of(dir).compress(id).unwrap());
    note(&rig.own(), &[lines_put_aside(&rig)]).unwrap();
    let layout = crate::segment::Layout::of(&rig.reader());
    fs::remove_file(layout.sidecar(id)).unwrap();
    // Whoever opens it gets an error, whoever asks.
    fs::remove_file(layout.cold(id)).unwrap();
    fs::create_dir(layout.cold(id)).unwrap();
    let faults = verify(&rig.reader(), true, &()).unwrap().faults;
    let unreadable = faults.iter().find(|it| it.why.starts_with("a directory stands"));
    assert_eq!(unreadable.unwrap().loss, None);
    let other: Vec<_> = faults.iter().filter_map(|fault| fault.loss.clone()).collect();
    assert_eq!(other.len(), 1, "{faults:?}");
    assert_eq!(rig.say(&other[0], "gone").unwrap().loss, other[0]);
    let verified = verify(&rig.reader(), true, &()).unwrap();
    assert_eq!((verified.faults.len(), verified.acknowledged.len()), (faults.len() - 1, 1));
}

#[test]
fn what_came_back_and_is_lost_again_is_told_again() {
    let rig = Rig::new();
    let path = rig.sealed().path;
    let whole = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    rig.acknowledge();
    // It stays acknowledged while it stays lost.
    rig.serve(0..0, |_, _| {});
    rig.check_known("the segment is gone", 30);
    fs::write(&path, &whole).unwrap();
    rig.serve(0..0, |_, _| {});
    fs::remove_file(&path).unwrap();
    rig.check(&["the segment is gone"], 30);
    rig.acknowledge();
    rig.check_known("the segment is gone", 30);
    assert!(crate::verify_audit(&rig.reader(), &[]).unwrap().is_sound());
}

#[test]
fn what_is_damaged_and_still_there_stays_acknowledged_beyond_its_time() {
    let rig = Rig::new();
    let path = rig.sealed().path;
    rig.change(&path, |text| lines(&text, 20));
    rig.acknowledge();
    let dir = rig.own();
    let (end, _) = head(&dir).unwrap().unwrap();
    // As where a hold keeps it.
    let is_anew = age(&dir, Policy::default().events, rig.now.plus(DAY * 91), end).unwrap();
    assert!(!is_anew && path.exists());
    drop(dir);
    rig.check_known("it has lost its end", 30);
}

#[test]
fn what_cannot_be_looked_at_stays_acknowledged() {
    let rig = Rig::new();
    let id = rig.sealed().id;
    rig.serve(0..0, |dir, _| Segments::of(dir).compress(id).unwrap());
    let layout = crate::segment::Layout::of(&rig.reader());
    let age = || {
        let dir = rig.own();
        let (end, _) = head(&dir).unwrap().unwrap();
        super::age(&dir, Policy::default().events, rig.now, end).unwrap()
    };
    // Without its last member, the footer, and without its sidecar.
    let whole = fs::read(layout.cold(id)).unwrap();
    let start = memchr::memmem::rfind(&whole, &[0x1f, 0x8b, 8]).unwrap();
    fs::write(layout.cold(id), &whole[..start]).unwrap();
    let sidecar = fs::read(layout.sidecar(id)).unwrap();
    fs::remove_file(layout.sidecar(id)).unwrap();
    let known = rig.acknowledge();
    fs::remove_file(layout.cold(id)).unwrap();
    fs::create_dir(layout.cold(id)).unwrap();
    assert!(!age());
    assert_eq!(acknowledged(&rig.reader()).unwrap().into_values().collect::<Vec<_>>(), [known]);
    fs::remove_dir(layout.cold(id)).unwrap();
    fs::write(layout.cold(id), &whole).unwrap();
    fs::write(layout.sidecar(id), sidecar).unwrap();
    assert!(age());
    assert!(acknowledged(&rig.reader()).unwrap().is_empty());
}

#[test]
fn a_flaw_stays_acknowledged_while_its_sidecar_is_missing() {
    let rig = Rig::new();
    let info = rig.sealed();
    rig.change(&info.path, |text| lines(&text, 20));
    rig.serve(0..0, |dir, _| {
        let mut keep = |_: &[u8]| Keep::Keep;
        Segments::of(dir).rewrite(info.id, Look::Everywhere, &mut keep).unwrap();
        Segments::of(dir).compress(info.id).unwrap();
    });
    let n = || acknowledged(&rig.reader()).unwrap().len();
    let losses: Vec<_> = verify(&rig.reader(), true, &()).unwrap().faults;
    for loss in losses.into_iter().filter_map(|fault| fault.loss) {
        rig.say(&loss, "gone").unwrap();
    }
    let n_before = n();
    assert!(n_before > 0);
    rig.serve(0..0, |dir, rotator| {
        fs::remove_file(crate::segment::Layout::of(dir).sidecar(info.id)).unwrap();
        rotator.rotate("x", rig.now, Rotate::default()).unwrap();
    });
    assert_eq!(n(), n_before);
}
