//! Passwords that commands are given by a letter: `mysql -p…`, `docker login -p …`, `sshpass -p …`, `redis-cli -a …`.
//!
//! The letter alone says nothing: `-p` is a port, a directory's parents or what is to be preserved. So it counts only behind a
//! command that takes a password by it, and what follows must look like one.

use super::value::{PASSWORD_MIN, is_mixed, is_placeholder, plain_end, trimmed};
use crate::detector::{Anchors, Detector, Found, Look};
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector = Detector::new(
    PiiKind::Secret,
    &[Anchors::Before(b"-", |byte| matches!(byte, b'p' | b'P' | b'a'))],
    look,
);

/// So far before an option its command is looked for, in bytes.
const COMMAND_MAX: usize = 160;
/// Blanks between an option and its value.
const BLANKS_MAX: usize = 4;
const QUOTED_MAX: usize = 128;
/// A number that is shorter may be a port, a count or a year.
const DIGITS_MIN: usize = 8;
const NAME_MAX: usize = 24;

/// Which commands take a password behind an option and a blank, by how their names begin.
const COMMANDS: [(u8, &[&str]); 3] = [
    (b'p', &["login", "sshpass", "mongo"]),
    (b'P', &["sqlcmd", "bcp"]),
    (b'a', &["redis-cli", "valkey-cli", "keydb-cli"]),
];

/// Which take one right behind `-p`: behind a blank it would be the name of a database.
const JOINED: [&str; 2] = ["mysql", "mariadb"];

/// Whole options that begin like `-p` with its password, as some write them with one hyphen.
const WORDS: [&str; 8] =
    ["port", "protocol", "password", "pass", "pager", "print-defaults", "plugin-dir", "prompt"];

fn look(source: &Source<'_>, at: usize) -> Look {
    let (letter, value) = (source.byte(at + 1), at + 2);
    let found = match (source.before(at), letter, source.byte(value)) {
        (Some(b' '), Some(letter), Some(b' ')) => behind_blank(source, at, letter),
        (Some(b' '), Some(b'p'), Some(_)) => joined(source, at),
        _ => None,
    };
    Look::maybe(found, at + 1)
}

/// `-p …` and `-a …`, each behind its command.
fn behind_blank(source: &Source<'_>, at: usize, letter: u8) -> Option<Found> {
    let (_, commands) = COMMANDS.iter().find(|(of, _)| *of == letter)?;
    let value = source.run_right(at + 2, BLANKS_MAX, |byte| byte == b' ');
    given(source, value)
        .filter(|found| is_believed(source.between(found.start, found.end)))
        .filter(|_| is_of_any(source, at, commands))
}

/// `-p…` without a blank.
fn joined(source: &Source<'_>, at: usize) -> Option<Found> {
    let value = at + 2;
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'-';
    let word = source.between(at + 1, source.run_right(value, NAME_MAX, is_letter));
    let is_password = |found: &Found| {
        let value = source.between(found.start, found.end);
        is_believed(value) || is_word(value)
    };
    given(source, value)
        .filter(is_password)
        .filter(|_| !WORDS.contains(&word) && is_of_any(source, at, &JOINED))
}

/// Whether the option at `at` is one of these commands', on the same line.
fn is_of_any(source: &Source<'_>, at: usize, commands: &[&str]) -> bool {
    let start = source.run_left(at, COMMAND_MAX, goes_on);
    let command = source.bytes().get(start..at).unwrap_or_default();
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    commands.iter().any(|name| {
        memchr::memmem::find_iter(command, name).any(|found| {
            let (before, rest) = command.split_at(found);
            let end = rest.iter().find(|byte| !is_part(byte));
            !before.last().is_some_and(is_part) && end == Some(&b' ')
        })
    })
}

/// Whether a command goes on with this byte.
fn goes_on(byte: u8) -> bool {
    !matches!(byte, b'\n' | b';' | b'|' | b'&' | b'`')
}

/// What stands at `at`, in quotes or up to a blank.
fn given(source: &Source<'_>, at: usize) -> Option<Found> {
    let escape = source.run_right(at, 1, |byte| byte == b'\\');
    let quote = source.byte(escape).filter(|byte| matches!(byte, b'"' | b'\''));
    let (start, end) = match quote {
        Some(quote) => (escape + 1, quoted_end(source, escape + 1, quote)?),
        None => (at, trimmed(source, at, plain_end(source, at, usize::MAX))),
    };
    let value = source.between(start, end);
    let is_ours = value.len() >= PASSWORD_MIN && !is_placeholder(value);
    is_ours.then_some(Found { start, end, rule: "secret.assigned", confidence: 0.85 })
}

