//! The ways in which a value is written so that it does not look like itself.

use crate::corpus::random::Random;
use crate::kind::PiiKind;

/// The value in a style. `style` is empty for the plain one.
pub(super) fn of(style: &str, kind: PiiKind, plain: &str, random: &mut Random) -> String {
    match style {
        "" => plain.to_owned(),
        "\\" => each(
            plain,
            |c| matches!(c, '@' | '+' | '<' | '>' | '&' | '\'') || !c.is_ascii(),
            |c| format!("\\u{:04x}", u32::from(c)),
        ),
        "\\\\" => each(
            plain,
            |c| matches!(c, '@' | '+') || !c.is_ascii(),
            |c| format!("\\\\u{:04x}", u32::from(c)),
        ),
        "%" => each(
            plain,
            |c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_')),
            |c| {
                let mut bytes = [0; 4];
                c.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")).collect()
            },
        ),
        "&" => entities(plain, random),
        "=" => each(
            plain,
            |c| matches!(c, '@' | '=' | '+') || !c.is_ascii(),
            |c| {
                let mut bytes = [0; 4];
                c.encode_utf8(&mut bytes).bytes().map(|byte| format!("={byte:02X}")).collect()
            },
        ),
        _ => hidden(kind, plain, random),
    }
}

fn each(plain: &str, is_written: impl Fn(char) -> bool, write: impl Fn(char) -> String) -> String {
    plain.chars().map(|c| if is_written(c) { write(c) } else { c.to_string() }).collect()
}

fn entities(plain: &str, random: &mut Random) -> String {
    let decimal = random.below(2) == 0;
    each(
        plain,
        |c| matches!(c, '@' | ' ' | '+' | ':'),
        |c| match c {
            ' ' => "&nbsp;".to_owned(),
            c if decimal => format!("&#{};", u32::from(c)),
            c => format!("&#x{:X};", u32::from(c)),
        },
    )
}

fn hidden(kind: PiiKind, plain: &str, random: &mut Random) -> String {
    match kind {
        PiiKind::Email if random.below(2) == 0 => spelled(plain, random),
        PiiKind::Ipv4 if random.below(2) == 0 => {
            plain.replace('.', random.pick(&["[.]", "(.)", "&#46;"]))
        }
        PiiKind::Url => {
            plain.replace("://", random.pick(&["[:]//", "\\u003a\\u002f\\u002f", ":\\/\\/"]))
        }
        PiiKind::Email => unseen(plain, random),
        _ => typeset(plain, random),
    }
}

fn spelled(plain: &str, random: &mut Random) -> String {
    let (local, host) = plain.split_once('@').unwrap_or((plain, ""));
    let (at, dot) = random.pick(&[
        (" [at] ", " [dot] "),
        (" (at) ", "."),
        ("[at]", "[dot]"),
        ("(at)", "(dot)"),
        (" at ", " dot "),
        (" AT ", " DOT "),
        ("{at}", "."),
        ("<at>", "<dot>"),
        ("@", "[.]"),
        ("[@]", "."),
        (" @ ", " . "),
        ("(a)", "."),
        (" [ät] ", " [punkt] "),
        ("_at_", "_dot_"),
    ]);
    format!("{local}{at}{}", host.replace('.', dot))
}

/// Other blanks, hyphens and digits, and what cannot be seen.
fn typeset(plain: &str, random: &mut Random) -> String {
    let swap = |from: char, to: &str| plain.replace(from, to);
    match random.below(12) {
        0 if plain.contains(' ') => swap(' ', "\u{a0}"),
        1 if plain.contains(' ') => swap(' ', "\u{202f}"),
        2 if plain.contains(' ') => swap(' ', "  "),
        3 if plain.contains(' ') => plain.replacen(' ', "\n", 1),
        4 if plain.contains('-') => swap('-', "\u{2013}"),
        5 if plain.contains('-') => swap('-', "\u{2212}"),
        6 if plain.contains('-') => swap('-', " - "),
        7 if plain.contains(' ') => swap(' ', "\t"),
        0..=8 => plain.chars().map(full_width).collect(),
        9 => plain.chars().map(|c| if c.is_ascii_digit() { full_width(c) } else { c }).collect(),
        _ => unseen(plain, random),
    }
}

/// All in another width, or with a character in it that cannot be seen.
fn unseen(plain: &str, random: &mut Random) -> String {
    if random.below(2) == 0 {
        return plain.chars().map(full_width).collect();
    }
    let n = u64::try_from(plain.chars().count()).unwrap_or(6);
    let place = random.within(1, n.max(3) - 1);
    let unseen = random.pick(&["\u{200b}", "\u{200c}", "\u{2060}", "\u{ad}", "\u{feff}"]);
    let insert = |(at, c)| if at == place { format!("{unseen}{c}") } else { String::from(c) };
    (0..).zip(plain.chars()).map(insert).collect()
}

fn full_width(c: char) -> char {
    match c {
        ' ' => '\u{3000}',
        '!'..='~' => char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c),
        c => c,
    }
}
