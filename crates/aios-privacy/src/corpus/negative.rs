//! Things that look like personal data and are none.

use super::random::Random;

/// A sentence or line without personal data.
pub(super) fn sentence(random: &mut Random) -> String {
    let makers: [fn(&mut Random) -> String; 11] =
        [version, number, amount, code, identifier, time, file, placeholder, public, spoken, data];
    random.pick(&makers)(random)
}

fn version(random: &mut Random) -> String {
    let four = format!(
        "{}.{}.{}.{}",
        random.below(30),
        random.below(20),
        random.below(200),
        random.below(99)
    );
    match random.below(12) {
        0 => format!("Upgrade to version {four} first."),
        1 => format!("See section {four} of the manual."),
        2 => format!("Running Chrome/{four} on Linux."),
        3 => format!("lib-{four}.tar.gz is missing"),
        4 => format!("v{four} broke it"),
        5 => format!("firmware {four} was released"),
        6 => format!("chrome {four} fixed it, {}.6.9.23 did not", random.below(30)),
        7 => format!(
            "Firefox {}.0.{} and Python 3.{}.{}",
            random.below(130),
            random.below(9),
            random.below(13),
            random.below(20)
        ),
        8 => format!("driver version: {four}"),
        9 => format!("\"version\": \"{four}\","),
        10 => format!("<Version>{four}</Version>"),
        _ => format!("as required by § {four}"),
    }
}

fn number(random: &mut Random) -> String {
    match random.below(17) {
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
        6 => format!("order no. {}-{}-{}", random.digits(3), random.digits(7), random.digits(7)),
        7 => format!(
            "ISBN 978-{}-{}-{}-{}",
            random.digits(1),
            random.digits(4),
            random.digits(4),
            random.digits(1)
        ),
        8 => format!("x = {} + {}", random.digits(7), random.digits(8)),
        9 => format!("pi is 3.14159265358979 and e is 2.71828{}", random.digits(10)),
        10 => format!("{} tokens, {} bytes", random.digits(7), random.digits(9)),
        11 => format!("part number {}-{}", random.digits(5), random.digits(5)),
        12 => format!(
            "the score was {}-{}, {}-{}",
            random.below(9),
            random.below(9),
            random.below(9),
            random.below(9)
        ),
        13 => format!("my personal cloud account is {}", random.digits(12)),
        14 => format!("{{\"identity\":{{\"account\":\"{}\"}}}}", random.digits(12)),
        15 => format!("resident set size {}", random.digits(11)),
        _ => format!("\"seed\": {}, \"n\": {}", random.digits(9), random.digits(12)),
    }
}

fn amount(random: &mut Random) -> String {
    match random.below(6) {
        0 => format!("EUR 1.{}.{}", random.digits(3), random.digits(3)),
        1 => format!(
            "${},{},{}.{}",
            random.within(1, 9),
            random.digits(3),
            random.digits(3),
            random.digits(2)
        ),
        2 => format!("a population of {} {} people", random.within(100, 999), random.digits(3)),
        3 => format!(
            "between {} and {} kilometers",
            random.within(1_000, 9_999),
            random.within(10_000, 99_999)
        ),
        4 => format!("{} %, up from {}.{} %", random.below(99), random.below(99), random.digits(2)),
        _ => format!("lat 52.{}, lon 13.{}", random.digits(6), random.digits(6)),
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
            "for (int i = 0; i < 10; ++i) sum += a[i] * b[i];",
            "SELECT id, name FROM users WHERE token IS NOT NULL LIMIT 10;",
            "use crate::cafe::babe; impl Fade for Deed {}",
            "x = a.b.c.d(e.f.g) if h.i else j.k.l",
            "printf(\"%d %s %08x\\n\", n, s, x);",
            "path\\to\\new\\table and C:\\Users\\x",
            "pip install requests==2.31.0 numpy>=1.26.4",
            "docker run -p 8080:80 nginx:1.25.3-alpine",
            "assert re.match(r'\\d{3}-\\d{4}', s)",
            "keyboard.key = event.key; token = next(tokens)",
            "passport: required, bypass: true, compass: north",
            "export default { name: 'secret-santa', data() {} }",
            "class Foo(Bar): pass  # TODO: secret sauce",
        ])
        .to_owned()
}

fn identifier(random: &mut Random) -> String {
    match random.below(12) {
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
        6 => {
            let pairs: Vec<_> = (0..16).map(|_| random.hex(2)).collect();
            format!("fingerprint {}", pairs.join(":"))
        }
        7 => format!("trace 00-{}-{}-01", random.hex(32), random.hex(16)),
        8 => format!("0x{} is the transaction", random.hex(64)),
        9 => format!("index {}..{} 100644", random.hex(7), random.hex(7)),
        10 => format!("chatcmpl-{} call_{}", random.alphanumeric(24), random.alphanumeric(24)),
        _ => format!("integrity sha512-{}==", random.alphanumeric(86)),
    }
}

