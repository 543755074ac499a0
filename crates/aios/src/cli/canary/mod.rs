//! `aios canary`.

mod simulate;

use super::verbs::verbs;

verbs! {
    /// Move conversations to another routing policy, stage by stage, as the evidence allows
    Command {
        Simulate(simulate::Simulate),
    }
}
