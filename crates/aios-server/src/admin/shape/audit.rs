//! The audit trail.

use std::collections::BTreeMap;

use super::{Time, mirror, mirror_tagged};

mirror! {
    /// An entry of the audit trail.
    struct AuditEntry of aios_store::AuditEntry {
        /// Its number, from 1, without gaps.
        seq: u64,
        /// The hash of the entry before.
        prev: String,
        /// When it was written.
        ts: Time,
        /// Who did it.
        actor: String,
        #[serde(flatten)]
        action: AuditAction,
    }

    /// A trail that is whole.
    struct AuditVerified of aios_store::AuditVerified {
        /// Entries that were checked.
        n_entries: u64,
        /// The first of them; greater than 1 once older ones were removed at their time.
        first_seq: u64,
        /// The last of them.
        last_seq: u64,
        /// Signed checkpoints that agree.
        n_checkpoints: u64,
        /// The last entry that a checkpoint vouches for.
        signed_up_to: u64,
        /// What signatures were checked with.
        public_key: String,
        /// The entry with which a trail of a version before got its head.
        #[serde(skip_serializing_if = "Option::is_none")]
        headed_since: Option<u64>,
    }

    /// Where a trail is not as it was written.
    struct AuditFault of aios_store::AuditFault {
        /// The first bad entry, as far as it is known.
        seq: u64,
        /// The file.
        file: String,
        /// The line in it, from 1; none if the entry is missing at the end.
        line: Option<u64>,
        /// What is wrong.
        why: String,
    }
}

mirror_tagged! {
    /// What was done.
    enum AuditAction of aios_store::AuditAction, "action" {
        /// A process began to write the trail.
        Opened {
            /// Version of the program.
            version: String,
            /// Whether a head outside of the trail says how far it has come.
            #[serde(skip_serializing_if = "std::ops::Not::not")]
            headed: bool,
        }
        /// A trail of a version without a head got one.
        Headed {
            /// The last entry before this one.
            last_seq: u64,
        }
        /// The trail did not come as far as its head, or that was gone.
        Lost {
            /// The last entry by the head; 0 where that is not known.
            last_seq: u64,
        }
        /// The trail ended in half a line, which was cut off.
        TornTailCut {
            /// How many bytes.
            n_bytes: u64,
        }
        /// Values were changed, or stopped with their texts, on their way to a sink.
        Redacted {
            /// Where the text was going: `log`, `upstream`, `client` or `memory`.
            sink: String,
            /// What was done: `mask`, `placeholder` or `block`; empty in entries of versions that recorded masks alone.
            #[serde(skip_serializing_if = "String::is_empty")]
            done: String,
            /// Hash of the configuration in force, whose rules found them together with the program's own.
            #[serde(skip_serializing_if = "String::is_empty")]
            config_hash: String,
            /// From when on.
            since: Time,
            /// How many, by kind.
            counts: BTreeMap<String, u64>,
        }
        /// Somebody changed something through the admin API.
        Changed {
            /// Method and route.
            request: String,
            /// The answer's HTTP status.
            status: u16,
        }
        /// A browser came in by a link.
        SignedIn {}
        /// Somebody was not let in.
        Refused {
            /// Method and route.
            request: String,
            /// The answer's HTTP status.
            status: u16,
        }
        /// Refusals that got no entry of their own, because there were too many.
        RefusedMore {
            /// How many.
            n: u64,
        }
        /// The event log was rotated.
        Rotated {
            /// Segments that were sealed.
            n_sealed: u64,
            /// Segments that were compressed.
            n_compressed: u64,
            /// Segments that were removed.
            n_removed: u64,
            /// What could not be done.
            n_failed: u64,
            /// Whether guards were passed over.
            forced: bool,
            /// Why nothing was removed.
            #[serde(skip_serializing_if = "Option::is_none")]
            stopped: Option<String>,
        }
        /// The index was made anew.
        Reindexed {
            /// Events in it.
            n_events: u64,
        }
        /// A log of an older version was taken in.
        Migrated {
            /// Answers that became events, or were events already.
            n_events: u64,
            /// Answers that were left out, because they are erased here.
            n_erased: u64,
            /// Lines that were put aside.
            n_not_migrated: u64,
        }
        /// A hold was set or released.
        Hold {
            /// `set` or `released`.
            change: String,
            /// The hold.
            id: String,
            /// When it ends of itself.
            expires_at: Time,
            /// Events from then on.
            #[serde(skip_serializing_if = "Option::is_none")]
            since: Option<Time>,
            /// Events before then.
            #[serde(skip_serializing_if = "Option::is_none")]
            until: Option<Time>,
        }
        /// Somebody counted what is stored of somebody.
        Found {
            /// Of whom.
            subjects: Vec<String>,
            /// Events that were found.
            n_events: u64,
        }
        /// What is remembered was changed by a command on a directory that no server uses.
        Memory {
            /// The command's verb.
            change: String,
        }
        /// An erasure reached a state.
        Erasure {
            /// The request.
            id: String,
            /// Its state.
            state: String,
            /// Whose data.
            subjects: Vec<String>,
            /// Records removed, once that is known.
            #[serde(skip_serializing_if = "Option::is_none")]
            n_records: Option<u64>,
            /// SHA-256 of the receipt, once there is one.
            #[serde(skip_serializing_if = "Option::is_none")]
            receipt: Option<String>,
        }
        /// Erasures whose time was over were taken out of the ledger.
        Forgot {
            /// How many, with plans that were not executed.
            n_erasures: u64,
            /// All of them had come to their end before then.
            before: Time,
        }
        /// A version of the pseudonyms' key was made or removed.
        Key {
            /// `rotated` or `retired`.
            change: String,
            /// Which version.
            version: u16,
        }
        /// The night's work was done.
        Night {
            /// Steps that were done.
            n_done: u64,
            /// Steps that had nothing to do.
            n_skipped: u64,
            /// Steps that found what should not be.
            n_violations: u64,
            /// Steps that could not be done.
            n_failed: u64,
            /// How each ended, by its name.
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            steps: BTreeMap<String, String>,
        }
        /// How far the chain of verdicts and decisions had come.
        ControlHead {
            /// Its last line.
            last_line: u64,
        }
        /// How far the register of segments had come.
        SegmentsHead {
            /// Its last line.
            last_line: u64,
            /// The hash of that line.
            hash: String,
        }
        /// Somebody has taken note of a loss.
        LossAcknowledged {
            /// Its name.
            loss: String,
            /// Events that are lost.
            n_events: u64,
        }
        /// Files past their time were removed.
        Pruned {
            /// How many.
            n_files: u64,
            /// The last entry in them.
            last_seq: u64,
        }
        /// The process stopped in an orderly way.
        Closed {}
    }
}
