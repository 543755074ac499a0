//! How far the index is: what is shown is made of it, so while it is made anew, what is shown is less than there is.

use aios_store::{DataDir, Index, StoreError};
use axum::extract::State;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::scene::Views;

/// So far it is behind now and then, for a moment.
const BEHIND_BYTES: u64 = 4 << 20;

/// The index, from which charts, tables and pages of events are made.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct IndexTold {
    /// There is one that can be used.
    pub(super) is_there: bool,
    /// It is being made from the log: what is shown is less than there is.
    pub(super) is_behind: bool,
    /// Bytes of the log that are not in it yet.
    pub(super) n_bytes_behind: u64,
}

impl IndexTold {
    pub(super) fn of(dir: &DataDir) -> Result<Self, StoreError> {
        let Some(index) = Index::read(dir)? else {
            return Ok(Self { is_there: false, is_behind: false, n_bytes_behind: 0 });
        };
        let n_bytes_behind = index.n_bytes_behind()?;
        let is_behind = n_bytes_behind > BEHIND_BYTES;
        Ok(Self {
            is_there: true,
            is_behind,
            n_bytes_behind: if is_behind { n_bytes_behind } else { 0 },
        })
    }
}

pub(crate) async fn show(State(views): State<Views>) -> Response {
    views.show(|dir, _| IndexTold::of(dir)).await
}
