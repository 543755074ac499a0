//! The memory's tab: what is remembered, and how well it is found.

use aios_core::Timestamp;
use aios_store::{DataDir, Listed, MemoryStats, MemoryStore};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scene::{Scene, Views};
use super::words::Time;
use crate::admin::asked::Asked;
use crate::admin::guard::error;
use crate::admin::shape;
use crate::judging::{self, RecallReport};

/// The memory.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct MemoryView {
    /// `off`, `conversation` or `user`, for requests that say nothing.
    mode: String,
    /// What is stored; none if nothing ever was.
    #[schemars(with = "Option<shape::memory::MemoryStats>")]
    stats: Option<MemoryStats>,
    /// Recall among the first five, as it was measured, the oldest first.
    recall: Vec<RecallPoint>,
    /// Least recall that is asked for.
    recall_min: Option<f64>,
}

/// Recall at one time.
#[derive(Debug, Serialize, JsonSchema)]
struct RecallPoint {
    /// When it was measured.
    #[schemars(with = "Time")]
    at: Timestamp,
    /// Questions.
    n: u64,
    /// Recall among the first five.
    recall_at_5: f64,
}

/// What of the fragments is asked for.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FragmentsAsked {
    /// `next` of the page before.
    cursor: Option<String>,
    /// At most so many.
    n: Option<usize>,
}

/// A page of fragments, the newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FragmentsPage {
    /// The fragments.
    fragments: Vec<FragmentView>,
    /// To be sent as `cursor` for what is older; none where there is no more.
    next: Option<String>,
}

/// One fragment.
#[derive(Debug, Serialize, JsonSchema)]
struct FragmentView {
    /// Its id.
    id: String,
    /// Whose it is: a conversation's pseudonym, or `shared`.
    scope: String,
    /// When it was said.
    #[schemars(with = "Time")]
    at: Timestamp,
    /// What was said, as it is kept.
    text: String,
    /// It stays whatever its age.
    is_pinned: bool,
    /// It was put away, and is found no more.
    is_archived: bool,
    /// Times it was found for somebody.
    n_used: u64,
}

/// Fragments where nobody says how many, and most at once.
const N_DEFAULT: usize = 50;
const N_MAX: usize = 500;

pub(crate) async fn show(State(views): State<Views>) -> Response {
    let make = |dir: &DataDir, scene: &Scene| {
        let stats = MemoryStore::read(dir)?.map(|memory| memory.stats()).transpose()?;
        let asked = scene.objectives.slos.iter().find(|slo| slo.sli.name() == "recall_at_5");
        let point = |report: RecallReport| RecallPoint {
            at: report.ts,
            n: report.n,
            recall_at_5: report.recall_at_5,
        };
        Ok(MemoryView {
            mode: scene.memory_mode.to_owned(),
            stats,
            recall: judging::recall_trend(dir.path())?.into_iter().map(point).collect(),
            recall_min: asked.map(|slo| slo.objective),
        })
    };
    views.show(make).await
}

pub(crate) async fn fragments(
    State(views): State<Views>,
    Asked(asked): Asked<FragmentsAsked>,
) -> Response {
    let Ok(before) = asked.cursor.as_deref().map(str::parse).transpose() else {
        let why = "cursor is not the `next` of a page";
        return error(StatusCode::BAD_REQUEST, "bad_query", why);
    };
    let n = asked.n.unwrap_or(N_DEFAULT).clamp(1, N_MAX);
    let make = move |dir: &DataDir, _: &Scene| {
        let memory = MemoryStore::read(dir)?;
        let listed = memory.map(|memory| memory.list(before, n)).transpose()?.unwrap_or_default();
        let next = listed.last().filter(|_| listed.len() == n).map(|last| last.number.to_string());
        Ok(FragmentsPage { fragments: listed.into_iter().map(fragment).collect(), next })
    };
    views.show(make).await
}

fn fragment(listed: Listed) -> FragmentView {
    FragmentView {
        id: listed.id,
        scope: listed.home,
        at: listed.ts,
        text: listed.text,
        is_pinned: listed.is_pinned,
        is_archived: listed.is_archived,
        n_used: listed.n_injected,
    }
}
