//! What a machine does not have.
//!
//! It is an error of its own, so that whoever can go on without it does: `demo` without the page, `test` without the
//! step. CI goes on without nothing.

use std::fmt;

use anyhow::Error;

/// Something that is missing, and how to come by it.
#[derive(Debug)]
pub(crate) struct Lack {
    what: String,
    hint: &'static str,
}

impl Lack {
    pub(crate) fn new(what: impl Into<String>, hint: &'static str) -> Self {
        Self { what: what.into(), hint }
    }

    /// The same, where something has said why.
    pub(crate) fn because(what: &str, why: &Error, hint: &'static str) -> Self {
        Self::new(format!("{what}: {why:#}"), hint)
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nhint: {}", self.what, self.hint)
    }
}

impl std::error::Error for Lack {}

/// Whether an error is only that something is missing here, whatever was added to it on its way.
pub(crate) fn is_lack(error: &Error) -> bool {
    error.downcast_ref::<Lack>().is_some()
}
