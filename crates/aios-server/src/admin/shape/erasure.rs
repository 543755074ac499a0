//! What is stored of somebody, and its erasure.

use std::collections::BTreeMap;

use aios_store::ErasureState;

use super::logs::Hold;
use super::{Time, Word, mirror};

mirror! {
    /// What is stored of somebody.
    struct Census of aios_store::Census, .. {
        /// Events that are theirs.
        n_events: u64,
        /// Each store that has files.
        stores: Vec<StoreCount>,
        /// Files that could not be read: nobody knows what is in them.
        unreadable: Vec<Left>,
        /// Files of no known store that name them.
        unknown: Vec<Left>,
        /// Files and directories whose names name them.
        names: Vec<Left>,
        /// Those in whose names the id may be anybody's word or number.
        n_names_mentioning: u64,
        /// Other conversations and subjects that stand on the same lines.
        n_others: u64,
        /// Events by pseudonym.
        by_pseudonym: BTreeMap<String, u64>,
        /// Whether the id itself was searched for.
        raw_id_searched: bool,
        /// Holds that keep some of these events from being erased.
        held_by: Vec<Hold>,
    }

    /// What one store holds of somebody.
    struct StoreCount of aios_store::StoreCount, .. {
        /// The store.
        store: String,
        /// Its files.
        n_files: u64,
        /// Bytes that were read, unpacked.
        n_bytes: u64,
        /// Lines that are theirs.
        n_records: u64,
        /// Bytes of these lines.
        n_bytes_held: u64,
        /// Lines of others that name them.
        n_mentions: u64,
        /// Lines of proof that say whom it is about, as they are meant to.
        n_proofs: u64,
        /// Files without lines that name them.
        n_files_naming: u64,
    }

    /// A file that could not be read, or that nobody knows.
    struct Left of aios_store::Left {
        /// From the data directory.
        file: String,
        /// What is the matter.
        why: String,
    }

    /// What an erasure would remove.
    struct ErasePlan of aios_store::ErasePlan {
        /// The erasure.
        id: String,
        /// What was found.
        census: Census,
        /// The digest that has to be shown to execute it.
        plan_hash: String,
        /// Until when.
        valid_until: Time,
    }

    /// A step of an erasure: how far it has come.
    struct LedgerEntry of aios_store::LedgerEntry {
        /// The erasure.
        id: String,
        /// How far it has come.
        state: Word<ErasureState>,
        /// When.
        ts: Time,
        /// When it was asked for.
        requested_at: Time,
        /// Whose data, by every live version of the key.
        target: Vec<String>,
        /// Who asked.
        requester: String,
        /// On which ground.
        basis: String,
        /// What the plan would do, as a digest.
        #[serde(skip_serializing_if = "Option::is_none")]
        plan_hash: Option<String>,
        /// Until when the plan may be executed.
        #[serde(skip_serializing_if = "Option::is_none")]
        valid_until: Option<Time>,
        /// Records that the plan found.
        n_records: u64,
        /// How often it was tried again because it was not whole.
        #[serde(skip_serializing_if = "is_zero")]
        n_tries: u32,
    }

    /// What an erasure has done.
    struct Receipt of aios_store::Receipt {
        /// The erasure.
        id: String,
        /// `completed` or `incomplete`.
        state: Word<ErasureState>,
        /// Whose data, by every live version of the key.
        target: Vec<String>,
        /// Who asked.
        requester: String,
        /// On which ground.
        basis: String,
        /// The plan that was executed.
        plan_hash: Option<String>,
        /// When it was asked for.
        requested_at: Time,
        /// When it was proven.
        finished_at: Time,
        /// What the plan had found.
        n_records_planned: u64,
        /// Lines that were removed.
        n_records_erased: u64,
        /// The sealed segments that were rewritten, with their digests.
        segments: Vec<Rewritten>,
        /// Damaged segments of which only a part could be read.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        salvaged: Vec<Salvaged>,
        /// Other files that were rewritten or removed.
        files: Vec<String>,
        /// How long it took to take their lines out.
        rewrite_ms: f64,
        /// How long it took to read everything afterwards.
        verify_ms: f64,
        /// What was read to make sure, and found.
        verified: ErasureProof,
        /// What was not done, and how it can be.
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        /// Version of the program.
        version: String,
        /// What the signature is checked with.
        public_key: String,
    }

    /// The outcome of reading everything.
    struct ErasureProof of aios_store::ErasureProof, .. {
        /// Events that are still theirs.
        n_events: u64,
        /// Files read.
        n_files: u64,
        /// Bytes read, unpacked.
        n_bytes: u64,
        /// Store by store.
        stores: Vec<StoreCount>,
        /// What could not be read, or still names them.
        left: Vec<Left>,
        /// What an erasure leaves on purpose, and by which rule.
        stays: Vec<Stays>,
        /// Whether the id itself was searched for too.
        raw_id_searched: bool,
    }

    /// What stays in one store by one rule.
    struct Stays of aios_store::Stays {
        /// The store.
        store: String,
        /// Lines, records, pages or names.
        n: u64,
        /// The rule.
        why: String,
    }

    /// A sealed segment that was rewritten.
    struct Rewritten of aios_store::Rewritten {
        /// The segment.
        segment: String,
        /// Lines that stayed.
        kept: u64,
        /// Lines that went.
        dropped: u64,
        /// Bytes of its text before, the footer left out.
        bytes_before: u64,
        /// The same after.
        bytes_after: u64,
        /// Digest before, as its footer had it.
        old_sha256: String,
        /// Digest after; none if nothing was left and the segment is gone.
        new_sha256: Option<String>,
        /// What was wrong with it before.
        #[serde(skip_serializing_if = "Option::is_none")]
        flaw: Option<String>,
    }

    /// What was found in a damaged segment.
    struct Salvaged of aios_store::Salvaged {
        /// The segment.
        segment: String,
        /// Members that are whole and stay.
        n_members: usize,
        /// Where the pieces that cannot be unpacked were put.
        aside: Vec<String>,
        /// What the segment's footer says of it from now on.
        flaw: String,
    }
}
