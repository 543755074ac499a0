//! `[memory]`.

use std::time::Duration;

use aios_core::Percent;
use aios_server::{MemoryConfig, MemoryMode, MemoryPlace};

use super::resolve::Resolver;
use super::{Privacy, file};

/// `[memory]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Memory {
    /// For requests and client keys that say nothing.
    pub mode: MemoryMode,
    /// Whether requests may say something.
    pub by_header: bool,
    /// Most words of what is put before a model.
    pub words_max: usize,
    /// Where it stands.
    pub place: MemoryPlace,
    /// Least share of the question that all that is found must hold together.
    pub floor: f64,
    /// Longest wait for a search.
    pub search_timeout: Duration,
    /// Whether fragments and questions are compared by vectors too.
    pub embeddings: bool,
    /// Longest wait for a question's vector.
    pub embed_timeout: Duration,
    /// Share of what is found that is withheld by chance.
    pub withheld: Percent,
}

impl Memory {
    /// What the request path needs.
    #[must_use]
    pub fn resolved(&self, privacy: &Privacy) -> MemoryConfig {
        let policy = privacy.policy.clone();
        let privacy = privacy.clone();
        let scanner = move || privacy.scanner();
        let mut config = MemoryConfig::off(policy, scanner);
        config.mode = self.mode;
        config.by_header = self.by_header;
        config.words_max = self.words_max;
        config.place = self.place;
        config.floor = self.floor as f32;
        config.search_timeout = self.search_timeout;
        config.embeddings = self.embeddings;
        config.embed_timeout = self.embed_timeout;
        config.withheld = self.withheld;
        config
    }
}

impl Resolver<'_> {
    pub(super) fn memory(&mut self, file: &file::Memory) -> Memory {
        let withheld = Percent::new(file.withheld_pct).map_err(|_| "a percentage from 0 to 100");
        Memory {
            mode: self.choice("memory.mode", &file.mode, &MemoryMode::NAMES),
            by_header: file.by_header,
            words_max: self.count("memory.words_max", file.words_max, 1..=100_000),
            place: self.choice("memory.place", &file.place, &MemoryPlace::NAMES),
            floor: self.floor(file.floor),
            search_timeout: self.duration("memory.search_timeout", &file.search_timeout, false),
            embeddings: file.embeddings,
            embed_timeout: self.duration("memory.embed_timeout", &file.embed_timeout, false),
            withheld: self.ranged(
                "memory.withheld_pct",
                file.withheld_pct,
                withheld,
                Percent::ZERO,
            ),
        }
    }
    fn floor(&mut self, floor: f64) -> f64 {
        if !(0.0..=1.0).contains(&floor) {
            self.refuse("memory.floor", "must be a share from 0 to 1");
        }
        floor
    }
}
