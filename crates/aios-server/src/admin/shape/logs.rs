//! The event log's housekeeping.

use super::{Time, mirror, mirror_tagged};

mirror! {
    /// Events that must not go, although their time is over.
    struct Hold of aios_store::Hold {
        /// Its name.
        id: String,
        /// Who answers for it.
        owner: String,
        /// Why.
        reason: String,
        /// When it was set.
        created_at: Time,
        /// When it ends of itself.
        expires_at: Time,
        /// Events from then on; all before, too, if there is none.
        #[serde(skip_serializing_if = "Option::is_none")]
        since: Option<Time>,
        /// Events before then; all after, too, if there is none.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<Time>,
    }

    /// A hold that is to be set.
    #[serde(deny_unknown_fields)]
    struct NewHold of aios_store::NewHold {
        /// Who answers for it; one to 500 bytes, as the reason.
        owner: String,
        /// Why.
        reason: String,
        /// When it ends of itself.
        expires_at: Time,
        /// Events from then on.
        since: Option<Time>,
        /// Events before then.
        until: Option<Time>,
    }

    /// What catching up came to.
    struct CaughtUp of aios_store::CaughtUp {
        /// Events that were read.
        n_events: u64,
        /// Segments that were forgotten, because they are gone or were rewritten.
        n_forgotten: usize,
        /// There is more to read.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        is_behind: bool,
    }

    /// What rotating has done, or would do.
    struct Rotated of aios_store::Rotated {
        /// Segments that were sealed.
        n_sealed: usize,
        /// Segments that were compressed.
        compressed: Vec<String>,
        /// Segments that were removed.
        removed: Vec<String>,
        /// Files that were put aside and whose time in the quarantine is over.
        n_put_aside: usize,
        /// Segments whose time is over and that a hold keeps.
        held: Vec<HeldSegment>,
        /// Erasures that were done once more, because somebody has put back what they had removed.
        n_erased_again: u64,
        /// Erasures whose time in the ledger was over.
        n_forgotten: u64,
        /// Days of the audit trail that were removed.
        n_audit_days: u64,
        /// Why nothing was removed.
        stopped: Option<Stop>,
        /// What could not be done; the rest was.
        failed: Vec<String>,
        /// Nothing was done, only said.
        dry_run: bool,
    }

    /// A segment whose time is over, and the hold that keeps it.
    struct HeldSegment of aios_store::Held {
        /// The segment.
        segment: String,
        /// The hold.
        hold: String,
        /// Whose it is.
        owner: String,
    }
}

mirror_tagged! {
    /// Why nothing is removed.
    enum Stop of aios_store::Stop, "why" {
        /// The clock is far from where it was.
        ClockJumped {
            /// What it showed at the last run, or when the newest event happened.
            before: Time,
            /// What it shows.
            now: Time,
        }
        /// More events would go than ever should at once.
        RemovesTooMuch {
            /// Events that would go.
            n_removed: u64,
            /// Events there are.
            n_events: u64,
        }
        /// More of the audit trail would go than ever should at once.
        RemovesTooMuchAudit {
            /// Entries that would go.
            n_removed: u64,
            /// Entries there are.
            n_entries: u64,
        }
        /// What the clock showed before cannot be read, so nobody knows whether it has jumped.
        Unremembered {}
        /// The holds cannot be read, so nobody knows what must stay.
        HoldsUnreadable {}
    }
}
