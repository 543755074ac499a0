//! What a request says, or why it cannot be understood, in the admin API's own form.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::response::Response;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::guard::error;

/// A body of JSON.
pub(super) struct Body<T>(pub(super) T);

/// The query of an address.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let read = Json::from_request(request, state).await;
        let bad = |why: JsonRejection| error(why.status(), "bad_body", &why.body_text());
        read.map(|Json(body)| Self(body)).map_err(bad)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let read = Query::from_request_parts(parts, state).await;
        let bad = |why: QueryRejection| error(why.status(), "bad_query", &why.body_text());
        read.map(|Query(asked)| Self(asked)).map_err(bad)
    }
}
