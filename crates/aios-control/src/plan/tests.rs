use aios_core::{Percent, Timestamp};
use proptest::prelude::*;

use super::*;

/// Runs a canary through letters and returns it with everything that was recorded.
///
/// `+` met, `-` breached, `!` breached beyond doubt, `.` no data, `=` the last window checked again,
/// `g` met while the golden gate is closed, `h` hold, `r` resume, `0`-`9` reset to ten times as much.
fn run(policy: &CanaryPolicy, letters: &str) -> (Canary, Vec<Record>, Vec<Decision>) {
    let (mut canary, mut records, mut decisions) = (Canary::default(), Vec::new(), Vec::new());
    let mut window = window(0);
    for letter in letters.chars() {
        if let Some(decision) = order(letter) {
            canary = canary.after(Record::Decision(decision));
            records.push(Record::Decision(decision));
            decisions.push(decision);
            continue;
        }
        if letter != '=' {
            window = after(window);
        }
        let check = check_of(letter, window);
        records.push(Record::Verdict(check.verdict, check.reason, check.window));
        let (next, decision) = plan(policy, canary, &check);
        canary = next;
        records.extend(decision.map(Record::Decision));
        decisions.extend(decision);
    }
    (canary, records, decisions)
}

fn order(letter: char) -> Option<Decision> {
    match letter {
        'h' => Some(Decision::Hold),
        'r' => Some(Decision::Resume),
        digit => {
            let tens = digit.to_digit(10)?;
            Some(Decision::Reset { to: Percent::new(f64::from(tens) * 10.0).unwrap() })
        }
    }
}

fn check_of(letter: char, window: EvidenceWindow) -> Check {
    let (verdict, reason) = match letter {
        '-' | 'b' => (Verdict::Breached, VerdictReason::Harm),
        '!' => (Verdict::Breached, VerdictReason::CriticalHarm),
        '.' => (Verdict::NoData, VerdictReason::Inconclusive),
        _ => (Verdict::Met, VerdictReason::WithinMargins),
    };
    let golden = if letter == 'g' { GoldenGate::Stale } else { GoldenGate::FreshPass };
    Check { verdict, reason, window, golden, frozen: matches!(letter, 'f' | 'b') }
}

fn window(since: i64) -> EvidenceWindow {
    let at = Timestamp::from_micros;
    EvidenceWindow { since: at(since), until: at(since + 1) }
}

fn after(before: EvidenceWindow) -> EvidenceWindow {
    window(before.until.as_micros())
}

fn check(letters: &str, expect: &str) {
    check_with(&CanaryPolicy::default(), letters, expect);
}

fn check_with(policy: &CanaryPolicy, letters: &str, expect: &str) {
    let (_, _, decisions) = run(policy, letters);
    let told: Vec<String> = decisions.iter().map(ToString::to_string).collect();
    assert_eq!(told.join(", "), expect, "{letters}");
}

#[test]
fn three_in_a_row_advance() {
    check("++", "");
    check("+++", "advance 25");
    check("++-+++", "advance 25");
    check("++-++", "");
    check("+++ +++".replace(' ', "").as_str(), "advance 25, advance 50");
    check(&"+".repeat(12), "advance 25, advance 50, advance 75, advance 100");
    check(&"+".repeat(40), "advance 25, advance 50, advance 75, advance 100");
}

#[test]
fn two_in_a_row_roll_back_to_the_first_stage() {
    check("+++-", "advance 25");
    check("+++-+-", "advance 25");
    check("+++--", "advance 25, roll back 10");
    check("++++++--", "advance 25, advance 50, roll back 10");
    check("--", "roll back 10");
    let to_the_end = "+".repeat(12) + "--";
    check(&to_the_end, "advance 25, advance 50, advance 75, advance 100, roll back 10");
}

#[test]
fn the_stages_are_those_of_the_policy() {
    let stages = Stages::new(&[1.0, 20.0, 100.0]).unwrap();
    let policy = CanaryPolicy { stages, ..CanaryPolicy::default() };
    let decided = |letters: &str| {
        let mut canary = Canary::at(stages.first());
        let mut told = Vec::new();
        for (n, letter) in (0_i64..).zip(letters.chars()) {
            let (next, decision) = plan(&policy, canary, &check_of(letter, window(n)));
            canary = next;
            told.extend(decision.map(|decision| decision.to_string()));
        }
        told.join(", ")
    };
    assert_eq!(decided("++++++"), "advance 20, advance 100");
    assert_eq!(decided("+++--"), "advance 20, roll back 1");
}

