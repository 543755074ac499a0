//! `aios memory`.

use serde_json::{Value, json};

use crate::program::{Place, Ran};
use crate::rig::{Server, Setup};

/// Two conversations, as another program would write them.
fn lines() -> String {
    let line = |id: &str, conv: &str, speaker: &str, text: &str| {
        json!({ "id": id, "conv_id": conv, "speaker": speaker, "text": text, "ts": "2027-01-15T08:00:00Z" })
            .to_string()
    };
    [
        line("a1", "ann", "Ann", "When does the ferry leave?"),
        line("a2", "ann", "Bob", "At noon, from the old harbor. Write to jo.doe@example.com."),
        line("b1", "bea", "Bea", "The ferry was full of tourists."),
    ]
    .join("\n")
}

fn memory(place: &Place, args: &[&str], code: i32) -> Ran {
    place.run(&[&["memory"], args, &["--data-dir", "data"]].concat()).ended(code)
}

fn imported() -> Place {
    let place = Place::new();
    place.write("fragments.ndjson", &lines());
    let ran = memory(&place, &["import", "fragments.ndjson"], 0);
    assert_eq!(ran.stdout, "read 3: 3 new, 0 seen again, 0 changed, 0 skipped\n");
    place
}

fn search(place: &Place, question: &str, part: &[&str]) -> Value {
    let args = [&["search", question, "--json"], part].concat();
    memory(place, &args, 0).json()["results"].clone()
}

#[test]
fn what_is_imported_is_found_in_its_conversation_and_masked() {
    let place = imported();
    let found = search(&place, "When does the ferry leave?", &["--conv-id", "ann"]);
    assert_eq!(found.as_array().unwrap().len(), 1);
    let fragments = found[0]["fragments"].as_array().unwrap();
    assert_eq!((&fragments[0]["id"], &fragments[1]["id"]), (&json!("a1"), &json!("a2")));
    assert_eq!(fragments[1]["speaker"], "Bob");
    assert!(fragments[1]["text"].as_str().unwrap().contains("[EMAIL]"), "{found}");
    assert_eq!(search(&place, "harbor", &["--conv-id", "bea"]), json!([]));
    let shown = memory(&place, &["search", "ferry", "--conv-id", "bea"], 0).stdout;
    assert!(shown.contains("b1") && shown.contains("Bea: The ferry was full"), "{shown}");
    memory(&place, &["search", "ferry"], 64);
    let stats = memory(&place, &["stats", "--json"], 0).json();
    assert_eq!((&stats["n_fragments"], &stats["n_conversations"]), (&json!(3), &json!(2)));
}

#[test]
fn an_import_may_be_given_again_and_tells_what_it_skips() {
    let place = imported();
    place.write("again.ndjson", &format!("{}\nno json\n{{\"id\":\"x\"}}\n", lines()));
    let again = memory(&place, &["import", "again.ndjson", "--json"], 3);
    let report = again.json();
    assert_eq!((&report["n_new"], &report["n_seen"]), (&json!(0), &json!(3)));
    assert_eq!(report["skipped"][0]["place"], "line 4");
    assert_eq!(report["skipped"][1]["why"], "it has no \"text\"");
    assert!(again.stderr.contains("skipped line 5"), "{}", again.stderr);
    let registry = json!({ "file_registry": {
        "f1": { "content": "The tide turns at six." }, "f2": { "filename": "b.txt" },
    }});
    place.write("registry.json", &registry.to_string());
    let ran = memory(&place, &["import", "registry.json"], 3);
    assert!(ran.stdout.starts_with("read 2: 1 new"), "{}", ran.stdout);
    let found = search(&place, "tide", &["--shared"]);
    assert_eq!(found[0]["fragments"][0]["id"], "f1");
    memory(&place, &["import", "missing.json"], 1);
}

#[test]
fn one_fragment_is_added_and_copies_are_merged_when_that_is_asked_for() {
    let place = Place::new();
    memory(&place, &["stats"], 1);
    let text = "The ferry to the island leaves every morning from the harbor";
    for (id, text) in [("a", text), ("b", text), ("c", &text.replace("every", "each"))] {
        let ran = memory(&place, &["add", text, "--conv-id", "ann", "--id", id], 0);
        assert!(ran.stdout.starts_with("kept: m"), "{}", ran.stdout);
    }
    let looked = memory(&place, &["dedup"], 0).stdout;
    assert!(looked.starts_with("DRY RUN") && looked.contains("to merge: 1\n"), "{looked}");
    assert!(looked.contains("to link: 1\n"), "{looked}");
    let done = memory(&place, &["dedup", "--execute", "--json"], 0).json();
    assert_eq!((&done["n_exact"], &done["executed"]), (&json!(1), &json!(true)));
    assert_eq!(memory(&place, &["stats", "--json"], 0).json()["n_fragments"], 2);
    let score = memory(&place, &["score", "--json"], 0).json();
    assert_eq!(score["fragments"][0]["n_seen"], 2);
    let rebuilt = memory(&place, &["rebuild", "--language", "german"], 0).stdout;
    assert_eq!(rebuilt, "read anew: 2 fragments, german, generation 2\n");
}

