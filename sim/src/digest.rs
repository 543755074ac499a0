//! What a seed has come to, in a few characters.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::client::Answer;
use crate::files::Files;

/// How the last line of a sealed segment begins.
const FOOTER: &[u8] = b"{\"event_type\":\"segment_footer\"";

/// Of what clients got, and in the end of what is kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct Digest(BTreeMap<u64, Sha256>);

impl Digest {
    /// In the order of the asks: which of two answers that come at the same time is the first says the writer's thread.
    pub(crate) fn answer(&mut self, n: u64, answer: &Answer) {
        let digest = self.0.entry(n).or_default();
        digest.update(answer.status.to_be_bytes());
        digest.update(&answer.body);
    }

    /// Events in the order of their bytes, and what is kept of the canary: both are made of seeds and the
    /// clock alone.
    pub(crate) fn with(self, files: &Files) -> String {
        let mut all = Sha256::new();
        for (n, digest) in self.0 {
            all.update(n.to_be_bytes());
            all.update(digest.finalize());
        }
        // A footer is written behind the events, by a thread that nobody waits for.
        let mut events: Vec<&[u8]> =
            files.events().filter(|line| !line.starts_with(FOOTER)).collect();
        events.sort_unstable();
        events.into_iter().for_each(|line| all.update(line));
        files.control().for_each(|bytes| all.update(bytes));
        shown(all)
    }
}

/// Of what several seeds have come to.
pub(crate) fn of_all<'a>(digests: impl Iterator<Item = &'a str>) -> String {
    let mut all = Sha256::new();
    digests.for_each(|digest| all.update(digest));
    shown(all)
}

fn shown(digest: Sha256) -> String {
    digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
