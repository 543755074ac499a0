//! What a password is called in languages other than English, and the verbs that give its value.

use crate::kinds::is_unspaced;
use crate::source::Source;

/// The words, in small letters and, of those whose letters are not ASCII, as a sentence begins. Each with where in it the needle of [`NEEDLES`] begins: at its rarest part, since the
/// first letters of some are all over prose.
const WORDS: [(&str, usize); 38] = [
    ("passwort", 0),
    ("passord", 0),
    ("mot de passe", "mot de ".len()),
    ("kennwort", 0),
    ("contraseña", "contr".len()),
    ("contrasena", "contr".len()),
    ("clave", 0),
    ("senha", 0),
    ("wachtwoord", 0),
    ("lösenord", 0),
    ("adgangskode", 0),
    ("salasana", 0),
    ("hasło", 0),
    ("heslo", 0),
    ("jelszó", 0),
    ("parola", 0),
    ("şifre", 0),
    ("пароль", 0),
    ("пароля", 0),
    ("Пароль", 0),
    ("Пароля", 0),
    ("密码", 0),
    ("密碼", 0),
    ("口令", 0),
    ("暗証番号", 0),
    ("パスワード", 0),
    ("비밀번호", 0),
    ("mdp", 0),
    ("parolă", 0),
    ("كلمة المرور", "كلمة ال".len()),
    ("كلمة السر", "كلمة ال".len()),
    ("סיסמה", 0),
    ("סיסמא", 0),
    ("mật khẩu", "mật ".len()),
    ("รหัสผ่าน", 0),
    ("पासवर्ड", 0),
    ("κωδικός", 0),
    ("κωδικος", 0),
];

/// Where a word may be; those that begin like `password` are found with it.
pub(super) const NEEDLES: [&str; 34] = [
    "kennwort",
    "aseña",
    "asena",
    "clave",
    "senha",
    "wachtwoord",
    "lösenord",
    "adgangskode",
    "salasana",
    "hasło",
    "heslo",
    "jelszó",
    "parola",
    "şifre",
    "пароль",
    "Пароль",
    "密码",
    "密碼",
    "口令",
    "暗証番号",
    "パスワード",
    "비밀번호",
    "passe",
    "mdp:",
    "mdp ",
    "mdp=",
    "mdp\"",
    "مرور",
    "سر",
    "סיסמ",
    "khẩu",
    "รหัส",
    "पासवर्ड",
    "κωδικ",
];

const VERBS: [&str; 16] = [
    "lautet ", "ist ", "est ", "es ", "é ", "è ", "är ", "er ", "to ", "jest ", "je ", "is ", "は",
    "是", "为", "為",
];

/// The colon of Chinese and Japanese.
const COLON: &str = "：";

/// The span of the word around a needle at `at`.
pub(super) fn word_at(source: &Source<'_>, at: usize) -> Option<(usize, usize)> {
    let joins = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphabetic());
    WORDS.iter().find_map(|(word, needle)| {
        let start = at.checked_sub(*needle).filter(|start| source.has_word(*start, word))?;
        let end = start + word.len();
        // Scripts without blanks run on.
        let is_free = word.starts_with(is_unspaced)
            || (!joins(source.before(start)) && !joins(source.byte(end)));
        is_free.then_some((start, end))
    })
}

/// Where the value begins after a word that ends at `end`.
pub(super) fn value_start(source: &Source<'_>, end: usize) -> Option<usize> {
    let quotes = source.run_right(end, 2, |byte| matches!(byte, b'"' | b'\'' | b'\\' | b'*'));
    let mark = source.run_right(quotes, 3, |byte| byte == b' ');
    let signs = [":", "=", COLON].into_iter().chain(VERBS);
    let sign = signs.into_iter().find(|sign| source.has_word(mark, sign))?;
    Some(source.run_right(mark + sign.len(), 4, |byte| matches!(byte, b' ' | b'*')))
}
