//! `aios pii`: what is found, where, and that nothing is told that was not asked for.

use serde_json::{Value, json};

use crate::program::Place;

/// A card that passes its check; made here, since what is personal has no place in a source file.
const CARD: &str = "4111 1111 1111 1111";

fn ndjson(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn scan_tells_lines_and_bytes_and_no_values() {
    let place = Place::new();
    let text = format!("nothing here\nmail ü jo@example.com, pay {CARD}\n\nfrom 81.2.69.142");
    place.write("in.txt", &text);
    let ran = place.run(&["pii", "scan", "--format", "ndjson", "in.txt"]).ended(2);
    let expect = [
        json!({ "line": 2, "spans": [
            { "start": 8, "end": 22, "kind": "email", "rule": "email.address", "conf": 0.98 },
            { "start": 28, "end": 47, "kind": "credit_card", "rule": "credit_card.luhn", "conf": 0.97 },
        ] }),
        json!({ "line": 4, "spans": [
            { "start": 5, "end": 16, "kind": "ipv4", "rule": "ipv4.parsed", "conf": 0.9 },
        ] }),
    ];
    assert_eq!(ndjson(&ran.stdout), expect);
    assert!(!ran.stdout.contains("jo@") && !ran.stdout.contains("4111"), "{}", ran.stdout);
    assert!(
        ran.stderr.contains("3 found in 2 lines: email 1, ipv4 1, credit_card 1"),
        "{}",
        ran.stderr
    );
}

#[test]
fn scan_reads_standard_input_and_shows_values_if_asked() {
    let place = Place::new();
    let ran = place
        .run_with_input(&["pii", "scan", "--json", "--show", "-"], "to jo%40example.com")
        .ended(2);
    assert_eq!(ndjson(&ran.stdout)[0]["spans"][0]["value"], "jo%40example.com");
    let ran = place.run_with_input(&["pii", "scan", "-"], "mail jo@example.com").ended(2);
    assert_eq!(ran.stdout, "stdin:1:6-19  email        email.address  0.98\n");
    let ran = place.run_with_input(&["pii", "scan", "-"], "version 4.2.10.1 is out").ended(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.trim()), ("", "nothing found"));
}

