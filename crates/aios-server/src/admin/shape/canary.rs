//! The canary and the split.

use aios_control::Phase;
use aios_core::{Actor, VerdictReason};

use super::{Time, Word, mirror, mirror_tagged};

mirror! {
    /// Everything that is known of the rollout.
    struct Rollout of aios_control::Rollout {
        /// Where the canary stands.
        canary: Canary,
        /// Number of the last line that is part of this state; 0 before the first.
        version: u64,
        /// When the stage began; none if it never moved.
        stage_since: Option<Time>,
        /// The operator's hand, if it ever was on the split.
        #[serde(skip_serializing_if = "Option::is_none")]
        hand: Option<Hand>,
        /// Who holds it, while it is held.
        #[serde(skip_serializing_if = "Option::is_none")]
        hold: Option<Held>,
        /// When the first evidence of the running stretch came in.
        stretch_since: Option<Time>,
        /// Where steps have brought treatment's boundary; none where it is as configured.
        boundary: Option<f64>,
        /// The steps.
        steps: Vec<Step>,
        /// The stage that follows, as the last verdict had it.
        #[serde(skip_serializing_if = "Option::is_none")]
        next_pct: Option<f64>,
        /// What is on trial; none before the first verdict.
        candidate: Option<String>,
        /// The last golden report that was counted.
        report: Option<String>,
        /// When it was made.
        #[serde(skip_serializing_if = "Option::is_none")]
        report_made: Option<Time>,
        /// Why the last verdict was what it was; none before the first.
        reason: Option<Word<VerdictReason>>,
        /// Verdicts without proof, one after the other.
        n_inconclusive: u32,
        /// The evidence so far, in control's own form: whoever has it can compute the verdict again.
        testimony: Option<serde_json::Map<String, serde_json::Value>>,
        /// Answers near treatment's boundary since its last step.
        near: NearCounts,
    }

    /// Where the canary stands.
    struct Canary of aios_control::Canary {
        /// Share of conversations in treatment, in percent.
        treatment_pct: f64,
        /// What may happen next.
        phase: Word<Phase>,
        /// An operator holds it: it does not advance, and rolls back as ever.
        held: bool,
        /// Verdicts in a row that were met.
        consecutive_passes: u32,
        /// Verdicts in a row that were breached.
        consecutive_failures: u32,
        /// The last evidence that was counted.
        counted: Option<EvidenceWindow>,
    }

    /// Whether somebody else than the canary decides how conversations are dealt.
    struct Hand of aios_control::Hand {
        /// Whether it is on the split.
        on: bool,
        /// Since when it is, or is not any more.
        since: Time,
    }

    /// That the canary is held.
    struct Held of aios_control::Held {
        /// Since when.
        since: Time,
        /// By whom.
        actor: Word<Actor>,
        /// Why, in the operator's words.
        #[serde(skip_serializing_if = "String::is_empty")]
        reason: String,
    }

    /// A step that the boundary made.
    struct Step of aios_control::boundary::Step {
        /// When.
        ts: Time,
        /// Where it went.
        to: f64,
        /// Where it came from.
        from: f64,
    }

    /// Answers of the embedder just below the boundary since its last step.
    struct NearCounts of aios_control::boundary::NearCounts {
        /// Those that were good enough.
        n_good: u64,
        /// Those that were not.
        n_bad: u64,
    }

    /// A line of the canary's chain that is not as it was written.
    struct ControlFault of aios_store::ControlFault {
        /// The file.
        file: String,
        /// The line in it, from 1.
        line: u64,
        /// What is wrong.
        why: String,
    }

    /// The stretch of time whose evidence a verdict rests on.
    struct EvidenceWindow of aios_core::EvidenceWindow {
        /// Where it begins.
        since: Time,
        /// Where it ends; it is no part of it.
        until: Time,
    }

    /// What one metric said in a verdict.
    struct MetricEvidence of aios_core::MetricEvidence {
        /// Which metric.
        metric: String,
        /// Observations in control.
        n_control: u64,
        /// Those of them that were bad.
        n_control_bad: u64,
        /// Observations in treatment.
        n_treatment: u64,
        /// Those of them that were bad.
        n_treatment_bad: u64,
        /// Natural logarithm of the e-value against "treatment is worse by no more than tolerated".
        harm_log_e: f64,
        /// Natural logarithm of the e-value against "treatment is worse by the margin or more".
        noninferior_log_e: f64,
        /// The margin that was asked for.
        margin: f64,
    }

    /// The routing split.
    struct Split of aios_core::Split {
        /// Share of conversations in treatment, in percent.
        treatment_pct: f64,
        /// Boundary of the control bucket.
        control_boundary: f64,
        /// Boundary of the treatment bucket.
        treatment_boundary: f64,
        /// Whether routing adapts.
        adaptive: bool,
        /// The split stays as it is: nothing but an operator may change it.
        frozen: bool,
        /// Where it comes from.
        origin: String,
    }

    /// What the operator's override asks for; what is left out stays as the override before had it.
    #[serde(deny_unknown_fields)]
    struct OverrideWish of aios_route::OverrideWish {
        /// Share of conversations in control, 0 to 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        control_bucket_pct: Option<f64>,
        /// The boundary of both buckets.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        boundary: Option<f64>,
        /// Whether automatic changes are forbidden.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        freeze: Option<bool>,
    }
}

mirror_tagged! {
    /// What control proposes, or an operator asks for.
    enum Decision of aios_core::Decision, "decision" {
        /// The canary's next stage.
        Advance {
            /// Share in treatment before, in percent.
            from: f64,
            /// Share in treatment from now on.
            to: f64,
        }
        /// Back to the first stage.
        RollBack {
            /// Share in treatment before, in percent.
            from: f64,
            /// Share in treatment from now on.
            to: f64,
        }
        /// A new rollout, whose evidence begins at nothing.
        Reset {
            /// Share in treatment from now on, in percent.
            to: f64,
        }
        /// No stage may follow until the operator says so.
        Hold {}
        /// Ends a hold.
        Resume {}
        /// Another boundary for the treatment bucket.
        MoveBoundary {
            /// The boundary before.
            from: f64,
            /// The boundary from now on.
            to: f64,
        }
    }
}
