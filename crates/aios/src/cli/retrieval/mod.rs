//! `aios retrieval`.

mod create;
mod demo;
mod eval;
mod shown;

use super::verbs::verbs;

verbs! {
    /// Measure how well the memory finds what answers a question
    Command {
        Eval(eval::Eval),
        Create(create::Create),
    }
}
