use std::fs;

use aios_core::{Bucket, Event, ResponseEvent, Tier};
use aios_privacy::{KeyMaterial, Pseudonymizer};

use super::*;
use crate::erase::{Census, Depth, EraseTarget, ErasureState, LedgerEntry};
use crate::{EventLogConfig, FileEventLog, Filter, query, verify};

const V0_9: &str = include_str!("../../../../fixtures/events/v0.9.ndjson");
const V2_0: &str = include_str!("../../../../fixtures/events/v2.0.ndjson");
const V1_0: &str = include_str!("../../../../fixtures/events/v1.0.ndjson");

struct Log {
    _temp: tempfile::TempDir,
    dir: DataDir,
}

impl Log {
    fn of(content: &str) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path()).unwrap();
        fs::create_dir(dir.analytics_path()).unwrap();
        fs::write(dir.events_path(), content).unwrap();
        Self { _temp: temp, dir }
    }

    fn migrate(&self, execute: bool) -> Migrated {
        self.migrate_under(&keyring(), execute)
    }

    fn migrate_under(&self, keyring: &Keyring, execute: bool) -> Migrated {
        let how =
            Migration { redactor: &Redactor::default(), keyring, text_max: 1000, utc_offset: "Z" };
        migrate(&self.dir, how, execute).unwrap()
    }

    fn open(&self) {
        drop(FileEventLog::open(&self.dir, EventLogConfig::default()).unwrap());
    }

    fn events(&self) -> Vec<ResponseEvent> {
        let lines = query(&self.dir, &Filter::default()).unwrap();
        lines.map(|line| line.unwrap().event.response().unwrap().clone()).collect()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.dir.analytics_path().join(name), bytes).unwrap();
    }

    /// Every byte in the directory, to look for what must not be there.
    fn bytes(&self) -> String {
        let mut left = vec![self.dir.path().to_owned()];
        let mut text = String::new();
        while let Some(path) = left.pop() {
            if path.is_dir() {
                left.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            } else {
                text.push_str(&String::from_utf8_lossy(&fs::read(path).unwrap()));
            }
        }
        text
    }
}

/// Two versions of the key.
fn keyring() -> Keyring {
    Keyring::new(&[1, 2].map(|n| (u16::from(n), KeyMaterial::new([n; 32])))).unwrap()
}

fn pseudonyms() -> Pseudonymizer {
    keyring().current().clone()
}

#[test]
fn schema_0_9_is_read_for_good() {
    let log = Log::of(V0_9);
    let done = log.migrate(true);
    assert_eq!((done.n_v0_9, done.n_v1_0, done.n_v2_0, done.n_not_migrated), (2, 0, 0, 1));
    assert_eq!(done.not_migrated[0].number, Some(3));
    let events = log.events();
    assert_eq!(events[0].ts.to_string(), "2025-10-01T09:15:02.123Z");
    assert_eq!((events[0].source, events[1].source), (Some(Tier::Main), Some(Tier::Embedder)));
    assert_eq!(events[0].conv_id, pseudonyms().conversation(&[b"", b"conv_17"]));
    assert_eq!((events[0].msg_id, events[0].question.as_str()), (1, "What is entropy?"));
    assert_eq!(events[1].response.as_str(), "You're welcome.");
}

/// As PowerShell writes a file, or as a crash has left it: what no schema has at the beginning hides none.
#[test]
fn an_older_log_is_known_by_its_first_line_that_is_of_a_schema() {
    let marked = Log::of(&format!("\u{feff}{}", V0_9.replace('\n', "\r\n")));
    assert_eq!(marked.migrate(false).n_v0_9, 2);
    let done = marked.migrate(true);
    assert_eq!((done.n_v0_9, done.n_not_migrated, marked.events().len()), (2, 1, 2));
    for head in ["half a line\"}\n", "\n\r\n", "\0\0\0\n{}\n"] {
        let log = Log::of(&format!("{head}{V0_9}"));
        log.open();
        assert!(Layout::of(&log.dir).older().is_file(), "{head:?}");
        assert_eq!(log.migrate(true).n_v0_9, 2, "{head:?}");
    }
    // Events of the present schema come first: what stands behind them is theirs to name.
    let mixed = Log::of(&format!("half a line\n{V2_0}{V0_9}"));
    assert_eq!(mixed.migrate(true), Migrated::default());
}

