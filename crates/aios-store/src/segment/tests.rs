use std::fs;
use std::io::Read as _;

use super::sidecar::Sidecar;
use super::*;
use crate::{DataDir, fixture};

/// A data directory with one sealed segment of the first `n` events and more lines.
struct Log {
    _temp: tempfile::TempDir,
    dir: DataDir,
    id: SegmentId,
    lines: Vec<String>,
}

impl Log {
    fn hot(n: u64, more: &[&str]) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        let id = SegmentId::of_first(fixture::event(0).at(), fixture::event(0).id());
        // In front: garbage at the end is what a crash leaves, and is cut off.
        let mut lines: Vec<_> = more.iter().map(|line| format!("{line}\n")).collect();
        lines.extend((0..n).map(fixture::line));
        let layout = Layout::of(&dir);
        fs::create_dir(layout.dir()).unwrap();
        fs::write(layout.hot(id), lines.concat()).unwrap();
        Segments::of(&dir).finish(id).unwrap();
        Self { _temp: temp, dir, id, lines }
    }

    fn cold(n: u64, more: &[&str]) -> Self {
        let log = Self::hot(n, more);
        log.segments().compress(log.id).unwrap();
        log
    }

    fn segments(&self) -> Segments<'_> {
        Segments::of(&self.dir)
    }

    fn names(&self) -> Vec<String> {
        let mut names = catalog::names(&self.segments().layout()).unwrap();
        names.sort();
        names
    }

    /// The text without the footer, and the footer.
    fn read(&self) -> (String, Footer) {
        let mut text = String::new();
        self.segments().text(self.id).unwrap().read_to_string(&mut text).unwrap();
        let at = text.rfind("{\"event_type\":\"segment_footer\"").unwrap();
        let last = text.split_off(at);
        let footer = Footer::read(last.trim_end().as_bytes()).unwrap();
        (text, footer)
    }

    /// Drops what `is_gone` says by number, and checks what is left against the lines themselves.
    fn drop_lines(&self, look: Look<'_>, is_gone: impl Fn(usize) -> bool) -> Rewritten {
        let gone: Vec<_> = (0..self.lines.len()).filter(|n| is_gone(*n)).collect();
        let mut keep = |line: &[u8]| {
            let is_gone = gone.iter().any(|n| self.lines[*n].trim_end().as_bytes() == line);
            if is_gone { Keep::Drop } else { Keep::Keep }
        };
        let done = self.segments().rewrite(self.id, look, &mut keep).unwrap();
        assert_eq!(done.dropped as usize, gone.len());
        assert_eq!(done.kept as usize, self.lines.len() - gone.len());
        if done.new_sha256.is_some() {
            let left = self.lines.iter().enumerate().filter(|(n, _)| !gone.contains(n));
            let left: String = left.map(|(_, line)| line.as_str()).collect();
            let (text, footer) = self.read();
            assert!(text == left);
            assert_eq!(footer.bytes as usize, left.len());
            assert_eq!(Some(footer.sha256), done.new_sha256);
        }
        done
    }
}

const BAD: &[&str] = &["{\"half", "no json at all"];

#[test]
fn compressing_changes_no_byte_of_the_text() {
    let log = Log::hot(900, BAD);
    let before = log.read();
    log.segments().compress(log.id).unwrap();
    assert!(log.read() == before);
    let id = log.id;
    assert_eq!(
        log.names(),
        [format!("hypotheses.{id}.members"), format!("hypotheses.{id}.ndjson.gz")]
    );
    // Again, nothing is left to do.
    log.segments().compress(log.id).unwrap();
    assert_eq!(log.segments().list().unwrap()[0].footer, Some(before.1));
}

#[test]
fn survivors_of_a_rewrite_are_the_same_bytes() {
    for log in [Log::hot(900, BAD), Log::cold(900, BAD)] {
        let before = log.read().1;
        // An event here and there, a run of them longer than a member, and a line that is no event.
        let done =
            log.drop_lines(Look::Everywhere, |n| n % 101 == 7 || (300..600).contains(&n) || n == 1);
        assert_eq!(done.old_sha256, before.sha256);
        assert_ne!(done.new_sha256, Some(before.sha256));
        assert_eq!(log.names().iter().filter(|name| name.ends_with(".tmp")).count(), 0);
    }
}

