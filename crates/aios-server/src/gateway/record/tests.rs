//! Whatever happens to a request, it leaves its event.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use aios_privacy::Redactor;
use aios_store::{DataDir, EventStore as _, OnFull, RamEventLog};
use arc_swap::ArcSwap;

use super::*;
use crate::admin::tests::gateway;

const QUESTION: &str = "write to jo@example.com";

/// The record of a request whose question makes the scanner fail, and where its event goes.
async fn record() -> (Arc<Gateway>, Record, RamEventLog) {
    let dir = tempfile::tempdir().unwrap();
    let whole = Arc::into_inner(gateway(Arc::new(DataDir::open(dir.path()).unwrap()))).unwrap();
    let mut live = Arc::into_inner(whole.live.into_inner()).unwrap();
    live.redactor = Arc::new(Redactor::failing());
    let log = RamEventLog::new(1, OnFull::Drop);
    let live = ArcSwap::from_pointee(live);
    let gateway = Arc::new(Gateway { live, store: Arc::new(log.clone()), ..whole });
    let (slot, live) = (log.reserve().await.unwrap(), gateway.live.load_full());
    let mut record = Record::open(&gateway, &live, slot, None, Operation::Chat, &HeaderMap::new());
    record.facts_mut().question = QUESTION.to_owned();
    (gateway, record, log)
}

fn only_event(log: &RamEventLog) -> ResponseEvent {
    let events = log.events();
    assert_eq!(events.len(), 1);
    events[0].response().unwrap().clone()
}

#[tokio::test]
async fn a_scanner_that_fails_costs_a_text_and_not_the_event() {
    let (gateway, mut record, log) = record().await;
    assert!(record.finish(&Ending::OK).is_some());
    let event = only_event(&log);
    assert_eq!((event.outcome, event.question.as_str()), (Outcome::Ok, "[WITHHELD]"));
    // It counts as not scanned, for the alert to tell of, and not as scanned.
    let n_bytes = QUESTION.len() as u64;
    assert_eq!(gateway.metrics.privacy.missed(), BTreeMap::from([(("log", "panic"), n_bytes)]));
    let metrics = gateway.metrics.scrape();
    assert!(!metrics.contains("privacy_scanned_bytes_total{sink=\"log\"}"), "{metrics}");
}

#[tokio::test]
async fn a_scanner_that_fails_while_a_thread_unwinds_does_not_end_the_process() {
    let (gateway, record, log) = record().await;
    let unwound = catch_unwind(AssertUnwindSafe(move || {
        let _record = record;
        panic!("as a test");
    }));
    assert!(unwound.is_err());
    let event = only_event(&log);
    assert_eq!((event.outcome, event.question.as_str()), (Outcome::InternalError, "[WITHHELD]"));
    assert!(gateway.metrics.privacy.missed()[&("log", "panic")] >= QUESTION.len() as u64);
}
