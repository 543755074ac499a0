//! What every event store must do, whatever it is made of. Each store calls [`run`] with itself.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aios_core::Event;
use tokio::task::JoinSet;

use crate::{EventStore, OnFull, ReserveError, Rotate, Slot, Stop, fixture};

/// Places of the store under test.
pub(crate) const PLACES: usize = 4;

/// What the suite needs of a store besides the trait.
pub(crate) trait Subject: EventStore + 'static {
    /// A new store with [`PLACES`] places.
    fn new(on_full: OnFull) -> Self;

    /// Closes the store and reads back what was kept, in order.
    fn close_and_read(&self) -> impl Future<Output = Vec<Event>>;
}

/// Runs the whole suite.
pub(crate) async fn run<S: Subject>() {
    what_is_appended_is_read_in_order::<S>().await;
    many_tasks_append_at_once::<S>().await;
    a_full_store_makes_requests_wait::<S>().await;
    a_full_store_that_drops_counts_what_it_drops::<S>().await;
    a_slot_that_is_not_used_is_free_again::<S>().await;
    slots_outlive_the_closing_of_the_gate::<S>().await;
    what_is_due_goes_and_nothing_else::<S>().await;
    a_guard_stops_and_can_be_overruled::<S>().await;
}

const DAY: Duration = Duration::from_secs(86_400);

const PATIENT: OnFull = OnFull::Wait(Duration::from_secs(60));

async fn what_is_appended_is_read_in_order<S: Subject>() {
    let store = S::new(PATIENT);
    for n in 0..20 {
        let commit = store.reserve().await.unwrap().append(fixture::event(n));
        assert_eq!(commit.durable().await, Ok(()));
    }
    let expect: Vec<_> = (0..20).map(fixture::event).collect();
    assert_eq!(store.close_and_read().await, expect);
    let stats = store.stats();
    assert_eq!((stats.appended, stats.written, stats.lost, stats.queue_depth), (20, 20, 0, 0));
}

