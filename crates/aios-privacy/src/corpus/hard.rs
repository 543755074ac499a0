//! Forms that hide a value: escapes, other widths, spelled-out signs.

use super::random::Random;
use crate::kind::PiiKind;

/// The value in a form that hides it. `None` for kinds that nobody hides so.
pub(super) fn of(kind: PiiKind, value: &str, random: &mut Random) -> Option<String> {
    match kind {
        PiiKind::Email => Some(email(value, random)),
        PiiKind::Phone | PiiKind::CreditCard | PiiKind::UsSsn => number(value, random),
        PiiKind::Ipv4 => Some(match random.below(3) {
            0 => value.replace('.', "[.]"),
            1 => value.chars().map(full_width).collect(),
            _ => unseen(value, random),
        }),
        PiiKind::Url => Some(match random.below(2) {
            0 => value.replace('/', "\\/"),
            _ => value.replace(':', "\\u003a").replace('/', "\\u002f"),
        }),
        PiiKind::Iban | PiiKind::Mac | PiiKind::Ipv6 => Some(match random.below(2) {
            0 => value.chars().map(full_width).collect(),
            _ => unseen(value, random),
        }),
        PiiKind::NationalId | PiiKind::Crypto | PiiKind::Secret | PiiKind::Custom => None,
    }
}

fn email(value: &str, random: &mut Random) -> String {
    let (name, domain) = value.split_once('@').unwrap_or((value, ""));
    match random.below(12) {
        0 => format!("{name} [at] {}", domain.replace('.', " [dot] ")),
        1 => format!("{name}(at){domain}"),
        2 => format!("{name}[at]{}", domain.replace('.', "[dot]")),
        3 => format!("{name} at {}", domain.replace('.', " dot ")),
        4 => format!("{name} AT {}", domain.replace('.', " DOT ")),
        5 => format!("{name}%40{domain}"),
        6 => format!("{name}\\u0040{domain}"),
        7 => format!("{name}&#64;{domain}"),
        8 => format!("{name}&commat;{domain}"),
        9 => value.chars().map(full_width).collect(),
        10 => format!("{name}＠{domain}"),
        _ => unseen(value, random),
    }
}

fn number(value: &str, random: &mut Random) -> Option<String> {
    let has_blank = value.contains(' ');
    let has_hyphen = value.contains('-');
    Some(match random.below(5) {
        0 if has_blank => value.replace(' ', "\u{a0}"),
        1 if has_hyphen => value.replace('-', "\u{2011}"),
        2 if has_hyphen => value.replace('-', "–"),
        3 => value.chars().map(full_width).collect(),
        4 => unseen(value, random),
        _ => return None,
    })
}

fn full_width(c: char) -> char {
    match c {
        ' ' => '\u{3000}',
        '!'..='~' => char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c),
        c => c,
    }
}

/// A character that cannot be seen between two others.
fn unseen(value: &str, random: &mut Random) -> String {
    let n = u64::try_from(value.chars().count()).unwrap_or(1);
    let place = random.within(1, n.max(2) - 1);
    let unseen = random.pick(&['\u{200b}', '\u{ad}', '\u{2060}', '\u{feff}']);
    let insert = |(at, c): (u64, char)| if at == place { vec![unseen, c] } else { vec![c] };
    (0..).zip(value.chars()).flat_map(insert).collect()
}
