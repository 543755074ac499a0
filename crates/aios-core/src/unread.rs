//! What could not be read of what is judged.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Lines of a time that hold no event although one was written there. Nobody knows what they said, so whatever rests on
/// that time is not known to be good.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// How many.
    pub n_lines: u64,
    /// The first of them.
    pub first: Option<UnreadAt>,
}

/// Where one of them stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadAt {
    /// The file, as it is called within the data directory.
    pub file: String,
    /// Its number, from 1; unknown where the file cannot be read up to it.
    pub line: Option<u64>,
    /// What is wrong with it. It may hold a word of the line, so it is for whoever may read the log.
    pub why: String,
}

impl Unread {
    /// Whether everything was read.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.n_lines == 0
    }
}

/// Counts and places, never a word of a line.
impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = if self.n_lines == 1 { "line" } else { "lines" };
        write!(f, "{} {lines} of the event log cannot be read", self.n_lines)?;
        self.first.as_ref().map_or(Ok(()), |first| write!(f, ", the first in {first}"))
    }
}

impl fmt::Display for UnreadAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        self.line.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_it_stands_is_said_and_what_it_says_is_not() {
        let first = |line| {
            let (file, why) = ("analytics/hypotheses.ndjson".to_owned(), "a word".to_owned());
            Some(UnreadAt { file, line, why })
        };
        let check = |n_lines, first, expect: &str| {
            assert_eq!(Unread { n_lines, first }.to_string(), expect);
        };
        check(
            29,
            first(Some(3)),
            "29 lines of the event log cannot be read, the first in analytics/hypotheses.ndjson:3",
        );
        check(
            1,
            first(None),
            "1 line of the event log cannot be read, the first in analytics/hypotheses.ndjson",
        );
        assert!(Unread::default().is_none());
    }
}
