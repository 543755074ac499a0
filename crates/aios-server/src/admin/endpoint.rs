//! What an endpoint is: who may call it, what it takes and what it gives.

use axum::routing::MethodRouter;
use http::{Method, StatusCode};
use schemars::JsonSchema;

use super::AdminState;
use super::guard::Access;
use super::openapi::{Shape, shape};

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
    pub(crate) says: Shape,
    /// In which form.
    pub(crate) media: &'static str,
    /// Under which status.
    pub(crate) status: StatusCode,
}

/// An endpoint of which is not said yet what it answers with: only [`Draft::says`] makes one of it.
pub(super) struct Draft<S> {
    method: Method,
    path: &'static str,
    access: Access,
    is_change: bool,
    handler: MethodRouter<S>,
    asks: Option<Shape>,
    query: Option<Shape>,
}

/// One that reads.
pub(super) fn read<S>(path: &'static str, access: Access, handler: MethodRouter<S>) -> Draft<S> {
    Draft { method: Method::GET, path, access, is_change: false, handler, asks: None, query: None }
}

/// One that changes something.
pub(super) fn change<S>(path: &'static str, access: Access, handler: MethodRouter<S>) -> Draft<S> {
    Draft { method: Method::POST, is_change: true, ..read(path, access, handler) }
}

impl<S> Draft<S> {
    /// One that only reads, though what it is asked stands in a body.
    pub(super) fn looks(self) -> Self {
        Self { is_change: false, ..self }
    }

    pub(super) fn asks<T: JsonSchema>(self) -> Self {
        Self { asks: Some(shape::<T>), ..self }
    }

    pub(super) fn query<T: JsonSchema>(self) -> Self {
        Self { query: Some(shape::<T>), ..self }
    }

    pub(super) fn says<T: JsonSchema>(self) -> Endpoint<S> {
        let Self { method, path, access, is_change, handler, asks, query } = self;
        Endpoint {
            method,
            path,
            access,
            is_change,
            handler,
            asks,
            query,
            says: shape::<T>,
            media: "application/json",
            status: StatusCode::OK,
        }
    }

    /// One that answers in words.
    pub(super) fn says_text(self, media: &'static str) -> Endpoint<S> {
        Endpoint { media, ..self.says::<String>() }
    }
}

impl<S> Endpoint<S> {
    pub(super) fn media(self, media: &'static str) -> Self {
        Self { media, ..self }
    }

    pub(super) fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }
}
