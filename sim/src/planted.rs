//! Bugs that are planted, to see that they are found.
//!
//! Some stand around the real parts and do to them, now and then, what a bug in them would. Others are in what the parts
//! are told: the deployment is put together as if a part did not do what it is for, while what must hold stays what it is.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use rusqlite::Connection;

use crate::text;

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
    /// No limit of time is in force.
    Endless,
    /// A request panics, which the pipeline catches.
    Panic,
    /// Rotating panics, which nobody catches.
    LoosePanic,
    /// A golden run that has failed says that it has passed.
    FailedGolden,
    /// An erasure leaves the index as it is.
    LeftInIndex,
    /// The event of a request whose conversation was erased meanwhile is written twice.
    FencedTwice,
    /// A client may ask as much at once as it likes.
    NoLimit,
    /// A client may ask once more in a minute than its limit says.
    LavishMinute,
    /// Feedback that was taken is not in the log.
    LostFeedback,
    /// Nobody looks at the override file.
    DeafOverride,
    /// Ids are another run's.
    Restless,
}

impl Planted {
    /// Each with its name.
    pub const ALL: [(&'static str, Self); 23] = [
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
        ("endless", Self::Endless),
        ("panic", Self::Panic),
        ("loose-panic", Self::LoosePanic),
        ("failed-golden", Self::FailedGolden),
        ("left-in-index", Self::LeftInIndex),
        ("fenced-twice", Self::FencedTwice),
        ("no-limit", Self::NoLimit),
        ("lavish-minute", Self::LavishMinute),
        ("lost-feedback", Self::LostFeedback),
        ("deaf-override", Self::DeafOverride),
        ("restless", Self::Restless),
    ];

    /// The invariant that it breaks.
    #[must_use]
    pub const fn breaks(self) -> &'static str {
        match self {
            Self::DoubleEvent | Self::EarlyAnswer | Self::FencedTwice => "one request, one event",
            Self::LostRollback => "what was decided is kept",
            Self::Resurrection | Self::LeftInIndex => "what is erased stays erased",
            Self::RawText => "nothing personal is kept",
            Self::DeafKillSwitch | Self::DeafOverride => "the split is what it may be",
            Self::EarlyAdvance | Self::FailedGolden => "no move without its evidence",
            Self::SkippedStage => "the log replays to the same state",
            Self::Unmasked => "what passes is what may pass",
            Self::StuckBreaker => "a model that is well is in use",
            Self::MixedUp => "no conversation is taken for another",
            Self::HarshLimit | Self::NoLimit | Self::LavishMinute => {
                "limits hold, and hold nobody back"
            }
            Self::Endless => "every request ends",
            Self::Panic | Self::LoosePanic => "nothing panics",
            Self::LostFeedback => "what is said of an answer is kept",
            Self::Restless => COMES_TO_THE_SAME,
        }
    }
}

/// What is seen only of a seed that is run twice.
pub(crate) const COMES_TO_THE_SAME: &str = "a seed comes to the same";

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
        let doubles = matches!(planted, Some(Planted::FencedTwice));
        Self { planted, remembered: Vec::new(), n_chances: 0, doubles }
    }

    /// Whether this is a line to be written twice.
    pub(crate) fn may_double(&self, line: &[u8]) -> bool {
        self.planted != Some(Planted::FencedTwice) || text::is_fenced(line)
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
    fs::OpenOptions::new().append(true).open(path)?.write_all(line)
}

/// Takes the line of an event out of a segment.
pub(crate) fn take_out(path: &Path, event_id: &str) -> std::io::Result<()> {
    let Ok(bytes) = fs::read(path) else { return Ok(()) };
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let left: Vec<&[u8]> = lines.filter(|line| text::event_id(line) != Some(event_id)).collect();
    fs::write(path, left.concat())
}

/// Which segments the index says that somebody is named in.
pub(crate) fn segments_in_index(index: &Path, code: &[u8]) -> Result<Vec<i64>> {
    let database = Connection::open(index)?;
    let mut find = database.prepare("SELECT seg FROM names WHERE name = ?1")?;
    let found = find.query_map([code], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Has the index say so again.
pub(crate) fn put_in_index(index: &Path, segments: &[i64], code: &[u8]) -> Result<()> {
    let database = Connection::open(index)?;
    for segment in segments {
        database.execute("INSERT OR IGNORE INTO names VALUES (?1, ?2)", (segment, code))?;
    }
    Ok(())
}

/// Another number each time.
pub(crate) fn restless() -> u64 {
    static N: AtomicU64 = AtomicU64::new(1);
    N.fetch_add(1, Ordering::Relaxed)
}
