//! Whether a soak was good enough.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use aios_core::Verdict;
use anyhow::{Context, Result};
use serde::Serialize;

use super::acts::Acted;
use super::asks::Told;
use super::log::Found;
use super::trend::{median, rise, rise_in_the_end, span};
use super::vitals::Vitals;
use super::{Plan, warm_up};
use crate::print_line;

/// What memory may rise by in ten minutes, and for each ten of a longer time.
const RSS_RISE_MAX_MIB: f64 = 1.0;
const RSS_RISE_PER: Duration = Duration::from_secs(600);

/// What memory may be above in the end: what an erasure takes while it reads the whole log, and more if most of the last
/// tenth is erasures'.
const RSS_END_MAX_MIB: f64 = 16.0;

/// What counts may rise by, and be above in the end: what is under way is now a little more and now a little less.
const HANDLES_RISE_MAX: f64 = 10.0;
const THREADS_RISE_MAX: f64 = 4.0;
const TASKS_RISE_MAX: f64 = 10.0;

/// So long the server keeps a connection to a model that nobody needs.
const KEPT_FOR: Duration = Duration::from_secs(60);

/// Fewer looks after the warm-up show no growth.
const LOOKS_MIN: usize = 20;

/// What was seen of the server.
pub(super) struct Seen {
    /// How long it went on.
    pub(super) lasted: Duration,
    pub(super) looks: Vec<Vitals>,
    /// Why it could be looked at no more, if it could not.
    pub(super) ended: Option<String>,
    pub(super) acted: Acted,
    /// What its log has.
    pub(super) found: Result<Found>,
    /// What `aios logs verify` says of it.
    pub(super) faults: Result<BTreeMap<String, u64>>,
}

/// Figures of a soak.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    rate: f64,
    seconds: f64,
    n_sent: u64,
    n_left: usize,
    n_events: usize,
    n_acknowledged: usize,
    n_reloads: u64,
    n_erasures: u64,
    n_rotations: u64,
    n_feedback: u64,
    n_views: u64,
    n_masked: usize,
    n_looks_warm: usize,
    rss_mib_median: f64,
    bars: Vec<Bar>,
    verdict: Verdict,
    looks: Vec<Vitals>,
}

/// One thing that is asked.
#[derive(Debug, Serialize)]
struct Bar {
    name: &'static str,
    value: f64,
    at_most: f64,
    met: bool,
    why: String,
}

pub(super) fn figures(plan: &Plan, seen: Seen, told: &Told) -> Figures {
    let Seen { lasted, looks, ended, acted, found, faults } = seen;
    let sheet = told.sheet();
    let from = warm_up(plan.lasts);
    let warm: Vec<_> = looks.iter().filter(|look| look.at >= from).collect();
    let mut bars = grown(from, &looks);
    // The configuration at the start was the first. A server that does not say where it is has failed by that.
    let reloads_missed = match acted.generation {
        0 => 0,
        generation => (acted.n_reloads + 1).saturating_sub(generation),
    };
    let unread = found.as_ref().err().or(faults.as_ref().err()).map(|error| format!("{error:#}"));
    let (found, faults) = (found.unwrap_or_default(), faults.unwrap_or_default());
    let lost_left = match found.n_lost_left {
        0 => String::new(),
        n => format!("{n} of clients that left; a machine that is too busy sends them too late"),
    };
    bars.extend([
        why("server that did not last", ended),
        why("log that cannot be read", unread),
        bar("lost events", found.n_lost as f64, 0.0, lost_left),
        none("doubled events", found.n_doubled),
        none("events of who was erased", found.n_returned),
        none("lines with an address", found.n_unmasked),
        none("bad lines", found.n_bad),
        all_of("faults of the log", &faults),
        all_of("failed requests", &sheet.failed),
        none("unsent requests", sheet.n_unsent as usize),
        all_of("acts that failed", &acted.failed),
        none("reloads that were missed", reloads_missed as usize),
    ]);
    // Without them nothing of the above says anything.
    let done = [
        ("erasures", acted.n_erasures),
        ("rotations", acted.n_rotations),
        ("feedback", acted.n_feedback),
        ("reloads", acted.n_reloads),
        ("views", acted.n_views),
        ("clients that left", sheet.left.len() as u64),
        ("events", found.n_events as u64),
        ("masked addresses", found.n_masked as u64),
    ];
    let nothing: Vec<_> = done.iter().filter(|(_, n)| *n == 0).map(|(name, _)| *name).collect();
    bars.push(bar("acts that were never done", nothing.len() as f64, 0.0, nothing.join(", ")));
    Figures {
        rate: plan.rate,
        seconds: lasted.as_secs_f64(),
        n_sent: sheet.n_sent,
        n_left: sheet.left.len(),
        n_events: found.n_events,
        n_acknowledged: sheet.events.len(),
        n_reloads: acted.n_reloads,
        n_erasures: acted.n_erasures,
        n_rotations: acted.n_rotations,
        n_feedback: acted.n_feedback,
        n_views: acted.n_views,
        n_masked: found.n_masked,
        n_looks_warm: warm.len(),
        rss_mib_median: median(&mut looks.iter().map(|look| look.rss_mib).collect::<Vec<_>>()),
        verdict: verdict(&bars, warm.len()),
        bars,
        looks,
    }
}

