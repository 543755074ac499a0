//! What somebody is told.

use aios_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ChannelKind;

/// Whom it concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Somebody must look within days.
    Ticket,
    /// Somebody must look now.
    Page,
}

impl Severity {
    /// Every severity.
    pub const ALL: [Self; 2] = [Self::Ticket, Self::Page];

    /// Name in output and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ticket => "ticket",
            Self::Page => "page",
        }
    }
}

/// Why it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// It has begun.
    Alert,
    /// It still lasts.
    Reminder,
    /// It is over.
    Resolved,
    /// Somebody wants to know whether messages arrive.
    Test,
}

/// One message. What it holds are figures and advice, never anybody's words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Names the episode: the same for all its messages.
    pub key: String,
    /// Why it is told.
    pub kind: MessageKind,
    /// When it was written.
    pub ts: Timestamp,
    /// What is wrong: an objective, or a part.
    pub about: String,
    /// Whom it concerns.
    pub severity: Severity,
    /// What is the matter.
    pub detail: String,
    /// What to do.
    pub runbook: Vec<String>,
}

impl Message {
    /// A message to see whether messages arrive, and who wants to know.
    #[must_use]
    pub fn test(by: &str, now: Timestamp) -> Self {
        Self {
            key: "test".to_owned(),
            kind: MessageKind::Test,
            ts: now,
            about: by.to_owned(),
            severity: Severity::Ticket,
            detail: "Alerts of AIOS arrive here. Nothing is wrong.".to_owned(),
            runbook: Vec::new(),
        }
    }

    /// The head of a message, for people.
    #[must_use]
    pub fn title(&self) -> String {
        let what = match self.kind {
            MessageKind::Alert => format!("ALERT ({})", self.severity.name()),
            MessageKind::Reminder => format!("STILL ALERTING ({})", self.severity.name()),
            MessageKind::Resolved => "RESOLVED".to_owned(),
            MessageKind::Test => "TEST".to_owned(),
        };
        format!("AIOS {what}: {}", self.about)
    }

    /// What is sent.
    #[must_use]
    pub fn body(&self, kind: ChannelKind) -> Value {
        match kind {
            ChannelKind::Slack => json!({ "text": self.slack_text() }),
            ChannelKind::Webhook => json!({ "title": self.title(), "message": self }),
        }
    }

    fn slack_text(&self) -> String {
        let mut text = format!("*{}*\n{}", escaped(&self.title()), escaped(&self.detail));
        for (n, step) in self.runbook.iter().enumerate() {
            text.push_str(&format!("\n{}. {}", n + 1, escaped(step)));
        }
        text
    }
}

/// Slack's own three characters.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
