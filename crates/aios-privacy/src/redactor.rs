//! The one maker of [`RedactedText`]: scan, mask, and scan again until nothing is found.
//!
//! Masking changes what stands beside other text: a cue word comes nearer to a number, a host that
//! is kept turns out to be an address. So what was masked is scanned again, and text that does not
//! settle is withheld whole. Redacting redacted text therefore changes nothing, by construction.
//!
//! What is found in a line depends on that line alone (see the scanner), so only lines that hold a
//! new mask are scanned again.

use crate::custom::CustomRule;
use crate::cut;
use crate::finding::Finding;
use crate::kind::{PiiKind, RedactionCounts};
use crate::kinds::{private_key, url};
use crate::scanner::{Scanner, line};
use crate::source::Source;
use crate::text::RedactedText;

/// How often text is masked and scanned again before it is withheld. Real text settles in two.
const ROUNDS_MAX: usize = 6;

/// Stands for text that did not settle in [`ROUNDS_MAX`] rounds, or must not be told.
const WITHHELD: &str = "[WITHHELD]";

/// Marks text that was cut.
const ELLIPSIS: char = '…';

/// Finds and masks personal data and secrets. Share it by `Arc`: it is read only.
pub struct Redactor {
    scanner: Scanner,
    /// A text in which one of these is found is withheld whole.
    withheld: Vec<PiiKind>,
    /// Finds what is counted and stays.
    counted: Option<Scanner>,
}

/// Text without findings, and what was masked in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Redacted {
    /// The safe text.
    pub text: RedactedText,
    /// How many findings of each kind were masked, or withheld with all of the text.
    pub counts: RedactionCounts,
    /// How many were only counted, and stay.
    pub detected: RedactionCounts,
    /// Bytes that should have been scanned and were not, because the scanner has failed.
    pub bytes_unscanned: usize,
}

