//! Text that may be remembered between requests.

use std::fmt;

use crate::kind::RedactionCounts;
use crate::policy::{Applied, Coverage, Policy, Sink};
use crate::redactor::Redactor;

/// Text to which the policy of the memory has been applied: by default every finding is masked. Whoever
/// keeps memory takes nothing else, so that no text gets there past the policy.
///
/// ```compile_fail
/// let raw = aios_privacy::Remembered(String::from("call +1 202 555 0143"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Remembered(String);

impl Remembered {
    /// Applies the policy; `None` where the text may go nowhere.
    #[must_use]
    pub fn new(policy: &Policy, redactor: &Redactor, text: &str) -> Option<Self> {
        Self::counted(policy, redactor, text, &mut Coverage::default()).0
    }

    /// The same, with what was found. How much was looked at is added to `coverage`.
    #[must_use]
    pub fn counted(
        policy: &Policy,
        redactor: &Redactor,
        text: &str,
        coverage: &mut Coverage,
    ) -> (Option<Self>, RedactionCounts) {
        match policy.apply(redactor, Sink::Memory, text, None, coverage) {
            Applied::Unchanged(counts) => (Some(Self(text.to_owned())), counts),
            Applied::Changed(text, counts) => (Some(Self(text)), counts),
            Applied::Blocked(counts) => (None, counts),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[remembered; {} bytes]", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Action;

    #[test]
    fn what_is_remembered_is_masked_unless_the_policy_says_otherwise() {
        let check = |policy: &Policy, expect: Option<&str>| {
            let kept = Remembered::new(policy, &Redactor::default(), "write to jo@example.com");
            assert_eq!(kept.as_ref().map(Remembered::as_str), expect);
        };
        check(&Policy::default(), Some("write to [EMAIL]"));
        let with = |action| Policy::default().with_default(Sink::Memory, action);
        check(&with(Action::Off), Some("write to jo@example.com"));
        check(&with(Action::Block), None);
    }
}