#[test]
fn a_rewrite_that_drops_nothing_changes_nothing() {
    for log in [Log::hot(300, BAD), Log::cold(300, BAD)] {
        let path = log.segments().list().unwrap()[0].path.clone();
        let before = fs::read(&path).unwrap();
        let done = log.drop_lines(Look::Everywhere, |_| false);
        assert_eq!(Some(done.old_sha256), done.new_sha256);
        assert!(fs::read(&path).unwrap() == before);
    }
}

#[test]
fn a_segment_that_nothing_is_left_of_is_gone() {
    for log in [Log::hot(30, &[]), Log::cold(30, &[])] {
        let done = log.drop_lines(Look::Everywhere, |_| true);
        assert_eq!((done.kept, done.new_sha256), (0, None));
        assert!(log.names().is_empty());
        assert!(matches!(log.segments().text(log.id), Err(crate::StoreError::NoSegment { .. })));
    }
}

#[test]
fn only_members_that_hold_what_goes_are_compressed_anew() {
    let log = Log::cold(2000, &[]);
    let layout = log.segments().layout();
    let before = Sidecar::load(&layout, log.id).unwrap().unwrap();
    let packed_before = fs::read(layout.cold(log.id)).unwrap();
    let name = fixture::conversation(1500).to_string();
    log.drop_lines(Look::Named(&[&name]), |n| n == 1500);
    let after = Sidecar::load(&layout, log.id).unwrap().unwrap();
    let packed_after = fs::read(layout.cold(log.id)).unwrap();
    assert_eq!(after, Sidecar::survey(&layout, log.id).unwrap());
    let packed = |file: &[u8], member: &cold::Member| {
        file[member.offset as usize..(member.offset + member.len) as usize].to_vec()
    };
    let changed = before
        .members
        .iter()
        .zip(&after.members)
        .filter(|(old, new)| packed(&packed_before, old) != packed(&packed_after, new));
    assert_eq!((changed.count(), before.members.len()), (1, after.members.len()));
    assert!(!after.members.iter().any(|member| Sidecar::names(member, &[&name])));
}

#[test]
fn members_that_do_not_name_it_are_not_looked_at() {
    let log = Log::cold(2000, &[]);
    let name = fixture::conversation(1500).to_string();
    let mut n_seen = 0;
    let keep = &mut |_: &[u8]| {
        n_seen += 1;
        Keep::Keep
    };
    log.segments().rewrite(log.id, Look::Named(&[&name]), keep).unwrap();
    assert!((1..600).contains(&n_seen), "{n_seen}");
}

#[test]
fn what_a_crash_left_is_tidied_away() {
    let log = Log::hot(300, &[]);
    let layout = log.segments().layout();
    let (text, footer) = log.read();
    let (next, nobody) = (log.id.next(), log.id.next().next());
    // A copy whose original is still there, a footer that was never written, a copy half made, a sidecar of nothing.
    fs::write(layout.cold(log.id), "old state").unwrap();
    fs::write(layout.hot(next), fixture::line(301)).unwrap();
    fs::write(layout.dir().join("hypotheses.x.tmp"), "half").unwrap();
    fs::write(layout.sidecar(nobody), "{}").unwrap();
    let tidied = log.segments().tidy().unwrap();
    assert_eq!((tidied.n_removed, tidied.n_finished, tidied.n_sidecars), (3, 1, 0));
    assert_eq!(log.names(), [log.id, next].map(|id| format!("hypotheses.{id}.ndjson")));
    assert!(log.read() == (text, footer));
}

