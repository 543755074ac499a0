//! A request body on its way to an endpoint: the client's bytes with a few places replaced.
//!
//! Only the model's name differs between endpoints, so the body is kept once and cut anew for each
//! call. What is not replaced is never copied, unless the whole is so small that one piece is cheaper
//! than several.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::{Buf as _, Bytes, BytesMut};

/// Bodies up to this length are sent in one piece.
const JOIN_BYTES_MAX: usize = 32 * 1024;

/// Where the model's JSON string stands in the body, quotes included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelSlot(Range<usize>);

impl ModelSlot {
    /// A slot at these bytes.
    #[must_use]
    pub const fn new(at: Range<usize>) -> Self {
        Self(at)
    }
}

/// A model's name as it stands in a body, made once for each endpoint.
#[derive(Debug, Clone)]
pub(crate) struct ModelName(Bytes);

impl ModelName {
    pub(crate) fn new(name: &str) -> Self {
        Self(serde_json::Value::from(name).to_string().into())
    }
}

/// A replacement: these bytes of the body become others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    at: Range<usize>,
    with: Bytes,
}

impl Edit {
    /// Puts `with` in place of the bytes `at`; an empty range inserts.
    #[must_use]
    pub const fn replace(at: Range<usize>, with: Bytes) -> Self {
        Self { at, with }
    }

    /// The bytes that are replaced.
    #[must_use]
    pub const fn place(&self) -> &Range<usize> {
        &self.at
    }

    /// How many bytes stand in their place.
    #[must_use]
    pub const fn n_bytes(&self) -> usize {
        self.with.len()
    }

    /// The bytes that are replaced, and what they become.
    #[must_use]
    pub fn into_parts(self) -> (Range<usize>, Bytes) {
        (self.at, self.with)
    }
}

/// A body whose model name is filled in for each endpoint.
#[derive(Debug, Clone)]
pub struct RequestBody {
    bytes: Bytes,
    model: ModelSlot,
    edits: Vec<Edit>,
}

impl RequestBody {
    /// A body with its places. Ranges must not overlap; an edit at the model's end goes behind it.
    #[must_use]
    pub const fn new(bytes: Bytes, model: ModelSlot, edits: Vec<Edit>) -> Self {
        Self { bytes, model, edits }
    }

    /// Length of the client's body, in bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The body that asks for `model`.
    pub(crate) fn for_model(&self, model: &ModelName) -> Pieces {
        let model = Edit { at: self.model.0.clone(), with: model.0.clone() };
        let mut edits: Vec<&Edit> = std::iter::once(&model).chain(&self.edits).collect();
        edits.sort_by_key(|edit| (edit.at.start, edit.at.end));
        let mut pieces = Pieces::default();
        let mut done = 0;
        for edit in edits {
            pieces.push(self.bytes.slice(done..edit.at.start.max(done)));
            pieces.push(edit.with.clone());
            done = edit.at.end.max(done);
        }
        pieces.push(self.bytes.slice(done..));
        pieces.joined_if_small()
    }
}

/// Bytes that are sent one after the other.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    pieces: VecDeque<Bytes>,
    len: usize,
}

impl Pieces {
    fn push(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.len += piece.len();
            self.pieces.push_back(piece);
        }
    }

    fn joined_if_small(mut self) -> Self {
        if self.pieces.len() > 1 && self.len <= JOIN_BYTES_MAX {
            let joined = self.join();
            self.pieces.clear();
            self.pieces.push_back(joined);
        }
        self
    }

    /// How many bytes are left.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// What goes next; empty at the end.
    pub(crate) fn front(&self) -> &[u8] {
        self.pieces.front().map_or(&[], Bytes::as_ref)
    }

    /// So many bytes of the first piece went.
    pub(crate) fn advance(&mut self, n: usize) {
        let Some(piece) = self.pieces.front_mut() else { return };
        let n = n.min(piece.len());
        self.len -= n;
        if n == piece.len() {
            self.pieces.pop_front();
        } else {
            piece.advance(n);
        }
    }

    /// All of it in one piece.
    pub(crate) fn join(&self) -> Bytes {
        if let (Some(only), 1) = (self.pieces.front(), self.pieces.len()) {
            return only.clone();
        }
        let mut joined = BytesMut::with_capacity(self.len);
        self.pieces.iter().for_each(|piece| joined.extend_from_slice(piece));
        joined.freeze()
    }
}

impl From<Bytes> for Pieces {
    fn from(bytes: Bytes) -> Self {
        let mut pieces = Self::default();
        pieces.push(bytes);
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        body: &str,
        model: Range<usize>,
        edits: &[(Range<usize>, &'static str)],
        expect: &str,
    ) {
        let edit = |(at, with): &(Range<usize>, &'static str)| {
            Edit::replace(at.clone(), Bytes::from_static(with.as_bytes()))
        };
        let edits = edits.iter().map(edit).collect();
        let body =
            RequestBody::new(Bytes::copy_from_slice(body.as_bytes()), ModelSlot::new(model), edits);
        assert_eq!(body.for_model(&ModelName::new("m\"2")).join(), expect);
    }

    #[test]
    fn the_model_and_nothing_else_is_replaced() {
        check(r#"{"model":"a","x":1}"#, 9..12, &[], r#"{"model":"m\"2","x":1}"#);
    }

    #[test]
    fn edits_go_before_behind_and_after_the_model() {
        let body = r#"{"o":null,"model":"a","x":1}"#;
        check(body, 18..21, &[(21..21, r#","y":2"#)], r#"{"o":null,"model":"m\"2","y":2,"x":1}"#);
        check(body, 18..21, &[(5..9, "{}")], r#"{"o":{},"model":"m\"2","x":1}"#);
    }

    #[test]
    fn large_bodies_are_not_copied() {
        let text = format!(r#"{{"model":"a","x":"{}"}}"#, "y".repeat(JOIN_BYTES_MAX));
        let bytes = Bytes::from(text);
        let body = RequestBody::new(bytes.clone(), ModelSlot::new(9..12), Vec::new());
        let pieces = body.for_model(&ModelName::new("b"));
        assert_eq!(pieces.pieces.len(), 3);
        assert_eq!(pieces.pieces[2].as_ptr(), bytes[12..].as_ptr());
        assert_eq!(pieces.join().len(), bytes.len());
    }
}
