//! Golden runs and cases that somebody at the dashboard asks for.

use std::sync::Arc;

use aios_core::{Clock, EventId, Progress};
use aios_eval::{BUILT_IN_SET, Candidate, GoldenError, GoldenSet, with_cases};
use aios_store::{GoldenPaths, StoreError, change_document, find_event};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use tokio::sync::watch;

use super::AdminState;
use super::asked::Body;
use super::auth::Caller;
use super::guard::error;
use super::trail::off_the_loop;
use super::view::goldens::{PromoteAsked, Promoted, RunView};
use crate::nightly::{StepReport, StepState};

/// The run that is under way or was the last.
#[derive(Debug)]
pub(crate) struct GoldenRuns {
    last: watch::Sender<Option<RunView>>,
    clock: Arc<dyn Clock>,
}

impl GoldenRuns {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { last: watch::channel(None).0, clock }
    }

    /// How the last one goes; none if there was none.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Option<RunView>> {
        self.last.subscribe()
    }

    fn begun(&self) -> RunView {
        let run = RunView {
            state: "running".to_owned(),
            began_at: self.clock.now(),
            ended_at: None,
            n_done: 0,
            n_all: 0,
            told: None,
        };
        self.last.send_replace(Some(run.clone()));
        run
    }

    fn ended(&self, report: StepReport) {
        let state = match report.state {
            StepState::Done | StepState::Violation => "done",
            StepState::Skipped | StepState::Failed => "failed",
        };
        let now = self.clock.now();
        self.change(|run| {
            run.state = state.to_owned();
            run.ended_at = Some(now);
            run.told = Some(report.detail);
        });
    }

    fn change(&self, change: impl FnOnce(&mut RunView)) {
        self.last.send_modify(|run| {
            // There is one from its beginning on.
            if let Some(run) = run {
                change(run);
            }
        });
    }
}

impl Progress for GoldenRuns {
    fn begin(&self, n: u64) {
        self.change(|run| run.n_all += n as usize);
    }

    fn advance(&self, n: u64) {
        self.change(|run| run.n_done += n as usize);
    }

    fn end(&self) {}
}

/// Begins a run, which goes on by itself.
pub(super) async fn run(
    State(state): State<AdminState>,
    Extension(caller): Extension<Caller>,
) -> Response {
    let (nightly, runs) = (Arc::clone(&state.nightly), Arc::clone(&state.goldens));
    let (told, begun) = tokio::sync::oneshot::channel();
    tokio::task::spawn_blocking(move || {
        let progress = Arc::clone(&runs);
        let done = nightly.ask_goldens(&caller.actor(), progress, || {
            // Whoever asked may have left; the run goes on.
            told.send(runs.begun()).ok();
        });
        done.into_iter().for_each(|report| runs.ended(report));
    });
    match begun.await {
        Ok(run) => (StatusCode::ACCEPTED, Json(run)).into_response(),
        Err(_) => {
            let why = "a golden run or the night's work is under way already";
            error(StatusCode::CONFLICT, "golden_running", why)
        }
    }
}

/// Why an event is no case.
#[derive(Debug, thiserror::Error)]
enum NotPromoted {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Set(#[from] GoldenError),
}

pub(super) async fn promote(
    State(state): State<AdminState>,
    Body(asked): Body<PromoteAsked>,
) -> Response {
    let Ok(id) = EventId::parse(&asked.event_id) else {
        return error(StatusCode::BAD_REQUEST, "bad_id", "that is no id of an event");
    };
    let (dir, gateway) = (Arc::clone(&state.data_dir), Arc::clone(&state.gateway));
    let work = move || {
        let now = gateway.clock.now();
        let Some(event) = find_event(&dir, id, now)? else { return Ok(None) };
        let redactor = Arc::clone(&gateway.live.load().redactor);
        let candidate = event.response().and_then(|event| {
            Candidate::chosen(event, |text| redactor.redact(text).text.as_str().to_owned())
        });
        let Some(candidate) = candidate else { return Ok(Some(Err("unusable"))) };
        let mut is_new = false;
        let added = change_document(&GoldenPaths::of(dir.path()).set, |text| {
            let text = text.unwrap_or(BUILT_IN_SET);
            let set = GoldenSet::parse(text).map_err(NotPromoted::from)?;
            is_new = set.cases().iter().all(|case| case.id != candidate.id);
            let cases: Vec<_> =
                Some(candidate.case(&now.to_string())).filter(|_| is_new).into_iter().collect();
            Ok::<_, NotPromoted>(with_cases(text, &cases)?)
        });
        match added {
            Ok(_) => Ok(Some(Ok(Promoted { id: candidate.id, is_new }))),
            Err(NotPromoted::Store(error)) => Err(error),
            Err(NotPromoted::Set(_)) => Ok(Some(Err("bad_set"))),
        }
    };
    match off_the_loop(work).await {
        Ok(Some(Ok(promoted))) => Json(promoted).into_response(),
        Ok(Some(Err(code))) => {
            let why = match code {
                "bad_set" => "goldens/sample_set.json cannot be used; `aios golden lint` says why",
                _ => "its question is empty, cut, or too long for a golden case",
            };
            error(StatusCode::CONFLICT, code, why)
        }
        Ok(None) => error(StatusCode::NOT_FOUND, "no_event", "no event of this id is kept"),
        Err(response) => response,
    }
}
