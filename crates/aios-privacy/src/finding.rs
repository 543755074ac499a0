//! What a scan reports, and how detectors' overlapping claims become one finding.

use crate::kind::PiiKind;
use crate::source::Source;

/// A span of text that is personal data or a secret.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Finding<'r> {
    /// What it is.
    pub kind: PiiKind,
    /// First byte, on a character boundary.
    pub start: usize,
    /// One past the last byte, on a character boundary.
    pub end: usize,
    /// The rule that found it, `kind.rule`; stable, for metrics and audit. The configuration's own
    /// rules live as long as the redactor.
    pub rule: &'r str,
    /// How sure the rule is, 0 to 1: checksums and issuers' prefixes near 1, shapes with a cue lower.
    pub confidence: f32,
}

impl Finding<'_> {
    fn len(&self) -> usize {
        self.end - self.start
    }
}

/// A detector's claim on a span, with the detector's place in the list of kinds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claim<'r> {
    pub(crate) finding: Finding<'r>,
    pub(crate) rank: usize,
}

impl Claim<'_> {
    /// What claims are sorted by.
    pub(crate) fn order(&self) -> (usize, usize) {
        (self.finding.start, self.rank)
    }
}

/// Sorted findings that do not overlap.
///
/// Claims that overlap become one finding over all their bytes, so that no part of the loser stays
/// in clear. It bears the name of the longest claim; of equals, of the one listed first.
pub(crate) fn resolve<'r>(source: &Source<'_>, mut claims: Vec<Claim<'r>>) -> Vec<Finding<'r>> {
    for claim in &mut claims {
        let finding = &mut claim.finding;
        (finding.start, finding.end) = source.snap(finding.start, finding.end);
    }
    // They are, but for those around the ends of blocks and those of second views.
    if !claims.is_sorted_by_key(Claim::order) {
        claims.sort_by_key(Claim::order);
    }
    let mut findings = Vec::with_capacity(claims.len());
    // The claims that overlap so far: all their bytes, and the best of them.
    let mut open: Option<(Finding<'r>, Claim<'r>)> = None;
    for claim in claims {
        match &mut open {
            Some((whole, best)) if claim.finding.start < whole.end => {
                whole.end = whole.end.max(claim.finding.end);
                if beats(&claim, best) {
                    *best = claim;
                }
            }
            _ => findings.extend(open.replace((claim.finding, claim)).map(named)),
        }
    }
    findings.extend(open.map(named));
    findings
}

/// The whole under the name of the best.
fn named<'r>((whole, best): (Finding<'r>, Claim<'r>)) -> Finding<'r> {
    Finding { start: whole.start, end: whole.end, ..best.finding }
}

fn beats(one: &Claim<'_>, other: &Claim<'_>) -> bool {
    let (n, m) = (one.finding.len(), other.finding.len());
    n > m || (n == m && one.rank < other.rank)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(rank: usize, kind: PiiKind, start: usize, end: usize) -> Claim<'static> {
        Claim { finding: Finding { kind, start, end, rule: "test", confidence: 1.0 }, rank }
    }

    fn check(claims: &[Claim<'static>], expect: &[(PiiKind, usize, usize)]) {
        let text = "x".repeat(100);
        let found = resolve(&Source::new(&text), claims.to_vec());
        let found: Vec<_> = found.iter().map(|f| (f.kind, f.start, f.end)).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn the_longest_claim_names_the_union() {
        let (phone, card) = (PiiKind::Phone, PiiKind::CreditCard);
        check(&[claim(1, phone, 5, 12), claim(0, card, 0, 10)], &[(card, 0, 12)]);
        check(&[claim(1, phone, 0, 12), claim(0, card, 10, 14)], &[(phone, 0, 14)]);
    }

    #[test]
    fn of_equal_claims_the_first_listed_wins() {
        let (secret, url) = (PiiKind::Secret, PiiKind::Url);
        check(&[claim(3, url, 0, 9), claim(2, secret, 0, 9)], &[(secret, 0, 9)]);
    }

    #[test]
    fn neighbors_stay_apart() {
        let mac = PiiKind::Mac;
        check(&[claim(0, mac, 4, 8), claim(0, mac, 0, 4)], &[(mac, 0, 4), (mac, 4, 8)]);
    }
}
