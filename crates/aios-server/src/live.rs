//! The configuration in force, swapped whole.
//!
//! A request takes one [`Live`] at its start and keeps it to its end, so a reload never changes the
//! rules half-way through a request.

use std::sync::Arc;
use std::time::Duration;

use aios_privacy::Redactor;
use aios_upstream::Upstreams;

use crate::clients::Clients;
use crate::gateway::Sinks;
use crate::judging::Objectives;

/// One generation of the configuration.
#[derive(Debug)]
pub struct Live {
    /// 1 at start, one more with each reload that took.
    pub generation: u64,
    /// Hash of the effective configuration.
    pub hash: String,
    /// Limits and names of the gateway.
    pub gateway: GatewayConfig,
    /// The endpoints.
    pub upstreams: Arc<Upstreams>,
    /// What is masked before anything is kept.
    pub redactor: Arc<Redactor>,
    /// What is done with texts that pass through; nothing by default.
    pub sinks: Option<Arc<Sinks>>,
    /// What is asked of live traffic and golden reports.
    pub objectives: Arc<Objectives>,
    /// Client keys.
    pub clients: Clients,
}

/// Limits and names of the gateway.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewayConfig {
    /// Largest request body, in bytes.
    pub body_max: usize,
    /// Longest silence between two reads of a request body.
    pub body_timeout: Duration,
    /// Deadline of a whole request, from admission to the last byte.
    pub total_timeout: Duration,
    /// Longest question and answer kept in an event, in bytes.
    pub text_max: usize,
    /// Whether how a conversation goes on says something of its answers.
    pub sequels: bool,
    /// Model names that are routed like `aios-auto`.
    pub aliases: Vec<String>,
}