impl Redacted {
    /// Stands for a text of so many bytes at which the scanner has failed.
    #[must_use]
    pub fn withheld(bytes_unscanned: usize) -> Self {
        let text = RedactedText::from_masked(WITHHELD.to_owned());
        Self { text, bytes_unscanned, ..Self::default() }
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

impl Redactor {
    /// A redactor that looks for `kinds` only.
    #[must_use]
    pub fn new(kinds: &[PiiKind]) -> Self {
        Self::with_rules(kinds, Vec::new())
    }

    /// The same, with rules of its own, which are of the kind `custom`.
    #[must_use]
    pub fn with_rules(kinds: &[PiiKind], rules: Vec<CustomRule>) -> Self {
        let scanner = Scanner::new(|kind| kinds.contains(&kind), rules);
        Self { scanner, withheld: Vec::new(), counted: None }
    }

    /// The same, but a text in which one of `kinds` is found is withheld whole. They must be among those
    /// that it looks for.
    #[must_use]
    pub fn withholding(self, kinds: &[PiiKind]) -> Self {
        Self { withheld: kinds.to_vec(), ..self }
    }

    /// The same, but it also counts what is of `kinds`, and leaves it as it is.
    #[must_use]
    pub fn counting(self, kinds: &[PiiKind], rules: Vec<CustomRule>) -> Self {
        let counted = Scanner::new(|kind| kinds.contains(&kind), rules);
        Self { counted: (!kinds.is_empty()).then_some(counted), ..self }
    }

    /// The findings in `text`, sorted, without overlaps, on character boundaries.
    #[must_use]
    pub fn scan(&self, text: &str) -> Vec<Finding<'_>> {
        self.scanner.scan(&Source::new(text))
    }

    /// Masks every finding as `[EMAIL]`, `[PHONE]` and so on; of a URL, scheme and host stay.
    #[must_use]
    pub fn redact(&self, text: &str) -> Redacted {
        let findings = self.scan(text);
        let detected = self.detected(text);
        if findings.is_empty() {
            return Redacted {
                text: RedactedText::from_masked(text.to_owned()),
                detected,
                ..Redacted::default()
            };
        }
        if self.withholds(&findings) {
            return withheld(&findings, detected);
        }
        let mut counts = RedactionCounts::default();
        let masked = mask(text, &findings, &mut counts);
        Redacted { detected, ..self.settle(masked, counts) }
    }

    /// Cuts at `max_bytes` of `text` at a word's end, then masks. A finding across the cut is masked
    /// whole; what was cut off is marked by `…`. Masks are not counted against `max_bytes`.
    #[must_use]
    pub fn redact_cut(&self, text: &str, max_bytes: usize) -> Redacted {
        if text.len() <= max_bytes {
            return self.redact(text);
        }
        // The window goes on past the cut so that a value across it is seen whole.
        let window = cut::window(text, max_bytes);
        let findings = self.scan(window);
        let (head, n_kept) = cut::head(window, max_bytes, &findings);
        let (findings, detected) = (&findings[..n_kept], self.detected(head));
        if self.withholds(findings) {
            return withheld(findings, detected);
        }
        let mut counts = RedactionCounts::default();
        let mut masked = mask(head, findings, &mut counts);
        masked.changed.push(masked.text.len());
        masked.text.push(ELLIPSIS);
        Redacted { detected, ..self.settle(masked, counts) }
    }

    fn withholds(&self, findings: &[Finding<'_>]) -> bool {
        findings.iter().any(|one| self.withheld.contains(&one.kind))
    }

    /// Counts what stays.
    fn detected(&self, text: &str) -> RedactionCounts {
        let Some(counted) = &self.counted else { return RedactionCounts::default() };
        RedactionCounts::of(&counted.scan(&Source::new(text)))
    }

    /// Masks findings of some kinds, again until there are none.
    pub(crate) fn redact_kinds(&self, text: &str, is_masked: impl Fn(PiiKind) -> bool) -> String {
        let mut counts = RedactionCounts::default();
        let mut masked = text.to_owned();
        for _ in 0..=ROUNDS_MAX {
            let mut findings = self.scan(&masked);
            findings.retain(|one| is_masked(one.kind));
            if findings.is_empty() {
                return masked;
            }
            masked = mask(&masked, &findings, &mut counts).text;
        }
        WITHHELD.to_owned()
    }

    /// Redacts the part of `text` before `cut`, or before what reaches over it. Tells where that part
    /// ends, and what stands for it; 0 and nothing where that cannot be told.
    pub(crate) fn redact_head(&self, text: &str, cut: usize) -> (usize, String, RedactionCounts) {
        let cut = self.bound(text, cut);
        let findings = self.scan(text);
        let n_before = findings.partition_point(|one| one.end <= cut);
        let mut counts = RedactionCounts::default();
        let head = mask(text.get(..cut).unwrap_or_default(), &findings[..n_before], &mut counts);
        let mut end = head.text.len();
        // Those behind the cut are counted when they are before it.
        let mut later = RedactionCounts::default();
        let mut masked = mask(text, &findings, &mut later);
        for _ in 0..ROUNDS_MAX {
            // A mask may be what one of the configuration's own rules begins with.
            if self.scanner.begun(&masked.text, end) < end {
                break;
            }
            let lines = line::around(masked.text.as_bytes(), masked.changed);
            let findings = self.scanner.scan_lines(&Source::new(&masked.text), &lines);
            if findings.is_empty() {
                let head = masked.text.get(..end).unwrap_or_default().to_owned();
                return (cut, head, counts);
            }
            if findings.iter().any(|one| one.start < end && end < one.end) {
                break;
            }
            let n_before = findings.partition_point(|one| one.end <= end);
            let head = masked.text.get(..end).unwrap_or_default();
            end = mask(head, &findings[..n_before], &mut counts).text.len();
            masked = mask(&masked.text, &findings, &mut later);
        }
        (0, String::new(), RedactionCounts::default())
    }

    /// Up to where `text` before `cut` is sure to stay as it is redacted, whatever follows: no finding
    /// reaches over the place, and nothing has begun before it that may go on past blanks and lines.
    pub(crate) fn bound(&self, text: &str, cut: usize) -> usize {
        let is_open = |one: &Finding<'_>| {
            one.rule == private_key::RULE
                && text.len() < one.start + private_key::LENGTH_MAX
                && !text.get(..one.end).is_some_and(|head| head.ends_with("-----"))
        };
        let findings = self.scan(text);
        let mut bound = cut.min(self.open_quote(text).unwrap_or(cut));
        loop {
            let goes_on =
                |one: &&Finding<'_>| one.start < bound && (bound < one.end || is_open(one));
            let before = findings.iter().find(goes_on).map_or(bound, |one| one.start);
            let before = self.scanner.begun(text, before);
            if before == bound {
                return bound;
            }
            bound = before;
        }
    }

    /// Where a value begins whose quote has not closed: what would be found if it closed now.
    fn open_quote(&self, text: &str) -> Option<usize> {
        let line = text.rfind('\n').map_or(0, |feed| feed + 1);
        let last = text.get(line..)?;
        let is_odd = |quote: &char| last.matches(*quote).count() % 2 == 1;
        let open = ['"', '\'', '`'].into_iter().filter(is_odd).filter_map(|quote| {
            let closed = format!("{last}{quote}");
            let findings = self.scan(&closed);
            findings.last().filter(|one| one.end == last.len()).map(|one| line + one.start)
        });
        open.min()
    }

    /// Masks what masking has brought to light.
    fn settle(&self, mut masked: Masked, mut counts: RedactionCounts) -> Redacted {
        for _ in 0..ROUNDS_MAX {
            let lines = line::around(masked.text.as_bytes(), masked.changed);
            let findings = self.scanner.scan_lines(&Source::new(&masked.text), &lines);
            if findings.is_empty() {
                let text = RedactedText::from_masked(masked.text);
                return Redacted { text, counts, ..Redacted::default() };
            }
            masked = mask(&masked.text, &findings, &mut counts);
        }
        Redacted { counts, ..Redacted::withheld(0) }
    }
}

#[cfg(any(test, feature = "corpus"))]
impl Redactor {
    /// One that panics at each `@`.
    #[must_use]
    #[expect(clippy::panic, reason = "tests ask what follows")]
    pub fn failing() -> Self {
        use crate::detector::{Anchors, Detector};
        static FAILING: Detector =
            Detector::new(PiiKind::Email, &[Anchors::Bytes(b"@")], |_, _| panic!("as a test"));
        let scanner = Scanner::of(vec![&FAILING], Vec::new());
        Self { scanner, withheld: Vec::new(), counted: None }
    }
}

impl Default for Redactor {
    /// Looks for every kind.
    fn default() -> Self {
        Self::new(&PiiKind::ALL)
    }
}

/// Stands for a text because of what is in it.
fn withheld(findings: &[Finding<'_>], detected: RedactionCounts) -> Redacted {
    Redacted { counts: RedactionCounts::of(findings), detected, ..Redacted::withheld(0) }
}

/// Text with masks, and the offsets at which it is other than before, in order.
struct Masked {
    text: String,
    changed: Vec<usize>,
}

fn mask(text: &str, findings: &[Finding<'_>], counts: &mut RedactionCounts) -> Masked {
    let mut masked = String::with_capacity(text.len());
    let mut changed = Vec::with_capacity(findings.len());
    let mut from = 0;
    for finding in findings {
        masked.push_str(text.get(from..finding.start).unwrap_or_default());
        if finding.kind == PiiKind::Url {
            url::keep_host(text.get(finding.start..finding.end).unwrap_or_default(), &mut masked);
        }
        changed.push(masked.len());
        masked.push_str(finding.kind.mask());
        counts.add(finding.kind);
        from = finding.end;
    }
    masked.push_str(text.get(from..).unwrap_or_default());
    Masked { text: masked, changed }
}

#[cfg(test)]
mod tests;
