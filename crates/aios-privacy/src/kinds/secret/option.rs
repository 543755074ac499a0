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
/// A number that is shorter may be a port, a count or a year, where one can stand.
const DIGITS_MIN: usize = 8;
const NAME_MAX: usize = 24;

/// A command that takes a password by a letter.
struct Command {
    /// How its name begins.
    name: &'static str,
    /// Where that stands for the command.
    place: Place,
    /// Behind the letter no port or count can stand, so that digits alone are believed.
    is_sole: bool,
}

/// Where a name stands for a command.
#[derive(Clone, Copy)]
enum Place {
    Anywhere,
    /// Its own options come right behind it, and then another command with options of its own.
    Before,
    /// Only where a command can begin: what holds the program often has its name.
    Begin,
    /// It is the whole name, behind one of the tools that take a password so.
    Tool,
}

const fn command(name: &'static str, place: Place, is_sole: bool) -> Command {
    Command { name, place, is_sole }
}

/// Which commands take a password behind an option and a blank.
const COMMANDS: [(u8, &[Command]); 3] = [
    (
        b'p',
        &[
            command("login", Place::Tool, false),
            command("sshpass", Place::Before, true),
            command("mongo", Place::Begin, false),
        ],
    ),
    (b'P', &[command("sqlcmd", Place::Anywhere, false), command("bcp", Place::Anywhere, false)]),
    (
        b'a',
        &[
            command("redis-cli", Place::Anywhere, true),
            command("valkey-cli", Place::Anywhere, true),
            command("keydb-cli", Place::Anywhere, true),
        ],
    ),
];

/// Which take one right behind `-p`: there it cannot be a port or the name of a database.
const JOINED: [Command; 3] = [
    command("mysql", Place::Anywhere, true),
    command("mariadb", Place::Anywhere, true),
    command("sshpass", Place::Before, true),
];

/// What logs in with `-p` and a password.
const TOOLS: [&str; 14] = [
    "docker", "podman", "nerdctl", "finch", "buildah", "skopeo", "helm", "oras", "crane", "regctl",
    "az", "oc", "cf", "fly",
];

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
    let found = given(source, value)?;
    let value = source.between(found.start, found.end);
    // What is no password behind any command is looked at no further.
    let is_ours = is_believed(value, true)
        && command_of(source, at, commands).is_some_and(|it| is_believed(value, it.is_sole));
    is_ours.then_some(found)
}

/// `-p…` without a blank.
fn joined(source: &Source<'_>, at: usize) -> Option<Found> {
    let value = at + 2;
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'-';
    let word = source.between(at + 1, source.run_right(value, NAME_MAX, is_letter));
    let is_password = |found: &Found| {
        let value = source.between(found.start, found.end);
        is_believed(value, true) || is_word(value)
    };
    given(source, value)
        .filter(is_password)
        .filter(|_| !WORDS.contains(&word) && command_of(source, at, &JOINED).is_some())
}

/// Which of these commands the option at `at` is of, on the same line.
fn command_of<'a>(source: &Source<'_>, at: usize, commands: &'a [Command]) -> Option<&'a Command> {
    let start = source.run_left(at, COMMAND_MAX, goes_on);
    let line = source.bytes().get(start..at).unwrap_or_default();
    commands.iter().find(|it| {
        memchr::memmem::find_iter(line, it.name).any(|found| {
            let (before, rest) = line.split_at(found);
            let end = rest.iter().position(|byte| !is_part(*byte)).unwrap_or(rest.len());
            let (name, behind) = rest.split_at(end);
            !before.last().is_some_and(|byte| is_part(*byte))
                && behind.first() == Some(&b' ')
                && it.place.is(before, name == it.name.as_bytes(), behind)
        })
    })
}

impl Place {
    /// Whether a name stands there, which is whole or only begins so.
    fn is(self, before: &[u8], is_whole: bool, behind: &[u8]) -> bool {
        let mut words_before = before.trim_ascii_end().rsplit(|byte| *byte == b' ');
        match self {
            Self::Anywhere => true,
            Self::Before => is_whole && words(behind).all(|word| word.starts_with(b"-")),
            // An option that a name follows is followed by no command.
            Self::Begin => match before.last() {
                None | Some(b'"' | b'\'' | b'(' | b'$' | b'>' | b'{') => true,
                Some(b' ') => {
                    words_before.next().is_none_or(|word| !word.starts_with(b"-") || word == b"--")
                }
                Some(b'/') => words_before
                    .next()
                    .is_some_and(|word| word.starts_with(b"/") || word.starts_with(b".")),
                Some(_) => false,
            },
            Self::Tool => {
                is_whole
                    && before
                        .split(|byte| !is_part(*byte))
                        .any(|word| TOOLS.iter().any(|tool| tool.as_bytes() == word))
            }
        }
    }
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b' ').filter(|word| !word.is_empty())
}

/// Whether a byte is of a command's name.
fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
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

/// Whether a value is a password rather than two ports, a path, another option or a word; and rather than a port, a count or
/// a year where `is_sole` does not rule those out.
fn is_believed(value: &str, is_sole: bool) -> bool {
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
    let ports = ["/tcp", "/udp", "/sctp"].iter().find_map(|kind| value.strip_suffix(kind));
    let is_map = ports
        .unwrap_or(value)
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
        && (!is_map || is_number && (is_sole || value.len() >= DIGITS_MIN))
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
        fn a_password_right_behind_its_letter_is_found(word in DRAWN, digits in "[1-9][0-9]{5,6}") {
            check(&format!("sshpass -p⟦{word}⟧ ssh -p2222 jo@x; sshpass -v -p'⟦{word}⟧' scp -P 22022 a b"));
            check(&format!("sshpass -p⟦{digits}⟧ ssh -p 22022 x; sshpass -p ⟦{digits}⟧ ssh x; mysql -p⟦{digits}⟧"));
            check(&format!("redis-cli -a ⟦{digits}⟧ ping; sshpass -e ssh -p {digits} x"));
        }

        #[test]
        fn a_command_is_known_where_it_can_begin(word in DRAWN) {
            check(&format!("docker exec -it db mongosh -u jo -p ⟦{word}⟧ x; /usr/bin/mongodump -p ⟦{word}⟧"));
            check(&format!("kubectl exec db-0 -- mongosh -p ⟦{word}⟧; echo $(mongo -p ⟦{word}⟧ x)"));
            check(&format!("helm registry login -u jo -p ⟦{word}⟧ r.example; sudo podman login -p ⟦{word}⟧ r"));
            check(&format!("docker run --name mongo -p {word} x; kubectl -n login logs -p {word}"));
            check(&format!("helm upgrade login-app -p {word}; kubectl logs svc/mongo -p {word}"));
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
        check("docker run --name mongo -p 27017:27017/tcp mongo:7; docker login -p 53:53/udp x");
        check("kubectl -n login logs -p api-7d9f8c6b5-x2k4z; docker login -p 80:80/sctp x");
        check("mongosh -p 270170; docker login -p 1234567; sshpass -p 12345 ssh -p22022222 x");
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
