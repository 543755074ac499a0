//! `[memory]`.

use std::path::{Path, PathBuf};
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
    /// The model that makes the vectors, in place of the `embedder` tier.
    pub embed_model_dir: Option<PathBuf>,
    /// Longest wait for a question's vector.
    pub embed_timeout: Duration,
    /// Share of what is found that is withheld by chance.
    pub withheld: Percent,
}

impl Memory {
    /// The model in this process that makes vectors, if there are to be any.
    #[must_use]
    pub fn local_model(&self) -> Option<&Path> {
        self.embed_model_dir.as_deref().filter(|_| self.embeddings)
    }

    /// Who makes vectors, for people.
    #[must_use]
    pub fn vectors_by(&self) -> String {
        match self.local_model() {
            _ if !self.embeddings => "nobody".to_owned(),
            None => "the embedder tier".to_owned(),
            Some(directory) => format!("the model in {}", directory.display()),
        }
    }

    /// What the request path needs, but for what makes vectors.
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
    pub(super) fn memory(&mut self, file: &file::Memory, directory: &Path) -> Memory {
        let withheld = Percent::new(file.withheld_pct).map_err(|_| "a percentage from 0 to 100");
        let model = file.embed_model_dir.trim();
        Memory {
            mode: self.choice("memory.mode", &file.mode, &MemoryMode::NAMES),
            by_header: file.by_header,
            words_max: self.count("memory.words_max", file.words_max, 1..=100_000),
            place: self.choice("memory.place", &file.place, &MemoryPlace::NAMES),
            floor: self.floor(file.floor),
            search_timeout: self.duration("memory.search_timeout", &file.search_timeout, false),
            embeddings: file.embeddings,
            embed_model_dir: (!model.is_empty()).then(|| directory.join(model)),
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
