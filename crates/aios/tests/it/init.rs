//! `aios init`: files for the system around it.

use std::fs;

use crate::program::Place;

#[test]
fn a_configuration_to_start_from_is_one_that_works() {
    let place = Place::new();
    let ran = place.run(&["init", "--toml"]).ended(0);
    assert_eq!(ran.stdout.trim(), "./aios.toml");
    place.run(&["config", "check"]).ended(0);
    let again = place.run(&["init", "--toml"]).ended(1);
    assert!(again.stderr.contains("it is there already"), "{}", again.stderr);
    place.run(&["init", "--toml", "--force"]).ended(0);
}

#[test]
fn a_job_is_written_with_the_settings_in_force() {
    let place = Place::simulated();
    let dir = place.path().join("data here");
    let dir = dir.to_str().unwrap();
    let args = |scheduler| ["init", "--schedule", scheduler, "--out", "jobs", "--data-dir", dir];
    place.run(&args("systemd")).ended(0);
    place.run(&args("cron")).ended(0);
    let windows = place.run(&args("windows")).ended(0);
    assert!(windows.stderr.contains("schtasks /Create"), "{}", windows.stderr);

    let service = place.read("jobs/aios-nightly.service");
    assert!(service.contains("\"nightly\" \"--data-dir\""), "{service}");
    let line = place.read("jobs/aios-nightly.crontab");
    assert!(line.starts_with("0 2 * * * cd "), "{line}");
    let task = fs::read(place.path().join("jobs/aios-nightly.xml")).unwrap();
    let units: Vec<_> = task.chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let task = String::from_utf16(&units).unwrap();
    assert!(task.starts_with("\u{feff}<?xml"), "{task}");
    // Where the job runs, the configuration that was found here might not be.
    for text in [service, line, task] {
        assert!(text.contains("data here") && text.contains("aios.toml"), "{text}");
    }
}

#[test]
fn goldens_go_into_the_data_directory_and_are_a_set_that_can_be_used() {
    let place = Place::simulated();
    let ran = place.run(&["init", "--goldens"]).ended(0);
    assert!(ran.stdout.trim().ends_with("sample_set.json"), "{}", ran.stdout);
    let lint = place.run(&["golden", "lint"]).ended(0);
    assert_eq!(lint.stdout.lines().last(), Some("10 cases"));
    place.write("data_core/goldens/sample_set.json", "[]");
    place.run(&["init", "--goldens"]).ended(1);
    assert_eq!(place.read("data_core/goldens/sample_set.json"), "[]", "what is there stays");
    place.run(&["init", "--goldens", "--data-dir", "other"]).ended(0);
    assert!(place.read("other/goldens/sample_set.json").contains("greeting-hello"));
    place.run(&["init", "--goldens", "--out", "x"]).ended(64);
}

#[test]
fn a_dry_run_writes_nothing() {
    let place = Place::simulated();
    let ran = place.run(&["init", "--schedule", "systemd", "--dry-run"]).ended(0);
    assert!(ran.stdout.contains("OnCalendar=*-*-* 02:00:00"), "{}", ran.stdout);
    assert!(!place.path().join("aios-nightly.timer").exists());
    let ran = place.run(&["init", "--schedule", "systemd", "--dry-run", "--json"]).ended(0);
    assert_eq!(ran.json()["files"][0]["path"], "aios-nightly.service");
}

#[test]
fn what_to_write_must_be_said() {
    let place = Place::new();
    place.run(&["init"]).ended(64);
    place.run(&["init", "--schedule", "launchd"]).ended(64);
    place.run(&["init", "--toml", "--program", "x"]).ended(64);
}
