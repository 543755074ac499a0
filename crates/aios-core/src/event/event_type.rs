//! What kind of fact an event is, by name.

/// What kind of fact an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventType {
    /// [`Event::Response`](super::Event::Response).
    Response,
    /// [`Event::Feedback`](super::Event::Feedback).
    Feedback,
    /// [`Event::Hypothesis`](super::Event::Hypothesis).
    Hypothesis,
}

impl EventType {
    /// Every type.
    pub const ALL: [Self; 3] = [Self::Response, Self::Feedback, Self::Hypothesis];

    /// Name in events: their `event_type`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Response => "response",
            Self::Feedback => "feedback",
            Self::Hypothesis => "hypothesis",
        }
    }
}
