//! Values given to a name that says they are secret: `password=…`, `"api_key": "…"`, `--token …`.
//!
//! A name alone proves little: code is full of `token: str` and `password = read()`. So the value
//! must look like one: quoted or mixed, not a placeholder, not an expression.

use super::sign::{self, Sign};
use super::value::{PASSWORD_MIN, VALUE_MAX, given, is_placeholder};
use super::{bare, spoken};
use crate::context::is_mask;
use crate::detector::{Anchors, Detector, Found, Look};
use crate::digits::counts_something;
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const DETECTOR: Detector = Detector::new(
    PiiKind::Secret,
    &[Anchors::Words(&WORDS), Anchors::Words(&SHORT), Anchors::Words(&spoken::NEEDLES)],
    look,
);

const WORDS: [&str; 8] =
    ["passwords", "password", "passphrase", "passcode", "passwd", "pass", "secret", "token"];

/// The short ones with what follows them where a value does: bare, they are all over prose.
const SHORT: [&str; 17] = [
    " pw:", " pw=", "\"pw\"", "pw: ", "pwd:", "pwd=", "pwd ", "pwd\"", "psk=", "key:", "key=",
    "key ", "key\"", "key'", "key\\", "key_", "key>",
];

/// Words after which also a short or plain value is believed.
const STRONG: [&str; 9] =
    ["password", "passphrase", "passcode", "passwd", "pass", "pwd", "pw", "psk", "passwords"];

/// What must stand in a name that ends in `key` for it to be secret.
const KEY_OWNERS: [&str; 14] = [
    "api",
    "access",
    "secret",
    "private",
    "account",
    "auth",
    "encrypt",
    "sign",
    "master",
    "shared",
    "subscription",
    "service",
    "storage",
    "admin",
];

/// The same, as a word of its own: others have these letters in them.
const KEY_WORDS: [&str; 4] = ["app", "hmac", "jwt", "webhook"];

/// What `pass`, `pwd` and `psk` are joined to where they mean a password: `SSHPASS`, `dbpwd`. Other words end in them, too.
const PASS_OWNERS: [&str; 13] = [
    "admin", "db", "ftp", "login", "mail", "my", "root", "smtp", "sql", "ssh", "user", "vpn",
    "wifi",
];

/// What stands after `password:` on a line of its own and is none.
const LABELS: [&str; 12] = [
    "encrypted",
    "hashed",
    "forgotten",
    "incorrect",
    "invalid",
    "unchanged",
    "protected",
    "missing",
    "expired",
    "prompt",
    "secret",
    "boolean",
];

const NAME_MAX: usize = 64;
const OWNER_MAX: usize = 8;