/// A bar that is missed is missed; that all are met says nothing where there was hardly a look.
fn verdict(bars: &[Bar], n_looks: usize) -> Verdict {
    match bars.iter().all(|bar| bar.met) {
        false => Verdict::Breached,
        true if n_looks < LOOKS_MIN => Verdict::NoData,
        true => Verdict::Met,
    }
}

/// What may not grow after everything is warm.
fn grown(from: Duration, looks: &[Vitals]) -> Vec<Bar> {
    type Of<'a> = &'a dyn Fn(&Vitals) -> f64;
    let points = |of: Of<'_>| -> Vec<(f64, f64)> {
        let warm = looks.iter().filter(|look| look.at >= from);
        warm.map(|look| (look.at.as_secs_f64(), of(look))).collect()
    };
    // Each request needs one at a time at most, and what the busiest moment has needed is kept.
    let surplus = |look: &Vitals| look.n_models - busiest(looks, look.at);
    let ten_minutes = span(&points(&|look| look.rss_mib)) / RSS_RISE_PER.as_secs_f64();
    let rss_rise_max = RSS_RISE_MAX_MIB * ten_minutes.max(1.0);
    let all: [(_, _, Of<'_>, f64, f64); 7] = [
        (
            "memory, MiB: rise",
            "memory, MiB: in the end",
            &|look| look.rss_mib,
            rss_rise_max,
            RSS_END_MAX_MIB,
        ),
        (
            "files: rise",
            "files: in the end",
            &|look| look.n_files,
            HANDLES_RISE_MAX,
            HANDLES_RISE_MAX,
        ),
        (
            "sockets: rise",
            "sockets: in the end",
            &|look| look.n_sockets,
            HANDLES_RISE_MAX,
            HANDLES_RISE_MAX,
        ),
        (
            "surplus to models: rise",
            "surplus to models: in the end",
            &surplus,
            HANDLES_RISE_MAX,
            HANDLES_RISE_MAX,
        ),
        (
            "threads: rise",
            "threads: in the end",
            &|look| look.n_threads,
            THREADS_RISE_MAX,
            THREADS_RISE_MAX,
        ),
        ("tasks: rise", "tasks: in the end", &|look| look.n_tasks, TASKS_RISE_MAX, TASKS_RISE_MAX),
        (
            "tasks of control: rise",
            "tasks of control: in the end",
            &|look| look.n_control_tasks,
            TASKS_RISE_MAX,
            TASKS_RISE_MAX,
        ),
    ];
    let mut bars = Vec::new();
    for (rises, ends, of, rise_max, end_max) in all {
        let points = points(of);
        let value = |point: Option<&(f64, f64)>| point.map_or(0.0, |(_, value)| *value);
        let (first, last) = (value(points.first()), value(points.last()));
        let why = format!("{first:.1} after {} s, {last:.1} at the end", from.as_secs());
        bars.push(bar(rises, rise(&points), rise_max, why));
        let why = "the last tenth above the first".to_owned();
        bars.push(bar(ends, rise_in_the_end(&points), end_max, why));
    }
    bars
}