/// Where the quote is that closes, if it does.
fn quoted_end(source: &Source<'_>, start: usize, quote: u8) -> Option<usize> {
    let is_inside = |byte: u8| byte != quote && !matches!(byte, b'\n' | b'\\');
    let end = source.run_right(start, QUOTED_MAX, is_inside);
    matches!(source.byte(end), Some(b'"' | b'\'' | b'\\')).then_some(end)
}

/// Whether a value is of letters alone, and no placeholder in capitals. That is a password where nothing else can stand.
fn is_word(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_alphabetic())
        && value.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// Whether a value is a password rather than a port, two of them, a path, another option or a word.
fn is_believed(value: &str) -> bool {
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
    let is_map = value
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.' | b'-' | b'/'));
    let is_path = value.starts_with(['/', '~', '.', '-']);
    // `--platform=linux/amd64` without its hyphens, and `KEY=value`.
    let is_setting = value.split_once('=').is_some_and(|(name, set)| {
        !set.trim_start_matches('=').is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-'))
    });
    is_mixed(value)
        && !is_path
        && !is_setting
        && (!is_map || is_number && value.len() >= DIGITS_MIN)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::kinds::secret::testing::check;
    use crate::source::Source;

    /// Passwords that are drawn for each test: their first letter begins no placeholder.
    const DRAWN: &str = "[qzQZ][a-zA-Z]{3,12}[0-9][0-9a-zA-Z!@#^*+]{0,8}[a-zA-Z0-9]";

    proptest! {
        #[test]
        fn what_commands_are_given_by_a_letter_is_found(word in DRAWN) {
            check(&format!("mysql -h db -u root -p⟦{word}⟧ shop < dump.sql"));
            check(&format!("mysqldump --opt -uroot -p'⟦{word}⟧' shop; mariadb-admin -p⟦{word}⟧ ping"));
            check(&format!("docker login -u jo -p ⟦{word}⟧ r.example && sshpass -p '⟦{word}⟧' ssh jo@x"));
            check(&format!("redis-cli -h cache -a ⟦{word}⟧ ping | sqlcmd -S db -P \"⟦{word}⟧\""));
            check(&format!("{{\"run\": \"sshpass -p \\\"⟦{word}⟧\\\" ssh x\"}}\n$ mongosh -p ⟦{word}⟧"));
        }

        #[test]
        fn what_commands_are_given_by_a_word_is_found(word in DRAWN) {
            check(&format!("psql --password ⟦{word}⟧; tool --password=⟦{word}⟧ x"));
            check(&format!("curl -u jo:⟦{word}⟧ https://x.example"));
            check(&format!("PGPASSWORD=⟦{word}⟧ psql -h db"));
        }
    }

    #[test]
    fn letters_are_a_password_where_nothing_else_can_stand() {
        check("mysql -uroot -p⟦swordfish⟧; mysql -p⟦SwordFish⟧; mysql -pPASSWORD");
        check("docker login -p swordfish");
    }

    #[test]
    fn ports_directories_and_placeholders_are_not() {
        check(
            "docker run -p 8080:80 -p 127.0.0.1:5432:5432 x && mkdir -p build1/out2 && cp -p a1 b2",
        );
        check("ssh -p 22022 jo@host1; nc -p 12345678 x; ls -a file22!; git commit -a -m fix22!");
        check("docker login -p 8080:80; sshpass -p /run/secrets/pass1; redis-cli -a ~/pass22!");
        check("sshpass -p $PASS22 ssh x; sshpass -p \"${PASS22}\" x; docker login -p --user22");
        check("docker login -p <password1>; docker login -p YOUR_PASSWORD1; sshpass -p required");
        check("mysql -port 3306 -protocol=tcp22 -P 3306 -p shop22 -password; mysql -p3306");
        check("mysql -p$ROOT22; mysql -p\"$ROOT22\"; mysql -p -e 'select 22!'");
        check("the redis-cli -a option sets a password, and docker login -p password does so too");
        check("mysql is a database1; run prog -pvalue22! later. pyredis-client -a value22!");
        check("mysql://db.example -p12x34y! mysqlclient==2.2.4 -pvalue22!x");
    }

    #[test]
    fn many_options_on_a_line_cost_no_more_than_their_length() {
        let work = |unit: &str, n: usize| {
            let text = unit.repeat(n);
            let source = Source::new(&text);
            assert!(text.match_indices('-').all(|(at, _)| super::look(&source, at).resume > at));
            source.work()
        };
        for unit in ["mysql -p1x2y3z! ", " -p", " -p ", "sshpass -p a1b2c3 ", "mysql -pa "] {
            assert!(work(unit, 4000) < 5 * work(unit, 1000), "{unit}");
        }
    }
}
