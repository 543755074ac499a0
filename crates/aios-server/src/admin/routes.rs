//! Every endpoint of the admin listener, with who may call it. A new one is a line here and a row in
//! the matrix of `tests.rs`.

use std::collections::BTreeSet;

use axum::Router;
use axum::extract::FromRef;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, any, get, post};
use http::Method;
use schemars::JsonSchema;

use super::guard::{Access, Gate, guard};
use super::openapi::{self, Shape, shape};
use super::scope::Scope;
use super::view::{self, scene::Views};
use super::{
    AdminState, alerts, canary, erasure, faults, goldens, health, keys, live, login, logs, memory,
    nightly, page, routing, trail,
};

/// An endpoint.
pub(crate) struct Endpoint<S = AdminState> {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    /// Whether it changes something or must be on record for another reason.
    pub(crate) is_change: bool,
    pub(crate) handler: MethodRouter<S>,
    /// The body that it takes.
    pub(crate) asks: Option<Shape>,
    /// The query that it takes.
    pub(crate) query: Option<Shape>,
    /// What it answers with.
    pub(crate) says: Option<Shape>,
    /// In which form.
    pub(crate) media: &'static str,
}

impl<S> Endpoint<S> {
    fn new(method: Method, path: &'static str, access: Access, handler: MethodRouter<S>) -> Self {
        Self {
            is_change: !matches!(method, Method::GET | Method::HEAD),
            method,
            path,
            access,
            handler,
            asks: None,
            query: None,
            says: None,
            media: "application/json",
        }
    }

    /// One that only reads, though what it is asked stands in a body.
    fn looks(self) -> Self {
        Self { is_change: false, ..self }
    }

    fn asks<T: JsonSchema>(self) -> Self {
        Self { asks: Some(shape::<T>), ..self }
    }

    fn query<T: JsonSchema>(self) -> Self {
        Self { query: Some(shape::<T>), ..self }
    }

    fn says<T: JsonSchema>(self) -> Self {
        Self { says: Some(shape::<T>), ..self }
    }

    fn media(self, media: &'static str) -> Self {
        Self { media, ..self }
    }
}