#[test]
fn what_spans_lines_has_a_part_in_each() {
    let place = Place::new();
    let dashes = "-----";
    let key = format!(
        "{dashes}BEGIN PRIVATE KEY{dashes}\n{}\n{dashes}END PRIVATE KEY{dashes}\n",
        "Ab1".repeat(20)
    );
    let ran = place
        .run_with_input(&["pii", "scan", "--json", "-"], &format!("key:\n{key}end\n"))
        .ended(2);
    let lines: Vec<_> =
        ndjson(&ran.stdout).iter().map(|line| line["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [2, 3, 4]);
    let ran = place.run_with_input(&["pii", "redact", "-"], &format!("key:\n{key}end\n")).ended(0);
    assert_eq!(ran.stdout, "key:\n[SECRET]\nend\n");
}

#[test]
fn redact_keeps_all_else_as_it_is() {
    let place = Place::new();
    let ran =
        place.run_with_input(&["pii", "redact", "-"], "a jo@example.com\r\n\r\n  ünd?\n").ended(0);
    assert_eq!(ran.stdout, "a [EMAIL]\r\n\r\n  ünd?\n");
    assert_eq!(ran.stderr.trim(), "masked: email 1");
    let ran = place.run_with_input(&["pii", "redact", "--json", "-"], "a jo@example.com").ended(0);
    assert_eq!(ran.json(), json!({ "text": "a [EMAIL]", "redactions": { "email": 1 } }));
}

#[test]
fn the_configuration_says_what_is_looked_for() {
    let place = Place::new();
    place.write(
        "aios.toml",
        "[privacy]\nkinds = [\"phone\", \"custom\"]\ncustom = [{ name = \"employee\", pattern = '\\bEMP-\\d{6}\\b' }]\n",
    );
    let ran =
        place.run_with_input(&["pii", "scan", "--json", "-"], "jo@example.com EMP-123456").ended(2);
    let found = ndjson(&ran.stdout);
    assert_eq!(found[0]["spans"].as_array().unwrap().len(), 1);
    assert_eq!(found[0]["spans"][0]["rule"], "custom.employee");
    place.write("aios.toml", "[privacy]\ncustom = [{ name = \"x\", pattern = '(' }]\n");
    let ran = place.run(&["pii", "rules"]).ended(1);
    assert!(ran.stderr.contains("privacy.custom[0]"), "{}", ran.stderr);
    assert!(ran.stderr.contains("unclosed group"), "{}", ran.stderr);
}

#[test]
fn rules_are_listed_with_kind_and_confidence() {
    let place = Place::new();
    let rules = place.run(&["pii", "rules", "--json"]).ended(0).json();
    let rules = rules["rules"].as_array().unwrap();
    assert!(
        rules.len() > 40 && rules.iter().all(|rule| rule["enabled"] == true),
        "{}",
        rules.len()
    );
    let ran = place.run(&["pii", "rules"]).ended(0);
    assert!(
        ran.stdout.lines().any(|line| line.starts_with("iban         iban.mod97")),
        "{}",
        ran.stdout
    );
}

#[test]
fn confidences_are_as_they_were_written() {
    let place = Place::new();
    let ran = place.run(&["pii", "rules", "--json"]).ended(0);
    let rules = ran.json();
    let of = |name| rules["rules"].as_array().unwrap().iter().find(|rule| rule["rule"] == name);
    assert_eq!(of("ipv4.parsed").unwrap()["conf"], json!(0.9));
    assert!(!ran.stdout.contains("0000") && !ran.stdout.contains("9999"), "{}", ran.stdout);
}

#[test]
fn bytes_that_are_no_text_stay() {
    let place = Place::new();
    let dir = place.path().join("in.bin");
    std::fs::write(&dir, b"gr\xfc\xdfe an jo@example.com\xff\n\x00\x80 81.2.69.142\xc3").unwrap();
    let ran = place.command(&["pii", "redact", "in.bin"]).output().unwrap();
    assert_eq!(ran.stdout, b"gr\xfc\xdfe an [EMAIL]\xff\n\x00\x80 [IPV4]\xc3");
    place.run(&["pii", "scan", "in.bin"]).ended(2);
}

#[test]
fn a_directory_is_scanned_with_all_that_is_in_it() {
    let place = Place::new();
    std::fs::create_dir_all(place.path().join("d/e")).unwrap();
    place.write("d/b.txt", "mail jo@example.com");
    place.write("d/e/a.txt", "nothing\nfrom 81.2.69.142");
    place.write("d/image.bin", "\0jo@example.com");
    let ran = place.run(&["pii", "scan", "--json", "d"]).ended(2);
    let found = ndjson(&ran.stdout);
    let files: Vec<_> = found.iter().map(|line| line["file"].as_str().unwrap()).collect();
    let inner = std::path::Path::new("d").join("e").join("a.txt").display().to_string();
    let outer = std::path::Path::new("d").join("b.txt").display().to_string();
    assert_eq!(files, [outer, inner]);
    assert_eq!(found[1]["line"], 2);
    assert!(ran.stderr.contains("2 files read, 1 no text"), "{}", ran.stderr);
    let ran = place.run(&["pii", "scan", "d/b.txt", "nowhere.txt"]).ended(3);
    assert!(ran.stderr.contains("cannot read nowhere.txt"), "{}", ran.stderr);
}

#[test]
fn a_rule_can_be_tried() {
    let place = Place::new();
    place.write(
        "aios.toml",
        "[privacy]\ncustom = [{ name = \"employee\", pattern = '\\bEMP-\\d{6}\\b' }]\n",
    );
    let ran = place.run(&["pii", "test", "employee", "I am EMP-123456", "EMP-12"]).ended(2);
    assert_eq!(ran.stdout, "yes  I am EMP-123456  6-15 EMP-123456\nno   EMP-12\n");
    let pattern = ["pii", "test", "employee", "--pattern", r"EMP-\d+", "EMP-12", "--json"];
    let ran = place.run(&pattern).ended(0).json();
    assert_eq!(ran["cases"][0]["spans"], json!([{ "start": 0, "end": 6, "value": "EMP-12" }]));
    let ran = place.run(&["pii", "test", "iban.mod97", "mail jo@example.com"]).ended(2);
    assert!(ran.stdout.contains("(found by email.address)"), "{}", ran.stdout);
    let ran = place.run(&["pii", "test", "email.adress", "x"]).ended(1);
    assert!(ran.stderr.contains("did you mean email.address"), "{}", ran.stderr);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let place = Place::new();
    let ran = place.run(&["pii", "scan", "nowhere.txt"]).ended(1);
    assert!(
        ran.stderr.contains("cannot read nowhere.txt") && ran.stderr.contains("hint:"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_the_log_does_not_mask_is_found_all_the_same() {
    let place = Place::new();
    place.write("aios.toml", "[privacy.sinks]\nlog = { email = \"off\" }\n");
    let text = "jo@example.com from 81.2.69.142";
    let ran = place.run_with_input(&["pii", "redact", "-"], text).ended(0);
    assert_eq!(ran.stdout, "jo@example.com from [IPV4]");
    place.run_with_input(&["pii", "scan", "-"], "mail jo@example.com").ended(2);
    let ran = place.run(&["preflight"]);
    let line = ran.stdout.lines().find(|line| line.contains("switched off"));
    assert!(line.is_some_and(|line| line.contains("email")), "{}", ran.stdout);
}

/// That nothing was found is said of what was read, and of nothing else.
#[test]
fn what_was_not_looked_at_is_no_good_news() {
    let place = Place::new();
    for args in [&["pii", "scan", "-"][..], &["pii", "scan", "--json", "-"]] {
        let ran = place.run_with_input(args, "").ended(3);
        assert_eq!(
            (ran.stdout.as_str(), ran.stderr.trim()),
            ("", "empty: there was nothing to look at")
        );
    }
    let scan = |bytes: &[u8]| {
        std::fs::write(place.path().join("in.bin"), bytes).unwrap();
        place.run(&["pii", "scan", "in.bin"])
    };
    assert!(scan(b"").ended(3).stderr.starts_with("empty"));
    let told =
        "nothing found; 2 lines are not all text: what their other bytes say was not looked at";
    assert_eq!(scan(b"\x1f\x8b\x08\xff\nall of it\n\xc3").ended(3).stderr.trim(), told);
    let utf_16: Vec<u8> =
        "mail jo@example.com\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(scan(&utf_16).ended(3).stderr.contains("not all text"));
    // What was found is told all the same.
    let ran = scan(b"mail jo@example.com\n\xff\n").ended(2);
    assert!(
        ran.stderr.contains("1 found in 1 lines") && ran.stderr.contains("; 1 lines are not"),
        "{}",
        ran.stderr
    );
    assert_eq!(scan(b"mail nobody\n").ended(0).stderr.trim(), "nothing found");
}
