//! Main is slow.

use std::time::Duration;

use aios_core::{Fault, Tier};

use super::{Scenario, check_recovery};
use crate::cli::chaos::seen::{Ask, Seen, are_answered, told};
use crate::cli::chaos::trial::Trial;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "latency",
    about: "each answer of main takes a second and a half longer, or more where its answers differ by much",
    alert: None,
    on_running: true,
    run: |trial| Box::pin(run(trial)),
};

/// Least delay. A model whose own answers take now longer and now shorter needs more, or nothing would be seen.
const DELAY_MIN: Duration = Duration::from_millis(1_500);

/// Most: an endpoint that takes longer to begin is given up by default.
const DELAY_MAX: Duration = Duration::from_secs(10);

/// Answers each time.
const ASKED: usize = 3;

async fn run(trial: &mut Trial) -> anyhow::Result<()> {
    let all = trial.ask_all(ASKED, Ask::Whole).await?;
    // What was refused at once would make everything look slow.
    trial.check("all are answered before it", are_answered(&all), told(&all));
    let before = Took::of(&all);
    let delay = before.delay();
    let ms = u64::try_from(delay.as_millis())?;
    trial.order(Fault::Delay { tier: Tier::Main, ms }).await?;
    let all = trial.ask_all(ASKED, Ask::Whole).await?;
    trial.check("all are answered", are_answered(&all), told(&all));
    let during = Took::of(&all);
    let detail = format!("{delay:.1?} ordered; {before} before, {during} with it");
    trial.check("the delay is felt", during.shortest >= before.shortest + delay / 2, detail);
    check_recovery(trial).await?;
    let all = trial.ask_all(ASKED, Ask::Whole).await?;
    trial.check("all are answered after it", are_answered(&all), told(&all));
    let after = Took::of(&all);
    let detail = format!("{before} before, {after} now");
    trial.check("as fast as before", after.shortest < before.longest + delay / 2, detail);
    Ok(())
}

/// What some answers took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Took {
    shortest: Duration,
    longest: Duration,
}

impl Took {
    fn of(all: &[Seen]) -> Self {
        let took = || all.iter().map(|seen| seen.took);
        Self {
            shortest: took().min().unwrap_or_default(),
            longest: took().max().unwrap_or_default(),
        }
    }

    /// A delay that stands out from how much answers differ by themselves.
    fn delay(self) -> Duration {
        ((self.longest - self.shortest) * 3).clamp(DELAY_MIN, DELAY_MAX)
    }
}

impl std::fmt::Display for Took {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.1?} to {:.1?}", self.shortest, self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_stands_out_from_what_a_model_takes_anyway() {
        let check = |shortest: u64, longest: u64, expect: u64| {
            let [shortest, longest] = [shortest, longest].map(Duration::from_millis);
            assert_eq!(Took { shortest, longest }.delay(), Duration::from_millis(expect));
        };
        check(1, 3, 1_500);
        check(4_000, 6_000, 6_000);
        check(4_000, 30_000, 10_000);
    }
}
