//! Every endpoint of the admin listener, with who may call it. A new one is a line here and a row in
//! the matrix of `tests.rs`.

use std::collections::BTreeSet;

use axum::Router;
use axum::extract::FromRef;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get, post};
use http::StatusCode;

use super::endpoint::{Endpoint, change, read};
use super::guard::{Access, Gate, guard};
use super::openapi;
use super::scope::Scope;
use super::shape;
use super::trail::Done;
use super::view::{self, scene::Views};
use super::{
    AdminState, alerts, canary, erasure, faults, goldens, health, keys, live, login, logs, memory,
    nightly, page, routing, trail,
};
use crate::Whose;
use crate::canary::{Checked, Standing};
use crate::nightly::NightReport;
use crate::status::Status;

const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

/// The endpoints.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    use Access::{Anyone, Known, Local, Visitor};
    let mut endpoints = vec![
        read("/healthz", Anyone, get(health::alive)).says_text(TEXT),
        read("/readyz", Anyone, get(health::ready)).says_text(TEXT),
        // Neither holds prompts, ids or keys, and monitoring on the same machine needs no secret.
        read("/metrics", Local(Scope::ConfigRead), get(health::metrics)).says_text(health::METRICS),
        read("/status", Local(Scope::ConfigRead), get(health::status)).says::<Status>(),
        // What exchanges a code for a session cannot ask for a session.
        read("/", Visitor, get(login::index)).query::<login::Visit>().says_text(HTML),
        change("/admin/v1/login-links", Known, post(login::new_link)).says::<login::LinkMade>(),
        change("/admin/v1/login", Known, post(login::sign_in)).says::<login::WhoAmI>(),
        change("/admin/v1/logout", Known, post(login::sign_out)).says::<login::SignedOut>(),
    ];
    endpoints.extend(records());
    endpoints.extend(steers());
    endpoints.extend(keeps());
    endpoints.extend(remembers());
    endpoints.extend(acts());
    endpoints.extend(reading());
    endpoints
}

/// The audit trail, the pseudonyms' key, and what is stored of somebody.
fn records() -> Vec<Endpoint> {
    use Access::Scope as Needs;
    vec![
        read("/admin/v1/audit", Needs(Scope::AuditRead), get(trail::tail))
            .query::<trail::TailAsked>()
            .says::<trail::Trail>(),
        read("/admin/v1/audit/verify", Needs(Scope::AuditRead), get(trail::verify))
            .says::<trail::AuditChecked>(),
        change("/admin/v1/audit/found", Needs(Scope::PrivacyFind), post(trail::found))
            .asks::<trail::FoundSaid>()
            .says::<Done>(),
        change("/admin/v1/keys/rotate", Needs(Scope::ConfigWrite), post(keys::rotate))
            .says::<keys::KeyMade>(),
        change("/admin/v1/keys/retire", Needs(Scope::ConfigWrite), post(keys::retire))
            .asks::<keys::RetireAsked>()
            .says::<keys::KeyRetired>(),
        change("/admin/v1/data/find", Needs(Scope::PrivacyFind), post(erasure::find))
            .asks::<Whose>()
            .says::<erasure::Found>(),
        change("/admin/v1/erasures", Needs(Scope::PrivacyPlan), post(erasure::plan))
            .asks::<erasure::PlanAsked>()
            .says::<shape::erasure::ErasePlan>()
            .status(StatusCode::CREATED),
        read("/admin/v1/erasures/{id}", Needs(Scope::PrivacyFind), get(erasure::show))
            .says::<shape::erasure::LedgerEntry>(),
        change(
            "/admin/v1/erasures/{id}/execute",
            Needs(Scope::PrivacyExecute),
            post(erasure::execute),
        )
        .asks::<erasure::ExecuteAsked>()
        .says::<shape::erasure::Receipt>(),
    ]
}

