//! The configuration's own rules: regular expressions that take linear time on any text.
//!
//! A rule sees one line at a time, like every detector, so that what it finds depends on that line
//! alone. But it may look at all of it, further than any detector does.

mod begun;

use regex::{Regex, RegexBuilder};
use thiserror::Error;

use crate::kind::PiiKind;

/// Largest compiled expression, and largest table made of it while it runs, in bytes.
const SIZE_MAX: usize = 1 << 20;

/// The same for the expression of what a match begins with, which is longer.
const BEGUN_SIZE_MAX: usize = 4 * SIZE_MAX;

/// Longest pattern and name, in bytes.
const PATTERN_MAX: usize = 4 * 1024;
const NAME_MAX: usize = 32;

/// A rule of the configuration.
#[derive(Debug, Clone)]
pub struct CustomRule {
    /// `custom.` and the name.
    rule: String,
    regex: Regex,
    /// Matches the end of a text in which a match has begun. `None` if that would be too large.
    begun: Option<Regex>,
}

/// Why a rule is refused.
#[derive(Debug, Error)]
pub enum CustomRuleError {
    /// The name is not one.
    #[error("its name must be 1 to {NAME_MAX} small letters, digits and underscores")]
    Name,
    /// The pattern is no regular expression, or a very large one.
    #[error("its pattern cannot be used: {0}")]
    Pattern(String),
    /// The pattern matches text of no length, so it would be everywhere.
    #[error("its pattern matches the empty text")]
    Empty,
    /// The pattern matches what stands for a masked value, so text would never settle.
    #[error("its pattern matches the mask {0}")]
    Mask(&'static str),
}

impl CustomRule {
    /// How sure such a rule is: whoever wrote it knows what it finds.
    pub const CONFIDENCE: f32 = 1.0;

    /// The rule `custom.<name>` for what `pattern` matches.
    ///
    /// # Errors
    ///
    /// Where name or pattern cannot be used.
    pub fn new(name: &str, pattern: &str) -> Result<Self, CustomRuleError> {
        let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if !(1..=NAME_MAX).contains(&name.len()) || !name.bytes().all(is_part) {
            return Err(CustomRuleError::Name);
        }
        if pattern.len() > PATTERN_MAX {
            return Err(CustomRuleError::Pattern(format!("it is longer than {PATTERN_MAX} bytes")));
        }
        let regex = compiled(pattern, SIZE_MAX)
            .map_err(|error| CustomRuleError::Pattern(last_line(&error.to_string())))?;
        if regex.is_match("") {
            return Err(CustomRuleError::Empty);
        }
        match PiiKind::ALL.into_iter().map(PiiKind::mask).find(|mask| regex.is_match(mask)) {
            Some(mask) => Err(CustomRuleError::Mask(mask)),
            None => {
                let begun = begun::beginnings(pattern)
                    .and_then(|begun| compiled(&format!(r"(?:{begun})\z"), BEGUN_SIZE_MAX).ok());
                Ok(Self { rule: format!("custom.{name}"), regex, begun })
            }
        }
    }

    /// The rule's full name.
    #[must_use]
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// The spans of `line` that the rule finds.
    pub(crate) fn find_each(&self, line: &str) -> impl Iterator<Item = (usize, usize)> {
        let spans = self.regex.find_iter(line).map(|found| (found.start(), found.end()));
        spans.filter(|(start, end)| start < end)
    }

    /// Where in the first part of a line a match may begin that more of the line decides.
    pub(crate) fn begun_in(&self, head: &str) -> Option<usize> {
        let start = |regex: &Regex| regex.find(head).map_or(head.len(), |found| found.start());
        let start = self.begun.as_ref().map_or(0, start);
        (start < head.len()).then_some(start)
    }
}

fn compiled(pattern: &str, size_max: usize) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).size_limit(size_max).dfa_size_limit(size_max).build()
}

/// What a regular expression's error comes to; before it stands a drawing of the place.
fn last_line(text: &str) -> String {
    let line = text.lines().last().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redactor::Redactor;

    fn refusal(name: &str, pattern: &str) -> String {
        CustomRule::new(name, pattern).map_or_else(|error| error.to_string(), |_| "none".to_owned())
    }

    #[test]
    fn a_rule_finds_and_masks_under_its_name() {
        let rule = CustomRule::new("employee", r"\bEMP-\d{6}\b").unwrap();
        let redactor = Redactor::with_rules(&[PiiKind::Custom], vec![rule]);
        let findings = redactor.scan("a EMP-123456 b\nEMP-1234567 and EMP-654321");
        let found: Vec<_> = findings.iter().map(|one| (one.rule, one.start, one.end)).collect();
        assert_eq!(found, [("custom.employee", 2, 12), ("custom.employee", 31, 41)]);
        assert_eq!(redactor.redact("x EMP-123456").text.as_str(), "x [CUSTOM]");
        assert_eq!(redactor.redact(r"x EMP\u002d123456").text.as_str(), "x [CUSTOM]");
    }

    #[test]
    fn where_a_match_may_begin_is_told_or_is_anywhere() {
        let begun =
            |pattern: &str, head: &str| CustomRule::new("a", pattern).unwrap().begun_in(head);
        assert_eq!(begun(r"EMP-\d{6}", "I am EMP-12"), Some(5));
        assert_eq!(begun(r"EMP-\d{6}", "I am EMP-123456, and"), None);
        // A word of so many letters would be an expression that is nested too deep.
        assert_eq!(begun(&"word ".repeat(200), "no such"), Some(0));
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_the_reason() {
        assert_eq!(
            refusal("Big", "x"),
            "its name must be 1 to 32 small letters, digits and underscores"
        );
        assert_eq!(refusal("a", "("), "its pattern cannot be used: unclosed group");
        assert_eq!(refusal("a", "x*"), "its pattern matches the empty text");
        assert_eq!(refusal("a", "[A-Z]{5}"), "its pattern matches the mask [EMAIL]");
        assert!(refusal("a", r"(\w{1,500}){500}").contains("cannot be used"));
        assert_eq!(refusal("a", r"\d{4}-x"), "none");
    }
}
