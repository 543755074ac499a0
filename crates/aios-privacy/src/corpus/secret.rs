//! Keys, tokens and passwords, each where such a thing stands.

use super::random::Random;
use super::{Sample, Value};
use crate::kind::PiiKind;

/// Text before a secret, the secret, text after it.
type Secret = (String, String, &'static str);

/// Pushes a secret with its surroundings.
pub(super) fn push(sample: &mut Sample, random: &mut Random) {
    let (before, text, after) = match random.below(10) {
        0..=4 => issued(random),
        5 => jwt(random),
        6 => header(random),
        7 => connection(random),
        8 => private_key(random),
        _ => assigned(random),
    };
    sample.text.push_str(&before);
    sample.push_label(PiiKind::Secret, &Value { cue: "", text, is_hard: false });
    sample.text.push_str(after);
}

/// Prefixes, how many characters follow, and of which alphabet.
const ISSUED: [(&str, usize, &str); 20] = [
    ("AKIA", 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    ("ASIA", 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    ("ghp_", 36, ""),
    ("gho_", 36, ""),
    ("github_pat_", 82, ""),
    ("glpat-", 20, ""),
    ("sk-", 48, ""),
    ("sk-proj-", 48, ""),
    ("sk-ant-api03-", 80, ""),
    ("xoxb-", 40, ""),
    ("xoxp-", 60, ""),
    ("sk_live_", 24, ""),
    ("rk_live_", 24, ""),
    ("AIza", 35, ""),
    ("npm_", 36, ""),
    ("hf_", 34, ""),
    ("ya29.", 60, ""),
    ("GOCSPX-", 28, ""),
    ("hooks.slack.com/services/T", 40, ""),
    ("gsk_", 52, ""),
];

fn issued(random: &mut Random) -> Secret {
    let text = match random.below(24) {
        0 => format!("{}{}:AA{}", random.within(1, 9), random.digits(8), random.alphanumeric(33)),
        1 => format!("{}.{}.{}", "SG", random.alphanumeric(22), random.alphanumeric(43)),
        _ => {
            let (prefix, n, alphabet) = random.pick(&ISSUED);
            let rest =
                if alphabet.is_empty() { random.alphanumeric(n) } else { random.text(n, alphabet) };
            format!("{prefix}{rest}")
        }
    };
    let (before, after) = random.pick(&[
        ("use ", " please"),
        ("export KEY=", ""),
        ("{\"key\":\"", "\"}"),
        ("my token is ", "."),
        ("(", ")"),
        ("`", "`"),
        ("curl -H 'X-Key: ", "'"),
        ("const k = '", "';"),
        ("", ""),
        ("?key=", "&x=1"),
    ]);
    (before.to_owned(), text, after)
}

fn jwt(random: &mut Random) -> Secret {
    let header = random.pick(&[
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
        "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9",
        "eyJraWQiOiJhYmMiLCJhbGciOiJFUzI1NiJ9",
    ]);
    let token = format!("{header}.eyJ{}.{}", random.alphanumeric(80), random.alphanumeric(43));
    let before = random.pick(&["jwt ", "token: ", "Cookie: session=", "id_token=", "\""]);
    (before.to_owned(), token, random.pick(&[" ", "\"", ""]))
}

fn header(random: &mut Random) -> Secret {
    if random.below(4) == 0 {
        // Base64 of `aladdin:` and a password.
        let password = random.pick(&["cGVuc2VzYW1l", "cGVuIHNlc2FtZQ=="]);
        let text = format!("{}{password}", "YWxhZGRpbjpv");
        return ("Authorization: Basic ".to_owned(), text, random.pick(&["", "\"", " "]));
    }
    let n = 30 + usize::try_from(random.below(20)).unwrap_or(0);
    let before = random.pick(&[
        "Authorization: Bearer ",
        "-H \"Authorization: bearer ",
        "\"authorization\":\"Bearer ",
    ]);
    (before.to_owned(), random.alphanumeric(n), random.pick(&["\"", "", "\" -X POST"]))
}

fn connection(random: &mut Random) -> Secret {
    let scheme = random.pick(&[
        "postgres",
        "postgresql",
        "mysql",
        "mongodb+srv",
        "redis",
        "amqps",
        "mssql",
        "clickhouse",
    ]);
    let text = format!("{scheme}://app:{}@db.internal:5432/app", random.alphanumeric(12));
    (
        random.pick(&["db ", "DATABASE_URL=", "url: \"", "connect to "]).to_owned(),
        text,
        random.pick(&[" ", "\"", ""]),
    )
}

/// Put together here, since what looks like a key has no place in a source file.
fn private_key(random: &mut Random) -> Secret {
    let label =
        random.pick(&["RSA PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY", "EC PRIVATE KEY"]);
    let end = random.pick(&["\n", "\\n"]);
    let lines: Vec<_> = (0..random.within(2, 12)).map(|_| random.alphanumeric(64)).collect();
    let dashes = "-----";
    let text = format!(
        "{dashes}BEGIN {label}{dashes}{end}{}{end}{dashes}END {label}{dashes}",
        lines.join(end)
    );
    (random.pick(&["key:\n", "here it is ", "\""]).to_owned(), text, random.pick(&["\n", "\""]))
}

fn assigned(random: &mut Random) -> Secret {
    let password = match random.below(4) {
        0 => format!(
            "{}{}!",
            random.pick(&["hunter", "Summer", "winter", "dragon"]),
            random.digits(4)
        ),
        1 => random.alphanumeric(14),
        2 => format!("Tr0ub{}", random.pick(&["4dor&3", "adour#9", "ador_77"])),
        _ => format!("{}{}", random.alphanumeric(10), random.digits(2)),
    };
    let token = format!("{}7{}", random.alphanumeric(18), random.alphanumeric(18));
    match random.below(12) {
        0 => ("password: ".to_owned(), password, ""),
        1 => ("my password is ".to_owned(), password, " ok"),
        2 => ("\"password\": \"".to_owned(), password, "\","),
        3 => ("DB_PASSWORD=".to_owned(), password, "\n"),
        4 => ("--password ".to_owned(), password, " --host db"),
        5 => ("API_KEY=".to_owned(), token, ""),
        6 => ("\"api_key\":\"".to_owned(), token, "\"}"),
        7 => ("client_secret: ".to_owned(), token, ""),
        8 => ("access_token = '".to_owned(), token, "'"),
        9 => ("secretKey: \"".to_owned(), token, "\""),
        10 => ("pwd=".to_owned(), password, ";"),
        _ => ("export AUTH_TOKEN=".to_owned(), token, ""),
    }
}
