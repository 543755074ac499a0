//! Things that look like personal data and are none.

use super::random::Random;

/// A sentence or line without personal data.
pub(super) fn sentence(random: &mut Random) -> String {
    match random.below(8) {
        0 => version(random),
        1 => number(random),
        2 => code(random),
        3 => identifier(random),
        4 => time(random),
        5 => file(random),
        6 => placeholder(random),
        _ => public(random),
    }
}

fn version(random: &mut Random) -> String {
    let four = format!(
        "{}.{}.{}.{}",
        random.below(30),
        random.below(20),
        random.below(200),
        random.below(99)
    );
    match random.below(6) {
        0 => format!("Upgrade to version {four} first."),
        1 => format!("See section {four} of the manual."),
        2 => format!("Running Chrome/{four} on Linux."),
        3 => format!("lib-{four}.tar.gz is missing"),
        4 => format!("v{four} broke it"),
        _ => format!("firmware {four} was released"),
    }
}

fn number(random: &mut Random) -> String {
    match random.below(9) {
        0 => format!("Order {} has shipped.", random.digits(10)),
        1 => format!("Invoice #{}-{}", random.digits(4), random.digits(6)),
        2 => format!("The result is 0.{}.", random.digits(16)),
        3 => format!("tracking number {}", random.digits(16)),
        4 => format!(
            "It has {} rows and {} columns.",
            random.within(100_000_000, 999_999_999),
            random.below(90)
        ),
        5 => format!("sku {}-{}-{}", random.digits(3), random.digits(3), random.digits(4)),
        6 => format!("EUR 1.{}.{}", random.digits(3), random.digits(3)),
        7 => format!(
            "ISBN 978-{}-{}-{}-{}",
            random.digits(1),
            random.digits(4),
            random.digits(4),
            random.digits(1)
        ),
        _ => format!("x = {} + {}", random.digits(7), random.digits(8)),
    }
}

fn code(random: &mut Random) -> String {
    random
        .pick(&[
            "let token: Token = lexer.next()?;",
            "password = get_password(prompt=True)",
            "std::fmt::Display for ab::cd::Ef",
            "import os.path; os.sys.exit(a.b())",
            "@dataclass class A: token: str = None",
            "max_tokens: 4096, key: value, foreign_key: user_id12345",
            "f00d::bad() and dead::beef(1)",
            "#define PASSWORD_MAX 64",
            "if (secret == null) { throw; }",
            "git clone git@github.com:team/repo.git",
            "matrix[1:2, ::3] = a[::-1]",
            "const apiKey = process.env.API_KEY1;",
            "the password must have 12 characters",
            "0x7ffdeadbeef01234 .. 0x7ffdeadbeef05678",
            "#ff00aa #00:11 rgb(12, 34, 56)",
        ])
        .to_string()
}

fn identifier(random: &mut Random) -> String {
    match random.below(7) {
        0 => format!(
            "id {}-{}-4{}-a{}-{}",
            random.hex(8),
            random.hex(4),
            random.hex(3),
            random.hex(3),
            random.hex(12)
        ),
        1 => format!("commit {}", random.hex(40)),
        2 => format!("sha256:{}", random.hex(64)),
        3 => format!("etag \"{}\"", random.hex(32)),
        4 => format!("req_{}", random.alphanumeric(24)),
        5 => format!(
            "uuid {}-{}-{}-{}-{}",
            random.digits(8),
            random.digits(4),
            random.digits(4),
            random.digits(4),
            random.digits(12)
        ),
        _ => {
            let pairs: Vec<_> = (0..16).map(|_| random.hex(2)).collect();
            format!("fingerprint {}", pairs.join(":"))
        }
    }
}

fn time(random: &mut Random) -> String {
    let (month, day) = (random.within(1, 12), random.within(1, 28));
    let (hour, minute) = (random.below(24), random.below(60));
    match random.below(6) {
        0 => format!("at 2024-{month:02}-{day:02}T{hour:02}:{minute:02}:17.123456Z"),
        1 => format!("on {day:02}.{month:02}.2024 {hour:02}:{minute:02}"),
        2 => format!(
            "epoch 17{} and {}",
            random.digits(8),
            random.within(1_600_000_000_000, 1_800_000_000_000)
        ),
        3 => format!("call me on {month:02}/{day:02}/2024 at {hour}:{minute:02}"),
        4 => format!("20240{}{day:02}-{hour:02}{minute:02}00 backup", random.within(1, 9)),
        _ => format!("contact the team before 2024-{month:02}-{day:02} {hour:02}:{minute:02}:00"),
    }
}

fn file(random: &mut Random) -> String {
    let n = random.digits(4);
    match random.below(5) {
        0 => format!("open IMG_2024{n}_{}.jpg", random.digits(6)),
        1 => format!("edit src/main.rs:{n}:12 and rpc.py"),
        2 => format!("icon@2x.png and report-{n}.final.pdf"),
        3 => format!("/var/log/app/{}/{n}.log", random.digits(8)),
        _ => format!("npm install left-pad@1.3.{} react@18.2.0", random.below(9)),
    }
}

fn placeholder(random: &mut Random) -> String {
    random
        .pick(&[
            "export OPENAI_API_KEY=YOUR_API_KEY_HERE",
            "password: <your password>",
            "DB_PASSWORD=${DB_PASSWORD}",
            "Authorization: Bearer $TOKEN",
            "use sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "api_key: \"...\", secret: null",
            "a basic understanding: bearer of bad news",
            "postgres://localhost:5432/app",
            "user@host, @mention and a@b",
            "token: ********************",
        ])
        .to_string()
}

fn public(random: &mut Random) -> String {
    random
        .pick(&[
            "listen on 127.0.0.1:8080 or 0.0.0.0",
            "resolver 8.8.8.8 and 1.1.1.1",
            "bind [::1]:443 and ::",
            "netmask 255.255.255.0",
            "documentation uses 192.0.2.44 and 2001:db8::44",
            "mac 00:00:00:00:00:00 is empty",
            "ssn 000-12-3456 cannot be",
            "the card 4111111111111112 fails its check",
        ])
        .to_string()
}
