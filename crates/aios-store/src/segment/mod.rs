//! Segments: the files that the event log is made of.
//!
//! The active segment (`hypotheses.ndjson`) takes events. When it is full, or an event of another hour
//! comes, it is sealed: renamed to its [`SegmentId`] and given a [`Footer`]. So no segment holds events
//! of two days. After its hot time it is compressed into a cold one of many members, with a sidecar that
//! says what stands in which; after its cold time it is removed.
//!
//! Who changes a sealed segment holds its lease, writes a temporary file beside it, and renames that:
//! every change is seen whole or not at all, and done again it comes to the same.

mod catalog;
pub(crate) mod cold;
mod compress;
pub(crate) mod extent;
pub(crate) mod facts;
pub(crate) mod footer;
mod foreign;
pub(crate) mod intake;
mod janitor;
mod lease;
pub(crate) mod name;
mod rewrite;
mod salvage;
pub(crate) mod seal;
pub(crate) mod sidecar;
mod text;

#[cfg(test)]
mod tests;

pub use catalog::{Age, SegmentInfo, Segments};
pub(crate) use catalog::{ages, footer as footer_of, names};
pub use footer::{DigestOf, Footer};
pub(crate) use foreign::{Foreign, foreign, in_place_of};
pub(crate) use lease::{Lease, Leases};
pub use name::{Day, SegmentId, SegmentIdError};
pub(crate) use name::{FileKind, Layout};
pub use rewrite::{Keep, Look, Rewritten};
pub use salvage::Salvaged;
pub use text::Text;
