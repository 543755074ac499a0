//! Main's connections break within its answers.

use aios_core::{Fault, Tier};

use super::{Scenario, check_recovery};
use crate::cli::chaos::seen::{Ask, Seen};
use crate::cli::chaos::trial::Trial;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "cut-streams",
    about: "main's streams break after their beginning; what was begun ends with an error, and is never taken for whole",
    alert: None,
    on_running: true,
    run: |trial| Box::pin(run(trial)),
};

async fn run(trial: &mut Trial) -> anyhow::Result<()> {
    trial.order(Fault::Cut { tier: Tier::Main, pieces: 2 }).await?;
    let all = trial.ask_all(5, Ask::Stream).await?;
    // Another endpoint or tier may have answered, where nothing was begun yet: these are whole.
    let found = Found::of(&all);
    let of = all.len();
    trial.check("streams were broken", found.n_told > 0, format!("{} of {of}", found.n_told));
    let detail = format!(
        "{} end with an error, {} are whole, {} just end",
        found.n_told, found.n_whole, found.n_lost
    );
    trial.check("each says so, without [DONE]", found.n_lost == 0, detail);
    check_recovery(trial).await?;
    let whole = trial.ask(Ask::Stream).await?;
    let detail = whole.failed.clone().unwrap_or_else(|| "with [DONE]".to_owned());
    trial.check("streams are whole again", whole.failed.is_none(), detail);
    Ok(())
}

/// How streams ended.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    n_whole: usize,
    /// With an error, as the last that they said.
    n_told: usize,
    /// In any other way: their client does not know what happened.
    n_lost: usize,
}

impl Found {
    fn of(all: &[Seen]) -> Self {
        let mut found = Self::default();
        for seen in all {
            match () {
                () if seen.is_answered() => found.n_whole += 1,
                () if seen.ends_with_error => found.n_told += 1,
                () => found.n_lost += 1,
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::chaos::seen::tests::{DONE, ERROR, WORD, lost, seen};

    #[test]
    fn a_stream_is_whole_or_says_that_it_is_not() {
        let check = |seen: Seen, n_whole: usize, n_told: usize, n_lost: usize| {
            assert_eq!(Found::of(&[seen]), Found { n_whole, n_told, n_lost });
        };
        let stream = |parts: &[&str]| seen(Ask::Stream, 200, None, &parts.concat());
        check(stream(&[WORD, DONE]), 1, 0, 0);
        check(stream(&[WORD, ERROR]), 0, 1, 0);
        check(stream(&[WORD]), 0, 0, 1);
        check(stream(&[WORD, ERROR, DONE]), 0, 0, 1);
        check(lost(Ask::Stream), 0, 0, 1);
        check(seen(Ask::Stream, 503, None, ""), 0, 0, 1);
    }
}
