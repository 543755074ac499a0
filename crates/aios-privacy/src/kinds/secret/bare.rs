//! A password that stands right behind what it is called in another language than English: `Kennwort Sommer22!`.
//!
//! In prose nearly every word does. So the label must mean nothing but a password, and the value look like nothing else:
//! letters and digits together, with a sign that words do not have, or changing between them, or at the end of what is said.

use super::value::{PASSWORD_MIN, SIGNS_MAX, is_expression, is_placeholder, plain_end, trimmed};
use crate::detector::Found;
use crate::kinds::is_unspaced;
use crate::source::Source;

/// Labels that are other codes, keys and words just as well.
const AMBIGUOUS: [&str; 11] = [
    "clave",
    "parola",
    "parolă",
    "heslo",
    "口令",
    "暗証番号",
    "şifre",
    "κωδικός",
    "κωδικος",
    "пароля",
    "Пароля",
];

/// Between label and value.
const DASHES: [&str; 3] = ["- ", "– ", "— "];

/// What has a number in its name and may well stand behind such a label.
const NAMES: [&str; 26] = [
    "aes",
    "android",
    "argon",
    "base",
    "bcrypt",
    "bluetooth",
    "galaxy",
    "google",
    "hmac",
    "http",
    "iphone",
    "ipad",
    "ldap",
    "md",
    "microsoft",
    "oauth",
    "office",
    "pbkdf",
    "python",
    "rsa",
    "samsung",
    "sha",
    "utf",
    "version",
    "windows",
    "wpa",
];

/// What stands behind `Passwort:` on a line of its own and is none.
const LABELS: [&str; 28] = [
    "aktualisieren",
    "bestätigen",
    "bestatigen",
    "bloqueada",
    "confirmar",
    "eingeben",
    "erforderlich",
    "festgelegt",
    "forgotten",
    "gehasht",
    "geheim",
    "incorrecta",
    "inicial",
    "invalide",
    "modifier",
    "obligatoire",
    "obligatoria",
    "obrigatoria",
    "pakollinen",
    "requerida",
    "requis",
    "secreta",
    "verplicht",
    "verboten",
    "vergessen",
    "vergeten",
    "unbekannt",
    "wymagane",
];

const LETTERS_MIN: usize = 2;
/// So often letters and digits change places in what nobody would call a name.
const CHANGES_MIN: usize = 3;

/// The value behind a label in `start..end`.
pub(super) fn password(source: &Source<'_>, start: usize, end: usize) -> Option<Found> {
    let label = source.between(start, end);
    let blanks = source.run_right(end, 3, |byte| byte == b' ');
    let is_next = blanks > end || label.chars().next_back().is_some_and(is_unspaced);
    if !is_next || is_ambiguous(source, start, end) {
        return None;
    }
    let dash = DASHES.iter().find(|dash| source.has(blanks, dash)).map_or(0, |dash| dash.len());
    let at = source.run_right(blanks + dash, 1, |byte| matches!(byte, b'"' | b'\'' | b'`'));
    let end = trimmed(source, at, plain_end(source, at, SIGNS_MAX));
    let value = source.between(at, end);
    let is_ours = value.len() >= PASSWORD_MIN
        && is_believed(value, is_last(source, end))
        && !is_placeholder(value)
        && !is_expression(source, value, end);
    is_ours.then_some(Found { start: at, end, rule: "secret.assigned", confidence: 0.8 })
}

/// Whether a label in `start..end` may be that of something else, too.
pub(super) fn is_ambiguous(source: &Source<'_>, start: usize, end: usize) -> bool {
    AMBIGUOUS.iter().any(|other| other.len() == end - start && source.has_word(start, other))
}

/// Whether a word is what a field says of its password.
pub(super) fn is_label(value: &str) -> bool {
    LABELS.contains(&value)
}

fn is_believed(value: &str, is_last: bool) -> bool {
    let bytes = value.as_bytes();
    let n_letters = value.chars().filter(|c| c.is_alphabetic()).count();
    let is_sign =
        |byte: &u8| matches!(byte, b'!' | b'@' | b'#' | b'$' | b'%' | b'^' | b'*' | b'+' | b'=');
    let has_sign = bytes.iter().any(is_sign);
    let begins = bytes.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || is_sign(byte));
    begins
        && n_letters >= LETTERS_MIN
        && bytes.iter().any(u8::is_ascii_digit)
        && !is_named(value)
        // A file, a host, an address, a version.
        && !value.contains(['.', '/'])
        && (has_sign || is_last || n_changes(bytes) >= CHANGES_MIN)
}

