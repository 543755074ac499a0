//! From a name to its value: what may end a name, and what may stand between the two.
//!
//! `DB_PASSWORD_2=…`, `Password ....: …`, `**Password:** …`, `define('DB_PASSWORD', '…')`, `setPassword("…")`, `ENV DB_PASSWORD …`,
//! `| password | … |`, `password for root: …`. The looser the sign, the more the value must look like a password.

use super::value::VALUE_MAX;
use crate::source::Source;

/// How surely what follows a sign is a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// `=` and the like: any value that can be one.
    Sure,
    /// Only a value of letters and digits that no prose has.
    Loose,
    /// The same, in quotes, and the last that a call is given.
    Argument,
}

/// What a name may have behind the word that makes it one: `DB_PASSWORD_PROD`, `TOKEN_V2`, `SECRET_KEY_BASE`.
const SUFFIXES: [&str; 30] = [
    "base",
    "prod",
    "production",
    "dev",
    "test",
    "stage",
    "staging",
    "live",
    "old",
    "new",
    "current",
    "main",
    "primary",
    "secondary",
    "ro",
    "rw",
    "readonly",
    "write",
    "admin",
    "root",
    "default",
    "value",
    "plain",
    "plaintext",
    "b64",
    "base64",
    "hex",
    "eu",
    "us",
    "backup",
];
const SUFFIX_MAX: usize = 12;

/// A fill of blanks or dots between a label and its sign, as in a printed form.
const FILL_MAX: usize = 32;
/// What stands between brackets, and what a password may be `for`.
const ASIDE_MAX: usize = 32;
const NAME_MAX: usize = 64;

/// Calls that ask for a secret, or hold one against another, and are given none.
const ASKS: [&str; 16] = [
    "get", "read", "ask", "prompt", "input", "find", "load", "fetch", "has", "is", "hash", "check",
    "verify", "valid", "reset", "forgot",
];

/// In front of a name of capitals, these give it a value after a blank.
const SETTERS: [&str; 4] = ["env", "setx", "setenv", "set"];

/// Where the name ends that has its telling word up to `word_end`.
pub(super) fn name_end(source: &Source<'_>, word_end: usize) -> usize {
    let mut end = word_end;
    for _ in 0..2 {
        let joint = source.run_right(end, 1, |byte| matches!(byte, b'_' | b'-'));
        let part = source.run_right(joint, SUFFIX_MAX, |byte| byte.is_ascii_alphanumeric());
        let word = source.between(joint, part);
        let number = word.trim_start_matches(['v', 'V']);
        let is_number =
            (1..=2).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
        let is_suffix =
            joint > end && SUFFIXES.iter().any(|known| known.eq_ignore_ascii_case(word));
        if !(is_suffix || is_number) {
            break;
        }
        end = part;
    }
    // A name that goes on otherwise is of something else: `password_hash`.
    let goes_on = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if source.byte(end).is_some_and(goes_on) { word_end } else { end }
}

/// Where the value begins after a name in `name_start..name_end`, and how surely.
pub(super) fn value_start(
    source: &Source<'_>,
    name_start: usize,
    name_end: usize,
    is_strong: bool,
) -> Option<(usize, Sign)> {
    let closed = source.run_right(name_end, 2, |byte| matches!(byte, b'"' | b'\'' | b'\\' | b'`'));
    let (marked, n_marks) = markup_end(source, closed);
    let mark = source.run_right(marked, 3, |byte| byte == b' ');
    if source.has(mark, "::") {
        return None;
    }
    if let Some(signs) = sign_end(source, mark) {
        return Some((blanks_end(source, signs), Sign::Sure));
    }
    loose(source, name_start, name_end, closed, is_strong)
        .or_else(|| filled(source, name_start, name_end, mark, n_marks, is_strong))
}

/// After a verb, a comma, a bracket that opens a call, or an aside.
fn loose(
    source: &Source<'_>,
    name_start: usize,
    name_end: usize,
    closed: usize,
    is_strong: bool,
) -> Option<(usize, Sign)> {
    let mark = source.run_right(closed, 3, |byte| byte == b' ');
    let verb = ["is ", "was "].iter().find(|verb| is_strong && source.has_word(mark, verb));
    if let Some(verb) = verb {
        return Some((blanks_end(source, mark + verb.len()), Sign::Sure));
    }
    if source.has(name_start, "--") && mark > closed {
        return Some((blanks_end(source, mark), Sign::Sure));
    }
    let is_call = closed == name_end && source.byte(closed) == Some(b'(') && is_strong;
    let is_pair =
        closed > name_end && source.byte(closed) == Some(b',') && is_first(source, name_start);
    if is_pair || is_call && !is_asking(source, name_start, name_end) {
        return Some((blanks_end(source, closed + 1), Sign::Argument));
    }
    let is_symbol = source.before(name_start) == Some(b':') && mark > closed && closed == name_end;
    if is_symbol && source.byte(mark) == Some(b'"') {
        return Some((mark, Sign::Loose));
    }
    (is_strong && mark > closed)
        .then(|| aside_end(source, mark))
        .flatten()
        .map(|at| (at, Sign::Loose))
}

