//! What the writer does next: a pure function of what waits and the time.

use std::time::{Duration, Instant};

use super::wait::Waiter;
use crate::SyncPolicy;

/// What there is to decide upon.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    pub(super) n_waiting: usize,
    /// When the gathering of what waits is over.
    pub(super) gathered_at: Instant,
    pub(super) hurry: bool,
    pub(super) sync_at: Option<Instant>,
    /// When to look what others have done to the file.
    pub(super) look_at: Option<Instant>,
    pub(super) closing: Option<Instant>,
    /// No slot is out and no event waits.
    pub(super) all_vacated: bool,
    /// Somebody waits for what was appended up to here.
    pub(super) is_asked: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Take,
    Sync,
    Look,
    /// Takes what waits, too.
    Answer,
    End,
    Wait(Option<Instant>),
}

/// What the writer brings with it when it asks for work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// When it last took a batch: what waits now came after that.
    pub(crate) taken_at: Instant,
    /// When the file has to be forced to disk at the latest.
    pub(crate) sync_at: Option<Instant>,
    /// When it looks at the latest what others have done to the file.
    pub(crate) look_at: Option<Instant>,
}

/// What the writer is to do next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Write the batch; no event in it came before `arrived`.
    Write { arrived: Instant },
    /// Force the file to disk.
    Sync,
    /// Look what others have done to the file.
    Look,
    /// Write the batch, then do what was asked and say so.
    Answer { waiters: Vec<Waiter>, arrived: Instant },
    /// Nothing more comes.
    End,
}

/// How long events may be gathered before they are given to the operating system: what the death of
/// the process may cost. A quarter of a short interval, so that the sync itself has time.
pub(super) fn gather(sync: SyncPolicy) -> Duration {
    const GATHER_MAX: Duration = Duration::from_millis(25);
    match sync {
        SyncPolicy::Always => Duration::ZERO,
        SyncPolicy::Interval(interval) => GATHER_MAX.min(interval / 4),
        SyncPolicy::Never => GATHER_MAX,
    }
}

/// What the writer does at `now`.
pub(super) fn decide(view: &View, now: Instant) -> Step {
    if view.is_asked {
        return Step::Answer;
    }
    if view.n_waiting > 0 {
        // A sync that is due takes along what waits.
        let until = view.sync_at.map_or(view.gathered_at, |at| at.min(view.gathered_at));
        let at_once = view.hurry || view.closing.is_some();
        return if at_once || now >= until { Step::Take } else { Step::Wait(Some(until)) };
    }
    if let Some(give_up) = view.closing {
        let over = view.all_vacated || now >= give_up;
        return if over { Step::End } else { Step::Wait(Some(give_up)) };
    }
    match (view.sync_at, view.look_at) {
        (Some(at), _) if now >= at => Step::Sync,
        (_, Some(at)) if now >= at => Step::Look,
        (sync_at, look_at) => Step::Wait(sync_at.into_iter().chain(look_at).min()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Decides at `now_ms` on a view whose times are milliseconds from the same start.
    fn check(
        now_ms: u32,
        change: impl FnOnce(&mut View, Instant),
        expect: impl FnOnce(Instant) -> Step,
    ) {
        let start = Instant::now();
        let mut view = View {
            n_waiting: 1,
            gathered_at: start + 25 * MS,
            hurry: false,
            sync_at: None,
            look_at: None,
            closing: None,
            all_vacated: false,
            is_asked: false,
        };
        change(&mut view, start);
        assert_eq!(decide(&view, start + now_ms * MS), expect(start), "{view:?}");
    }

    #[test]
    fn events_are_gathered_then_taken() {
        check(0, |_, _| {}, |start| Step::Wait(Some(start + 25 * MS)));
        check(25, |_, _| {}, |_| Step::Take);
        check(0, |view, _| view.hurry = true, |_| Step::Take);
        check(0, |view, start| view.closing = Some(start + 9 * MS), |_| Step::Take);
    }

    #[test]
    fn a_sync_that_is_due_takes_along_what_waits() {
        check(
            4,
            |view, start| view.sync_at = Some(start + 5 * MS),
            |start| Step::Wait(Some(start + 5 * MS)),
        );
        check(5, |view, start| view.sync_at = Some(start + 5 * MS), |_| Step::Take);
    }

    #[test]
    fn an_idle_writer_sleeps_until_it_is_needed() {
        let idle = |view: &mut View| view.n_waiting = 0;
        check(99, |view, _| idle(view), |_| Step::Wait(None));
        let dirty =
            |view: &mut View, start| (view.n_waiting, view.sync_at) = (0, Some(start + 75 * MS));
        check(74, dirty, |start| Step::Wait(Some(start + 75 * MS)));
        check(75, dirty, |_| Step::Sync);
    }

    #[test]
    fn a_writer_that_has_nothing_to_write_looks_at_its_file_now_and_then() {
        let looks = |view: &mut View, start: Instant| {
            (view.n_waiting, view.look_at) = (0, Some(start + 50 * MS));
        };
        check(49, looks, |start| Step::Wait(Some(start + 50 * MS)));
        check(50, looks, |_| Step::Look);
        let dirty = |view: &mut View, start: Instant| {
            looks(view, start);
            view.sync_at = Some(start + 40 * MS);
        };
        check(39, dirty, |start| Step::Wait(Some(start + 40 * MS)));
        check(50, dirty, |_| Step::Sync);
        // What waits is written, which is a look, too.
        check(50, |view, start| view.look_at = Some(start), |_| Step::Take);
    }

    #[test]
    fn closing_waits_for_the_slots_that_are_out_until_it_gives_up() {
        let closing =
            |view: &mut View, start| (view.n_waiting, view.closing) = (0, Some(start + 9 * MS));
        check(8, closing, |start| Step::Wait(Some(start + 9 * MS)));
        check(9, closing, |_| Step::End);
        let vacated = |view: &mut View, start| {
            closing(view, start);
            view.all_vacated = true;
        };
        check(0, vacated, |_| Step::End);
    }

    #[test]
    fn sealing_waits_for_nothing() {
        check(0, |view, _| view.is_asked = true, |_| Step::Answer);
        check(0, |view, _| (view.n_waiting, view.is_asked) = (0, true), |_| Step::Answer);
    }

    #[test]
    fn gathering_leaves_time_for_the_sync() {
        assert_eq!(gather(SyncPolicy::Always), Duration::ZERO);
        assert_eq!(gather(SyncPolicy::Never), 25 * MS);
        assert_eq!(gather(SyncPolicy::Interval(100 * MS)), 25 * MS);
        assert_eq!(gather(SyncPolicy::Interval(40 * MS)), 10 * MS);
    }
}