fn look(source: &Source<'_>, at: usize) -> Look {
    if let Some((start, end)) = spoken::word_at(source, at) {
        return Look::maybe(given_to_spoken(source, start, end), end);
    }
    // `pw` is too short to be found without the sign before it.
    let at = at + usize::from(matches!(source.byte(at), Some(b' ' | b'"')));
    let word_end = word_end(source, at);
    let name_start = source
        .run_left(at, NAME_MAX, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let word = source.between(at, word_end);
    let known = WORDS
        .iter()
        .chain(&["pwd", "pw", "psk", "key"])
        .find(|known| known.eq_ignore_ascii_case(word));
    let Some(known) =
        known.filter(|_| !is_mask(source, at, word_end) && is_name(source, name_start, at, word))
    else {
        return Look::nothing(word_end.max(at + 1));
    };
    let is_strong = STRONG.contains(known);
    let is_named = is_strong && !matches!(*known, "pass" | "passwords");
    let name_end = sign::name_end(source, word_end);
    let sure = |value: usize| (value, Sign::Sure);
    let value = pair_start(source, word_end)
        .map(sure)
        .or_else(|| sign::value_start(source, name_start, name_end, is_strong))
        .or_else(|| netrc_start(source, name_start, word_end).map(sure))
        .or_else(|| element_start(source, name_start, word_end).map(sure));
    let Some((value, sign)) = value else { return Look::nothing(word_end) };
    let found = given(source, value, is_strong).filter(|found| {
        let value = source.between(found.start, found.end);
        (sign == Sign::Sure || sign::is_believed(value))
            && (sign != Sign::Argument || sign::is_last(source, found.end))
            && !is_something_else(source, *found, known)
    });
    Look::maybe(
        found.or_else(|| is_named.then(|| alone(source, name_start, value)).flatten()),
        word_end,
    )
}

/// A directory, the field of a list of accounts (`passwd:x:1000:…`), or a count: `first pass: 12345678 rows`.
fn is_something_else(source: &Source<'_>, found: Found, word: &str) -> bool {
    let value = source.between(found.start, found.end);
    match word {
        "pwd" => value.starts_with(['/', '~']),
        "passwd" => value.starts_with("x:"),
        "pass" => counts_something(source, found.end),
        _ => false,
    }
}

/// What is given to a word of another language in `start..end`.
fn given_to_spoken(source: &Source<'_>, start: usize, end: usize) -> Option<Found> {
    let Some(value) = spoken::value_start(source, end) else {
        return bare::password(source, start, end);
    };
    let is_named = !bare::is_ambiguous(source, start, end);
    given(source, value, true).or_else(|| is_named.then(|| alone(source, start, value)).flatten())
}

/// A word alone, where it and its name are a line: `password: swordfish`, as in YAML. Words in other places are prose, and
/// one that begins with a capital is the label of a field.
fn alone(source: &Source<'_>, name_start: usize, at: usize) -> Option<Found> {
    let indent = source.run_left(name_start, NAME_MAX, |byte| matches!(byte, b' ' | b'-' | b'\t'));
    let end = source.run_right(at, VALUE_MAX, |byte| byte.is_ascii_lowercase());
    let line_end = source.run_right(end, 4, |byte| matches!(byte, b' ' | b'\r'));
    let is_line = matches!(source.before(indent), None | Some(b'\n'))
        && matches!(source.byte(line_end), None | Some(b'\n'));
    let value = source.between(at, end);
    let is_ours = is_line
        && value.len() >= PASSWORD_MIN
        && !is_placeholder(value)
        && !STRONG.contains(&value)
        && !LABELS.contains(&value)
        && !bare::is_label(value)
        && spoken::word_at(source, at).is_none();
    is_ours.then_some(Found { start: at, end, rule: "secret.assigned", confidence: 0.8 })
}

/// Where the value begins in `"name": "DB_PASSWORD", "value": "…"`.
fn pair_start(source: &Source<'_>, word_end: usize) -> Option<usize> {
    let is_sign = |byte: u8| matches!(byte, b'"' | b'\'' | b'\\' | b',' | b' ');
    let word = source.run_right(word_end, 8, is_sign);
    let end = Some(word + "value".len()).filter(|_| source.has_word(word, "value"))?;
    let colon = source.run_right(end, 4, is_sign);
    let is_pair = word > word_end + 1 && matches!(source.byte(colon), Some(b':' | b'='));
    is_pair.then(|| source.run_right(colon + 1, 4, |byte| byte == b' '))
}

/// Where the value begins in `machine example.com login jo password …`, as in a `.netrc`.
fn netrc_start(source: &Source<'_>, name_start: usize, word_end: usize) -> Option<usize> {
    let login = name_start
        .checked_sub(1)
        .map(|blank| source.run_left(blank, NAME_MAX, |byte| !byte.is_ascii_whitespace()))?;
    let word = login.checked_sub("login ".len())?;
    let is_ours = source.has_word(word, "login ") && source.has_word(name_start, "password ");
    is_ours.then_some(word_end + 1)
}

/// Where the value begins in `<password>…</password>`.
fn element_start(source: &Source<'_>, name_start: usize, word_end: usize) -> Option<usize> {
    let is_element = source.before(name_start) == Some(b'<') && source.byte(word_end) == Some(b'>');
    if !is_element {
        return None;
    }
    let end = source.run_right(word_end + 1, VALUE_MAX, |byte| byte != b'<' && byte != b'\n');
    source.has(end, "</").then_some(word_end + 1)
}

/// Where the word at `at` ends; `secretKey` is two.
fn word_end(source: &Source<'_>, at: usize) -> usize {
    let small = source.run_right(at + 1, NAME_MAX, |byte| byte.is_ascii_lowercase());
    if small > at + 1 {
        small
    } else {
        source.run_right(at, NAME_MAX, |byte| byte.is_ascii_alphabetic())
    }
}

/// Whether the whole name speaks of a secret: `key` alone does not, nor does `compass`.
fn is_name(source: &Source<'_>, start: usize, at: usize, word: &str) -> bool {
    if word.eq_ignore_ascii_case("key") {
        // In prose the owner is a word of its own: "api key".
        let start = source.run_left(start, 12, |byte| byte.is_ascii_alphabetic() || byte == b' ');
        let owner = source.between(start, at).to_ascii_lowercase();
        let last = owner.trim_end_matches(['_', '-', ' ']).rsplit(['_', '-', ' ']).next();
        return !owner.contains("public")
            && (KEY_OWNERS.iter().any(|known| owner.contains(known))
                || last.is_some_and(|last| KEY_WORDS.contains(&last)));
    }
    // An assembly's `PublicKeyToken` says who has signed it.
    if source.between(start, at).to_ascii_lowercase().contains("public") {
        return false;
    }
    // `DbPass`, but not `BYPASS`.
    let joins_camel = source.byte(at).is_some_and(|byte| byte.is_ascii_uppercase())
        && source.before(at).is_some_and(|byte| byte.is_ascii_lowercase());
    let owner = source.run_left(at, OWNER_MAX, |byte| byte.is_ascii_alphabetic());
    owner == at
        || joins_camel
        || word.len() > 4
        || PASS_OWNERS.iter().any(|known| known.eq_ignore_ascii_case(source.between(owner, at)))
}

#[cfg(test)]
mod tests {
    use crate::kinds::secret::testing::{check, noise};

    #[test]
    fn passwords_are_found_quoted_and_plain() {
        check("password: ⟦hunter22⟧, then DB_PASS=⟦s3cr3t!x⟧ and pwd = '⟦correct horse⟧'");
        check("{\"password\": \"⟦swordfish⟧\"} my password is ⟦Tr0ub4dor⟧");
        check(
            "SSHPASS=⟦hunter22⟧ sshpass -e ssh jo@x; smtppass: '⟦hunter22⟧', DbPass=⟦hunter22⟧, dbpwd=⟦hunter22⟧",
        );
        check("compass=north22 BYPASS=cache22 lowpass: 3000hz, overpass: bridge22");
        check("login --password ⟦hunter22⟧ now, or jo / pw: ⟦hunter22⟧");
        check("machine example.com login jo password ⟦hunter22⟧");
        check("{\"name\": \"DB_PASSWORD\", \"value\": \"⟦hunter22⟧\"}");
        check("<password>⟦hunter22⟧</password> <Password>swordfish</Password> <password> hunter22");
    }

    #[test]
    fn a_word_is_one_where_it_and_its_name_are_a_line() {
        check("users:\n  - name: jo\n    db_password: ⟦correcthorse⟧\npassword: ⟦swordfish⟧\r\n");
        check(
            "password: required\nPassword: string\npass: through\npassword: hashed\npassphrase:\nword",
        );
        check(
            "the password: swordfish\npassword: swordfish too\npassword: Swordfish\npwd: kennwort",
        );
    }

    #[test]
    fn passwords_are_found_in_other_languages() {
        check("Das Passwort lautet ⟦Sommer22!⟧, Kennwort: ⟦Winter23⟧");
        check(
            "Mot de passe : ⟦soleil_77⟧ (à changer), **Passwort:** ⟦Sommer22!⟧, *Kennwort*: ⟦Sommer22!⟧",
        );
        check("La contraseña es ⟦Toro2748⟧ y mi clave: ⟦Toro2749⟧");
        check(
            "mdp: ⟦Soleil77!⟧, parolă: ⟦Soare77!⟧ κωδικός: ⟦Ilios77!⟧, \"mật khẩu\": \"⟦Troi77!x⟧\"",
        );
        check(
            "كلمة المرور: ⟦Shams77!⟧ סיסמה: ⟦Shemesh77!⟧ รหัสผ่าน: ⟦Arthit77!⟧ पासवर्ड: ⟦Suraj77!x⟧",
        );
        check("パスワードは⟦Sakura99!⟧です。 密码：⟦Sakura99!⟧");
        check("la clave es simple, Passwort vergessen? mot de passe oublié, die parola der Woche");
    }

    #[test]
    fn keys_and_tokens_are_found_if_they_look_random() {
        let noise = noise(24);
        check(&format!("api_key: ⟦{noise}⟧ CLIENT_SECRET=⟦{noise}⟧ \"accessToken\":\"⟦{noise}⟧\""));
        check(&format!("api key = ⟦{noise}⟧; AccountKey=⟦{noise}⟧; ?token=⟦{noise}⟧&x=1"));
        check(&format!("{{\\\"token\\\":\\\"⟦{noise}⟧\\\"}}"));
    }

    #[test]
    fn a_value_may_have_many_signs() {
        let pairs = ["a7:b8:c9:d0"; 5].join(":");
        check(&format!("secret=⟦{pairs}⟧"));
        // One that goes on is masked whole, though not looked through once for each sign.
        let long = (0..32).map(|n| format!("{:02x}", n * 37 % 256)).collect::<Vec<_>>().join(":");
        check(&format!("secret=⟦{long}⟧ and on"));
    }

    #[test]
    fn code_and_placeholders_are_not() {
        check("password = get_password(x1) token: str password: Optional[str] max_tokens: 4096");
        check("password: required password=******** api_key=YOUR_API_KEY1 password=${DB_PASS1}");
        check(
            "password: [SECRET] token = config.token_v2 key: abcdef1234567890 primary_key: abcdef1234567890",
        );
        check(
            "compass: north123 [SECRET]: hunter22 password=<your password1> token=os.environ[\"T1\"]",
        );
    }
}