/// A hot segment that somebody has put back beside its compressed state, and that was broken off.
#[test]
fn a_torn_copy_does_not_cost_the_cold_segment() {
    let ways: [fn(&Log); 5] = [
        |log| assert_eq!(log.segments().tidy().unwrap().n_removed, 0),
        |log| log.segments().take_in().unwrap(),
        |log| log.segments().compress(log.id).unwrap(),
        |log| drop(log.segments().finish(log.id).unwrap()),
        |log| drop(log.segments().rewrite(log.id, Look::Everywhere, &mut |_| Keep::Keep).unwrap()),
    ];
    for way in ways {
        let log = Log::cold(300, &[]);
        let layout = log.segments().layout();
        let whole = log.read();
        let torn: String = whole.0.chars().take(whole.0.len() / 2).collect();
        fs::write(layout.hot(log.id), &torn).unwrap();
        way(&log);
        assert!(layout.cold(log.id).is_file() && !layout.hot(log.id).is_file());
        assert!(log.read() == whole);
        let aside: Vec<_> = fs::read_dir(log.dir.quarantine_path()).unwrap().collect();
        assert_eq!(aside.len(), 1);
        assert_eq!(fs::read_to_string(aside[0].as_ref().unwrap().path()).unwrap(), torn);
    }
}

/// Nobody can tell what either of them lacks: neither counts as whole, and both are named.
#[test]
fn a_torn_copy_beside_a_damaged_cold_segment_is_put_aside_and_named() {
    let ways: [fn(&Log); 3] = [
        |log| assert_eq!(log.segments().tidy().unwrap().n_removed, 0),
        |log| log.segments().take_in().unwrap(),
        |log| log.segments().finish(log.id).map(drop).unwrap_or_default(),
    ];
    for way in ways {
        let log = Log::cold(600, &[]);
        let layout = log.segments().layout();
        let torn: String = log.read().0.chars().take(5000).collect();
        let mut bytes = fs::read(layout.cold(log.id)).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x55;
        fs::write(layout.cold(log.id), &bytes).unwrap();
        fs::write(layout.hot(log.id), &torn).unwrap();
        way(&log);
        assert!(!layout.hot(log.id).is_file(), "it is no data any more");
        assert!(fs::read(layout.cold(log.id)).unwrap() == bytes, "it can still be taken apart");
        let verified = crate::verify(&log.dir, true, &()).unwrap();
        assert_eq!(verified.n_events, 0, "nothing of either is counted");
        let of = |path: &std::path::Path| {
            let why = verified.faults.iter().filter(|fault| fault.path == path);
            why.map(|fault| fault.why.as_str()).collect::<Vec<_>>().join("; ")
        };
        assert!(of(&layout.cold(log.id)).contains("cannot be read"), "{:?}", verified.faults);
        let aside = log.dir.quarantine_path();
        let aside = aside.join(format!("hypotheses.{}.at-0-1.torn", log.id));
        assert!(of(&aside).contains("a torn copy"), "{:?}", verified.faults);
        assert_eq!(fs::read_to_string(aside).unwrap(), torn);
    }
}

#[test]
fn a_sidecar_that_is_wrong_or_missing_is_made_anew() {
    let log = Log::cold(600, &[]);
    let layout = log.segments().layout();
    let expect = Sidecar::load(&layout, log.id).unwrap().unwrap();
    for broken in [None, Some("{"), Some("{\"len\":1,\"end\":\"\"}")] {
        match broken {
            None => fs::remove_file(layout.sidecar(log.id)).unwrap(),
            Some(text) => fs::write(layout.sidecar(log.id), text).unwrap(),
        }
        assert_eq!(Sidecar::load(&layout, log.id).unwrap(), None);
        assert_eq!(log.segments().list().unwrap()[0].footer, None);
        assert_eq!(log.segments().tidy().unwrap().n_sidecars, 1);
        assert_eq!(Sidecar::load(&layout, log.id).unwrap().as_ref(), Some(&expect));
    }
}

