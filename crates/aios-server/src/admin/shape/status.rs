//! The running server, and faults that are ordered of it.

use aios_core::Tier;
use aios_upstream::{BreakerState, ServerKind};

use super::{Word, mirror, mirror_tagged};

mirror! {
    /// An endpoint with its breaker.
    struct EndpointStatus of aios_upstream::EndpointStatus {
        /// Name in events and metrics.
        name: String,
        /// Its tier.
        tier: Word<Tier>,
        /// Base URL.
        url: String,
        /// The configured model.
        model: String,
        /// Which server it is.
        kind: Word<ServerKind>,
        /// It is simulated.
        simulated: bool,
        /// Its health.
        breaker: BreakerStatus,
        /// Its health where it makes vectors, while there is something to say of it.
        #[serde(skip_serializing_if = "Option::is_none")]
        embeddings: Option<BreakerStatus>,
        /// Requests it is answering.
        in_flight: usize,
        /// Requests that wait for it.
        queued: usize,
        /// Requests at once.
        concurrency_max: usize,
        /// Moving average of the time to the first event or the whole reply.
        #[serde(skip_serializing_if = "Option::is_none")]
        latency_ms: Option<f64>,
        /// Replies that named another model than the configured one.
        n_model_mismatches: u64,
        /// What an operator should know.
        #[serde(skip_serializing_if = "Option::is_none")]
        warning: Option<String>,
    }

    /// A breaker.
    struct BreakerStatus of aios_upstream::BreakerStatus {
        /// Where it stands.
        state: Word<BreakerState>,
        /// Consecutive faults so far.
        n_failures: u32,
        /// The last fault, while there is one that counts.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// How long until the endpoint is tried again.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_in_ms: Option<u64>,
        /// What would bring it back.
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
    }

    /// A model that can be asked for by its exact name.
    struct ModelInfo of aios_upstream::ModelInfo {
        /// Its name.
        id: String,
        /// The tier it serves.
        tier: Word<Tier>,
        /// The endpoint that serves it.
        endpoint: String,
        /// Who runs it.
        owned_by: String,
        /// It is simulated.
        simulated: bool,
    }

    /// The event log since the start.
    struct EventLogStats of aios_store::EventLogStats {
        /// Events handed over.
        appended: u64,
        /// Events given to the operating system.
        written: u64,
        /// Events that could not be kept, or that were taken out of the log.
        lost: u64,
        /// Those of them that were written: somebody else has cut, replaced or removed the file.
        taken: u64,
        /// Events waiting to be written.
        queue_depth: u64,
        /// Most events that may be reserved or waiting.
        queue_max: u64,
        /// Bytes written.
        bytes: u64,
        /// Writes to the file.
        batches: u64,
        /// Times the file was forced to disk.
        fsyncs: u64,
        /// Writes or syncs that failed and were tried again.
        retries: u64,
        /// Whether the last write or sync failed, so that events are piling up.
        failing: bool,
        /// The last failure, also after it has passed.
        last_error: Option<String>,
        /// Bytes of torn lines that were put aside when the log was opened.
        quarantined_bytes: u64,
        /// Whole lines among them.
        quarantined_lines: u64,
    }

    /// A fault that is on.
    struct Ordered of aios_core::Ordered {
        /// What goes wrong.
        fault: Fault,
        /// For how much longer.
        left_ms: u64,
    }
}

mirror_tagged! {
    /// What goes wrong.
    enum Fault of aios_core::Fault, "kind" {
        /// The tier's endpoints take no connection.
        Refuse {
            /// Which tier.
            tier: Word<Tier>,
        }
        /// They take requests and do not answer.
        Hang {
            /// Which tier.
            tier: Word<Tier>,
        }
        /// They answer with this status.
        Status {
            /// Which tier.
            tier: Word<Tier>,
            /// From 400 to 599.
            code: u16,
            /// Of 100 requests so many.
            share_pct: u32,
        }
        /// They answer so much later.
        Delay {
            /// Which tier.
            tier: Word<Tier>,
            /// By how much.
            ms: u64,
        }
        /// Their connections break after so many pieces of an answer.
        Cut {
            /// Which tier.
            tier: Word<Tier>,
            /// After how many.
            pieces: u32,
        }
        /// Nothing more can be written to the event log.
        DiskFull {}
        /// Each write to it takes so much longer.
        DiskSlow {
            /// By how much.
            ms: u64,
        }
        /// The clock is ahead, or behind.
        ClockJump {
            /// By how much.
            seconds: i64,
        }
    }
}
