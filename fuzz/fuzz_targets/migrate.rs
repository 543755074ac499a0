//! Any bytes where a log of an older schema should be: a migration foresees what it does, does it, and
//! leaves nothing that the redactor would find.

#![no_main]

use std::fs;
use std::sync::LazyLock;

use aios_core::Event;
use aios_privacy::{KeyMaterial, Keyring, Redactor};
use aios_store::{DataDir, Filter, Migration, migrate, query};
use libfuzzer_sys::fuzz_target;

static REDACTOR: LazyLock<Redactor> = LazyLock::new(Redactor::default);
static KEYRING: LazyLock<Keyring> = LazyLock::new(|| {
    Keyring::new(&[(1, KeyMaterial::new([7; 32]))]).expect("one key makes a ring")
});

fuzz_target!(|bytes: &[u8]| {
    let temp = tempfile::tempdir().expect("there is room for a directory");
    let dir = DataDir::open(temp.path()).expect("a new directory can be owned");
    let analytics = temp.path().join("analytics");
    fs::create_dir_all(&analytics).expect("there is room for a directory");
    fs::write(analytics.join("hypotheses.older.ndjson"), bytes).expect("there is room for a file");
    let how = Migration { redactor: &REDACTOR, keyring: &KEYRING, text_max: 1000, utc_offset: "Z" };
    let Ok(foreseen) = migrate(&dir, how, false) else { return };
    let done = migrate(&dir, how, true).expect("what was foreseen can be done");
    assert_eq!(
        (done.n_v0_9, done.n_v1_0, done.n_v2_0, done.n_not_migrated),
        (foreseen.n_v0_9, foreseen.n_v1_0, foreseen.n_v2_0, foreseen.n_not_migrated)
    );
    let lines = query(&dir, &Filter::default()).expect("the log can be read");
    let mut n_events = 0;
    for line in lines {
        let event = line.expect("a migrated line is an event").event;
        n_events += 1;
        let Event::Response(event) = event else { continue };
        // What was of the present schema was redacted when it was written.
        if done.n_v2_0 == 0 {
            assert!(REDACTOR.scan(event.question.as_str()).is_empty());
            assert!(REDACTOR.scan(event.response.as_str()).is_empty());
        }
    }
    assert_eq!(n_events, done.n_v0_9 + done.n_v1_0 + done.n_v2_0);
});