/// After blanks, dots or the edge of a table's cell.
fn filled(
    source: &Source<'_>,
    name_start: usize,
    name_end: usize,
    mark: usize,
    n_marks: usize,
    is_strong: bool,
) -> Option<(usize, Sign)> {
    let fill = source.run_right(mark, FILL_MAX, |byte| matches!(byte, b' ' | b'.' | b'\t'));
    if let Some(signs) = sign_end(source, fill).filter(|_| fill > mark) {
        return Some((blanks_end(source, signs), Sign::Sure));
    }
    let cell = source.run_left(name_start, 3, |byte| matches!(byte, b' ' | b'*' | b'`'));
    let is_row = source.before(cell) == Some(b'|') && source.byte(fill) == Some(b'|');
    if is_strong && is_row {
        return Some((blanks_end(source, fill + 1), Sign::Loose));
    }
    let begins_line = matches!(source.before(name_start), None | Some(b'\n'));
    if source.byte(name_end) == Some(b'\t') && is_strong && begins_line {
        return Some((source.run_right(name_end, 4, |byte| byte == b'\t'), Sign::Loose));
    }
    let is_set =
        n_marks == 0 && source.byte(name_end) == Some(b' ') && is_set(source, name_start, name_end);
    is_set.then_some((name_end + 1, Sign::Loose))
}

/// Where a sign at `at` ends that gives a value: `:`, `=`, `=>`, `:=`, `?=`, `->`.
fn sign_end(source: &Source<'_>, at: usize) -> Option<usize> {
    let arrow = ["->", "?=", "\u{2192}"].iter().find(|arrow| source.has(at, arrow));
    let end = match (source.byte(at), arrow) {
        (_, Some(arrow)) => at + arrow.len(),
        (Some(b':' | b'='), None) => {
            source.run_right(at, 2, |byte| matches!(byte, b':' | b'=' | b'>'))
        }
        _ => return None,
    };
    Some(markup_end(source, end).0)
}

/// Where signs of emphasis and the end of an element end, and how many there are: `**`, `</b>`.
fn markup_end(source: &Source<'_>, at: usize) -> (usize, usize) {
    let stars = source.run_right(at, 2, |byte| byte == b'*');
    if !source.has(stars, "</") {
        // Two at most: what follows may be a mask of stars.
        return if source.byte(stars) == Some(b'*') { (at, 0) } else { (stars, stars - at) };
    }
    let name = source.run_right(stars + 2, 8, |byte| byte.is_ascii_alphanumeric());
    if source.byte(name) == Some(b'>') { (name + 1, 1) } else { (stars, stars - at) }
}

fn blanks_end(source: &Source<'_>, at: usize) -> usize {
    source.run_right(at, 4, |byte| matches!(byte, b' ' | b'\t'))
}

/// Where the value begins after ` (temporary): ` and ` for the server is `.
fn aside_end(source: &Source<'_>, at: usize) -> Option<usize> {
    let is_word =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-' | b'_' | b'.' | b'@');
    let is_bracket = source.byte(at) == Some(b'(');
    if !is_bracket && !source.has_word(at, "for ") {
        return None;
    }
    let end = source.run_right(at + 1, ASIDE_MAX, is_word);
    if is_bracket {
        let signs = sign_end(source, end + 1).filter(|_| source.byte(end) == Some(b')'))?;
        return Some(blanks_end(source, signs));
    }
    if let Some(signs) = sign_end(source, end) {
        return Some(blanks_end(source, signs));
    }
    let words = source.bytes().get(at..end)?;
    let verb = memchr::memmem::find(words, b" is ")? + " is ".len();
    Some(blanks_end(source, at + verb))
}

/// Whether the quoted name that begins before `name_start`, as in `("db.password"`, is the first that a call is given.
fn is_first(source: &Source<'_>, name_start: usize) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let quote = source.run_left(name_start, NAME_MAX, is_part);
    let Some(quote) = quote.checked_sub(1) else { return false };
    let bracket = source.run_left(quote, 1, |byte| byte == b' ');
    matches!(source.byte(quote), Some(b'"' | b'\'')) && source.before(bracket) == Some(b'(')
}

/// Whether a value in quotes that ends at `end` is the last that a call is given.
pub(super) fn is_last(source: &Source<'_>, end: usize) -> bool {
    let blank = source.run_right(end + 1, 1, |byte| byte == b' ');
    matches!(source.byte(end), Some(b'"' | b'\'')) && source.byte(blank) == Some(b')')
}

