//! `aios events`.

mod line;
mod printer;
mod query;
mod tail;

use super::verbs::verbs;

verbs! {
    /// Read the event log, also while a server writes it
    ///
    /// With --json: each event on a line, as it is stored. Exit code 3 if a line is no event.
    Command {
        Tail(tail::Tail),
        Query(query::Query),
    }
}