/// The endpoints.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    use Access::{Anyone, Known, Local, Visitor};
    let read = |path, access, handler| Endpoint::new(Method::GET, path, access, handler);
    let change = |path, access, handler| Endpoint::new(Method::POST, path, access, handler);
    let mut endpoints = vec![
        read("/healthz", Anyone, get(health::alive)),
        read("/readyz", Anyone, get(health::ready)),
        // Neither holds prompts, ids or keys, and monitoring on the same machine needs no secret.
        read("/metrics", Local(Scope::ConfigRead), get(health::metrics)),
        read("/status", Local(Scope::ConfigRead), get(health::status)),
        // What exchanges a code for a session cannot ask for a session.
        read("/", Visitor, get(login::index)),
        change("/admin/v1/login-links", Known, post(login::new_link)),
        change("/admin/v1/login", Known, post(login::sign_in)),
        change("/admin/v1/logout", Known, post(login::sign_out)).says::<login::SignedOut>(),
        read("/admin/v1/audit", Access::Scope(Scope::AuditRead), get(trail::tail)),
        read("/admin/v1/audit/verify", Access::Scope(Scope::AuditRead), get(trail::verify)),
        change("/admin/v1/audit/found", Access::Scope(Scope::PrivacyFind), post(trail::found)),
        change("/admin/v1/keys/rotate", Access::Scope(Scope::ConfigWrite), post(keys::rotate)),
        change("/admin/v1/keys/retire", Access::Scope(Scope::ConfigWrite), post(keys::retire)),
        change("/admin/v1/data/find", Access::Scope(Scope::PrivacyFind), post(erasure::find)),
        change("/admin/v1/erasures", Access::Scope(Scope::PrivacyPlan), post(erasure::plan)),
        read("/admin/v1/erasures/{id}", Access::Scope(Scope::PrivacyFind), get(erasure::show)),
        change(
            "/admin/v1/erasures/{id}/execute",
            Access::Scope(Scope::PrivacyExecute),
            post(erasure::execute),
        ),
        read("/admin/v1/canary", Access::Scope(Scope::CanaryRead), get(canary::status)),
        change("/admin/v1/canary/check", Access::Scope(Scope::CanaryWrite), post(canary::check)),
        change("/admin/v1/canary/reset", Access::Scope(Scope::CanaryWrite), post(canary::reset)),
        change("/admin/v1/canary/hold", Access::Scope(Scope::CanaryWrite), post(canary::hold)),
        change("/admin/v1/canary/resume", Access::Scope(Scope::CanaryWrite), post(canary::resume)),
        change(
            "/admin/v1/canary/approve",
            Access::Scope(Scope::CanaryWrite),
            post(canary::approve),
        ),
        change("/admin/v1/routing/override", Access::Scope(Scope::CanaryWrite), post(routing::set)),
        change("/admin/v1/routing/clear", Access::Scope(Scope::CanaryWrite), post(routing::clear)),
        read("/admin/v1/logs/holds", Access::Scope(Scope::LogsRead), get(logs::holds)),
        change("/admin/v1/logs/holds/add", Access::Scope(Scope::LogsWrite), post(logs::hold)),
        change(
            "/admin/v1/logs/holds/release",
            Access::Scope(Scope::LogsWrite),
            post(logs::release),
        ),
        change(
            "/admin/v1/logs/acknowledge",
            Access::Scope(Scope::LogsWrite),
            post(logs::acknowledge),
        ),
        change("/admin/v1/logs/reindex", Access::Scope(Scope::LogsWrite), post(logs::reindex)),
        change("/admin/v1/nightly", Access::Scope(Scope::LogsWrite), post(nightly::run)),
        change("/admin/v1/logs/rotate", Access::Scope(Scope::LogsWrite), post(logs::rotate)),
        read("/admin/v1/faults", Access::Scope(Scope::ConfigRead), get(faults::list)),
        change("/admin/v1/faults/order", Access::Scope(Scope::ConfigWrite), post(faults::order)),
        change("/admin/v1/faults/clear", Access::Scope(Scope::ConfigWrite), post(faults::clear)),
        read("/admin/v1/memory/stats", Access::Scope(Scope::MemoryRead), get(memory::stats)),
        change("/admin/v1/memory/search", Access::Scope(Scope::MemoryRead), post(memory::search))
            .looks(),
        change("/admin/v1/memory/add", Access::Scope(Scope::MemoryWrite), post(memory::add)),
        change("/admin/v1/memory/dedup", Access::Scope(Scope::MemoryWrite), post(memory::dedup)),
        change("/admin/v1/memory/decay", Access::Scope(Scope::MemoryWrite), post(memory::decay)),
        change(
            "/admin/v1/memory/restore",
            Access::Scope(Scope::MemoryWrite),
            post(memory::restore),
        ),
        change(
            "/admin/v1/memory/rebuild",
            Access::Scope(Scope::MemoryWrite),
            post(memory::rebuild),
        ),
        change("/admin/v1/memory/pin", Access::Scope(Scope::MemoryWrite), post(memory::pin)),
        change(
            "/admin/v1/memory/supersede",
            Access::Scope(Scope::MemoryWrite),
            post(memory::supersede),
        ),
    ];
    endpoints.extend(acts());
    endpoints.extend(reading());
    endpoints
}

/// What the dashboard does, and hears, beside the above.
fn acts() -> Vec<Endpoint> {
    use Access::Scope as Needs;
    let read = |path, access, handler| Endpoint::new(Method::GET, path, access, handler);
    let change = |path, access, handler| Endpoint::new(Method::POST, path, access, handler);
    vec![
        read("/admin/v1/live", Needs(Scope::LogsRead), get(live))
            .says::<view::live::Told>()
            .media("text/event-stream"),
        change("/admin/v1/goldens/run", Needs(Scope::GoldensWrite), post(goldens::run))
            .says::<view::goldens::RunView>(),
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
    let read = |path, access, handler| Endpoint::new(Method::GET, path, access, handler);
    vec![
        read("/admin/v1/whoami", Known, get(login::whoami)),
        read("/admin/v1/openapi.json", Known, get(openapi::show)),
        read("/admin/v1/index", Known, get(view::index::show)).says::<view::index::IndexTold>(),
        read("/admin/v1/view/overview", Needs(Scope::ConfigRead), get(view::overview::show))
            .query::<view::asked::Times>()
            .says::<view::overview::Overview>(),
        read("/admin/v1/view/hypotheses", Needs(Scope::CanaryRead), get(view::hypotheses::show))
            .says::<view::hypotheses::HypothesesView>(),
        read("/admin/v1/view/routing", Needs(Scope::CanaryRead), get(view::routing::show))
            .query::<view::asked::Times>()
            .says::<view::routing::RoutingView>(),
        Endpoint::new(
            Method::POST,
            "/admin/v1/routing/explain",
            Needs(Scope::CanaryRead),
            post(view::routing::explain),
        )
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
