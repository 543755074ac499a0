use super::*;

fn refused(text: &str) -> String {
    QaSet::parse(text).unwrap_err().to_string()
}

const CASE: &str = r#"{"id":"a","question":"Where?","expected_fragments":["f1","f2"]}"#;

#[test]
fn every_shape_is_read() {
    let guide = r#"{"test_cases":[{"id":1,"question":"Where?","expected_fragments":["f1",2],"min_recall":0.8,"note":"x"}]}"#;
    let set = QaSet::parse(guide).unwrap();
    let [case] = set.cases() else { panic!("one case") };
    assert_eq!(
        (case.id.as_str(), &case.expected_fragments[..]),
        ("1", &["f1".to_owned(), "2".to_owned()][..])
    );
    assert_eq!((case.min_recall, case.extra["note"].as_str()), (Some(0.8), Some("x")));
    let lines = format!("\u{feff}{CASE}\n\n{}\n", CASE.replace("\"a\"", "\"b\",\"conv_id\":7"));
    let set = QaSet::parse(&lines).unwrap();
    assert_eq!(set.cases().len(), 2);
    assert_eq!(set.cases()[1].conv_id.as_deref(), Some("7"));
    assert_eq!(QaSet::parse(&format!("[{CASE}]")).unwrap().cases().len(), 1);
    assert_eq!(QaSet::parse(CASE).unwrap().cases().len(), 1);
}

#[test]
fn what_is_no_set_is_refused() {
    assert_eq!(refused("[]"), "there are no questions");
    assert_eq!(refused(""), "there are no questions");
    assert!(refused("7").starts_with("the questions must be"));
    assert!(refused("{\"cases\":[]}").starts_with("the questions must be"));
    assert!(refused(&format!("{CASE}\n{{")).starts_with("the questions are not JSON: line 2: "));
    assert!(refused(&format!("[{CASE},{CASE}]")).contains("questions 1 and 2 have the same id"));
    assert!(refused(r#"[{"id":"a","question":"Where?"}]"#).contains("expected_fragments"));
    let empty = CASE.replace("Where?", " ");
    assert_eq!(refused(&empty), "question 1: has an empty \"question\"");
    let mined = CASE.replace("\"id\"", "\"label_source\":\"ranking\",\"id\"");
    assert!(refused(&mined).contains("it would judge itself"), "{}", refused(&mined));
}

fn answer(results: &[&[&str]]) -> Answer {
    let ids = |result: &&[&str]| result.iter().map(|&id| id.to_owned()).collect();
    Answer { results: results.iter().map(ids).collect(), n_words: 10, n_leaks: 0, ms: 1.0 }
}

fn check(results: &[&[&str]], k: usize, recall: f64, ndcg: f64) {
    let set = QaSet::parse(CASE).unwrap();
    let judged = judge(&set.cases()[0], &answer(results), k).unwrap();
    assert!((judged.recall - recall).abs() < 1e-9, "{results:?}: {judged:?}");
    assert!((judged.ndcg - ndcg).abs() < 1e-3, "{results:?}: {judged:?}");
    assert_eq!((judged.is_hit, judged.has_all), (recall > 0.0, recall == 1.0));
}

#[test]
fn results_are_judged_by_what_is_in_them_and_where() {
    check(&[&["f1"], &["f2"]], 5, 1.0, 1.0);
    check(&[&["f1", "f2"]], 5, 1.0, 1.0);
    check(&[&["x"], &["f1"], &["f1"]], 5, 0.5, 0.387);
    check(&[&["x"], &["y"], &["f1"]], 2, 0.0, 0.0);
    check(&[], 5, 0.0, 0.0);
}

#[test]
fn a_report_counts_what_counts() {
    let line = |id: &str, more: &str| {
        CASE.replace("\"a\"", &format!("\"{id}\"")).replacen('{', &format!("{{{more}"), 1)
    };
    let lines = [
        line("full", "\"min_recall\":1.0,"),
        line("half", "\"min_recall\":0.9,"),
        line("proposal", "\"label_source\":\"unlabelled\","),
        r#"{"id":"none","question":"What?","expected_fragments":[]}"#.to_owned(),
    ];
    let set = QaSet::parse(&lines.join("\n")).unwrap();
    let answers = [answer(&[&["f1", "f2"]]), answer(&[&["f1"]]), answer(&[]), answer(&[])];
    let report = RetrievalReport::new(&set, &answers, 5);
    assert_eq!((report.n, report.recall, report.hit, report.all), (2, 0.75, 1.0, 0.5));
    assert_eq!((report.n_unlabelled, report.n_unanswerable, report.n_quiet), (1, 1, 1));
    assert_eq!((report.n_below_min, report.misses.len()), (1, 1));
    assert_eq!(report.misses[0].missing, ["f2"]);
    assert_eq!((report.words_mean, report.words_max), (10.0, 10));
    assert_eq!((report.interval.low, report.interval.high), (0.5, 1.0));
    assert_eq!(RetrievalReport::new(&set, &answers, 5), report, "the same again");
}
