//! Japan's My Number: twelve digits, the last of which checks the others mod 11 (ordinance 85 of 2014 of the
//! Ministry of Internal Affairs and Communications, article 5). One number in eleven passes, so a word must say what it is.

use super::{LABELS, cues, digit, is_uniform, read, weighted};
use crate::context::{CUE_WINDOW, Cues, Verdict};
use crate::detector::{Anchors, Detector, Found, Look, Number};
use crate::digits::run_end;
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector =
    Detector::new(PiiKind::NationalId, &[Anchors::Numbers(Number::new(12, &[4, 12]))], look);

static CUES: Cues = cues(&[&[
    "マイナンバー",
    "マイナンバーは",
    "マイナンバーカード",
    "個人番号",
    "個人番号は",
    "mynumber",
]]);

/// As the name of the card is written. In other letters it is anybody's number: `my number is` …
const NAMES: [&str; 4] = ["My Number", "MyNumber", "myNumber", "my_number"];

fn look(source: &Source<'_>, at: usize) -> Look {
    let found = read(source, at, &[4, 4, 4], b" -")
        .filter(|(_, end)| !is_uniform(source, at, *end) && is_checked(source, at, *end))
        .filter(|_| is_named(source, at))
        .map(|(_, end)| Found {
            start: at,
            end,
            rule: "national_id.jp_my_number",
            confidence: 0.9,
        });
    Look::maybe(found, run_end(source, at))
}

fn is_named(source: &Source<'_>, at: usize) -> bool {
    match CUES.before(source, at, CUE_WINDOW) {
        Verdict::For => true,
        Verdict::Against => false,
        Verdict::Silent => {
            let from = at.saturating_sub(CUE_WINDOW);
            LABELS.label(source, at, CUE_WINDOW)
                || NAMES.iter().any(|name| (from..at).any(|place| source.has(place, name)))
        }
    }
}

fn is_checked(source: &Source<'_>, start: usize, end: usize) -> bool {
    let rest = weighted(source, start, end, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    digit(source, start, end, 11) == if rest <= 1 { 0 } else { 11 - rest }
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn a_name_and_the_check_make_a_number() {
        check("マイナンバー：⟦123456789018⟧、個人番号は ⟦1234 5678 9018⟧");
        check(
            "My Number ⟦1234-5678-9018⟧; my_number=⟦123456789018⟧, \"myNumber\":\"⟦987654321018⟧\"",
        );
        check("my number is 123456789018, order 123456789018, 1234 5678 9018");
        check("マイナンバー 123456789017 000000000000 1234567890180; 注文番号 123456789018");
        check("my personal AWS account 123456789018, individual lot 123456789018");
        check("{\"identity\":{\"account\":\"123456789018\"}} resident set size 123456789018");
    }
}
