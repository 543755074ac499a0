//! `aios keys`.

mod list;
mod new;
mod rotate;

use super::verbs::verbs;

verbs! {
    /// Make client keys; list and rotate the key of the pseudonyms
    Command {
        New(new::New),
        List(list::List),
        Rotate(rotate::Rotate),
        Retire(rotate::Retire),
    }
}
