//! Everybody who reads the log gives the same answer to whether a line is an event.

use std::fs;

use aios_core::{EventId, Timestamp};
use serde_json::{Value, json};

use crate::{DataDir, Filter, Follow, FollowFrom, Index, find_event, fixture, query, verify};

/// Who was asked, and whether it is an event to them.
type Answers = [(&'static str, bool); 5];

/// A log in which one line stands between two events that are whole.
fn ask(line: &[u8], id: EventId, now: Timestamp) -> Answers {
    let temp = tempfile::tempdir().unwrap();
    let dir = DataDir::open(temp.path()).unwrap();
    fs::create_dir(dir.analytics_path()).unwrap();
    let (before, after) = (fixture::line(0), fixture::line(9));
    let text = [before.as_bytes(), line, b"\n", after.as_bytes()].concat();
    fs::write(dir.events_path(), text).unwrap();
    let everything = Timestamp::from_micros(0)..Timestamp::from_micros(i64::MAX);

    let verified = verify(&dir, true, &()).unwrap();
    let index = Index::snapshot(&dir).unwrap();
    let queried: Vec<_> = query(&dir, &Filter::default()).unwrap().collect();
    assert_eq!(queried.len(), 3, "{}", String::from_utf8_lossy(line));
    let mut follow = Follow::new(&dir, FollowFrom::Start, &Filter::default());
    let followed: Vec<_> = (0..3).map(|_| follow.poll_new()).collect();
    [
        ("verify", verified.faults.is_empty()),
        ("index", index.unread(&everything).unwrap().is_none()),
        ("query", queried.iter().all(Result::is_ok)),
        ("follow", followed.iter().all(Result::is_ok)),
        ("find", find_event(&dir, id, now).unwrap().is_some()),
    ]
}

/// Asks everybody; `expect` is what they are to say.
#[track_caller]
fn check(line: &[u8], event: &aios_core::Event, expect: bool) {
    let answers = ask(line, event.id(), event.at());
    let shown = String::from_utf8_lossy(line);
    assert!(answers.iter().all(|(_, is)| *is == expect), "{answers:?} of {shown}");
}

#[test]
fn a_line_that_is_mangled_by_hand_is_the_same_to_all() {
    let event = fixture::event(4);
    let line = serde_json::to_string(&event).unwrap();
    let check = |line: &str, expect| check(line.as_bytes(), &event, expect);
    check(&line, true);
    let other = |from: &str, to: &str| {
        assert!(line.contains(from), "{from}");
        line.replacen(from, to, 1)
    };
    check(&other("server_error", "teapot"), false);
    check(&other("\"golden\"", "\"silver\""), false);
    check(&other("\"boundary\":0.5", "\"boundary\":7"), false);
    check(&other("\"conv_id\":\"c1_", "\"conv_id\":\"x1_"), false);
    check(&other("\"outcome\":\"ok\"", "\"outcome\":\"fine\""), false);
    check(&other("{\"event_type\":\"response\"", "{\"event_type\":\"respond\""), false);
    check(&other("\"stream\":true,", ""), false);
    check(&other("{", "{\"unknown\":[1],"), true);
    check(&format!(" {line} "), true);
    check(&format!("{line}{line}"), false);
    check(line.get(..line.len() / 2).unwrap(), false);
    check(&other("\"tier\"", "\"t\0er\""), false);
    check("{}", false);
    check("", false);
    let bytes = other("It is blue", "It is \u{1}blue");
    check(&bytes, false);
}

#[test]
fn a_line_that_is_no_text_is_an_event_to_nobody() {
    let event = fixture::event(4);
    let line = serde_json::to_vec(&event).unwrap();
    let at = memchr::memmem::find(&line, b"is blue").unwrap();
    let mut broken = line;
    broken[at] = 0xff;
    check(&broken, &event, false);
}

/// As the writer does, the type stands first, if there is one.
fn type_first(mut fields: serde_json::Map<String, Value>) -> Vec<u8> {
    let kind = fields.remove("event_type").map(|kind| format!("\"event_type\":{kind},"));
    let rest = serde_json::to_string(&fields).unwrap();
    rest.replacen('{', &format!("{{{}", kind.unwrap_or_default()), 1).into_bytes()
}

/// Each field is taken away and made something else, in each kind of event.
#[test]
fn whatever_field_is_wrong_all_agree() {
    for event in [fixture::event(4), fixture::feedback(4, 0.5), fixture::hypothesis(4)] {
        let Value::Object(fields) = serde_json::to_value(&event).unwrap() else { panic!() };
        for key in fields.keys() {
            let values = [None, Some(json!(null)), Some(json!("x")), Some(json!([3]))];
            for value in values {
                let mut mangled = fields.clone();
                match value {
                    Some(value) => drop(mangled.insert(key.clone(), value)),
                    None => drop(mangled.remove(key)),
                }
                let line = type_first(mangled);
                let answers = ask(&line, event.id(), event.at());
                // One whose id is another is found by nobody who looks for this.
                let asked = answers.iter().filter(|(who, _)| *who != "find" || key != "event_id");
                let is_one = asked.clone().all(|(_, is)| *is) || !asked.clone().any(|(_, is)| *is);
                assert!(is_one, "{answers:?} of {}", String::from_utf8_lossy(&line));
            }
        }
    }
}
