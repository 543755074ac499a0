//! Canada's social insurance number: nine digits that pass Luhn's check. Bare, one number in ten
//! passes, so a word must say what it is.

use super::{COMMON, Written, cues, read};
use crate::context::{CUE_WINDOW, Cues, Verdict};
use crate::detector::{Anchors, Detector, Found, Look, Number};
use crate::digits::{passes_luhn, run_end, values};
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector =
    Detector::new(PiiKind::NationalId, &[Anchors::Numbers(Number::new(9, &[3, 9]))], look);

static CUES: Cues = cues(&[&["sin", "nas", "insurance", "social", "canadian"], COMMON]);

fn look(source: &Source<'_>, at: usize) -> Look {
    let found = read(source, at, &[3, 3, 3], b" -")
        .filter(|(_, end)| passes_luhn(values(source, at, *end)))
        .filter(|(written, _)| match CUES.before(source, at, CUE_WINDOW) {
            Verdict::For => true,
            // 0 is for fictitious numbers, 8 for businesses.
            Verdict::Silent => {
                *written == Written::Grouped
                    && !matches!(source.byte(at), Some(b'0' | b'8'))
                    && !is_of_row(source, at)
            }
            Verdict::Against => false,
        })
        .map(|(_, end)| Found { start: at, end, rule: "national_id.ca_sin", confidence: 0.85 });
    Look::maybe(found, run_end(source, at))
}

/// Whether it stands in a row of numbers of three digits, of which some pass.
fn is_of_row(source: &Source<'_>, at: usize) -> bool {
    let end = at + "123 456 789".len();
    let is_number = |from: usize, to: usize| {
        let group = source.bytes().get(from..to).unwrap_or_default();
        group.len() == 3 && group.iter().all(u8::is_ascii_digit)
    };
    let follows = at >= 4 && source.before(at) == Some(b' ') && is_number(at - 4, at - 1);
    follows || source.byte(end) == Some(b' ') && is_number(end + 1, end + 4)
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn a_grouping_or_a_name_makes_a_number() {
        check("my SIN is ⟦130692544⟧, hers ⟦130 692 544⟧ and ⟦130-692-544⟧.");
        check("130692544 of 130 692 545, order 130 692 544, 046 454 286; SIN 130692545");
        check("SIN ⟦046 454 286⟧");
        check("368 130 692 544, 130 692 544 368; zadzwoń 130 692 544");
        check("SIRET 130 692 544 00074, móvil 130 692 544");
        check("130-692-544-1 and 1-130-692-544");
    }
}
