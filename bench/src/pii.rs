//! The scanner for personal data: how well, how fast, and how it stands hostile text.

use std::hint::black_box;
use std::io::Write;
use std::ops::Range;
use std::time::{Duration, Instant};

use aios_privacy::corpus::{
    self, DEV_SEEDS, HOSTILE, LEAKED_MAX, OVER_REDACTED_MAX, PAGES_DEV, PAGES_TEST, Sample,
    TEST_SEEDS,
};
use aios_privacy::{PiiKind, Redactor};
use anyhow::Result;

/// Seed of the texts for speed.
const SPEED_SEED: u64 = 31;
const PROSE_BYTES: usize = 15_000_000;
const DENSE_BYTES: usize = 8_000_000;
const PROSE_MB_S_MIN: f64 = 60.0;
const DENSE_MB_S_MIN: f64 = 30.0;

/// Best of so many, since others use the machine too.
const REPEATS: usize = 5;

const HOSTILE_BYTES: usize = 100_000;
const HOSTILE_MAX: Duration = Duration::from_millis(20);
/// Ten times the text may cost so many times the time.
const HOSTILE_GROWTH_MAX: f64 = 15.0;

/// Measures everything and prints it; true where every bar is met.
pub(crate) fn run(quick: bool, out: &mut dyn Write) -> Result<bool> {
    let redactor = Redactor::default();
    writeln!(out, "lines:")?;
    let is_good = quality(&redactor, corpus::sample, TEST_SEEDS, out)?;
    writeln!(out, "\npages of another hand:")?;
    let is_good = quality(&redactor, corpus::page, PAGES_TEST, out)? & is_good;
    let share = if quick { 10 } else { 1 };
    let prose = corpus::prose(SPEED_SEED, PROSE_BYTES / share);
    let dense = corpus::dense(SPEED_SEED, DENSE_BYTES / share);
    writeln!(out)?;
    let is_fast = speed(&redactor, "prose", &prose, PROSE_MB_S_MIN, out)?
        & speed(&redactor, "dense", &dense, DENSE_MB_S_MIN, out)?;
    let is_steady = hostile(&redactor, out)?;
    let all_met = is_good && is_fast && is_steady;
    writeln!(out, "\n{}", if all_met { "every bar is met" } else { "a bar is missed" })?;
    Ok(all_met)
}

/// Prints what goes wrong on texts that may be looked at, to improve rules by.
pub(crate) fn print_errors(out: &mut dyn Write) -> Result<()> {
    let mut lines = Vec::new();
    let redactor = Redactor::default();
    let mut note = |what: &str, kind: PiiKind, sample: &Sample, span: Range<usize>| {
        let from = sample.text.floor_char_boundary(span.start.saturating_sub(40));
        let to = sample.text.ceil_char_boundary(span.end + 12);
        let (value, around) = (sample.text.get(span), sample.text.get(from..to));
        lines.push(format!("{what} {}: {value:?} in {around:?}", kind.name()));
    };
    corpus::measure(&redactor, corpus::sample, DEV_SEEDS, &mut note);
    corpus::measure(&redactor, corpus::page, PAGES_DEV, &mut note);
    lines.sort();
    Ok(lines.iter().try_for_each(|line| writeln!(out, "{line}"))?)
}

pub(crate) fn quality(
    redactor: &Redactor,
    make: fn(u64) -> Sample,
    seeds: Range<u64>,
    out: &mut dyn Write,
) -> Result<bool> {
    let quality = corpus::measure(redactor, make, seeds, |_, _, _, _| {});
    writeln!(out, "kind            n  recall   hard n  recall   precision")?;
    for (kind, tally) in &quality.tallies {
        let hard = match tally.n_hard {
            0 => "     -       -".to_owned(),
            n => format!("{n:>6}   {:.3}", tally.hard_recall()),
        };
        let (name, n, recall) = (kind.name(), tally.n_core, tally.recall());
        writeln!(out, "{name:<12}{n:>5}   {recall:.3}   {hard}       {:.3}", tally.precision())?;
    }
    let (leaked, over) = (100.0 * quality.leaked(), 100.0 * quality.over_redacted());
    writeln!(
        out,
        "leaked bytes {leaked:.2} % (bar {:.1}), over-redacted {over:.3} % (bar {:.1})",
        100.0 * LEAKED_MAX,
        100.0 * OVER_REDACTED_MAX
    )?;
    let missed = quality.missed_bars();
    missed.iter().try_for_each(|bar| writeln!(out, "MISSED: {bar}"))?;
    Ok(missed.is_empty())
}

fn speed(
    redactor: &Redactor,
    name: &str,
    text: &str,
    min: f64,
    out: &mut dyn Write,
) -> Result<bool> {
    let mb = text.len() as f64 / 1e6;
    let scan = mb / best(|| redactor.scan(black_box(text)).len()).as_secs_f64();
    let redact = mb / best(|| redactor.redact(black_box(text)).text.as_str().len()).as_secs_f64();
    let is_met = scan >= min && redact >= min;
    let verdict = if is_met { "" } else { "  MISSED" };
    writeln!(out, "{name}: scan {scan:.0} MB/s, redact {redact:.0} MB/s (bar {min:.0}){verdict}")?;
    Ok(is_met)
}

fn hostile(redactor: &Redactor, out: &mut dyn Write) -> Result<bool> {
    let mut worst = (Duration::ZERO, "");
    let mut steepest = (0.0, "");
    for unit in HOSTILE {
        let time = |bytes: usize| {
            let text = unit.repeat(bytes / unit.len());
            best(|| redactor.scan(black_box(&text)).len())
        };
        let (short, long) = (time(HOSTILE_BYTES), time(10 * HOSTILE_BYTES));
        let growth = long.as_secs_f64() / short.as_secs_f64();
        if short > worst.0 {
            worst = (short, *unit);
        }
        if growth > steepest.0 {
            steepest = (growth, *unit);
        }
    }
    let is_met = worst.0 <= HOSTILE_MAX && steepest.0 <= HOSTILE_GROWTH_MAX;
    let verdict = if is_met { "" } else { "  MISSED" };
    writeln!(
        out,
        "hostile: {} lines of 100 KB, slowest {:.1} ms of {:?} (bar 20); 1 MB at most {:.1} times that, {:?} (bar 15){verdict}",
        HOSTILE.len(),
        worst.0.as_secs_f64() * 1e3,
        worst.1,
        steepest.0,
        steepest.1
    )?;
    Ok(is_met)
}

/// The least time that the work took on this thread's processor.
fn best(work: impl Fn() -> usize) -> Duration {
    let times = (0..REPEATS).map(|_| {
        let (wall, cpu) = (Instant::now(), on_cpu());
        black_box(work());
        match (cpu, on_cpu()) {
            (Some(before), Some(after)) if after > before => after - before,
            _ => wall.elapsed(),
        }
    });
    times.min().unwrap_or_default()
}

/// How long this thread has been on a processor, to the nanosecond.
#[cfg(unix)]
fn on_cpu() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.try_into().ok()
}

/// Windows counts it in sixtieths of a second, too coarse for a line of text.
#[cfg(not(unix))]
const fn on_cpu() -> Option<Duration> {
    None
}