/// Whether it begins with a known name, or counts something: `SHA256`, `8-stellig`.
fn is_named(value: &str) -> bool {
    let n = value.bytes().take_while(u8::is_ascii_alphabetic).count();
    let word = value.get(..n).unwrap_or_default();
    let after = value.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_count = after.len() < value.len()
        && after.strip_prefix('-').is_some_and(|rest| rest.chars().all(char::is_alphabetic));
    is_count || NAMES.iter().any(|name| name.eq_ignore_ascii_case(word))
}

fn n_changes(bytes: &[u8]) -> usize {
    bytes.windows(2).filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit()).count()
}

/// Whether nothing more is said after it.
fn is_last(source: &Source<'_>, end: usize) -> bool {
    let rest = source.run_right(end, 2, |byte| matches!(byte, b' ' | b'.' | b'"' | b'\'' | b'`'));
    match source.byte(end) {
        None | Some(b'\n' | b'\r' | b',' | b';' | b')' | b'|' | b'"' | b'\'' | b'`' | b'\\') => {
            true
        }
        Some(b'.') => source.byte(end + 1).is_none_or(|byte| byte.is_ascii_whitespace()),
        Some(b' ') => matches!(source.byte(rest), None | Some(b'\n' | b'(' | b'|')),
        Some(byte) => !byte.is_ascii(),
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::secret::testing::check;

    #[test]
    fn passwords_right_behind_their_labels_are_found() {
        check("Benutzer jmueller, Kennwort ⟦Sommer22⟧");
        check("Passwort ⟦Tr0ub4dor⟧ gilt ab morgen, altes Passwort ⟦Winter!23⟧ nicht mehr");
        check("mot de passe ⟦Soleil_77⟧, mdp ⟦a7Kq2Zx9⟧ (provisoire)");
        check("contraseña ⟦Toro2748⟧\nsenha ⟦Praia2024#⟧ do wifi\nwachtwoord ⟦Fiets123⟧.");
        check("lösenord ⟦Vinter99⟧; hasło \"⟦Lato2024⟧\" salasana ⟦kesa8kuu9x⟧ ok");
        check("пароль ⟦Leto2024⟧, Пароль — ⟦Zima2023!⟧ для входа");
        check(
            "密码⟦Sakura99⟧。WiFi密码：⟦Sakura99!⟧ パスワード⟦Sakura99!⟧です 비밀번호 ⟦seoul2024⟧",
        );
    }

    #[test]
    fn what_is_said_of_passwords_is_none() {
        check(
            "Das Passwort vergessen? Das Kennwort ist erforderlich. Kennwort für Office365 ändern",
        );
        check(
            "Passwort Windows11 Kennwort SHA256, Passwort OAuth2. Passwort v2.0.13, Passwort UTF8x1",
        );
        check("Kennwort 12345678 Passwort 2024-01-15, Passwort 8-stellig, Passwort A-1234");
        check("Passwort-Manager KeePass2 und Passwortliste2024 und Passwort.Liste2024.xlsx");
        check("mot de passe oublié 2x, le mot de passe doit avoir 12 caractères et 1 chiffre");
        check(
            "la clave AB1234, palabra clave seo2024, parola chiave2, heslo dne2024, clave SAT0101",
        );
        check("contraseña jo22@example.com, contraseña https://a.example/x1, senha /etc/x1y2z3");
        check(
            "senha obrigatória, senha do usuario1 aqui, wachtwoord vergeten? Wachtwoord Groep7 is vol",
        );
        check("Kennwort Liste2024.xlsx, Kennwort ${PASS1}, Passwort xxxxxx12, Passwort <neu2024>");
        check("密码MD5加密 密码SHA256加密 パスワード2回入力 密码 123456789");
        check("the password hunter22 is English; the password is required");
    }

    #[test]
    fn a_word_is_one_where_it_and_its_label_are_a_line() {
        check("Passwort: ⟦sonnenblume⟧\nwachtwoord: ⟦fietsenrek⟧\n  senha: ⟦borboleta⟧\n");
        check(
            "Passwort: erforderlich\nPasswort: Sonnenblume\nclave: principal\nsenha: requerida\n",
        );
        check(
            "Passwort: sonnenblume ist alt\nDas Passwort: sonnenblume\nmot de passe: obligatoire",
        );
    }
}
