//! `aios data`.

mod delete;
mod erase;
mod find;
mod receipt;
mod search;
mod shown;
mod verify;
mod whose;

use super::verbs::verbs;

verbs! {
    /// Find and erase what is stored of a conversation or a person
    ///
    /// Counts are shown, never text. Exit code 3 if something could not be read.
    Command {
        Find(find::Find),
        Delete(delete::Delete),
        Verify(verify::Verify),
    }
}
