//! One request, as it was seen by whoever sent it.

use std::time::Duration;

use aios_core::Tier;

/// One request. Times count from the beginning of the run.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// When it should have been sent.
    pub intended: Duration,
    /// When it was.
    pub sent: Duration,
    /// When its answer was whole, or it had failed.
    pub ended: Duration,
    /// When the first words of its answer came, or were waited for no longer, if it was a stream.
    pub first: Option<Duration>,
    /// Pauses between words, and the one before they were waited for no longer, if it was a stream.
    pub gaps: Vec<Duration>,
    /// Why there was no whole answer, if there was none.
    pub failed: Option<Cause>,
    /// Which tier it was routed to, if the server says so.
    pub tier: Option<Tier>,
    /// Whether the other tier answered, because that one could not.
    pub fell_back: bool,
    /// Whether a simulated model answered.
    pub simulated: bool,
}

/// Why there was no whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Too many were under way already, or this machine had no socket left.
    NotSent,
    /// Nobody took the connection.
    Unreachable,
    /// The connection broke before there was an answer.
    Lost,
    /// There was no end to it in time.
    Timeout,
    /// Another status than 200.
    Status(u16),
    /// A stream without its proper ending.
    BrokenStream,
    /// What came is no chat completion, or one without words.
    BadReply,
}

impl Cause {
    /// As it stands in reports.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::NotSent => "not_sent".to_owned(),
            Self::Unreachable => "unreachable".to_owned(),
            Self::Lost => "connection_lost".to_owned(),
            Self::Timeout => "timeout".to_owned(),
            Self::Status(code) => format!("status_{code}"),
            Self::BrokenStream => "broken_stream".to_owned(),
            Self::BadReply => "bad_reply".to_owned(),
        }
    }
}

impl Sample {
    /// From when it should have been sent to its end.
    #[must_use]
    pub fn latency(&self) -> Duration {
        self.ended.saturating_sub(self.intended)
    }

    /// From when it was sent to its end: what a driver sees that waits for the server.
    #[must_use]
    pub fn service(&self) -> Duration {
        self.ended.saturating_sub(self.sent)
    }

    /// How much later it was sent than it should have been.
    #[must_use]
    pub fn late(&self) -> Duration {
        self.sent.saturating_sub(self.intended)
    }
}
