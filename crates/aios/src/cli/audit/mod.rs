//! `aios audit`.

mod tail;
mod verify;

use super::verbs::verbs;

verbs! {
    /// Read and check the audit trail: what was redacted, erased, changed and refused
    Command {
        Verify(verify::Verify),
        Tail(tail::Tail),
    }
}
