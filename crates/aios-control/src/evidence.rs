//! The evidence of one rollout: counts of blocks, stage by stage.

use aios_core::{Bucket, Percent};
use serde::{Deserialize, Serialize};

use crate::blocks::{Block, Shape, Waiting};
use crate::cells::{Cells, Signs};
use crate::judge::{JudgePolicy, Question};
use crate::row::Row;
use crate::spoken::Spoken;

/// One conversation at one stage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// Its bucket.
    pub bucket: Bucket,
    /// Whether serving it failed.
    pub failed: bool,
    /// How long it took.
    pub latency_ms: f64,
    /// Whether the answer was not good enough, where somebody said how good it was.
    pub missed: Option<bool>,
}

impl Observation {
    /// What a request says, where an answer below this quality is not good enough. None where its end was not ours to get
    /// right, or its tier was pinned: that goes the same way in both buckets.
    #[must_use]
    pub fn of(row: &Row, quality_min: f64) -> Option<Self> {
        Some(Self {
            bucket: row.bucket,
            failed: row.failed().filter(|_| row.weight.is_some())?,
            latency_ms: row.latency_ms,
            missed: row.quality.map(|quality| quality < quality_min),
        })
    }
}

/// What has come in since the rollout began.
#[derive(Debug, Clone)]
pub struct Evidence {
    pub(crate) policy: JudgePolicy,
    pub(crate) epochs: Vec<Epoch>,
    waiting: Option<Pending>,
    /// Who has spoken since the running stretch began.
    spoken: Spoken,
    n_new_blocks: u64,
    new_controls: Counted,
}

/// Observations and the failed ones among them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counted {
    pub(crate) n: u64,
    pub(crate) n_failed: u64,
}

/// What a verdict is computed from: whoever has it can compute the verdict again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Testimony {
    /// What was asked.
    pub policy: JudgePolicy,
    /// The stages so far, the running one last.
    pub epochs: Vec<Epoch>,
    /// Blocks that came in since the verdict before.
    n_new_blocks: u64,
    /// How control did since then.
    new_controls: Counted,
}

/// What came in during one stay at one stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    pub(crate) treatment: Percent,
    pub(crate) shape: Shape,
    errors: Cells,
    quality: Cells,
    /// One table per question: how slow is too slow differs between them.
    latency: [Cells; Question::ALL.len()],
    pub(crate) signs: Signs,
    /// Observations dealt to treatment and to control, in a block or not.
    pub(crate) n_dealt: [u64; 2],
    /// Those that were slower than the objective, where there is one, by block.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) too_slow: Option<Cells>,
}

#[derive(Debug, Clone)]
struct Pending {
    served: Waiting<Served>,
    scored: Waiting<bool>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Served {
    failed: bool,
    latency_ms: f64,
}

impl Served {
    fn is_slower_than(&self, limit_ms: f64) -> bool {
        self.failed || self.latency_ms > limit_ms
    }

    /// What failed never came, which is slower than anything that did.
    fn waited_ms(&self) -> f64 {
        if self.failed { f64::INFINITY } else { self.latency_ms }
    }
}

impl Evidence {
    /// A rollout that begins at this share.
    #[must_use]
    pub fn new(policy: JudgePolicy, treatment: Percent) -> Self {
        let mut evidence = Self {
            policy,
            epochs: Vec::new(),
            waiting: None,
            spoken: Spoken::default(),
            n_new_blocks: 0,
            new_controls: Counted::default(),
        };
        evidence.enter(treatment);
        evidence
    }

    /// The rollout goes on at this share from what was kept of it. What waited for its block is lost, as at
    /// the end of a stage.
    #[must_use]
    pub fn resume(kept: Testimony, treatment: Percent) -> Self {
        let Testimony { policy, mut epochs, .. } = kept;
        let running = epochs.pop_if(|epoch| epoch.treatment == treatment);
        let mut evidence = Self::new(policy, treatment);
        let begun = evidence.epochs.pop();
        epochs.extend(running.or(begun));
        Self { epochs, ..evidence }
    }

    /// As it was when a verdict was computed from this, so that it can be computed again.
    #[must_use]
    pub fn recall(kept: Testimony, treatment: Percent) -> Self {
        let (n_new_blocks, new_controls) = (kept.n_new_blocks, kept.new_controls);
        Self { n_new_blocks, new_controls, ..Self::resume(kept, treatment) }
    }

    /// What must be kept of it, so that a verdict can be computed again and a restart loses nothing.
    #[must_use]
    pub fn testimony(&self) -> Testimony {
        Testimony {
            policy: self.policy.clone(),
            epochs: self.epochs.clone(),
            n_new_blocks: self.n_new_blocks,
            new_controls: self.new_controls,
        }
    }

    /// What is asked of it.
    #[must_use]
    pub const fn policy(&self) -> &JudgePolicy {
        &self.policy
    }

    /// The stages so far, the running one last.
    #[must_use]
    pub fn epochs(&self) -> &[Epoch] {
        &self.epochs
    }