/// The canary and the split, and faults to try them with.
fn steers() -> Vec<Endpoint> {
    use Access::Scope as Needs;
    use shape::canary::OverrideWish;
    vec![
        read("/admin/v1/canary", Needs(Scope::CanaryRead), get(canary::status)).says::<Standing>(),
        change("/admin/v1/canary/check", Needs(Scope::CanaryWrite), post(canary::check))
            .asks::<canary::LookAsked>()
            .says::<Checked>(),
        change("/admin/v1/canary/reset", Needs(Scope::CanaryWrite), post(canary::reset))
            .asks::<canary::ResetAsked>()
            .says::<Standing>(),
        change("/admin/v1/canary/hold", Needs(Scope::CanaryWrite), post(canary::hold))
            .asks::<canary::StepAsked>()
            .says::<Standing>(),
        change("/admin/v1/canary/resume", Needs(Scope::CanaryWrite), post(canary::resume))
            .asks::<canary::StepAsked>()
            .says::<Standing>(),
        change("/admin/v1/canary/approve", Needs(Scope::CanaryWrite), post(canary::approve))
            .asks::<canary::StepAsked>()
            .says::<Standing>(),
        change("/admin/v1/routing/override", Needs(Scope::CanaryWrite), post(routing::set))
            .asks::<OverrideWish>()
            .says::<OverrideWish>(),
        change("/admin/v1/routing/clear", Needs(Scope::CanaryWrite), post(routing::clear))
            .says::<Done>(),
        read("/admin/v1/faults", Needs(Scope::ConfigRead), get(faults::list))
            .says::<faults::FaultsOn>(),
        change("/admin/v1/faults/order", Needs(Scope::ConfigWrite), post(faults::order))
            .asks::<faults::Order>()
            .says::<faults::FaultsOn>(),
        change("/admin/v1/faults/clear", Needs(Scope::ConfigWrite), post(faults::clear))
            .says::<faults::FaultsCleared>(),
    ]
}

/// The event log's housekeeping.
fn keeps() -> Vec<Endpoint> {
    use Access::Scope as Needs;
    use shape::logs::{CaughtUp, Hold, NewHold, Rotated};
    vec![
        read("/admin/v1/logs/holds", Needs(Scope::LogsRead), get(logs::holds))
            .says::<logs::HoldsTold>(),
        change("/admin/v1/logs/holds/add", Needs(Scope::LogsWrite), post(logs::hold))
            .asks::<NewHold>()
            .says::<Hold>(),
        change("/admin/v1/logs/holds/release", Needs(Scope::LogsWrite), post(logs::release))
            .asks::<logs::ReleaseAsked>()
            .says::<Hold>(),
        change("/admin/v1/logs/reindex", Needs(Scope::LogsWrite), post(logs::reindex))
            .says::<CaughtUp>(),
        change("/admin/v1/nightly", Needs(Scope::LogsWrite), post(nightly::run))
            .asks::<nightly::NightAsked>()
            .says::<NightReport>(),
        change("/admin/v1/logs/rotate", Needs(Scope::LogsWrite), post(logs::rotate))
            .asks::<logs::RotateAsked>()
            .says::<Rotated>(),
    ]
}

/// The memory.
fn remembers() -> Vec<Endpoint> {
    use Access::Scope as Needs;
    use shape::memory::{Decayed, Deduplicated, MemoryStats};
    vec![
        read("/admin/v1/memory/stats", Needs(Scope::MemoryRead), get(memory::stats))
            .says::<MemoryStats>(),
        change("/admin/v1/memory/search", Needs(Scope::MemoryRead), post(memory::search))
            .looks()
            .asks::<memory::Question>()
            .says::<memory::FragmentsFound>(),
        change("/admin/v1/memory/add", Needs(Scope::MemoryWrite), post(memory::add))
            .asks::<memory::ToKeep>()
            .says::<memory::FragmentsKept>(),
        change("/admin/v1/memory/dedup", Needs(Scope::MemoryWrite), post(memory::dedup))
            .asks::<memory::Execute>()
            .says::<Deduplicated>(),
        change("/admin/v1/memory/decay", Needs(Scope::MemoryWrite), post(memory::decay))
            .asks::<memory::Execute>()
            .says::<Decayed>(),
        change("/admin/v1/memory/restore", Needs(Scope::MemoryWrite), post(memory::restore))
            .says::<memory::Restored>(),
        change("/admin/v1/memory/rebuild", Needs(Scope::MemoryWrite), post(memory::rebuild))
            .asks::<memory::Words>()
            .says::<memory::Rebuilt>(),
        change("/admin/v1/memory/pin", Needs(Scope::MemoryWrite), post(memory::pin))
            .asks::<memory::ToPin>()
            .says::<memory::FragmentRevised>(),
        change("/admin/v1/memory/supersede", Needs(Scope::MemoryWrite), post(memory::supersede))
            .asks::<memory::ToSupersede>()
            .says::<memory::FragmentRevised>(),
    ]
}

/// What the dashboard does, and hears, beside the above.
fn acts() -> Vec<Endpoint> {
    use Access::Scope as Needs;
    vec![
        read("/admin/v1/live", Needs(Scope::LogsRead), get(live))
            .says::<view::live::Told>()
            .media("text/event-stream"),
        change("/admin/v1/goldens/run", Needs(Scope::GoldensWrite), post(goldens::run))
            .says::<view::goldens::RunView>()
            .status(StatusCode::ACCEPTED),
        change("/admin/v1/goldens/promote", Needs(Scope::GoldensWrite), post(goldens::promote))
            .asks::<view::goldens::PromoteAsked>()
            .says::<view::goldens::Promoted>(),
        change("/admin/v1/alerts/test", Needs(Scope::ConfigWrite), post(alerts::test))
            .says::<view::live::AlertTested>(),
    ]
}