#[test]
fn schema_1_0_is_read_for_good() {
    let log = Log::of(V1_0);
    let done = log.migrate(true);
    assert_eq!((done.n_v0_9, done.n_v1_0, done.n_not_migrated), (0, 2, 1));
    assert!(
        done.not_migrated[0]
            .to_string()
            .contains("line 3: an event of another kind (hypothesis_test)")
    );
    let events = log.events();
    let first = &events[0];
    assert_eq!(
        (first.source, first.tier, first.bucket),
        (Some(Tier::Main), Tier::Main, Bucket::Treatment)
    );
    assert_eq!((first.boundary.get(), first.weight.unwrap().get()), (0.48, 0.62));
    assert_eq!(first.timings.latency_ms, 13_579.25);
    // The conversation stays one, under a key.
    assert_eq!(events[0].conv_id, events[1].conv_id);
    assert_eq!(first.conv_id, pseudonyms().legacy_conversation("hashed_0f1e2d3c4b5a6978"));
    assert!(events.iter().all(|event| event.config_hash == "migrated"));
}

#[test]
fn schema_2_0_is_read_for_good() {
    let dir = Log::of("");
    fs::write(dir.dir.events_path(), V2_0).unwrap();
    let lines: Vec<_> = query(&dir.dir, &Filter::default()).unwrap().map(Result::unwrap).collect();
    let kinds: Vec<_> = lines
        .iter()
        .map(|line| match &line.event {
            Event::Response(event) => ("response", event.question.as_str().len()),
            Event::Feedback(event) => ("feedback", event.comment.as_str().len()),
            Event::Hypothesis(event) => ("hypothesis", event.statement.len()),
        })
        .collect();
    assert_eq!(kinds, [("response", 52), ("feedback", 15), ("hypothesis", 23)]);
    let first = lines[0].event.response().unwrap();
    assert_eq!((first.source, first.attempts.len()), (Some(Tier::Embedder), 2));
    assert_eq!((first.boundary.get(), first.timings.latency_ms), (0.5, 141.75));
    // What is written today is what was read: no field is lost, and none has another name.
    let again: String =
        lines.iter().map(|line| serde_json::to_string(&line.event).unwrap() + "\n").collect();
    assert_eq!(again, V2_0);
    // To migrate is to leave it as it is.
    let done = dir.migrate(true);
    assert_eq!((done.n_v2_0, done.n_not_migrated), (0, 0), "{done:?}");
    assert_eq!(fs::read_to_string(dir.dir.events_path()).unwrap(), V2_0);
    // Among older lines it is taken over as it stands.
    let mixed = Log::of(&format!("{V1_0}{V2_0}"));
    let done = mixed.migrate(true);
    assert_eq!((done.n_v1_0, done.n_v2_0, done.n_not_migrated), (2, 3, 1), "{done:?}");
    let text = mixed.bytes();
    assert!(V2_0.lines().all(|line| text.contains(line)));
}

/// Whoever changes the schema adds a fixture of what was written before.
#[test]
fn the_present_schema_has_a_fixture() {
    let fixtures = [("0.9", V0_9), ("1.0", V1_0), ("2.0", V2_0)];
    assert_eq!(fixtures.last().unwrap().0, aios_core::SCHEMA_VERSION);
    for (version, lines) in fixtures.iter().skip(1) {
        let is_of = |line: &str| {
            line.replace(' ', "").contains(&format!("\"schema_version\":\"{version}\""))
        };
        assert!(lines.lines().all(is_of), "{version}");
    }
}

#[test]
fn what_may_not_be_kept_is_masked_and_no_copy_is_left() {
    let mail = ["jane.doe", "example.org"].join("@");
    let log = Log::of(&V0_9.replace("What is entropy?", &format!("I am {mail}.")));
    let dry = log.migrate(false);
    assert!(log.bytes().contains(&mail));
    let done = log.migrate(true);
    assert_eq!((dry.n_masked, done.n_masked), (1, 1));
    assert!(!log.bytes().contains(&mail));
    assert!(!log.bytes().contains("conv_17"));
    assert_eq!(log.events()[0].question.as_str(), "I am [EMAIL].");
    let names: Vec<_> = crate::segment::names(&Layout::of(&log.dir)).unwrap();
    assert!(names.iter().all(|name| !name.contains("older") && !name.contains("bak")), "{names:?}");
    assert!(verify(&log.dir, true, &()).unwrap().faults.is_empty());
}

#[test]
fn a_dry_run_changes_nothing_and_says_the_same() {
    let log = Log::of(V1_0);
    let before = log.bytes();
    let dry = log.migrate(false);
    assert_eq!(log.bytes(), before);
    let done = log.migrate(true);
    assert_eq!((dry.n_v1_0, dry.n_not_migrated), (done.n_v1_0, done.n_not_migrated));
    assert_eq!(log.migrate(true), Migrated::default());
}

