//! Text that may be remembered between requests.

use std::fmt;

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
        match policy.apply(redactor, Sink::Memory, text, None, &mut Coverage::default()) {
            Applied::Unchanged(_) => Some(Self(text.to_owned())),
            Applied::Changed(text, _) => Some(Self(text)),
            Applied::Blocked(_) => None,
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
