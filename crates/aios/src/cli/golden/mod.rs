//! `aios golden`.

mod accept;
mod compare;
pub(super) mod files;
mod lint;
mod outputs;
mod promote;
mod record;
mod shown;
pub(super) mod target;

use super::verbs::verbs;

verbs! {
    /// Ask the questions of a golden set and compare the answers with those of a baseline
    ///
    /// Exit code 2 if something got worse, 1 if it could not be told.
    Command {
        Record(record::Record),
        Compare(compare::Compare),
        Promote(promote::Promote),
        Accept(accept::Accept),
        Lint(lint::Lint),
    }
}
