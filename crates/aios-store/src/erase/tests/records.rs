//! Scraps, copies and documents: what is somebody's goes, and everybody else's stays.

use super::*;

fn read(rig: &Rig, name: &str) -> Option<String> {
    fs::read_to_string(rig.temp.path().join(name)).ok()
}

#[test]
fn scraps_and_copies_are_cut_line_by_line() {
    let rig = Rig::filled();
    let (ours, theirs) = (line(7), line(8));
    let half = theirs.split_at(300).0;
    rig.write("analytics/quarantine/hypotheses.at-1-1.torn", &format!("{ours}{theirs}{half}"));
    rig.write("exports/all.ndjson", &format!("{theirs}{ours}"));
    let row = |id: &str| format!("{id};\"two\nlines\"\n");
    let all = ["id;text\n", &row(fixture::conversation(7).as_str()), &row("bob")].concat();
    rig.write("exports/all.csv", &all);
    let pretty = |n: u64| format!("  {{ \"conv_id\": \"{}\" }}", fixture::conversation(n));
    rig.write("exports/all.json", &format!("[\n{},\n{}\n]\n", pretty(7), pretty(8)));
    rig.write("exports/only.ndjson", &ours);
    let receipt = rig.erase(7);
    assert_eq!(receipt.state, ErasureState::Completed, "{:?}", receipt.verified.left);
    let torn = read(&rig, "analytics/quarantine/hypotheses.at-1-1.torn").unwrap();
    assert_eq!(torn, format!("{theirs}{half}"));
    assert_eq!(read(&rig, "exports/all.ndjson").unwrap(), theirs);
    assert_eq!(read(&rig, "exports/all.csv").unwrap(), "id;text\nbob;\"two\nlines\"\n");
    assert_eq!(read(&rig, "exports/all.json").unwrap(), format!("[\n{}\n]\n", pretty(8)));
    assert_eq!(read(&rig, "exports/only.ndjson"), None, "of which nothing is left");
}

#[test]
fn a_packed_file_stays_packed() {
    let rig = Rig::filled();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, format!("{}{}", line(7), line(8)).as_bytes()).unwrap();
    let path = rig.temp.path().join("router/outcomes.1.gz");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, packed.finish().unwrap()).unwrap();
    assert_eq!(rig.erase(7).state, ErasureState::Completed);
    let mut text = String::new();
    let file = fs::File::open(path).unwrap();
    std::io::Read::read_to_string(&mut flate2::read::MultiGzDecoder::new(file), &mut text).unwrap();
    assert_eq!(text, line(8));
}

#[test]
fn golden_cases_of_a_conversation_go_from_their_set_and_from_what_was_made_of_it() {
    let rig = Rig::filled();
    let ours = fixture::conversation(7);
    let theirs = fixture::conversation(8);
    let set = "[\n  {\"id\":\"a\",\"question\":\"of ann\"},\n  {\"id\":\"b\",\"question\":\"of bob\"}\n]\n";
    rig.write("goldens/sample_set.json", set);
    // Another set, whose case only has the same name.
    rig.write("goldens/other_set.json", set);
    rig.write(
        "goldens/sample_set.provenance.json",
        &format!(
            "{{\"a\":{{\"conv_id\":\"{ours}\",\"event_id\":\"x\"}},\"b\":{{\"conv_id\":\"{theirs}\"}}}}"
        ),
    );
    rig.write(
        "goldens/baseline_results.json",
        "{\"status\":\"ok\",\"results\":[{\"id\":\"a\",\"answer\":\"to ann\"},{\"id\":\"b\"}]}",
    );
    rig.write("reports/week.json", &format!("{{\"n\":3,\"slow\":[\"{theirs}\", \"{ours}\"]}}"));
    rig.write(
        "retrieval_qa/qa_set.json",
        &format!("[{{\"id\":1,\"text\":\"{ours}\"}},{{\"id\":2}}]"),
    );
    assert_eq!(rig.look(7).n_records(), 52 + 3);
    let receipt = rig.erase(7);
    assert_eq!(receipt.state, ErasureState::Completed, "{:?}", receipt.verified.left);
    let check = |name: &str, expect: &str| assert_eq!(read(&rig, name).unwrap(), expect, "{name}");
    check("goldens/sample_set.json", "[\n  {\"id\":\"b\",\"question\":\"of bob\"}\n]\n");
    check("goldens/other_set.json", set);
    check("goldens/sample_set.provenance.json", &format!("{{\"b\":{{\"conv_id\":\"{theirs}\"}}}}"));
    check("goldens/baseline_results.json", "{\"status\":\"ok\",\"results\":[{\"id\":\"b\"}]}");
    check("reports/week.json", &format!("{{\"n\":3,\"slow\":[\"{theirs}\"]}}"));
    check("retrieval_qa/qa_set.json", "[{\"id\":2}]");
    assert!(rig.look(7).is_clean());
}