/// The most connections that clients had at once in the time for which the server keeps those to models.
fn busiest(looks: &[Vitals], at: Duration) -> f64 {
    let lately = looks.iter().filter(|look| look.at <= at && at - look.at <= KEPT_FOR);
    lately.map(|look| look.n_clients).fold(0.0, f64::max)
}

fn bar(name: &'static str, value: f64, at_most: f64, why: String) -> Bar {
    Bar { name, value, at_most, met: value <= at_most, why }
}

/// Of this there may be none.
fn none(name: &'static str, n: usize) -> Bar {
    bar(name, n as f64, 0.0, String::new())
}

/// Of these there may be none, whatever the cause.
fn all_of(name: &'static str, causes: &BTreeMap<String, u64>) -> Bar {
    let n: u64 = causes.values().sum();
    let causes: Vec<_> = causes.iter().map(|(why, n)| format!("{n} {why}")).collect();
    bar(name, n as f64, 0.0, causes.join(", "))
}

/// This may not be.
fn why(name: &'static str, is_so: Option<String>) -> Bar {
    bar(name, f64::from(u8::from(is_so.is_some())), 0.0, is_so.unwrap_or_default())
}

/// Where the report goes.
pub(super) struct Report(Option<File>);

impl Report {
    /// Made before anything is sent: one that cannot be written is told of then.
    pub(super) fn to(path: Option<&Path>) -> Result<Self> {
        let file = path.map(File::create).transpose();
        Ok(Self(file.context("the report cannot be written")?))
    }

    /// Writes and prints it.
    pub(super) fn write(self, figures: &Figures) -> Result<Verdict> {
        if let Some(mut file) = self.0 {
            let text = serde_json::to_string_pretty(figures)? + "\n";
            file.write_all(text.as_bytes()).context("the report cannot be written")?;
        }
        print(figures)?;
        Ok(figures.verdict)
    }
}