async fn many_tasks_append_at_once<S: Subject>() {
    let store = Arc::new(S::new(PATIENT));
    let mut tasks = JoinSet::new();
    for task in 0..8 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            for n in 0..50 {
                drop(store.reserve().await.unwrap().append(fixture::event(task * 50 + n)));
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    let kept = store.close_and_read().await;
    let ids: BTreeSet<_> = kept.iter().map(Event::id).collect();
    assert_eq!((kept.len(), ids.len()), (400, 400));
    // Each task's events are in its own order.
    for task in 0..8 {
        let range = fixture::event(task * 50).at()..=fixture::event(task * 50 + 49).at();
        assert!(kept.iter().map(Event::at).filter(|at| range.contains(at)).is_sorted());
    }
}

async fn a_full_store_makes_requests_wait<S: Subject>() {
    let store = S::new(OnFull::Wait(Duration::from_millis(1)));
    let mut slots = fill(&store).await;
    let error = store.reserve().await.unwrap_err();
    assert!(matches!(error, ReserveError::Full { queue_max: PLACES, .. }), "{error}");
    drop(slots.pop().unwrap().append(fixture::event(0)));
    drop(slots);
    assert_eq!(store.close_and_read().await.len(), 1);

    let store = S::new(PATIENT);
    let mut slots = fill(&store).await;
    let waiting = tokio::spawn(store.reserve());
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    // The place is free once the event is written, which the store must do of itself.
    drop(slots.pop().unwrap().append(fixture::event(0)));
    drop(waiting.await.unwrap().unwrap());
    drop(slots);
    assert_eq!(store.close_and_read().await.len(), 1);
}

async fn a_full_store_that_drops_counts_what_it_drops<S: Subject>() {
    let store = S::new(OnFull::Drop);
    let slots = fill(&store).await;
    let extra = store.reserve().await.unwrap();
    let unused = store.reserve().await.unwrap();
    let commit = extra.append(fixture::event(0));
    assert!(!commit.needs_wait());
    assert!(commit.durable().await.is_err());
    drop(unused);
    assert_eq!((store.stats().appended, store.stats().lost), (1, 1));
    for slot in slots {
        drop(slot.append(fixture::event(1)));
    }
    assert_eq!(store.close_and_read().await.len(), PLACES);
    assert_eq!(store.stats().lost, 1);
}

async fn a_slot_that_is_not_used_is_free_again<S: Subject>() {
    let store = S::new(OnFull::Wait(Duration::ZERO));
    for _ in 0..3 {
        drop(fill(&store).await);
    }
    // Also one that was never waited for.
    for _ in 0..3 * PLACES {
        drop(store.reserve());
    }
    drop(fill(&store).await);
    assert!(store.close_and_read().await.is_empty());
}

async fn slots_outlive_the_closing_of_the_gate<S: Subject>() {
    let store = S::new(PATIENT);
    let slot = store.reserve().await.unwrap();
    let late = async {
        while !matches!(store.reserve().await, Err(ReserveError::Closed)) {
            tokio::task::yield_now().await;
        }
        slot.append(fixture::event(9)).durable().await
    };
    let (kept, late) = tokio::join!(store.close_and_read(), late);
    assert_eq!(late, Ok(()));
    assert_eq!(kept, [fixture::event(9)]);
}

async fn what_is_due_goes_and_nothing_else<S: Subject>() {
    let (store, start) = (S::new(PATIENT), fixture::event(0).at());
    let kept: Vec<_> =
        (1..=9).map(|n| fixture::event_at(start.plus(n * 10 * DAY), n.into())).collect();
    drop(store.reserve().await.unwrap().append(fixture::event_at(start, 0)));
    for event in &kept {
        drop(store.reserve().await.unwrap().append(event.clone()));
    }
    // Every event is younger than 90 days, or just as old.
    let rotate = |days: u32, rotate| store.rotate(start.plus(days * DAY), rotate).unwrap();
    let seal = Rotate { seal: true, ..Rotate::default() };
    assert!(off_the_runtime(|| rotate(90, seal)).removed.is_empty());
    let dry = off_the_runtime(|| rotate(91, Rotate { dry_run: true, ..seal }));
    assert_eq!((dry.removed.len(), dry.stopped), (1, None));
    let done = off_the_runtime(|| rotate(91, seal));
    assert_eq!((done.removed, done.failed.len()), (dry.removed, 0));
    assert!(off_the_runtime(|| rotate(91, seal)).removed.is_empty());
    drop(store.reserve().await.unwrap().append(fixture::event(5)));
    let mut all = store.close_and_read().await;
    all.retain(|event| *event != fixture::event(5));
    assert_eq!(all, kept);
}

async fn a_guard_stops_and_can_be_overruled<S: Subject>() {
    let (store, start) = (S::new(PATIENT), fixture::event(0).at());
    for n in 0..4 {
        drop(store.reserve().await.unwrap().append(fixture::event(n)));
    }
    let rotate = |rotate| off_the_runtime(|| store.rotate(start.plus(100 * DAY), rotate).unwrap());
    let seal = Rotate { seal: true, ..Rotate::default() };
    let stopped = rotate(seal);
    assert!(matches!(stopped.stopped, Some(Stop::RemovesTooMuch { n_removed: 4, n_events: 4 })));
    assert!(stopped.removed.is_empty());
    let forced = rotate(Rotate { force: true, ..seal });
    assert_eq!((forced.removed.len(), forced.stopped), (1, None));
    assert!(store.close_and_read().await.is_empty());
}

/// Rotation blocks, which a runtime's thread may not.
fn off_the_runtime<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(work).join().unwrap())
}

/// Takes every place.
async fn fill<S: Subject>(store: &S) -> Vec<Slot> {
    let mut slots = Vec::new();
    for _ in 0..PLACES {
        slots.push(store.reserve().await.unwrap());
    }
    slots
}
