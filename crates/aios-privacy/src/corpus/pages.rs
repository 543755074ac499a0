//! A second maker of labelled text, by another hand: pages as people paste them into a chat, in the
//! shapes that standards and forms ask for.
//!
//! A page is a template with places such as `⟦phone.de⟧`. A sign before the name tells how the value is
//! written: `!` so that it is hidden, `\` `%` `&` `=` in the escapes of JSON, of forms, of HTML and of
//! quoted-printable mail. Names without a kind are decoys.

mod contact;
mod decoy;
mod desk;
mod disguise;
mod key;
mod number;
mod say;
mod write;

use std::ops::Range;

use super::random::Random;
use super::{Sample, Value};
use crate::kind::PiiKind;

/// Seeds whose pages may be looked at.
pub const PAGES_DEV: Range<u64> = 50_000..54_000;
/// Seeds whose pages judge.
pub const PAGES_TEST: Range<u64> = 7_700_000..7_708_000;

/// Seeds of a help desk's day that may be looked at.
pub const DESK_DEV: Range<u64> = 310_000..314_000;
/// Seeds of it that judge.
pub const DESK_TEST: Range<u64> = 41_900_000..41_908_000;

/// The page of a seed.
#[must_use]
pub fn page(seed: u64) -> Sample {
    let random = &mut Random::new(seed ^ 0x5eed_0fa1_2bad_cafe);
    let mut sample = Sample::default();
    let genre =
        random.pick(&[say::CHAT, say::LETTERS, say::DECOYS, write::DATA, write::LOGS, write::CODE]);
    for _ in 0..random.within(1, 4) {
        let genre = if random.below(4) == 0 { say::DECOYS } else { genre };
        fill(&mut sample, random.pick(genre), random);
        sample.text.push('\n');
    }
    sample
}

/// What a help desk has written down, of a seed.
#[must_use]
pub fn desk(seed: u64) -> Sample {
    let random = &mut Random::new(seed ^ 0x0de5_4d0c_7e11_a9b3);
    let mut sample = Sample::default();
    for _ in 0..random.within(1, 4) {
        let genre = random.pick(&[
            desk::TICKETS,
            desk::TICKETS,
            desk::SHEETS,
            desk::SHEETS,
            desk::MISTAKEN,
        ]);
        fill(&mut sample, random.pick(genre), random);
        sample.text.push('\n');
    }
    sample
}

/// Pushes a template with a value in each of its places.
fn fill(sample: &mut Sample, template: &str, random: &mut Random) {
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('⟦') {
        let (place, tail) = after.split_once('⟧').unwrap_or((after, ""));
        sample.text.push_str(before);
        put(sample, place, random);
        rest = tail;
    }
    sample.text.push_str(rest);
}

fn put(sample: &mut Sample, place: &str, random: &mut Random) {
    let name = place.trim_start_matches(['!', '\\', '%', '&', '=']);
    let style = place.strip_suffix(name).unwrap_or_default();
    let Some(kind) = kind_of(name) else {
        return sample.text.push_str(&decoy::of(name, random));
    };
    let plain = desk::of(name, random).unwrap_or_else(|| match kind {
        PiiKind::Email | PiiKind::Phone | PiiKind::Url => contact::of(name, random),
        PiiKind::Ipv4 | PiiKind::Ipv6 | PiiKind::Mac => contact::of(name, random),
        PiiKind::CreditCard | PiiKind::Iban | PiiKind::UsSsn | PiiKind::NationalId => {
            number::of(name, random)
        }
        PiiKind::Crypto | PiiKind::Secret | PiiKind::Custom => key::of(name, random),
    });
    let text = disguise::of(style, kind, &plain, random);
    let is_hard = text != plain;
    sample.push_label(kind, &Value { cue: "", text, is_hard });
}

/// The kind that a place's name begins with.
fn kind_of(name: &str) -> Option<PiiKind> {
    Some(match name.split('.').next().unwrap_or_default() {
        "email" => PiiKind::Email,
        "phone" => PiiKind::Phone,
        "url" => PiiKind::Url,
        "ipv4" => PiiKind::Ipv4,
        "ipv6" => PiiKind::Ipv6,
        "mac" => PiiKind::Mac,
        "card" => PiiKind::CreditCard,
        "iban" => PiiKind::Iban,
        "ssn" => PiiKind::UsSsn,
        "id" => PiiKind::NationalId,
        "coin" => PiiKind::Crypto,
        "secret" => PiiKind::Secret,
        _ => return None,
    })
}
