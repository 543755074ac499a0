//! The clock jumps ahead by more than anything is kept, and back.

use std::time::Duration;

use aios_core::{Clock as _, Fault};
use serde_json::Value;

use super::Scenario;
use crate::cli::chaos::seen::{Ask, are_answered, told};
use crate::cli::chaos::trial::Trial;
use crate::clock::SystemClock;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "clock-jump",
    about: "the clock is 200 days ahead for a while, then an hour behind; nothing is lost, removed or done twice",
    alert: None,
    on_running: false,
    run: |trial| Box::pin(run(trial)),
};

/// Longer than anything is kept.
const AHEAD_S: i64 = 200 * 24 * 60 * 60;
const BEHIND_S: i64 = -60 * 60;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const HALF_AN_HOUR: Duration = Duration::from_secs(30 * 60);

async fn run(trial: &mut Trial) -> anyhow::Result<()> {
    // The clock that is remembered is the right one.
    trial.subject.rotate().await?;
    for (name, kept, seconds, stopped_by) in [
        ("ahead", "nothing is removed by it", AHEAD_S, Some("clock_jumped")),
        ("behind", "nor by one that is behind", BEHIND_S, None),
    ] {
        trial.order(Fault::ClockJump { seconds }).await?;
        let all = trial.ask_all(5, Ask::Whole).await?;
        trial.check(name, are_answered(&all), told(&all));
        let wrong = wrong(&trial.subject.rotate().await?, stopped_by);
        let detail = wrong.clone().unwrap_or_else(|| match stopped_by {
            Some(why) => format!("stopped: {why}"),
            None => "an hour is no jump, and nothing is due".to_owned(),
        });
        trial.check(kept, wrong.is_none(), detail);
        trial.clear().await?;
    }
    let all = trial.ask_all(5, Ask::Whole).await?;
    trial.check("right again", are_answered(&all), told(&all));
    check_times(trial)
}

/// What is wrong with a rotation that must remove nothing and be stopped by this.
fn wrong(rotated: &Value, stopped_by: Option<&str>) -> Option<String> {
    let stopped = &rotated["stopped"]["why"];
    if stopped.as_str() != stopped_by {
        return Some(format!("stopped: {stopped}"));
    }
    for what in ["removed", "failed"] {
        let all = rotated[what].as_array();
        if all.is_none_or(|all| !all.is_empty()) {
            return Some(format!("{what}: {}", rotated[what]));
        }
    }
    let gone = ["n_put_aside", "n_forgotten", "n_audit_days"];
    let gone = gone.into_iter().find(|what| rotated[*what] != 0)?;
    Some(format!("{gone}: {}", rotated[gone]))
}

/// The clock did jump: events have its times.
fn check_times(trial: &mut Trial) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let events = trial.subject.events()?;
    let n_ahead = events.iter().filter(|event| event.at.since(now) > DAY).count();
    let n_behind = events.iter().filter(|event| now.since(event.at) > HALF_AN_HOUR).count();
    let detail = format!("{n_ahead} events from days ahead, {n_behind} from an hour ago");
    trial.check("the clock jumped", n_ahead >= 5 && n_behind >= 5, detail);
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rotation_by_a_wrong_clock_removes_nothing() {
        let rotated = |change: fn(&mut Value)| {
            let mut rotated = json!({
                "n_sealed": 1, "removed": [], "failed": [], "stopped": null,
                "n_put_aside": 0, "n_forgotten": 0, "n_audit_days": 0,
            });
            change(&mut rotated);
            rotated
        };
        let stopped = rotated(|it| it["stopped"] = json!({ "why": "clock_jumped" }));
        assert_eq!(wrong(&stopped, Some("clock_jumped")), None);
        assert_eq!(wrong(&rotated(|_| ()), None), None);
        assert!(wrong(&stopped, None).is_some());
        assert!(wrong(&rotated(|_| ()), Some("clock_jumped")).is_some());
        let wrongs: [fn(&mut Value); 5] = [
            |it| it["removed"] = json!(["s1"]),
            |it| it["failed"] = json!(["no room"]),
            |it| it["removed"] = Value::Null,
            |it| it["n_audit_days"] = json!(1),
            |it| it["n_forgotten"] = json!(1),
        ];
        for change in wrongs {
            assert!(wrong(&rotated(change), None).is_some());
        }
    }
}