/// Lines of one conversation that no event can be made of, and one of another.
const UNREADABLE: &str = concat!(
    r#"{"schema_version": "1.0", "event_type": "response", "ts": "yesterday", "conv_id": "hashed_0f1e2d3c4b5a6978", "question": "SECRET", "response": "r"}"#,
    "\n",
    r#"{"schema_version": "1.0", "event_type": "vote", "ts": "2025-10-05T10:00:00", "conv_id": "hashed_0f1e2d3c4b5a6978", "value": NaN, "text": "SECRET"}"#,
    "\n",
    r#"{"schema_version": "1.0", "ts": "2025-10-05T10:00:00", "ts": "x", "conv_id": "hashed_0f1e2d3c4b5a6978", "question": "SECRET"}"#,
    "\n",
    r#"{"schema_version": "1.0", "ts": "yesterday", "conv_id": "bob", "question": "\"conv_id\": \"hashed_0f1e2d3c4b5a6978\"", "response": "r"}"#,
    "\n",
    r#"{"schema_version": "1.0", "conv_id": "hashed_0f1e2d3c4b5a6978", "question": "SECRET half"#,
);

#[test]
fn what_was_erased_here_does_not_come_back() {
    // Also if the key was rotated since.
    for n in 0..2 {
        let log = Log::of(&format!("{V1_0}{UNREADABLE}"));
        log.dir.load_or_create_key("pseudonyms").unwrap();
        log.dir.rotate_key("pseudonyms").unwrap();
        let ring = Keyring::new(&log.dir.key_versions("pseudonyms").unwrap()).unwrap();
        let pseudonyms = ring.all().nth(n).unwrap();
        check_erased(&log, &ring, pseudonyms.legacy_conversation("hashed_0f1e2d3c4b5a6978"));
    }
}

fn check_erased(log: &Log, ring: &Keyring, conversation: Pseudonym) {
    let at = crate::fixture::event(0).at();
    let erased = LedgerEntry {
        id: "e1".to_owned(),
        state: ErasureState::Ledgered,
        ts: at,
        requested_at: at,
        target: vec![conversation.clone()],
        requester: "test".to_owned(),
        basis: crate::fixture::safe("test"),
        plan_hash: None,
        valid_until: None,
        n_records: 2,
        n_tries: 0,
    };
    Ledger::read(&log.dir).unwrap().write(erased).unwrap();
    let done = log.migrate_under(ring, true);
    assert_eq!((done.n_v1_0, done.n_erased, done.n_not_migrated), (0, 7, 1), "{done:?}");
    assert!(log.events().is_empty());
    // Nor does what is put aside hold anything of it; another's line that quotes it stays.
    let target = EraseTarget::new(vec![conversation], None).unwrap();
    let census = Census::take(&log.dir, &target, Depth::EveryByte, at, &()).unwrap();
    assert!(census.is_complete() && census.n_records() == 0, "{census:?}");
    let bytes = log.bytes();
    assert!(!bytes.contains("SECRET") && bytes.contains("\"bob\""));
}

#[test]
fn a_server_that_starts_on_an_older_log_leaves_it_for_later() {
    let new = crate::fixture::line(5);
    // Also where an earlier version has gone on in the same file.
    let log = Log::of(&(V1_0.to_owned() + &new + "{\"torn"));
    log.open();
    assert!(log.events().is_empty());
    let done = log.migrate(true);
    assert_eq!((done.n_v1_0, done.n_v2_0, done.n_not_migrated), (2, 1, 2));
    let last = log.events().pop().unwrap();
    assert_eq!(serde_json::to_string(&Event::Response(Box::new(last))).unwrap() + "\n", new);
    // Each day is a segment of its own.
    assert_eq!(crate::Segments::of(&log.dir).list().unwrap().len(), 2);
}

#[test]
fn a_migration_that_was_broken_off_goes_on_at_the_next_start() {
    let log = Log::of(V0_9);
    let reference = Log::of(V0_9);
    reference.migrate(true);
    // Converted, but not cut into segments yet.
    let converted: String = reference
        .events()
        .into_iter()
        .map(|event| serde_json::to_string(&Event::Response(Box::new(event))).unwrap() + "\n")
        .collect();
    fs::write(Layout::of(&log.dir).older(), converted).unwrap();
    fs::write(log.dir.events_path(), "").unwrap();
    log.open();
    assert_eq!(log.events(), reference.events());
    assert!(!Layout::of(&log.dir).older().exists());
}