    /// The rollout goes on at another share. What waits for its block belongs to the stage before,
    /// and is left out.
    pub fn enter(&mut self, treatment: Percent) {
        let shape = Shape::for_share(treatment);
        self.spoken.clear();
        self.waiting =
            shape.map(|shape| Pending { served: Waiting::new(shape), scored: Waiting::new(shape) });
        self.epochs.extend(shape.map(|shape| Epoch::new(treatment, shape)));
    }

    /// Whether a request speaks for its conversation: the first one of the stretch does, whatever comes of it.
    ///
    /// Requests of one conversation are alike, today and tomorrow. Counting each would take one fact for many, and whoever
    /// holds on to a few conversations would decide how all of them were dealt. Who speaks must not depend on how it ended,
    /// so a caller who left has spoken too.
    pub fn calls_on(&mut self, conversation: u64) -> bool {
        self.spoken.insert(conversation)
    }

    /// Takes in one observation.
    pub fn add(&mut self, seen: &Observation) {
        let (Some(waiting), Some(epoch)) = (&mut self.waiting, self.epochs.last_mut()) else {
            // Everybody is in one bucket: there is nothing to compare.
            return;
        };
        let side = usize::from(seen.bucket == Bucket::Control);
        epoch.n_dealt[side] += 1;
        if seen.bucket == Bucket::Control {
            self.new_controls.n += 1;
            self.new_controls.n_failed += u64::from(seen.failed);
        }
        let served = Served { failed: seen.failed, latency_ms: seen.latency_ms };
        if let Some(block) = waiting.served.add(seen.bucket, served) {
            epoch.add_served(&self.policy, &block);
            self.n_new_blocks += 1;
        }
        let scored = seen.missed.and_then(|missed| waiting.scored.add(seen.bucket, missed));
        if let Some(block) = scored {
            epoch.quality.add(n_bad(block.treated()), n_bad(block.controls()));
        }
    }

    /// What came in so far is kept: copies that are made from here on share it.
    pub fn keep(&mut self) {
        self.spoken.join();
    }

    /// Whether blocks came in since the last [`Self::settle`].
    #[must_use]
    pub const fn has_news(&self) -> bool {
        self.n_new_blocks > 0
    }

    /// What came in so far is judged: it is no news any more.
    pub const fn settle(&mut self) {
        self.n_new_blocks = 0;
        self.new_controls = Counted { n: 0, n_failed: 0 };
    }

    /// How control did since the last [`Self::settle`].
    pub(crate) const fn new_controls(&self) -> Counted {
        self.new_controls
    }

    /// The stage that runs, if its buckets can be compared.
    #[must_use]
    pub fn current(&self) -> Option<&Epoch> {
        self.epochs.last().filter(|_| self.waiting.is_some())
    }
}

impl Testimony {
    /// Whether anybody has spoken in the running stretch.
    pub(crate) fn has_heard(&self) -> bool {
        self.epochs.last().is_some_and(|epoch| epoch.n_dealt != [0; 2])
    }

    /// What follows is a stretch of its own, at this share.
    pub(crate) fn enter(&mut self, treatment: Percent) {
        self.epochs.extend(Shape::for_share(treatment).map(|shape| Epoch::new(treatment, shape)));
    }
}

impl Epoch {
    fn new(treatment: Percent, shape: Shape) -> Self {
        let cells = || Cells::new(shape);
        Self {
            treatment,
            shape,
            errors: cells(),
            quality: cells(),
            latency: std::array::from_fn(|_| cells()),
            signs: Signs::new(shape),
            n_dealt: [0; 2],
            too_slow: None,
        }
    }

    /// Errors by block.
    #[must_use]
    pub const fn errors(&self) -> &Cells {
        &self.errors
    }

    /// Answers that were not good enough, by block.
    #[must_use]
    pub const fn quality(&self) -> &Cells {
        &self.quality
    }

    /// Slow answers by block: the treated ones measured by what the question tolerates.
    #[must_use]
    pub const fn latency(&self, question: Question) -> &Cells {
        &self.latency[question.index()]
    }

    fn add_served(&mut self, policy: &JudgePolicy, block: &Block<Served>) {
        let (treated, controls) = (block.treated(), block.controls());
        let failed = |side: &[Served]| side.iter().filter(|served| served.failed).count();
        self.errors.add(failed(treated), failed(controls));
        let n_slow = |side: &[Served], limit_ms| {
            side.iter().filter(|served| served.is_slower_than(limit_ms)).count()
        };
        let n_controls_slow = n_slow(controls, policy.slow_ms);
        for (cells, question) in self.latency.iter_mut().zip(Question::ALL) {
            cells.add(n_slow(treated, policy.slow_limit_ms(question)), n_controls_slow);
        }
        if let Some(ceilings) = policy.ceilings {
            let too_slow = self.too_slow.get_or_insert_with(|| Cells::new(self.shape));
            too_slow.add(n_slow(treated, ceilings.slow_ms), n_slow(controls, ceilings.slow_ms));
        }
        self.signs.add(n_slower(treated, controls, 1.0 + policy.harm_slowdown()));
    }
}

fn n_bad(side: &[bool]) -> usize {
    side.iter().filter(|bad| **bad).count()
}

/// In how many pairs the treated one took longer than `slowdown` times the control.
fn n_slower(treated: &[Served], controls: &[Served], slowdown: f64) -> usize {
    let slower = |t: &Served| {
        controls.iter().filter(move |c| t.waited_ms() > slowdown * c.waited_ms()).count()
    };
    treated.iter().map(slower).sum()
}

#[cfg(test)]
mod tests {
    use aios_core::Outcome;

