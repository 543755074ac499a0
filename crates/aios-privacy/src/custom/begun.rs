//! What a text ends with when a match has begun in it that is not over.
//!
//! Of an expression another one is made, which matches each beginning of what the first one matches. So a
//! text of which only the first part is known need not wait for its line to end, but only from where a match
//! may have begun.

use regex_syntax::hir::{Hir, HirKind, Repetition};

/// An expression without what it says of its surroundings (`^`, `\b`): rather too much begins than too little.
struct Form {
    whole: Hir,
    /// Matches every beginning of what `whole` does: nothing of it, some, or all.
    begun: Hir,
}

/// The expression of all beginnings of what `pattern` matches; `None` if it is none.
pub(super) fn beginnings(pattern: &str) -> Option<String> {
    let parsed = regex_syntax::parse(pattern).ok()?;
    Some(Form::of(&parsed).begun.to_string())
}

impl Form {
    fn of(parsed: &Hir) -> Self {
        match parsed.kind() {
            HirKind::Empty | HirKind::Look(_) => Self::empty(),
            HirKind::Class(_) => Self::one(parsed.clone()),
            HirKind::Literal(literal) => {
                let letters = String::from_utf8_lossy(&literal.0);
                let letter = |c: char| Self::one(Hir::literal(c.to_string().into_bytes()));
                letters.chars().rev().fold(Self::empty(), |rest, c| letter(c).before(rest))
            }
            HirKind::Repetition(times) => Self::of(&times.sub).repeated(times),
            HirKind::Capture(group) => Self::of(&group.sub),
            HirKind::Concat(parts) => {
                parts.iter().rev().fold(Self::empty(), |rest, part| Self::of(part).before(rest))
            }
            HirKind::Alternation(ways) => {
                let (whole, begun) =
                    ways.iter().map(Self::of).map(|way| (way.whole, way.begun)).unzip();
                Self { whole: Hir::alternation(whole), begun: Hir::alternation(begun) }
            }
        }
    }

    fn empty() -> Self {
        Self { whole: Hir::empty(), begun: Hir::empty() }
    }

    /// A single character.
    fn one(character: Hir) -> Self {
        let begun = Hir::alternation(vec![character.clone(), Hir::empty()]);
        Self { whole: character, begun }
    }

    /// It has begun, or it is over and the rest has.
    fn before(self, rest: Self) -> Self {
        let over = Hir::concat(vec![self.whole.clone(), rest.begun]);
        Self {
            whole: Hir::concat(vec![self.whole, rest.whole]),
            begun: Hir::alternation(vec![self.begun, over]),
        }
    }

    /// It is over some times, and has begun once more.
    fn repeated(self, times: &Repetition) -> Self {
        let again = |min, max| {
            let sub = Box::new(self.whole.clone());
            Hir::repetition(Repetition { min, max, greedy: times.greedy, sub })
        };
        let over = again(0, times.max.map(|max| max.saturating_sub(1)));
        Self { whole: again(times.min, times.max), begun: Hir::concat(vec![over, self.begun]) }
    }
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;

    /// Checks where in each text the first match may have begun: at `⟦`, if that is in it.
    #[track_caller]
    fn check(pattern: &str, marked: &[&str]) {
        let regex = Regex::new(&format!(r"(?:{})\z", beginnings(pattern).unwrap())).unwrap();
        for marked in marked {
            let text = marked.replace('⟦', "");
            let expect = marked.find('⟦').unwrap_or(text.len());
            assert_eq!(regex.find(&text).unwrap().start(), expect, "{pattern} in {marked}");
        }
    }

    #[test]
    fn a_match_has_begun_wherever_more_text_may_make_one() {
        check(
            r"\bEMP-\d{6}\b",
            &["an ⟦EM", "an EMPLOY", "⟦EMP-123456", "EMP-1234567", "EMP-12 ", "TEM x"],
        );
        check("NOTE .{60,}END", &["a ⟦NOTE b c", "a NOTA b", "⟦NOTE  NOTE ", "no⟦N"]);
        check(
            "(?i)case (?:no|number) *([0-9]+|none)",
            &["⟦Case ", "CASE nu x ⟦ca", "case NO ⟦c", "a ⟦case no  12"],
        );
        check("(ab){2,3}c", &["x⟦ab", "⟦aba", "⟦ababab", "ab⟦ababab", "ababx"]);
        check("naïve é?$", &["⟦na", "⟦naï", "naz", "x ⟦naïve é"]);
        check("^a.*", &["b ⟦a b c"]);
    }
}