/// Under names that another program gave, packed or not.
#[test]
fn rotated_logs_are_named_until_they_are_taken_in() {
    let log = Log::of(V1_0);
    let day = |day: &str| V1_0.replace("2025-10-05", day);
    log.write("hypotheses.2025-10-01T00.ndjson", V0_9.as_bytes());
    log.write("hypotheses.20251004.ndjson.gz", &packed(&day("2025-10-04")));
    // Nobody's to take in: copies, and what is no log at all.
    log.write("hypotheses.ndjson.bak", day("2025-10-03").as_bytes());
    log.write("hypotheses.copy.ndjson", V2_0.as_bytes());
    log.write("hypotheses.torn.ndjson.gz", b"\x1f\x8bno");
    log.write("control.x.ndjson", V0_9.as_bytes());
    log.open();
    let outside = |log: &Log| {
        let names = super::outside(&log.dir).unwrap().into_iter();
        let named = |one: Outside| (one.path.file_name().unwrap().to_owned(), one.is_older);
        names.map(named).collect::<Vec<_>>()
    };
    let name = |name: &str, is_older| (name.into(), is_older);
    let waiting = [
        name("hypotheses.older.ndjson", true),
        name("hypotheses.2025-10-01T00.ndjson", true),
        name("hypotheses.20251004.ndjson.gz", true),
    ];
    let copies = [
        name("hypotheses.copy.ndjson", false),
        name("hypotheses.ndjson.bak", false),
        name("hypotheses.torn.ndjson.gz", false),
    ];
    let mut all = outside(&log);
    all.sort_by_key(|(_, is_older)| !is_older);
    assert_eq!(all, [&waiting[..], &copies].concat());
    let faults = verify(&log.dir, true, &()).unwrap().faults;
    let about = |word| faults.iter().filter(|fault| fault.why.contains(word)).count();
    assert_eq!((about("aios logs migrate"), about("move it to another place")), (3, 3));
    let dry = log.migrate(false);
    assert_eq!((dry.sources.len(), dry.n_v0_9, dry.n_v1_0, dry.n_not_migrated), (3, 2, 4, 3));
    assert_eq!(outside(&log).len(), 6);
    let done = log.migrate(true);
    assert_eq!(Migrated { aside: Vec::new(), ..done.clone() }, Migrated { aside: vec![], ..dry });
    assert_eq!(outside(&log), copies);
    let days: Vec<_> = log.events().iter().map(|event| event.ts.to_string()).collect();
    assert!(days.is_sorted() && days.len() == 6, "{days:?}");
    // What was put aside of one log does not take the place of another's.
    assert_eq!(done.aside.len(), 3);
    assert!(done.aside.iter().all(|path| path.is_file()));
}

#[test]
fn logs_that_begin_alike_lose_nothing_to_each_other() {
    let lines: Vec<_> = V1_0.lines().map(|line| format!("{line}\n")).collect();
    let log = Log::of(&lines[..2].concat());
    log.write("hypotheses.1.ndjson", lines[0].as_bytes());
    log.migrate(true);
    assert_eq!(log.events().len(), 3);
    // The very same is there once, also where it was compressed since.
    for segment in crate::Segments::of(&log.dir).list().unwrap() {
        crate::Segments::of(&log.dir).compress(segment.id).unwrap();
    }
    log.write("hypotheses.2.ndjson", lines[..2].concat().as_bytes());
    assert_eq!(log.migrate(true).n_v1_0, 2);
    assert_eq!(log.events().len(), 3);
    assert!(verify(&log.dir, true, &()).unwrap().faults.is_empty());
}

#[test]
fn nothing_is_touched_while_one_log_cannot_be_read_to_its_end() {
    let log = Log::of(V1_0);
    let whole = packed(&V0_9.repeat(50));
    log.write("hypotheses.1.ndjson.gz", &whole[..whole.len() - 9]);
    let before = log.bytes();
    let how = Migration {
        redactor: &Redactor::default(),
        keyring: &keyring(),
        text_max: 1000,
        utc_offset: "Z",
    };
    let error = migrate(&log.dir, how, true).unwrap_err().to_string();
    assert!(error.contains("hypotheses.1.ndjson.gz"), "{error}");
    assert_eq!(log.bytes(), before);
}

fn packed(text: &str) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(text.as_bytes()).unwrap();
    out.finish().unwrap()
}