fn time(random: &mut Random) -> String {
    let (month, day) = (random.within(1, 12), random.within(1, 28));
    let (hour, minute) = (random.below(24), random.below(60));
    match random.below(10) {
        0 => format!("at 2024-{month:02}-{day:02}T{hour:02}:{minute:02}:17.123456Z"),
        1 => format!("on {day:02}.{month:02}.2024 {hour:02}:{minute:02}"),
        2 => format!(
            "epoch 17{} and {}",
            random.digits(8),
            random.within(1_600_000_000_000, 1_800_000_000_000)
        ),
        3 => format!("call me on {month:02}/{day:02}/2024 at {hour}:{minute:02}"),
        4 => format!("20240{}{day:02}-{hour:02}{minute:02}00 backup", random.within(1, 9)),
        5 => format!("contact the team before 2024-{month:02}-{day:02} {hour:02}:{minute:02}:00"),
        6 => format!("\"created\": 17{}, \"ms\": 17{}", random.digits(8), random.digits(11)),
        7 => format!(
            "from 1998–2004 and {}–{}",
            random.within(1900, 1950),
            random.within(1951, 2020)
        ),
        8 => format!(
            "{hour:02}:{minute:02}:{minute:02},{} --> {hour:02}:{minute:02}:59,000",
            random.digits(3)
        ),
        _ => format!("born {day:02}-{month:02}-1984, due 2025/{month:02}/{day:02}"),
    }
}

fn file(random: &mut Random) -> String {
    let n = random.digits(4);
    match random.below(9) {
        0 => format!("open IMG_2024{n}_{}.jpg", random.digits(6)),
        1 => format!("edit src/main.rs:{n}:12 and rpc.py"),
        2 => format!("icon@2x.png and report-{n}.final.pdf"),
        3 => format!("/var/log/app/{}/{n}.log", random.digits(8)),
        4 => format!("npm install left-pad@1.3.{} react@18.2.0", random.below(9)),
        5 => format!(
            "uses: actions/checkout@v{} and setup-node@v4.0.{}",
            random.below(9),
            random.below(9)
        ),
        6 => "os.sy, rpc.py, a.b, README.md, index.html and main.go".to_owned(),
        7 => format!("linux-image-6.{}.0-{}-generic_amd64.deb", random.below(12), random.below(99)),
        _ => format!("model-{n}b-instruct-q4_k_m.gguf in ~/.cache/models/{}", random.hex(12)),
    }
}

fn placeholder(random: &mut Random) -> String {
    random
        .pick(&[
            "export OPENAI_API_KEY=YOUR_API_KEY_HERE",
            "password: <your password>",
            "DB_PASSWORD=${DB_PASSWORD}",
            "Authorization: Bearer $TOKEN",
            "use sk-{x36}",
            "api_key: \"...\", secret: null",
            "a basic understanding: bearer of bad news",
            "postgres://localhost:5432/app",
            "user@host, @mention and a@b",
            "token: ********************",
            "password: hidden for now",
            "secret_key = os.environ['SECRET_KEY']",
            "Authorization: Bearer <token>",
            "AKIA{X16} is a filler",
            "ghp_{x36}",
            "password = input('Password: ')",
            "api_key = \"your-api-key-here\"",
            "the secret is to start early; the key is to go on",
            "token count: 1234567",
        ])
        // Filled here: what is shaped like a key stands in no file.
        .replace("{x36}", &"x".repeat(36))
        .replace("{X16}", &"X".repeat(16))
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
            "DE00370400440532013000 has a wrong sum",
            "DNI 12345678A has the wrong letter",
            "broadcast ff:ff:ff:ff:ff:ff",
            "the NHS number 943 476 5918 does not check",
        ])
        .to_owned()
}

fn spoken(random: &mut Random) -> String {
    random
        .pick(&[
            "meet me at the dot com era exhibition",
            "look at this (at least once) and connect the dots",
            "we met at noon at the station",
            "call 911 or 112 in an emergency",
            "Rome at 2 p.m., Paris at 5",
            "press 1 for sales, 2 for support and 0 for help",
            "follow @jo_doe or #hashtag2024",
            "it's 50/50, 24/7, 3-in-1 and 9-to-5",
            "ratio 16:9, odds 3:1, John 3:16",
            "E = mc^2, a^2 + b^2 = c^2",
            "dial it down and text nobody",
            "100% sure, R&D, AT&T, Q&A and 5 & 6",
        ])
        .to_owned()
}

fn data(random: &mut Random) -> String {
    match random.below(6) {
        0 => format!(
            "[{}, {}, {}, {}]",
            random.digits(3),
            random.digits(3),
            random.digits(4),
            random.digits(2)
        ),
        1 => format!(
            "| {} | {} | {}.{} |",
            random.digits(3),
            random.digits(5),
            random.digits(2),
            random.digits(4)
        ),
        2 => format!(
            "{},{},{},{}",
            random.digits(2),
            random.digits(4),
            random.digits(6),
            random.digits(3)
        ),
        3 => {
            format!("[0.{}, -0.{}, 1.{}e-05]", random.digits(8), random.digits(8), random.digits(6))
        }
        4 => format!(
            "{{\"prompt_tokens\":{},\"total_tokens\":{}}}",
            random.digits(3),
            random.digits(4)
        ),
        _ => format!("{} {} {}", random.digits(2), random.digits(2), random.digits(2)),
    }
}
