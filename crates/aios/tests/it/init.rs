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
    // A golden run puts the same set there: then there is nothing left to do.
    let compared = ["golden", "compare", "--data-dir", "other"];
    assert!(place.run(&compared).ended(1).stderr.contains("there is no baseline"));
    let again = place.run(&["init", "--goldens", "--data-dir", "other"]).ended(0);
    assert!(again.stderr.contains("it is there already, and says the same"), "{}", again.stderr);
    let told = place.run(&["init", "--goldens", "--data-dir", "other", "--json"]).ended(0).json();
    assert_eq!(told["files"][0]["written"], false);
    assert!(place.read("other/goldens/sample_set.json").contains("greeting-hello"));
    place.run(&["init", "--goldens", "--out", "x"]).ended(64);
}

/// The commands of a workflow that begin with `aios `, as a shell would take them apart.
fn commands(workflow: &str) -> Vec<Vec<String>> {
    // What is folded over two lines is one command.
    let text = workflow.replace("\n          --", " --");
    let lines = text.lines().map(|line| line.trim().trim_start_matches("run: "));
    let commands = lines.filter_map(|line| line.strip_prefix("aios "));
    let words = |command: &str| {
        let plain = command.split(['|', '>']).next().unwrap().replace('"', "");
        plain.split_whitespace().map(|word| word.replace("$GOLDENS", "data_core/goldens")).collect()
    };
    commands.map(words).collect()
}

#[test]
fn the_workflows_commands_work() {
    let place = Place::simulated().unhurried();
    let toml = place.read("aios.toml").replace("?instant", "?ttft_ms=20&tps=1000000");
    place.write("aios.toml", &toml);
    place.run(&["init", "--github"]).ended(0);
    place.run(&["init", "--goldens"]).ended(0);
    let server = place.start(&["serve"], "sign in");
    place.run(&["golden", "record"]).ended(0);
    let mut server = Some(server);
    let mut n_run = 0;
    for name in ["quality-gate", "quality-alerts"] {
        for command in commands(&place.read(&format!(".github/workflows/{name}.yml"))) {
            let args: Vec<&str> = command.iter().map(String::as_str).collect();
            if args[0] == "serve" {
                assert_eq!(args, ["serve"]);
                continue;
            }
            place.run(&args).ended(0);
            n_run += 1;
        }
        // The alerts are for when there is no server.
        drop(server.take());
    }
    assert_eq!(n_run, 5);
    for name in ["goldens.xml", "goldens.md", "goldens.html"] {
        assert!(place.path().join(name).exists(), "{name}");
    }
}

/// On a runner that also serves, the server that serves is neither asked nor its data read.
#[cfg(unix)]
#[test]
fn the_gate_keeps_apart_from_a_server_that_serves() {
    let place = Place::simulated();
    place.run(&["init", "--github"]).ended(0);
    let gate = place.read(".github/workflows/quality-gate.yml");
    assert!(!gate.contains("8500") && !gate.contains("8501"), "{gate}");
    let (_, step) =
        gate.split_once("- name: Keep apart from other servers\n        run: |\n").unwrap();
    let (step, rest) = step.split_once("      - name: ").unwrap();
    assert!(rest.starts_with("Start AIOS"), "it must be known before the server starts");
    place.write("temp/aios-gate/analytics/hypotheses.ndjson", "of the last run\n");
    let script = step.lines().map(|line| format!("{}\n", line.trim())).collect::<String>();
    let mut shell = place.prepared("bash");
    shell.args(["-e", "-c", &script]).env("GITHUB_ENV", place.path().join("env"));
    shell.env("RUNNER_TEMP", place.path().join("temp")).env("GITHUB_RUN_ID", "12345678901");
    assert!(shell.status().unwrap().success());
    let set = place.read("env");
    let temp = place.path().join("temp/aios-gate");
    assert!(!temp.exists(), "each run begins with nothing");
    let expect = format!(
        "AIOS_DATA_DIR={}\nAIOS_SERVER__LISTEN=127.0.0.1:38901\nAIOS_SERVER__ADMIN_LISTEN=127.0.0.1:38902\n",
        temp.display()
    );
    assert_eq!(set, expect);
    // They are settings that the program knows.
    let mut place = place;
    for line in set.lines() {
        let (name, value) = line.split_once('=').unwrap();
        place = place.env(name, value);
    }
    let shown = place.run(&["config", "show"]).ended(0).stdout;
    assert!(shown.contains("38901") && shown.contains("aios-gate"), "{shown}");
}

#[test]
fn what_other_monitoring_takes_is_what_the_repository_has() {
    let place = Place::new();
    let ops = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ops");
    for (flag, file) in
        [("--grafana", "grafana/aios.json"), ("--prometheus", "prometheus/aios.rules.yml")]
    {
        let ran = place.run(&["init", flag, "--out", "ops"]).ended(0);
        assert!(ran.stdout.contains("ops"), "{}", ran.stdout);
        let written = std::fs::read(place.path().join("ops").join(file)).unwrap();
        assert_eq!(written, std::fs::read(ops.join(file)).unwrap());
        place.run(&["init", flag, "--out", "ops"]).ended(1);
    }
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