/// Whether the call of this name asks for what it is named after.
fn is_asking(source: &Source<'_>, name_start: usize, name_end: usize) -> bool {
    let name = source.between(name_start, name_end).to_ascii_lowercase();
    ASKS.iter().any(|ask| name.starts_with(ask))
}

/// Whether a name in capitals stands behind `ENV` or `setx`.
fn is_set(source: &Source<'_>, name_start: usize, name_end: usize) -> bool {
    let name = source.bytes().get(name_start..name_end).unwrap_or_default();
    let is_variable = name.contains(&b'_')
        && name
            .iter()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_');
    let Some(blank) = name_start.checked_sub(1).filter(|_| is_variable) else { return false };
    let word = source.run_left(blank, NAME_MAX, |byte| byte.is_ascii_alphabetic());
    source.byte(blank) == Some(b' ')
        && SETTERS
            .iter()
            .any(|setter| setter.len() == blank - word && source.has_word(word, setter))
}

/// Whether a value after a loose sign is a password and no word of prose: letters and digits, and as long as one.
pub(super) fn is_believed(value: &str) -> bool {
    let has = |of: fn(&u8) -> bool| value.bytes().any(|byte| of(&byte));
    let is_path = value.starts_with(['/', '~', '.', '-', '(']);
    let is_date = value.bytes().all(|byte| {
        byte.is_ascii_digit() || matches!(byte, b'-' | b'/' | b'.' | b':' | b'T' | b'Z')
    });
    has(u8::is_ascii_alphabetic)
        && has(u8::is_ascii_digit)
        && !is_path
        && !is_date
        && !value.contains(' ')
        && value.len() < VALUE_MAX
}

#[cfg(test)]
mod tests {
    use crate::kinds::secret::testing::{check, noise};

    #[test]
    fn a_name_may_end_in_what_it_is_of() {
        let noise = noise(24);
        check(&format!("SECRET_KEY_BASE=⟦{noise}⟧ DB_PASSWORD_2=⟦hunter22⟧ PASSWORD1=⟦hunter22⟧"));
        check(&format!(
            "API_KEY_PROD=⟦{noise}⟧ TOKEN_V2: ⟦{noise}⟧ github_token_ro = \"⟦{noise}⟧\""
        ));
        check(
            "password_hash=hunter22 token_count: 12345678901 password_min_length=122333 secret_name: prod-db-2024",
        );
        check(&format!("PublicKeyToken={noise} public_key=\"{noise}\" password_2_hash=hunter22"));
    }

    #[test]
    fn forms_and_markup_stand_between_a_name_and_its_value() {
        check("Password    : ⟦hunter22⟧");
        check("Password........: ⟦hunter22⟧");
        check("**Password:** ⟦hunter22⟧ and *Password*: ⟦hunter22⟧, <b>Password:</b> ⟦hunter22⟧");
        check("| user | jo |\n| password | ⟦hunter22⟧ |");
        check("Password\t⟦hunter22⟧\nPassword\tE-mail\tPhone 2");
        check("password -> ⟦hunter22⟧, PASSWORD ?= ⟦hunter22⟧");
    }

    #[test]
    fn code_gives_names_their_values() {
        let noise = noise(24);
        check(
            "define('DB_PASSWORD', '⟦hunter22⟧'); System.setProperty(\"db.password\", \"⟦hunter22⟧\")",
        );
        check(&format!("os.environ.setdefault(\"API_KEY\", \"⟦{noise}⟧\") :api-key \"⟦{noise}⟧\""));
        check(&format!("<apiKey>⟦{noise}⟧</apiKey>"));
        check(
            "user.setPassword(\"⟦hunter22⟧\").password('⟦s3cret!x⟧') withPassword(\"⟦hunter22⟧\")",
        );
        check(&format!("ENV DB_PASSWORD ⟦hunter22⟧\nsetx API_TOKEN ⟦{noise}⟧"));
        check(
            "get_password(\"user22x\") input('Password: ') verifyPassword(\"hunter22\") password(x1, y22222)",
        );
        check(
            "[\"password\", \"address1\"] COLUMNS = (\"id\", \"password\", \"address1\") f(\"password\", \"address1\", x)",
        );
        check("[\"password\", \"username2 here\"] f(\"token\", \"name\") \"password\", \"email\"");
    }

    #[test]
    fn people_say_what_a_password_is_for() {
        check("password for root: ⟦hunter22⟧, the password for the vpn is ⟦hunter22⟧.");
        check("password (temporary): ⟦hunter22⟧");
        check("password for version 22: required; the password for the vpn is required");
        check("a password for everyone is not what we want, password (see page 12): below");
    }
}
