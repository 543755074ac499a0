//! What a night is to do beside looking after what is kept.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use aios_control::hypothesis::Hypothesis;
use aios_core::Bucket;
use aios_privacy::Secret;

use super::NightlyAt;

/// When a night is due, and what it does.
#[derive(Debug, Clone, Default)]
pub struct Nightly {
    /// When; none if a server is not to do it by itself.
    pub at: Option<NightlyAt>,
    /// What.
    pub work: NightWork,
}

/// What else is wanted of a night.
#[derive(Debug, Clone, Default)]
pub struct NightWork {
    /// Which policy the golden set is asked of; none if it is not asked.
    pub golden: Option<Bucket>,
    /// The client key to ask with, where keys are required.
    pub golden_key: Option<Secret>,
    /// How much slower, or how much of routing elsewhere, is too much.
    pub golden_threshold: f64,
    /// What becomes of live questions that would make golden cases.
    pub promotion: Promotion,
    /// At most so many a night.
    pub promote_max: usize,
    /// What is asked of the traffic.
    pub hypotheses: Vec<Hypothesis>,
    /// How long events are kept: a test cannot reach back further, and reports of them go when they do.
    pub events_kept_for: Duration,
}

/// What becomes of live questions that would make golden cases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Promotion {
    /// Nobody looks for them.
    Off,
    /// They are named.
    #[default]
    Propose,
    /// They are added to the set as candidates, which decide nothing until they are accepted.
    Add,
}

/// The gateway that serves this data directory.
pub struct Served {
    url: String,
    fingerprint: Box<dyn Fn(Bucket) -> Option<String> + Send + Sync>,
    needs_key: Box<dyn Fn() -> bool + Send + Sync>,
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Served").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Served {
    /// The gateway at this address. `fingerprint` names the policy of a bucket, if that bucket is served;
    /// `needs_key` tells whether nobody is served without a client key.
    pub fn new(
        address: SocketAddr,
        fingerprint: impl Fn(Bucket) -> Option<String> + Send + Sync + 'static,
        needs_key: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Self {
        let (fingerprint, needs_key) = (Box::new(fingerprint), Box::new(needs_key));
        Self { url: api_url(address), fingerprint, needs_key }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn needs_key(&self) -> bool {
        (self.needs_key)()
    }

    pub(super) fn fingerprint(&self, bucket: Bucket) -> Option<String> {
        (self.fingerprint)(bucket)
    }
}

/// The API of a gateway that listens at this address, as this machine reaches it: every address of a machine is
/// also its own.
#[must_use]
pub fn api_url(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{address}/v1")
}
