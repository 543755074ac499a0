//! When something is said of answers.

use super::*;

/// Traffic of whose answers somebody has said how good they were, or not yet.
struct Scored<'a> {
    rows: &'a Traffic,
    is_said: bool,
}

impl RowSource for Scored<'_> {
    fn each(&self, times: Range<Timestamp>, take: &mut dyn FnMut(Row)) -> Result<(), StoreError> {
        let quality = self.is_said.then_some(1.0);
        self.rows.each(times, &mut |row| take(Row { quality, ..row }))
    }

    fn n_unread(&self, times: Range<Timestamp>) -> Result<u64, StoreError> {
        self.rows.n_unread(times)
    }
}

/// A window is read once, when it is judged. What is said of its answers afterwards is neither heard by the judge nor by
/// the boundary, while a later window's is.
#[test]
fn what_is_said_after_a_window_was_judged_is_not_heard() {
    let heard = |in_time: bool| {
        let (rig, gate) = (Rig::new(), open_gate());
        let rows = Traffic { quality: Some(1.0), ..Traffic::steady(1_000_000_007) };
        let mut n_scored = 0;
        for (turn, is_said) in [(1, in_time), (2, true)] {
            let now = START.plus(TURN * turn + SETTLE + Duration::from_micros(1_234));
            let scored = Scored { rows: &rows, is_said };
            let checked = rig.keeper.check(&rig.look(&scored, &gate, now)).unwrap();
            let quality = checked.metrics.iter().find(|it| it.metric == "quality").unwrap();
            n_scored = quality.n_treatment;
        }
        (n_scored, rig.keeper.standing().rollout.steps.len())
    };
    let ((in_time, n_steps), (late, n_steps_late)) = (heard(true), heard(false));
    assert!(late > 100 && in_time > late * 3 / 2, "{in_time} {late}");
    assert_eq!((n_steps, n_steps_late), (2, 1));
}
