//! What is damaged, changed, or no file at all keeps nothing else from being erased.

use super::*;

/// Changes a byte in the middle of the cold segment.
fn harm(rig: &Rig) -> String {
    let name = rig.files().into_iter().find(|name| name.ends_with(".gz")).unwrap();
    let path = rig.temp.path().join(&name);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    fs::write(&path, bytes).unwrap();
    name
}

#[test]
fn a_damaged_member_is_put_aside_and_all_else_is_erased() {
    for has_sidecar in [true, false] {
        let rig = Rig::new();
        rig.append(0..2000);
        rig.log.seal_blocking().unwrap();
        let id = Segments::of(&rig.dir).list().unwrap()[0].id;
        Segments::of(&rig.dir).compress(id).unwrap();
        rig.append(2000..2100);
        harm(&rig);
        if !has_sidecar {
            let sidecar = rig.files().into_iter().find(|name| name.ends_with(".members")).unwrap();
            fs::remove_file(rig.temp.path().join(sidecar)).unwrap();
        }
        let receipt = rig.erase(7);
        // Nobody can tell what is in the piece, so it is named.
        assert_eq!(receipt.state, ErasureState::Incomplete);
        let left: Vec<_> =
            receipt.verified.left.iter().map(|left| left.file.display().to_string()).collect();
        assert!(left.len() == 1 && left[0].contains("quarantine/hypotheses."), "{left:?}");
        assert_eq!(receipt.salvaged.len(), 1);
        assert_eq!(rig.look(7).n_events, 0);
        let lines = rig.lines();
        assert!(lines.is_subset(&kept(0..2100, 7)));
        assert!(lines.len() > 1200, "{}", lines.len());
        let faults = crate::verify(&rig.dir, true, &()).unwrap().faults;
        assert!(faults.iter().any(|fault| fault.why.contains("put aside")), "{faults:?}");
    }
}