#[test]
fn a_case_that_says_where_it_comes_from_takes_its_results_and_pages_along() {
    let rig = Rig::filled();
    let (ours, theirs) = (fixture::conversation(7), fixture::conversation(8));
    let case = |id: &str, of: &aios_privacy::Pseudonym| {
        format!("{{\"id\":\"{id}\",\"question\":\"q\",\"origin\":{{\"conv_id\":\"{of}\"}}}}")
    };
    let (gone, kept) = (case("live-0123456789ab", &ours), case("live-0123456789abc", &theirs));
    rig.write("goldens/sample_set.json", &format!("[{gone},{kept}]"));
    rig.write(
        "goldens/last_report.json",
        "{\"tests\":[{\"id\":\"live-0123456789ab\"},{\"id\":\"live-0123456789abc\"}]}",
    );
    rig.write(
        "goldens/last_report.html",
        &format!("<!doctype html>\n<details data-origin=\"{ours}\">\nq\n"),
    );
    rig.write("goldens/last_report.md", "| live-0123456789ab | q |\n");
    rig.write("goldens/other.md", "| live-0123456789abc | q |\n");
    let receipt = rig.erase(7);
    assert_eq!(receipt.state, ErasureState::Completed, "{:?}", receipt.verified.left);
    assert_eq!(read(&rig, "goldens/sample_set.json").unwrap(), format!("[{kept}]"));
    let report = read(&rig, "goldens/last_report.json").unwrap();
    assert_eq!(report, "{\"tests\":[{\"id\":\"live-0123456789abc\"}]}");
    assert_eq!(read(&rig, "goldens/last_report.html"), None);
    assert_eq!(read(&rig, "goldens/last_report.md"), None);
    assert!(read(&rig, "goldens/other.md").is_some());
}

#[test]
fn names_of_clients_are_searched_for_pseudonyms_only() {
    let rig = Rig::filled();
    rig.write("clients.json", "{\"clients\":[\"chat-of-ann\"]}");
    assert_eq!(rig.erase(7).state, ErasureState::Completed);
    rig.write("clients.json", &format!("{{\"clients\":[\"{}\"]}}", fixture::conversation(7)));
    assert!(!rig.look(7).is_clean());
}

#[test]
fn a_document_that_was_on_its_way_brings_nobody_back() {
    let rig = Rig::filled();
    let (ours, theirs) = (fixture::conversation(7), fixture::conversation(8));
    let case = |id: &str, origin: &str| format!("{{\"id\":\"{id}\",\"origin\":{origin}}}");
    let first = case("a", &format!("{{\"conv_id\":\"{ours}\"}}"));
    let also =
        case("b", &format!("{{\"conv_id\":\"{theirs}\",\"also\":[{{\"conv_id\":\"{ours}\"}}]}}"));
    let kept = case("c", &format!("{{\"conv_id\":\"{theirs}\"}}"));
    let set = format!("[{first},{also},{kept}]");
    let paths = crate::GoldenPaths::of(rig.temp.path());
    let write = |path: &Path, text: &str| crate::write_document(path, text);
    assert_eq!(write(&paths.set, &set).unwrap(), set);
    assert_eq!(rig.erase(7).state, ErasureState::Completed);
    assert_eq!(read(&rig, "goldens/sample_set.json").unwrap(), format!("[{kept}]"));
    // A command that has read the set before.
    assert_eq!(write(&paths.set, &set).unwrap(), format!("[{kept}]"));
    let report = format!("{{\"tests\":{set}}}");
    assert_eq!(write(&paths.report, &report).unwrap(), format!("{{\"tests\":[{kept}]}}"));
    let page = |of: &str| format!("<details data-origin=\"{theirs} {of}\">");
    let path = rig.temp.path().join("goldens/report.html");
    write(&path, &page(ours.as_str())).unwrap_err();
    assert!(!path.exists());
    write(&path, &page("")).unwrap();
    assert!(rig.look(7).is_clean());
}

/// A golden report is no evidence unless it is as it was sealed, and an erasure must not take that from who is left.
#[test]
fn a_report_is_sealed_anew_and_says_what_is_gone() {
    let rig = Rig::filled();
    let report = include_str!("../../../../../fixtures/golden/report_v1.json");
    let mut report: serde_json::Value = serde_json::from_str(report).unwrap();
    let now = aios_core::Timestamp::parse("2027-01-15T09:00:00Z").unwrap();
    let from = |n: u64| {
        serde_json::json!({ "event_id": "e", "conv_id": fixture::conversation(n),
            "promoted_at": "2027-01-15T08:00:00Z", "reasons": [] })
    };
    report["report_id"] = "".into();
    for (at, n) in [(0, 7), (1, 8), (2, 8)] {
        report["tests"][at]["origin"] = from(n);
    }
    let report: aios_eval::Report = serde_json::from_value(report).unwrap();
    let text = serde_json::to_string_pretty(&report.sealed()).unwrap();
    let paths = crate::GoldenPaths::of(rig.temp.path());
    crate::write_document(&paths.report, &text).unwrap();
    let read = |path: &Path| aios_eval::Report::trusted(&fs::read_to_string(path).unwrap(), now);
    assert_eq!(rig.erase(7).state, ErasureState::Completed);
    let left = read(&paths.report).unwrap();
    assert_eq!((left.tests.len(), left.erased, left.summary.cases), (19, 1, 20));
    assert!(rig.look(7).is_clean());
    // So is one that was on its way meanwhile.
    crate::write_document(&paths.baseline, &text).unwrap();
    assert_eq!(read(&paths.baseline).unwrap(), left);
    // What was changed by hand before is not made whole by that.
    let forged = text.replace("\"concurrency\": 1", "\"concurrency\": 2");
    let kept = crate::write_document(&paths.baseline, &forged).unwrap();
    assert!(!kept.contains(fixture::conversation(7).as_str()) && kept.contains("case-02"));
    let why = read(&paths.baseline).unwrap_err().to_string();
    assert!(why.contains("its counts are not those of its cases"), "{why}");
}
