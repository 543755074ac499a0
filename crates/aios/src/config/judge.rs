//! `[judge]`.

use aios_core::{Percent, Tier};
use aios_server::JudgeSettings;

use super::file;
use super::resolve::Resolver;

const TIERS: [(&str, Tier); 2] = [("main", Tier::Main), ("embedder", Tier::Embedder)];

/// Longest rubric, in bytes.
const RUBRIC_MAX: usize = 4096;

impl Resolver<'_> {
    /// Who judges live answers; none if it is off.
    pub(super) fn judge(&mut self, file: &file::Judge) -> Option<JudgeSettings> {
        let share = Percent::new(file.share_pct);
        if share.is_err() {
            let why = format!("must be a percentage from 0 to 100, not {}", file.share_pct);
            self.refuse("judge.share_pct", why);
        }
        let rubric = file.rubric.trim();
        if rubric.is_empty() || rubric.len() > RUBRIC_MAX {
            let why = format!("must say what makes an answer good, in {RUBRIC_MAX} bytes at most");
            self.refuse("judge.rubric", why);
        }
        let settings = JudgeSettings {
            tier: self.choice("judge.tier", &file.tier, &TIERS),
            share: share.map_or(0.0, |share| share.get() / 100.0),
            per_day_max: self.count("judge.per_day_max", file.per_day_max, 1..=1_000_000),
            tokens_per_day_max: self.count(
                "judge.tokens_per_day_max",
                file.tokens_per_day_max,
                1..=1_000_000_000,
            ),
            timeout: self.duration("judge.timeout", &file.timeout, false),
            rubric: rubric.to_owned(),
        };
        file.enabled.then_some(settings)
    }
}