    use super::*;
    use crate::row::tests::row;

    fn seen(bucket: Bucket, latency_ms: f64) -> Observation {
        Observation { bucket, failed: false, latency_ms, missed: None }
    }

    #[test]
    fn who_left_or_had_no_choice_says_nothing() {
        let says = |row: Row| Observation::of(&row, 0.5).map(|seen| (seen.failed, seen.missed));
        assert_eq!(says(Row { quality: Some(0.4), ..row(1) }), Some((false, Some(true))));
        assert_eq!(says(Row { weight: None, ..row(1) }), None);
        assert_eq!(says(Row { outcome: Outcome::ClientCancelled, ..row(1) }), None);
    }

    #[test]
    fn a_conversation_speaks_once_in_a_stretch_and_again_in_the_next() {
        let half = Percent::new(50.0).unwrap();
        let mut evidence = Evidence::new(JudgePolicy::new(1_000.0), half);
        let mut n_called = |all: &[u64]| all.iter().filter(|it| evidence.calls_on(**it)).count();
        assert_eq!((n_called(&[1, 1, 3]), n_called(&[3, 1])), (2, 0));
        evidence.enter(half);
        assert!(evidence.calls_on(1));
    }

    #[test]
    fn slow_is_measured_by_the_question() {
        let policy = JudgePolicy::new(1_000.0);
        let mut evidence = Evidence::new(policy, Percent::new(50.0).unwrap());
        assert!(!evidence.has_news());
        evidence.add(&seen(Bucket::Control, 1_050.0));
        evidence.add(&seen(Bucket::Treatment, 1_050.0));
        assert!(evidence.has_news());
        let epoch = evidence.current().unwrap();
        assert_eq!(epoch.latency(Question::Harm).treated(), (1, 1));
        assert_eq!(epoch.latency(Question::Harm).controls(), (1, 1));
        // At the last stage ten percent more are tolerated, at the first ten times as much.
        assert_eq!(epoch.latency(Question::To100).treated(), (1, 0));
    }

    #[test]
    fn a_rollout_resumes_from_what_was_kept() {
        let (half, policy) = (Percent::new(50.0).unwrap(), JudgePolicy::new(1_000.0));
        let mut evidence = Evidence::new(policy.clone(), Percent::new(25.0).unwrap());
        evidence.enter(half);
        let add = |evidence: &mut Evidence| {
            evidence.add(&seen(Bucket::Control, 1_050.0));
            evidence.add(&seen(Bucket::Treatment, 10.0));
        };
        add(&mut evidence);
        let kept = serde_json::to_string(&evidence.testimony()).unwrap();
        let resume = |pct| Evidence::resume(serde_json::from_str(&kept).unwrap(), pct);
        let recalled = Evidence::recall(serde_json::from_str(&kept).unwrap(), half);
        assert_eq!(recalled.testimony(), evidence.testimony());
        let mut resumed = resume(half);
        assert_eq!(resumed.epochs(), evidence.epochs());
        assert!(!resumed.has_news());
        add(&mut evidence);
        add(&mut resumed);
        assert_eq!(resumed.epochs(), evidence.epochs());
        // Kept before the stage began, or after everybody is in treatment.
        assert_eq!(resume(Percent::new(75.0).unwrap()).epochs().len(), 3);
        assert_eq!(resume(Percent::new(100.0).unwrap()).epochs().len(), 2);
    }

    #[test]
    fn what_failed_is_slow() {
        let policy = JudgePolicy::new(1_000.0);
        let mut evidence = Evidence::new(policy, Percent::new(50.0).unwrap());
        evidence.add(&seen(Bucket::Control, 10.0));
        evidence.add(&Observation { failed: true, ..seen(Bucket::Treatment, 5.0) });
        assert_eq!(evidence.current().unwrap().latency(Question::To100).treated(), (1, 1));
    }

    #[test]
    fn with_one_bucket_there_is_nothing_to_compare() {
        let mut evidence = Evidence::new(JudgePolicy::new(1.0), Percent::new(100.0).unwrap());
        evidence.add(&seen(Bucket::Treatment, 1.0));
        assert!(evidence.current().is_none() && !evidence.has_news());
    }
}
