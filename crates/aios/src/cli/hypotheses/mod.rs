//! `aios hypotheses`.

mod list;
mod run;
mod show;

use super::verbs::verbs;

verbs! {
    /// Ask what is believed about routing of the traffic itself
    Command {
        List(list::List),
        Run(run::Run),
        Show(show::Show),
    }
}