/// What reads and changes nothing: all that there is where no server runs.
pub(super) fn reading<S>() -> Vec<Endpoint<S>>
where
    S: Clone + Send + Sync + 'static,
    Views: FromRef<S>,
{
    use Access::{Known, Scope as Needs};
    vec![
        read("/admin/v1/whoami", Known, get(login::whoami)).says::<login::WhoAmI>(),
        read("/admin/v1/openapi.json", Known, get(openapi::show)).says::<openapi::Document>(),
        read("/admin/v1/index", Known, get(view::index::show)).says::<view::index::IndexTold>(),
        read("/admin/v1/view/overview", Needs(Scope::ConfigRead), get(view::overview::show))
            .query::<view::asked::Times>()
            .says::<view::overview::Overview>(),
        read("/admin/v1/view/hypotheses", Needs(Scope::CanaryRead), get(view::hypotheses::show))
            .says::<view::hypotheses::HypothesesView>(),
        read("/admin/v1/view/routing", Needs(Scope::CanaryRead), get(view::routing::show))
            .query::<view::asked::Times>()
            .says::<view::routing::RoutingView>(),
        change("/admin/v1/routing/explain", Needs(Scope::CanaryRead), post(view::routing::explain))
            .looks()
            .asks::<view::routing::ExplainAsked>()
            .says::<view::routing::Explained>(),
        read("/admin/v1/events", Needs(Scope::LogsRead), get(view::events::list))
            .query::<view::events::EventsAsked>()
            .says::<view::events::EventsPage>(),
        read("/admin/v1/events/{id}", Needs(Scope::LogsRead), get(view::events::one))
            .says::<view::events::EventView>(),
        read("/admin/v1/view/settings", Needs(Scope::ConfigRead), get(view::settings::show))
            .says::<view::settings::SettingsView>(),
        read("/admin/v1/view/canary", Needs(Scope::CanaryRead), get(view::canary::show))
            .query::<view::canary::CanaryAsked>()
            .says::<view::canary::CanaryView>(),
        read("/admin/v1/view/goldens", Needs(Scope::GoldensRead), get(view::cases::show))
            .says::<view::goldens::GoldensView>(),
        read(
            "/admin/v1/goldens/candidates",
            Needs(Scope::GoldensRead),
            get(view::cases::candidates),
        )
        .query::<view::goldens::CandidatesAsked>()
        .says::<view::goldens::CandidatesView>(),
        read("/admin/v1/goldens/run", Needs(Scope::GoldensRead), get(view::cases::run))
            .says::<Option<view::goldens::RunView>>(),
        read("/admin/v1/view/memory", Needs(Scope::MemoryRead), get(view::memory::show))
            .says::<view::memory::MemoryView>(),
        read("/admin/v1/memory/fragments", Needs(Scope::MemoryRead), get(view::memory::fragments))
            .query::<view::memory::FragmentsAsked>()
            .says::<view::memory::FragmentsPage>(),
        read("/admin/v1/view/privacy", Needs(Scope::AuditRead), get(view::privacy::show))
            .query::<view::asked::Times>()
            .says::<view::privacy::PrivacyView>(),
    ]
}

/// The admin listener's service.
pub(crate) fn router(state: AdminState) -> Router {
    let gate = |access, is_change, name: &str| {
        let state = state.clone();
        Gate { state, access, is_change, name: name.into() }
    };
    let mut router = Router::new();
    let mut known = BTreeSet::new();
    for endpoint in endpoints() {
        let name = format!("{} {}", endpoint.method, endpoint.path);
        let layer = from_fn_with_state(gate(endpoint.access, endpoint.is_change, &name), guard);
        // A path has one answer for every way in which it is not asked.
        let handler = match known.insert(endpoint.path) {
            true => endpoint.handler.fallback(health::bad_method),
            false => endpoint.handler,
        };
        router = router.route(endpoint.path, handler.layer(layer));
    }
    for path in state.page.paths() {
        let layer = from_fn_with_state(gate(Access::Visitor, false, "a file of the page"), guard);
        router = router.route(path, get(page::file).fallback(health::bad_method).layer(layer));
    }
    // Whoever is nobody does not learn which paths there are.
    let unknown = any(health::unknown);
    let layer = from_fn_with_state(gate(Access::Known, true, "unknown path"), guard);
    router.fallback_service(unknown.layer(layer).with_state(state.clone())).with_state(state)
}