#[test]
fn what_is_old_is_put_away_and_brought_back() {
    let place = Place::new();
    memory(&place, &["add", "The ferry leaves at noon", "--ts", "2020-01-01T00:00:00Z"], 0);
    memory(&place, &["add", "The ferry leaves at one"], 0);
    let looked = memory(&place, &["decay"], 0).stdout;
    assert!(looked.contains("to put away: 1\n"), "{looked}");
    memory(&place, &["decay", "--execute"], 0);
    assert_eq!(search(&place, "ferry noon", &["--shared"]).as_array().unwrap().len(), 1);
    assert_eq!(memory(&place, &["decay", "--restore"], 0).stdout, "brought back: 1\n");
    assert_eq!(search(&place, "ferry noon", &["--shared"]).as_array().unwrap().len(), 2);
}

#[test]
fn a_conversation_is_erased_from_the_memory_too() {
    let place = imported();
    let find = |id: &str| {
        place
            .run(&["data", "find", "--conv-id", id, "--data-dir", "data", "--json"])
            .ended(0)
            .json()
    };
    let records = |found: &Value| {
        let stores = found["census"]["stores"].as_array().unwrap().clone();
        let memory = stores.into_iter().find(|store| store["store"] == "memory").unwrap();
        memory["n_records"].clone()
    };
    assert_eq!(records(&find("ann")), 2);
    let done = ["data", "delete", "--conv-id", "ann", "--execute", "--data-dir", "data"];
    let done = place.run(&done).ended(0).stdout;
    assert!(done.starts_with("ERASED records=2 "), "{done}");
    assert_eq!(records(&find("ann")), 0);
    assert_eq!(search(&place, "ferry", &["--conv-id", "ann"]), json!([]));
    assert_eq!(search(&place, "ferry", &["--conv-id", "bea"]).as_array().unwrap().len(), 1);
    // It stays erased.
    let again = memory(&place, &["import", "fragments.ndjson", "--json"], 3).json();
    assert_eq!((&again["n_seen"], &again["n_skipped"]), (&json!(1), &json!(2)));
}

#[tokio::test]
async fn the_server_that_owns_the_memory_is_asked_to_change_it() {
    let server = Server::start(&Setup::new()).await;
    let place = server.place();
    place.write("fragments.ndjson", &lines());
    let imported = memory(place, &["import", "fragments.ndjson"], 0).stdout;
    assert_eq!(imported, "read 3: 3 new, 0 seen again, 0 changed, 0 skipped\n");
    let found = search(place, "When does the ferry leave?", &["--conv-id", "ann"]);
    assert!(found.to_string().contains("[EMAIL]"), "{found}");
    memory(place, &["add", "At one, not at noon.", "--conv-id", "ann", "--id", "a3"], 0);
    let done = memory(place, &["supersede", "a2", "a3", "--conv-id", "ann", "--json"], 0).json();
    assert_eq!(done, json!({"revised": "done"}));
    let found = search(place, "When does the ferry leave?", &["--conv-id", "ann"]).to_string();
    assert!(found.contains("At one") && !found.contains("old harbor"), "{found}");
    memory(place, &["supersede", "a2", "b1", "--conv-id", "ann"], 1);
    assert_eq!(memory(place, &["pin", "a1", "--conv-id", "ann"], 0).stdout, "pinned\n");
    let text = "The ferry to the island leaves every morning";
    for id in ["c1", "c2"] {
        memory(place, &["add", text, "--conv-id", "cat", "--id", id], 0);
    }
    let merged = memory(place, &["dedup", "--execute"], 0).stdout;
    assert!(merged.contains("word for word, merged: 1"), "{merged}");
    memory(place, &["decay", "--execute"], 0);
    memory(place, &["decay", "--restore"], 0);
    let rebuilt = memory(place, &["rebuild", "--language", "german", "--json"], 0).json();
    assert_eq!((&rebuilt["n_fragments"], &rebuilt["language"]), (&json!(5), &json!("german")));
    let token =
        format!("authorization: Bearer {}\r\n", server.read_data("keys/admin.token").trim());
    let stats = server.admin("GET", "/admin/v1/memory/stats", &token).await.expect(200).json();
    assert_eq!((&stats["n_fragments"], &stats["n_pinned"]), (&json!(5), &json!(1)));
    let ask = async |body: Value, status| {
        let body = body.to_string();
        server
            .admin_with("POST", "/admin/v1/memory/search", &token, &body)
            .await
            .expect(status)
            .json()
    };
    let question = json!({"question": "Is it an old harbor?", "conv_id": "ann", "turns": true});
    assert_eq!(ask(question, 200).await["results"], json!([]), "what gave its place is not found");
    ask(json!({"question": "x", "conv_id": "a", "shared": true}), 400).await;
}

#[test]
fn what_holds_for_a_time_is_found_in_that_time() {
    let place = Place::new();
    let add = |text: &str, until: &str| {
        memory(&place, &["add", text, "--conv-id", "a", "--valid-to", until], 0);
    };
    add("The harbor office is in Mill Lane.", "2020-01-01T00:00:00Z");
    assert_eq!(search(&place, "Where is the harbor office?", &["--conv-id", "a"]), json!([]));
    add("The harbor office is on the quay.", "2999-01-01T00:00:00Z");
    let found = search(&place, "Where is the harbor office?", &["--conv-id", "a"]).to_string();
    assert!(found.contains("quay") && !found.contains("Mill Lane"), "{found}");
}
