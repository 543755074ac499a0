//! `aios alert`.

mod list;
mod test;

use super::verbs::verbs;

verbs! {
    /// Show what is wrong and who was told, and try whether messages arrive
    Command {
        List(list::List),
        Test(test::Test),
    }
}
