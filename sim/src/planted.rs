//! Bugs that are planted, to see that they are found.
//!
//! Some stand around the real parts and do to them, now and then, what a bug in them would. Others are in what the parts
//! are told: the deployment is put together as if a part did not do what it is for, while what must hold stays what it is.

use std::path::Path;

/// A planted bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    /// An event is written twice.
    DoubleEvent,
    /// A rollback is decided and not kept.
    LostRollback,
    /// Rotating brings back a line of somebody who was erased.
    Resurrection,
    /// A reload forgets what is masked before it is kept.
    RawText,
    /// The kill switch is thrown, and people are treated all the same.
    DeafKillSwitch,
    /// Two passes are enough for a stage.
    EarlyAdvance,
    /// A stage is passed over: judged again, the same verdicts lead elsewhere.
    SkippedStage,
    /// Answers do not wait for the disk.
    EarlyAnswer,
    /// What must not reach models and clients reaches them.
    Unmasked,
    /// A breaker opens at once and stays so.
    StuckBreaker,
    /// A client is taken for another one.
    MixedUp,
    /// A client is refused before its limit is used up.
    HarshLimit,
}

impl Planted {
    /// Each with its name.
    pub const ALL: [(&'static str, Self); 12] = [
        ("double-event", Self::DoubleEvent),
        ("lost-rollback", Self::LostRollback),
        ("resurrection", Self::Resurrection),
        ("raw-text", Self::RawText),
        ("deaf-kill-switch", Self::DeafKillSwitch),
        ("early-advance", Self::EarlyAdvance),
        ("skipped-stage", Self::SkippedStage),
        ("early-answer", Self::EarlyAnswer),
        ("unmasked", Self::Unmasked),
        ("stuck-breaker", Self::StuckBreaker),
        ("mixed-up", Self::MixedUp),
        ("harsh-limit", Self::HarshLimit),
    ];

    /// The invariant that it breaks.
    #[must_use]
    pub const fn breaks(self) -> &'static str {
        match self {
            Self::DoubleEvent | Self::EarlyAnswer => "one request, one event",
            Self::LostRollback => "what was decided is kept",
            Self::Resurrection => "what is erased stays erased",
            Self::RawText => "nothing personal is kept",
            Self::DeafKillSwitch => "the split is what it may be",
            Self::EarlyAdvance => "no move without its evidence",
            Self::SkippedStage => "the log replays to the same state",
            Self::Unmasked => "what passes is what may pass",
            Self::StuckBreaker => "a model that is well is in use",
            Self::MixedUp => "no conversation is taken for another",
            Self::HarshLimit => "limits hold, and hold nobody back",
        }
    }
}

/// Whoever does it.
#[derive(Debug)]
pub(crate) struct Saboteur {
    pub(crate) planted: Option<Planted>,
    /// A line of each conversation, as it stood before it was erased.
    remembered: Vec<Vec<u8>>,
    n_chances: u64,
    /// The next event is written twice.
    pub(crate) doubles: bool,
}

impl Saboteur {
    pub(crate) const fn new(planted: Option<Planted>) -> Self {
        Self { planted, remembered: Vec::new(), n_chances: 0, doubles: false }
    }

    /// Whether a bug strikes here, at one chance of so many.
    pub(crate) fn strikes(&mut self, planted: Planted, one_of: u64) -> bool {
        if self.planted != Some(planted) {
            return false;
        }
        self.n_chances += 1;
        self.n_chances.is_multiple_of(one_of)
    }

    /// Somebody is about to be erased.
    pub(crate) fn remember(&mut self, lines: impl Iterator<Item = Vec<u8>>) {
        if self.planted == Some(Planted::Resurrection) {
            self.remembered.extend(lines.take(1));
        }
    }

    pub(crate) fn remembered(&self) -> Option<&[u8]> {
        self.remembered.last().map(Vec::as_slice)
    }
}

/// Appends a line as the log would.
pub(crate) fn append(path: &Path, line: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    std::fs::OpenOptions::new().append(true).open(path)?.write_all(line)
}
