//! The privacy tab: what was masked, what is on record, how long what is kept.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use aios_core::Timestamp;
use aios_store::{
    AuditEntry, ClassStats, DataDir, Hold, Holds, Index, LedgerEntry, StoreError, Term, audit_tail,
    erasures, stats,
};
use axum::extract::State;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::asked::Times;
use super::scene::{Scene, Views};
use super::series::Steps;
use super::words::Time;
use crate::admin::asked::Asked;

/// Privacy.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PrivacyView {
    /// When this was looked at.
    #[schemars(with = "Time")]
    at: Timestamp,
    /// What was masked in what is kept, over time.
    detections: Detections,
    /// What is kept how long.
    retention: Vec<ClassView>,
    /// What may not be removed for now.
    holds: Vec<HoldView>,
    /// Erasures that were decided or planned, the newest first.
    erasures: Vec<ErasureView>,
    /// The newest entries of the audit trail, the newest first.
    trail: Vec<TrailView>,
}

/// Detections by kind over time; every list has one entry for each step.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct Detections {
    /// Length of a step, in seconds.
    step_s: u32,
    /// When each step began, in milliseconds since 1970.
    at_ms: Vec<i64>,
    /// Each kind that was found.
    kinds: Vec<KindSeries>,
}

/// One kind of personal data.
#[derive(Debug, Serialize, JsonSchema)]
struct KindSeries {
    /// The kind.
    kind: String,
    /// Findings in each step.
    n: Vec<u64>,
    /// Findings of the whole time.
    n_all: u64,
}

/// One class of what is kept.
#[derive(Debug, Serialize, JsonSchema)]
struct ClassView {
    /// `events` or `audit`.
    class: String,
    /// Days as text; none where it is not compressed.
    hot_days: Option<f64>,
    /// Days until it is removed.
    kept_days: f64,
    /// Files that take records.
    n_open: usize,
    /// Sealed segments kept as text.
    n_hot: usize,
    /// Sealed segments kept compressed.
    n_cold: usize,
    /// Bytes on disk.
    bytes: u64,
    /// The oldest record.
    #[schemars(with = "Option<Time>")]
    oldest: Option<Timestamp>,
    /// The newest record.
    #[schemars(with = "Option<Time>")]
    newest: Option<Timestamp>,
    /// Segments whose time is over and that are still there.
    n_overdue: usize,
    /// Those of them that a hold keeps.
    n_held: usize,
}

/// A hold.
#[derive(Debug, Serialize, JsonSchema)]
struct HoldView {
    /// Its id.
    id: String,
    /// Whose it is.
    owner: String,
    /// Why.
    reason: String,
    /// Until when.
    #[schemars(with = "Time")]
    expires_at: Timestamp,
    /// It is over.
    is_expired: bool,
}

/// An erasure.
#[derive(Debug, Serialize, JsonSchema)]
struct ErasureView {
    /// Its id.
    id: String,
    /// How far it has come.
    state: String,
    /// When it was asked for.
    #[schemars(with = "Time")]
    at: Timestamp,
    /// By whom.
    actor: String,
}

/// An entry of the audit trail.
#[derive(Debug, Serialize, JsonSchema)]
struct TrailView {
    /// When.
    #[schemars(with = "Time")]
    at: Timestamp,
    /// Who.
    actor: String,
    /// What, as a word.
    action: String,
    /// The rest of it.
    detail: serde_json::Value,
}

/// Entries of the trail that are shown.
const TRAIL_MAX: usize = 100;

/// Erasures that are shown.
const ERASURES_MAX: usize = 100;

const WEEK: Duration = Duration::from_secs(7 * 86_400);

pub(crate) async fn show(State(views): State<Views>, Asked(asked): Asked<Times>) -> Response {
    let make = move |dir: &DataDir, scene: &Scene| {
        let times = asked.range(scene.now, WEEK);
        let policy = &scene.shown.retention;
        let class = |stats: ClassStats| class_view(&stats, policy.term(stats.class));
        let mut trail: Vec<_> = audit_tail(dir, TRAIL_MAX)?.into_iter().map(entry).collect();
        trail.reverse();
        let mut erasures: Vec<_> = erasures(dir)?.into_iter().map(erasure).collect();
        erasures.sort_by_key(|erasure| std::cmp::Reverse(erasure.at));
        erasures.truncate(ERASURES_MAX);
        Ok(PrivacyView {
            at: scene.now,
            detections: detections(dir, &times)?,
            retention: stats(dir, policy, scene.now)?.into_iter().map(class).collect(),
            holds: Holds::of(dir).list()?.iter().map(|of| hold(of, scene.now)).collect(),
            erasures,
            trail,
        })
    };
    views.show(make).await
}

fn detections(dir: &DataDir, times: &Range<Timestamp>) -> Result<Detections, StoreError> {
    let steps = Steps::by_hours(times);
    let mut kinds = BTreeMap::<String, Vec<u64>>::new();
    let masked = Index::read(dir)?.map(|index| index.masked(times.clone())).transpose()?;
    for (hour_s, kind, n) in masked.unwrap_or_default() {
        let Some(place) = steps.place(hour_s) else { continue };
        kinds.entry(kind).or_insert_with(|| vec![0; steps.n()])[place] += n;
    }
    let series = |(kind, n): (String, Vec<u64>)| KindSeries { kind, n_all: n.iter().sum(), n };
    Ok(Detections {
        step_s: u32::try_from(steps.step_s).unwrap_or(u32::MAX),
        at_ms: steps.at_ms(),
        kinds: kinds.into_iter().map(series).collect(),
    })
}

fn class_view(of: &ClassStats, term: Term) -> ClassView {
    let days = |term: Duration| term.as_secs_f64() / 86_400.0;
    ClassView {
        class: of.class.name().to_owned(),
        hot_days: term.hot.map(days),
        kept_days: days(term.total),
        n_open: of.n_open,
        n_hot: of.n_hot,
        n_cold: of.n_cold,
        bytes: of.bytes,
        oldest: of.oldest,
        newest: of.newest,
        n_overdue: of.n_overdue,
        n_held: of.n_held,
    }
}

fn hold(of: &Hold, now: Timestamp) -> HoldView {
    HoldView {
        id: of.id.to_string(),
        owner: of.owner.as_str().to_owned(),
        reason: of.reason.as_str().to_owned(),
        expires_at: of.expires_at,
        is_expired: of.is_expired(now),
    }
}

fn erasure(entry: LedgerEntry) -> ErasureView {
    ErasureView {
        state: entry.state.name().to_owned(),
        id: entry.id,
        at: entry.requested_at,
        actor: entry.requester,
    }
}

fn entry(of: AuditEntry) -> TrailView {
    let mut detail = json!(of.action);
    let action = detail.as_object_mut().and_then(|fields| fields.remove("action"));
    let action = action.and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default();
    TrailView { at: of.ts, actor: of.actor, action, detail }
}