#[test]
fn a_segment_without_its_end_is_erased_from_like_any_other() {
    let rig = Rig::filled();
    let name = rig.files().into_iter().find(|name| name.ends_with(".gz")).unwrap();
    let path = rig.temp.path().join(name);
    let id = Segments::of(&rig.dir).list().unwrap()[0].id;
    let sidecar = crate::segment::sidecar::Sidecar::load(&crate::segment::Layout::of(&rig.dir), id);
    let last = sidecar.unwrap().unwrap().members.pop().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes.truncate((last.offset + last.len) as usize);
    fs::write(&path, bytes).unwrap();
    let receipt = rig.erase(7);
    assert_eq!(receipt.state, ErasureState::Completed, "{:?}", receipt.verified.left);
    assert!(rig.lines() == kept(0..520, 7));
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_neither_waited_for_nor_followed() {
    let elsewhere = tempfile::NamedTempFile::new().unwrap();
    let ours = format!("{{\"of\":\"{}\"}}\n", fixture::conversation(7));
    fs::write(elsewhere.path(), &ours).unwrap();
    let rig = Rig::filled();
    for name in ["memory/fragments.ndjson", "goldens/set.json", "cache/answers", "exports/x.csv"] {
        let path = rig.temp.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if name.starts_with("memory") {
            std::os::unix::fs::symlink(elsewhere.path(), &path).unwrap();
        } else {
            assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        }
    }
    let receipt = rig.erase(7);
    assert_eq!(receipt.state, ErasureState::Incomplete);
    let left: Vec<_> = receipt.verified.left.iter().map(|left| left.why.clone()).collect();
    assert_eq!(left, vec!["it is not a regular file"; 4]);
    assert_eq!(fs::read_to_string(elsewhere.path()).unwrap(), ours);
    assert!(rig.lines() == kept(0..520, 7), "the rest is erased");
}

#[test]
fn what_has_a_segments_name_and_is_no_file_keeps_nothing_from_being_erased() {
    let elsewhere = tempfile::NamedTempFile::new().unwrap();
    fs::write(elsewhere.path(), line(7)).unwrap();
    let rig = Rig::filled();
    let analytics = rig.temp.path().join("analytics");
    fs::create_dir(analytics.join("hypotheses.20270115T083000Z-00000001.ndjson")).unwrap();
    let sidecar = rig.files().into_iter().find(|name| name.ends_with(".members")).unwrap();
    fs::remove_file(rig.temp.path().join(&sidecar)).unwrap();
    fs::create_dir(rig.temp.path().join(&sidecar)).unwrap();
    let link = "analytics/hypotheses.20270115T083000Z-00000002.ndjson.gz";
    #[cfg(unix)]
    std::os::unix::fs::symlink(elsewhere.path(), rig.temp.path().join(link)).unwrap();
    let receipt = rig.erase(7);
    let left: Vec<_> = receipt.verified.left.iter().map(|left| left.file.clone()).collect();
    // Nobody knows what the link leads to.
    let (state, names) = match cfg!(unix) {
        true => (ErasureState::Incomplete, vec![std::path::PathBuf::from(link)]),
        false => (ErasureState::Completed, Vec::new()),
    };
    assert_eq!((receipt.state, left), (state, names));
    assert_eq!(fs::read_to_string(elsewhere.path()).unwrap(), line(7));
    rig.log.catch_up_index().unwrap();
    #[cfg(unix)]
    fs::remove_file(rig.temp.path().join(link)).unwrap();
    assert!(rig.lines() == kept(0..520, 7));
}

#[test]
fn a_plan_is_not_executed_on_other_data_than_was_looked_at() {
    let rig = Rig::filled();
    let plan = rig.eraser.plan(&target(7), &request()).unwrap();
    // What changes nothing of what was looked at is no reason.
    rig.append(521..523);
    rig.log.catch_up_index().unwrap();
    // It was admitted before, and had not ended.
    let late = ResponseEvent {
        ts: event(55).at(),
        conv_id: fixture::conversation(7),
        ..fixture::response(255)
    };
    rig.append_events(std::iter::once(Event::Response(Box::new(late))));
    let error = rig.eraser.execute(&plan.id, &plan.plan_hash, None).unwrap_err();
    assert!(matches!(error, EraseError::Changed { n_records: 53, .. }), "{error}");
    assert_eq!(rig.look(7).n_events, 53, "nothing was changed");
    let plan = rig.eraser.plan(&target(7), &request()).unwrap();
    // And that it goes on is no reason either: that goes, too.
    rig.append(527..530);
    rig.eraser.execute(&plan.id, &plan.plan_hash, None).unwrap();
    assert!(
        rig.lines() == kept(0..520, 7).into_iter().chain([521, 522, 528, 529].map(line)).collect()
    );
}

#[test]
fn what_had_to_wait_for_a_hold_goes_on_when_it_ends() {
    let rig = Rig::filled();
    let plan = rig.eraser.plan(&target(7), &request()).unwrap();
    let hold = rig.hold();
    rig.eraser.execute(&plan.id, &plan.plan_hash, None).unwrap_err();
    assert_eq!(rig.eraser.state(&plan.id).unwrap().state, ErasureState::Waiting);
    let resumed = rig.eraser.resume();
    assert_eq!((resumed.receipts.len(), resumed.n_waiting), (0, 1));
    assert_eq!(rig.look(7).n_events, 52);
    crate::Holds::of(&rig.dir).release(hold.id, fixture::unrecorded).unwrap();
    // What was said meanwhile goes too: it was asked for all of it.
    rig.append(527..528);
    let resumed = rig.eraser.resume();
    assert_eq!((resumed.receipts[0].state, resumed.n_waiting), (ErasureState::Completed, 0));
    assert!(rig.lines() == kept(0..520, 7));
    // Or it ends of itself.
    let plan = rig.eraser.plan(&target(6), &request()).unwrap();
    rig.hold();
    rig.eraser.execute(&plan.id, &plan.plan_hash, None).unwrap_err();
    rig.clock.0.fetch_add(61_000_000, Ordering::SeqCst);
    let rig = rig.restart();
    rig.clock.0.fetch_add(61_000_000, Ordering::SeqCst);
    assert_eq!(rig.eraser.resume().receipts.len(), 1);
}

#[test]
fn a_damaged_segment_of_others_is_not_silently_kept_either() {
    let rig = Rig::new();
    rig.append_events((0..2000).filter(|n| n % 10 != 7).map(event));
    rig.log.seal_blocking().unwrap();
    let id = Segments::of(&rig.dir).list().unwrap()[0].id;
    Segments::of(&rig.dir).compress(id).unwrap();
    rig.append_events((2000..2100).map(event));
    harm(&rig);
    let receipt = rig.erase(7);
    assert_eq!((receipt.state, receipt.salvaged.len()), (ErasureState::Incomplete, 1));
    assert!(receipt.verified.left.iter().all(|left| left.file.starts_with("analytics/quarantine")));
}

#[cfg(unix)]
#[test]
fn a_pipe_or_a_link_in_place_of_the_log_keeps_it_shut() {
    let pipe = |path: &Path| {
        assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    };
    let elsewhere = tempfile::NamedTempFile::new().unwrap();
    let link = |path: &Path| std::os::unix::fs::symlink(elsewhere.path(), path).unwrap();
    for put in [&pipe as &dyn Fn(&Path), &link] {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        fs::create_dir(dir.events_path().parent().unwrap()).unwrap();
        put(&dir.events_path());
        let error = FileEventLog::open(&dir, config()).unwrap_err().to_string();
        assert!(error.ends_with("it is not a regular file"), "{error}");
        // Readers name it too, and wait for nobody.
        let faults = crate::verify(&dir, true, &()).unwrap().faults;
        let why = "stands where the segment that takes events belongs: ";
        let named = faults.iter().filter(|it| it.path == dir.events_path());
        assert_eq!(named.filter(|it| it.why.contains(why)).count(), 1, "{faults:?}");
        let error = crate::tail(&dir, 1).map(|mut events| events.next().unwrap().unwrap_err());
        let error = error.map_or_else(|error| error.to_string(), |error| error.to_string());
        assert!(error.ends_with("it is not a regular file"), "{error}");
    }
    assert_eq!(fs::read(elsewhere.path()).unwrap(), b"");
}
