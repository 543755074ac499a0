//! `aios init`: files for the system around it.

use std::fs;

use crate::program::Place;
#[cfg(unix)]
use crate::program::{Ran, free_address, path_with_program};

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

/// A step of a workflow that runs something.
#[cfg(unix)]
struct Step {
    name: String,
    env: Vec<(String, String)>,
    script: String,
}

#[cfg(unix)]
impl Step {
    /// Those of a workflow, as far as this project's use of YAML goes.
    fn all(workflow: &str) -> Vec<Self> {
        workflow.split("\n      - name: ").skip(1).filter_map(Self::read).collect()
    }

    fn read(text: &str) -> Option<Self> {
        // What is indented under a key of the step.
        let under = |key: &str| -> Option<(String, Vec<String>)> {
            let mut lines =
                text.lines().skip_while(|line| !line.starts_with(&format!("        {key}:")));
            let head = lines.next()?.split_once(':')?.1.trim().to_owned();
            let inner = lines.map_while(|line| line.strip_prefix("          ")).map(str::to_owned);
            Some((head, inner.collect()))
        };
        let (head, lines) = under("run")?;
        let script = match head.as_str() {
            "|" => lines.join("\n"),
            ">" => lines.join(" "),
            _ => head,
        };
        let env = under("env").map(|(_, lines)| lines).unwrap_or_default();
        let env = env.iter().filter_map(|line| line.split_once(": "));
        let plain = |text: &str| text.trim_matches('"').to_owned();
        Some(Self {
            name: text.lines().next()?.to_owned(),
            env: env.map(|(name, value)| (name.to_owned(), plain(value))).collect(),
            script,
        })
    }

    /// As a runner does.
    fn run(&self, place: &Place) {
        let mut shell = place.prepared("bash");
        shell.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &self.script]);
        shell.envs(self.env.iter().map(|(name, value)| (name, value)));
        shell.env("PATH", path_with_program()).env("GOLDENS", "data_core/goldens");
        shell.env("GITHUB_ENV", place.path().join("env"));
        shell.env("GITHUB_STEP_SUMMARY", place.path().join("summary.md"));
        shell.env("RUNNER_TEMP", place.path().join("temp")).env("GITHUB_RUN_ID", "12345678901");
        let ran = Ran::of(shell.output().unwrap());
        assert_eq!(ran.code, Some(0), "{}: {}{}", self.name, ran.stdout, ran.stderr);
    }
}

/// The workflows are run step by step, in a repository whose golden set is its own and where a memory is used.
#[cfg(unix)]
#[test]
fn the_workflows_work() {
    let mut place = Place::simulated().unhurried();
    let toml = place.read("aios.toml").replace("?instant", "?ttft_ms=20&tps=1000000");
    place.write("aios.toml", &format!("{toml}[memory]\nmode = \"conversation\"\n"));
    place.run(&["init", "--github"]).ended(0);
    place.run(&["init", "--goldens"]).ended(0);
    let set = place.read("data_core/goldens/sample_set.json");
    let own = set.replacen('[', r#"[{"id": "of-ours", "question": "What is ours alone?"},"#, 1);
    place.write("data_core/goldens/sample_set.json", &own);
    let server = place.start(&["serve"], "sign in");
    place.run(&["golden", "record"]).ended(0);
    drop(server);
    let (mut server, mut n_run) = (None, 0);
    for step in Step::all(&place.read(".github/workflows/quality-gate.yml")) {
        match step.name.as_str() {
            "Install AIOS" => {}
            "Start AIOS" => server = Some(place.start(&["serve"], "sign in")),
            "Stop AIOS" => drop(server.take()),
            name => {
                step.run(&place);
                n_run += 1;
                if name == KEEP_APART {
                    place = with_env_of(place);
                    // Others may have the ports that it draws.
                    for name in ["AIOS_SERVER__LISTEN", "AIOS_SERVER__ADMIN_LISTEN"] {
                        place = place.env(name, &free_address());
                    }
                }
            }
        }
    }
    assert_eq!(n_run, 5);
    for name in ["goldens.xml", "goldens.md", "goldens.html", "summary.md"] {
        assert!(place.path().join(name).exists(), "{name}");
    }
}

/// Those are for when there is no server.
#[cfg(unix)]
#[test]
fn the_alerts_look_at_what_is_there() {
    let place = Place::simulated().unhurried();
    let toml = place.read("aios.toml").replace("?instant", "?ttft_ms=20&tps=1000000");
    place.write("aios.toml", &toml);
    place.run(&["init", "--github"]).ended(0);
    let server = place.start(&["serve"], "sign in");
    place.run(&["golden", "record"]).ended(0);
    place.run(&["golden", "compare"]).ended(0);
    drop(server);
    let steps = Step::all(&place.read(".github/workflows/quality-alerts.yml"));
    let check = steps.iter().find(|step| step.name == "Check the service levels").unwrap();
    check.run(&place);
    assert!(place.read("quality.txt").starts_with("QUALITY_OK"), "{}", place.read("quality.txt"));
}

#[cfg(unix)]
const KEEP_APART: &str = "Keep apart from other servers";

/// With what a step has told the ones behind it.
#[cfg(unix)]
fn with_env_of(place: Place) -> Place {
    let set = place.read("env");
    set.lines()
        .filter_map(|line| line.split_once('='))
        .fold(place, |place, (name, value)| place.env(name, value))
}

/// On a runner that also serves, the server that serves is neither asked nor its data read.
#[cfg(unix)]
#[test]
fn the_gate_keeps_apart_from_a_server_that_serves() {
    let place = Place::simulated();
    place.run(&["init", "--github"]).ended(0);
    place.write_goldens("data_core");
    place.write("data_core/analytics/hypotheses.ndjson", "of the server that serves\n");
    let gate = place.read(".github/workflows/quality-gate.yml");
    assert!(!gate.contains("8500") && !gate.contains("8501"), "{gate}");
    let steps = Step::all(&gate);
    let at = |name: &str| steps.iter().position(|step| step.name == name).unwrap();
    assert!(at(KEEP_APART) < at("Start AIOS"), "it must be known before the server starts");
    place.write("temp/aios-gate/analytics/hypotheses.ndjson", "of the last run\n");
    steps[at(KEEP_APART)].run(&place);
    let temp = place.path().join("temp/aios-gate");
    assert!(!temp.join("analytics").exists(), "each run begins with the golden set alone");
    assert_eq!(
        place.read("temp/aios-gate/goldens/sample_set.json"),
        place.read("data_core/goldens/sample_set.json")
    );
    let expect = format!(
        "AIOS_DATA_DIR={}\nAIOS_SERVER__LISTEN=127.0.0.1:38901\nAIOS_SERVER__ADMIN_LISTEN=127.0.0.1:38902\n",
        temp.display()
    );
    assert_eq!(place.read("env"), expect);
    // They are settings that the program knows.
    let shown = with_env_of(place).run(&["config", "show"]).ended(0).stdout;
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