fn print(figures: &Figures) -> Result<()> {
    print_line(&format!(
        "{} sent, {} left; {} events acknowledged, {} in the log; {} reloads, {} erasures, {} rotations, {} words of feedback",
        figures.n_sent,
        figures.n_left,
        figures.n_acknowledged,
        figures.n_events,
        figures.n_reloads,
        figures.n_erasures,
        figures.n_rotations,
        figures.n_feedback,
    ))?;
    for Bar { name, value, at_most, met, why } in &figures.bars {
        let word = if *met { "PASS" } else { "FAIL" };
        print_line(&format!("{word}  {name:<30} {value:>8.2} (at most {at_most:.2}) {why}"))?;
    }
    if figures.verdict == Verdict::NoData {
        let n = figures.n_looks_warm;
        print_line(&format!("{n} looks after the warm-up, and {LOOKS_MIN} are needed"))?;
    }
    print_line(figures.verdict.word())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(lasts: Duration) -> Plan {
        let here = ([127, 0, 0, 1], 1).into();
        let (rate, pid, json) = (500.0, 1, None);
        Plan { to: here, admin: here, dir: "d".into(), config: "c".into(), pid, rate, lasts, json }
    }

    /// Looks at a server that is so after so many minutes.
    fn looks(minutes: u64, change: impl Fn(&mut Vitals, f64)) -> Vec<Vitals> {
        let look = |n: u64| {
            let at = Duration::from_secs(n * 5);
            let mut vitals = Vitals {
                at,
                rss_mib: 40.0,
                n_files: 30.0,
                n_sockets: 5.0,
                n_clients: 60.0,
                n_models: 65.0,
                n_threads: 5.0,
                n_tasks: 80.0,
                n_control_tasks: 12.0,
            };
            change(&mut vitals, at.as_secs_f64() / 60.0);
            vitals
        };
        (0..minutes * 12).map(look).collect()
    }

    /// Which bars of growth it misses.
    fn missed(minutes: u64, change: impl Fn(&mut Vitals, f64)) -> Vec<&'static str> {
        let (from, looks) = (warm_up(Duration::from_secs(minutes * 60)), looks(minutes, change));
        grown(from, &looks).iter().filter(|bar| !bar.met).map(|bar| bar.name).collect()
    }

    /// Whether memory passes that is so large after so many minutes.
    fn check(minutes: u64, rss_mib: impl Fn(f64) -> f64, expect: bool) {
        let missed = missed(minutes, |look, minute| look.rss_mib = rss_mib(minute));
        assert_eq!(missed.is_empty(), expect, "{missed:?}");
    }

    #[test]
    fn memory_may_warm_up_and_then_stays() {
        check(30, |_| 40.0, true);
        check(30, |minute| 40.0 + minute.min(4.0) * 10.0, true);
        // A mebibyte in ten minutes, and a little more than that.
        check(30, |minute| 40.0 + minute * 0.095, true);
        check(30, |minute| 40.0 + minute * 0.12, false);
        // In a short time all of it is the allocator's unrest, unless it is much.
        check(3, |minute| 40.0 + minute * 0.3, true);
        check(3, |minute| 40.0 + minute, false);
    }

    #[test]
    fn what_begins_to_grow_late_is_seen() {
        let late = |minute: f64| (minute - 23.0).max(0.0);
        let missed_late =
            |change: fn(&mut Vitals, f64)| missed(30, |look, minute| change(look, late(minute)));
        assert_eq!(
            missed_late(|look, late| look.rss_mib += 20.0 * late),
            ["memory, MiB: in the end"]
        );
        assert_eq!(missed_late(|look, late| look.n_files += 3.0 * late), ["files: in the end"]);
        assert_eq!(missed_late(|look, late| look.n_sockets += 3.0 * late), ["sockets: in the end"]);
        let surplus = missed_late(|look, late| look.n_models += 3.0 * late);
        assert_eq!(surplus, ["surplus to models: in the end"]);
        assert_eq!(missed_late(|look, late| look.n_threads += late), ["threads: in the end"]);
        assert_eq!(missed_late(|look, late| look.n_tasks += 3.0 * late), ["tasks: in the end"]);
        let control = missed_late(|look, late| look.n_control_tasks += 3.0 * late);
        assert_eq!(control, ["tasks of control: in the end"]);
        assert_eq!(missed_late(|look, late| look.n_tasks += late), [""; 0]);
        // An erasure a minute, each of which takes twenty seconds and a third more memory.
        let spikes = |minute: f64| if minute.fract() > 0.66 { 54.0 } else { 40.0 };
        check(30, spikes, true);
    }

    #[test]
    fn what_the_load_has_open_is_neither_growth_nor_hides_it() {
        // Clients have more and more open, or all at once for the last five minutes, and the models with them.
        let busy: [fn(f64) -> f64; 2] =
            [|minute| minute * 20.0, |minute| if minute > 25.0 { 300.0 } else { 0.0 }];
        for busy in busy {
            let look = |look: &mut Vitals, minute| {
                look.n_clients += busy(minute);
                look.n_models += busy(minute);
            };
            assert_eq!(missed(30, look), [""; 0]);
            // Half a file, socket or connection a minute is seen beneath it, which a sum would not show.
            let leaks: [(fn(&mut Vitals, f64), _); 3] = [
                (|look, n| look.n_files += n, "files: rise"),
                (|look, n| look.n_sockets += n, "sockets: rise"),
                (|look, n| look.n_models += n, "surplus to models: rise"),
            ];
            for (leak, expect) in leaks {
                let missed = missed(30, |it, minute| {
                    look(it, minute);
                    leak(it, minute / 2.0);
                });
                assert_eq!(missed.first(), Some(&expect), "{missed:?}");
            }
        }
    }

    #[test]
    fn what_a_busy_moment_has_needed_is_kept_for_a_minute() {
        let look = |seconds_busy: f64| {
            move |look: &mut Vitals, minute: f64| {
                let since = minute * 60.0 - 135.0;
                look.n_clients += if (0.0..seconds_busy).contains(&since) { 50.0 } else { 0.0 };
                look.n_models += if since >= 0.0 { 50.0 } else { 0.0 };
            }
        };
        assert_eq!(missed(3, look(5.0)), [""; 0]);
        assert_eq!(missed(3, look(0.0)), ["surplus to models: in the end"]);
    }

    /// What was found after so many minutes, of which all is well but for what `change` says.
    fn judged(minutes: u64, change: impl Fn(&mut Seen)) -> Figures {
        let told = Told::default();
        told.sheet().left.push(1);
        let [n_reloads, n_erasures, n_rotations, n_feedback, n_views] = [1; 5];
        let (generation, failed) = (2, BTreeMap::new());
        let acted =
            Acted { n_reloads, n_erasures, n_rotations, n_feedback, n_views, generation, failed };
        let found = Found { n_events: 1, n_masked: 1, ..Found::default() };
        let (looks, ended) = (looks(minutes, |_, _| {}), None);
        let (found, faults) = (Ok(found), Ok(BTreeMap::new()));
        let mut seen =
            Seen { lasted: Duration::from_secs(minutes * 60), looks, ended, acted, found, faults };
        change(&mut seen);
        figures(&plan(Duration::from_secs(minutes * 60)), seen, &told)
    }

    fn check_verdict(figures: &Figures, expect: Verdict, missed: &[(&str, &str)]) {
        let bars = figures.bars.iter().filter(|bar| !bar.met);
        let bars: Vec<_> = bars.map(|bar| (bar.name, bar.why.as_str())).collect();
        assert_eq!((figures.verdict, bars.as_slice()), (expect, missed));
    }

    #[test]
    fn few_looks_prove_nothing_and_what_fails_is_told_as_it_was_said() {
        check_verdict(&judged(3, |_| {}), Verdict::Met, &[]);
        // A minute and a half after the warm-up.
        check_verdict(&judged(2, |_| {}), Verdict::NoData, &[]);
        let ended = judged(2, |seen| seen.ended = Some("it has ended".to_owned()));
        check_verdict(&ended, Verdict::Breached, &[("server that did not last", "it has ended")]);
        let failed = judged(3, |seen| {
            seen.acted.failed.insert("erasure: status 500".to_owned(), 2);
        });
        let what = ("acts that failed", "2 erasure: status 500");
        check_verdict(&failed, Verdict::Breached, &[what]);
        let missed = judged(3, |seen| seen.acted.generation = 1);
        check_verdict(&missed, Verdict::Breached, &[("reloads that were missed", "")]);
        check_verdict(&judged(3, |seen| seen.acted.generation = 0), Verdict::Met, &[]);
        let unread = judged(3, |seen| seen.found = Err(anyhow::anyhow!("no such place")));
        let nothing = ("acts that were never done", "events, masked addresses");
        let what = ("log that cannot be read", "no such place");
        check_verdict(&unread, Verdict::Breached, &[what, nothing]);
        let given_away = judged(3, |seen| {
            seen.found = Ok(Found { n_events: 1, n_masked: 1, n_unmasked: 1, ..Found::default() });
        });
        check_verdict(&given_away, Verdict::Breached, &[("lines with an address", "")]);
        let damaged = judged(3, |seen| {
            seen.faults = Ok(BTreeMap::from([("it has no footer".to_owned(), 2)]));
        });
        let what = ("faults of the log", "2 it has no footer");
        check_verdict(&damaged, Verdict::Breached, &[what]);
    }

    #[test]
    fn the_report_is_written_whatever_it_says() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("soak.json");
        let figures = judged(2, |seen| seen.ended = Some("it has ended".to_owned()));
        let verdict = Report::to(Some(&path)).unwrap().write(&figures).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let report: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((verdict, &report["verdict"]), (Verdict::Breached, &"breached".into()));
        assert_eq!(report["looks"][1]["at_s"], 5.0);
        assert!(Report::to(Some(&dir.path().join("none/soak.json"))).is_err());
    }
}