#[test]
fn a_damaged_cold_segment_keeps_nothing_else_from_being_tidied() {
    let log = Log::cold(600, &[]);
    let layout = log.segments().layout();
    let mut bytes = fs::read(layout.cold(log.id)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    fs::write(layout.cold(log.id), bytes).unwrap();
    fs::remove_file(layout.sidecar(log.id)).unwrap();
    assert_eq!(log.segments().tidy().unwrap().n_sidecars, 0);
    assert!(layout.cold(log.id).is_file());
}

#[test]
fn readers_cannot_change_segments() {
    let log = Log::hot(3, &[]);
    let reader = DataDir::read(log.dir.path()).unwrap();
    let segments = Segments::of(&reader);
    assert_eq!(segments.list().unwrap().len(), 1);
    let error = segments.rewrite(log.id, Look::Everywhere, &mut |_| Keep::Drop).unwrap_err();
    assert!(matches!(error, crate::StoreError::ReadOnly { .. }));
    assert_eq!(log.read().1.n_events, 3);
}

/// A cold segment in which one byte of the middle member is another.
fn damaged() -> Log {
    let log = Log::cold(1000, &[]);
    let layout = log.segments().layout();
    let mut bytes = fs::read(layout.cold(log.id)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    fs::write(layout.cold(log.id), bytes).unwrap();
    log
}

#[test]
fn of_a_damaged_segment_the_good_members_stay() {
    let log = damaged();
    let n_before = Sidecar::load(&log.segments().layout(), log.id).unwrap().unwrap().members.len();
    let salvaged = log.segments().salvage(log.id).unwrap().unwrap();
    assert_eq!((salvaged.n_members, salvaged.aside.len()), (n_before - 1, 1));
    let (text, footer) = log.read();
    let kept: Vec<_> = text.split_inclusive('\n').collect();
    assert!(kept.iter().all(|line| log.lines.iter().any(|one| one == line)));
    assert!(kept.len() > 300 && kept.len() < 1000, "{}", kept.len());
    assert_eq!(footer.n_events as usize, kept.len());
    assert!(footer.flaw.unwrap().contains("1 pieces of it could not be unpacked"));
    assert_eq!(log.segments().salvage(log.id).unwrap(), None, "now it is sound");
    let faults = crate::verify(&log.dir, true, &()).unwrap().faults;
    assert_eq!(faults.len(), 1, "what is missing is still named: {faults:?}");
}

#[test]
fn a_segment_whose_end_is_missing_gets_one() {
    let log = Log::cold(600, &[]);
    let layout = log.segments().layout();
    let end = Sidecar::load(&layout, log.id).unwrap().unwrap().members.pop().unwrap();
    let mut bytes = fs::read(layout.cold(log.id)).unwrap();
    bytes.truncate((end.offset + end.len) as usize);
    fs::write(layout.cold(log.id), bytes).unwrap();
    let salvaged = log.segments().salvage(log.id).unwrap().unwrap();
    assert_eq!((salvaged.aside.len(), salvaged.flaw.as_str()), (0, "its end is missing"));
    assert!(log.read().0 == log.lines.concat());
}

#[test]
fn a_changed_text_is_still_named_when_lines_were_taken_out() {
    let check = |log: &Log, expect: usize| {
        let faults = crate::verify(&log.dir, true, &()).unwrap().faults;
        let named = faults.iter().filter(|fault| fault.why.contains("not what its footer"));
        assert_eq!(named.count(), expect, "{faults:?}");
    };
    let drop = |n: u64| {
        let ours = fixture::conversation(n).to_string();
        move |line: &[u8]| {
            let is_ours = memchr::memmem::find(line, ours.as_bytes()).is_some();
            if is_ours { Keep::Drop } else { Keep::Keep }
        }
    };
    let sound = Log::hot(300, &[]);
    sound.segments().rewrite(sound.id, Look::Everywhere, &mut drop(7)).unwrap();
    check(&sound, 0);
    let log = Log::hot(300, &[]);
    let path = log.segments().layout().hot(log.id);
    let text = fs::read_to_string(&path).unwrap().replacen("is blue", "is grey", 1);
    fs::write(&path, text).unwrap();
    check(&log, 1);
    let done = log.segments().rewrite(log.id, Look::Everywhere, &mut drop(7)).unwrap();
    assert_eq!((done.dropped, done.flaw.is_some()), (1, true));
    check(&log, 1);
    // Also when it is compressed, and more is taken out.
    log.segments().compress(log.id).unwrap();
    check(&log, 1);
    let done = log.segments().rewrite(log.id, Look::Everywhere, &mut drop(8)).unwrap();
    assert_eq!(done.dropped, 1);
    check(&log, 1);
}