#[test]
fn harm_beyond_doubt_needs_no_second_verdict() {
    check("+++!", "advance 25, roll back 10");
}

#[test]
fn what_was_rolled_back_waits_for_a_reset() {
    check("--+++++", "roll back 10");
    check("------", "roll back 10");
    check("--+1+++", "roll back 10, reset 10, advance 25");
    let retry = CanaryPolicy { retry: true, ..CanaryPolicy::default() };
    check_with(&retry, "--+++", "roll back 10, advance 25");
}

#[test]
fn silence_holds() {
    check("......", "");
    check("+.+.+", "advance 25");
    check("+++-.-", "advance 25, roll back 10");
}

#[test]
fn evidence_counts_once() {
    check("+======", "");
    check("++=+", "advance 25");
    check("-===", "");
}

#[test]
fn without_the_golden_gate_nothing_advances() {
    check("ggggg", "");
    check("ggg+", "advance 25");
    check("ggg--", "roll back 10");
    let open = CanaryPolicy { golden_gate: false, ..CanaryPolicy::default() };
    check_with(&open, "ggg", "advance 25");
}

#[test]
fn a_hold_stops_advancing_and_not_rolling_back() {
    check("h+++", "hold");
    check("h+++r+", "hold, resume, advance 25");
    check("+++h--", "advance 25, hold, roll back 10");
}

#[test]
fn a_freeze_stops_advancing_and_not_rolling_back() {
    check("ffff", "");
    check("fff+", "advance 25");
    check("+++bb", "advance 25, roll back 10");
}

#[test]
fn a_reset_begins_anew_anywhere() {
    check("++5+", "reset 50");
    check("3+++", "reset 30, advance 50");
    check("0+++++++", "reset 0");
    check("0-----", "reset 0");
    check("h1+++", "hold, reset 10, advance 25");
    check("++1=", "reset 10");
}

#[test]
fn below_the_first_stage_a_roll_back_stays_below() {
    let five = Percent::new(5.0).unwrap();
    let canary = Canary::at(five);
    let (canary, _) = plan(&CanaryPolicy::default(), canary, &check_of('!', window(1)));
    assert_eq!((canary.treatment_pct, canary.phase), (five, Phase::RolledBack));
}

proptest! {
    #[test]
    fn the_records_are_the_state(letters in "[-+!.=fbghr0-9]{0,60}") {
        let (canary, records, _) = run(&CanaryPolicy::default(), &letters);
        prop_assert_eq!(Canary::fold(records), canary);
    }

    #[test]
    fn the_share_stays_a_share_and_only_a_reset_skips_stages(letters in "[-+!.=fbghr0-9]{0,60}") {
        let (_, _, decisions) = run(&CanaryPolicy::default(), &letters);
        for decision in decisions {
            match decision {
                Decision::Advance { from, to } => {
                    prop_assert_eq!(Stages::default().after(from), Some(to));
                    prop_assert!((0.0..=100.0).contains(&to.get()));
                }
                Decision::RollBack { from, to } => {
                    prop_assert!(to.get() <= from.get() && to <= Stages::default().first());
                }
                Decision::Reset { .. } | Decision::Hold | Decision::Resume
                | Decision::MoveBoundary { .. } => {}
            }
        }
    }

    /// Whatever came before, the three counted verdicts before an advance were met.
    #[test]
    fn nothing_advances_without_three_met(letters in "[-+!.=fbghr0-9]{0,60}") {
        let (_, records, _) = run(&CanaryPolicy::default(), &letters);
        let (mut met, mut counted) = (0, None);
        for record in records {
            match record {
                Record::Verdict(verdict, _, window) if window.is_new_after(counted.as_ref()) => {
                    counted = Some(window);
                    match verdict {
                        Verdict::Met => met += 1,
                        Verdict::Breached => met = 0,
                        Verdict::NoData => {}
                    }
                }
                Record::Verdict(..) => {}
                Record::Decision(Decision::Advance { .. }) => {
                    prop_assert!(met >= 3, "{}", met);
                    met = 0;
                }
                Record::Decision(Decision::Reset { .. }) => (met, counted) = (0, None),
                Record::Decision(Decision::RollBack { .. }) => met = 0,
                Record::Decision(_) => {}
            }
        }
    }
}
