//! Values of every kind in the forms in which people and programs write them.

use super::Value;
use super::random::Random;

pub(super) fn value(cue: &'static str, text: String) -> Value {
    Value { cue, text, is_hard: false }
}

const NAMES: [&str; 20] = [
    "jo.doe",
    "a_b-c",
    "info+tag",
    "maria.garcía",
    "иван",
    "x1y2",
    "o'neil",
    "K.Lee99",
    "m",
    "sales",
    "no-reply",
    "first.last",
    "JANE.ROE",
    "li_wei88",
    "björn",
    "संपर्क",
    "user+filter",
    "2fast",
    "anna--k",
    "r.o.b",
];
const DOMAINS: [&str; 16] = [
    "example.com",
    "mail.example.co.uk",
    "x.io",
    "firma.example.de",
    "пример.рф",
    "sub-1.example.org",
    "gmail.com",
    "outlook.com",
    "uni-bonn.de",
    "company.travel",
    "EXAMPLE.NET",
    "a.b.c.example.info",
    "bücher.example",
    "mail2.example.museum",
    "example.com.br",
    "test.dev",
];

pub(super) fn email(random: &mut Random) -> Value {
    let cue = random.pick(&[
        "my mail is ",
        "write to ",
        "Contact: ",
        "",
        "e-mail: ",
        "From: Jo Doe ",
        "cc ",
        "请联系",
        "mailto:",
        "send it to Anna at ",
        "login ",
        "адрес: ",
        "メールは",
    ]);
    value(cue, format!("{}@{}", random.pick(&NAMES), random.pick(&DOMAINS)))
}

pub(super) fn phone(random: &mut Random) -> Value {
    // With a plus or a national grouping, the shape alone is enough.
    let shaped = [
        "+1 N## N## ####",
        "+1-N##-N##-####",
        "+1N##N######",
        "(N##) N##-####",
        "N##-N##-####",
        "N##.N##.####",
        "1-N##-N##-####",
        "+44 20 #### ####",
        "+44 7### ######",
        "+49 30 ######",
        "+49##########",
        "+49 (0)89 ######",
        "02# #### ####",
        "+33 N ## ## ## ##",
        "01 ## ## ## ##",
        "+91 9#### #####",
        "+55 11 9####-####",
        "+81 3-####-####",
        "+86 138 #### ####",
        "(+34) 6## ## ## ##",
        "0044 20 #### ####",
        "+1 (N##) N##-#### ext. ##",
        "+972-5#-###-####",
        "+61 4## ### ###",
        "(020) #### ####",
        "+353 1 ### ####",
        "+7 495 ###-##-##",
    ];
    let bare = [
        "N##N######",
        "9#### #####",
        "N##-####",
        "0N########",
        "07#########",
        "N## ####",
        "138########",
        "5## ### ## ##",
    ];
    if random.below(3) > 0 {
        let pattern = random.pick(&shaped);
        let cue = random.pick(&[
            "my number is ",
            "call ",
            "at ",
            "",
            "Tel: ",
            "you can reach me on ",
            "ring ",
            "fax ",
            "it is ",
            "mobile ",
            "WhatsApp ",
            "手机 ",
            "tel:",
        ]);
        return value(cue, random.pattern(pattern));
    }
    let pattern = random.pick(&bare);
    let cue = random.pick(&[
        "phone: ",
        "call me at ",
        "mobile ",
        "text me at ",
        "my cell is ",
        "Telefon: ",
        "tel. ",
        "phone number ",
        "WhatsApp me on ",
        "hotline: ",
        "my phone number is ",
        "电话：",
    ]);
    value(cue, random.pattern(pattern))
}

pub(super) fn url(random: &mut Random) -> Value {
    let host = random.pick(&[
        "example.com",
        "www.example.org:8080",
        "api.x.io",
        "localhost:3000",
        "例子.公司",
        "user-content.example.net",
        "[2a02::1]:8443",
        "sub.domain.example.co.uk",
    ]);
    let rest = match random.below(9) {
        0 => String::new(),
        1 => format!("/users/{}", random.digits(6)),
        2 => format!("/a/b.html?id={}&q=x%20y", random.digits(8)),
        3 => format!("/wiki/Thing_(b)#{}", random.hex(4)),
        4 => format!("/reset?token={}", random.alphanumeric(24)),
        5 => "/".to_owned(),
        6 => format!("/path/to/file-{}.tar.gz", random.digits(3)),
        7 => format!("/search?q=caf%C3%A9&lang=fr#:~:text={}", random.hex(6)),
        _ => format!("/~jo/{}/index.php;jsessionid={}", random.hex(6), random.hex(12)),
    };
    let scheme = random.pick(&[
        "https://",
        "http://",
        "https://",
        "ftp://",
        "https://jo:pw1@",
        "wss://",
        "HTTPS://",
    ]);
    let cue = random
        .pick(&["see ", "", "Link: ", "docs at ", "go to ", "[here](", "source: ", "见", "open "]);
    let text = if random.below(8) == 0 {
        format!("www.example.com{rest}")
    } else {
        format!("{scheme}{host}{rest}")
    };
    value(cue, text)
}

pub(super) fn ipv4(random: &mut Random) -> Value {
    let first = random.pick(&[10, 81, 172, 193, 217, 62, 192, 100, 23, 104]);
    let text = format!(
        "{first}.{}.{}.{}",
        random.within(1, 250),
        random.below(256),
        random.within(1, 254)
    );
    let cue = random.pick(&[
        "seen from ",
        "ip ",
        "the server at ",
        "ping ",
        "Host: ",
        "ssh root@",
        "",
        "connect to ",
        "client ",
        "IP-Adresse ",
        "blocked ",
        "my address is ",
    ]);
    value(cue, text)
}

pub(super) fn ipv6(random: &mut Random) -> Value {
    let groups: Vec<_> = (0..7).map(|_| format!("{:x}", random.within(1, 0xffff))).collect();
    let text = match random.below(7) {
        0 => format!("2a02:{}", groups.join(":")),
        1 => format!("2a02:{}::{}", groups[0], groups[1]),
        2 => format!("fe80::{}", groups[..4].join(":")),
        3 => format!("2600:{}::", groups[..3].join(":")),
        4 => format!("2A01:{}", groups.join(":").to_uppercase()),
        5 => format!("fe80::{}%eth0", groups[..4].join(":")),
        _ => format!("::ffff:81.2.{}.{}", random.below(256), random.within(1, 254)),
    };
    let cue = random.pick(&[
        "the peer is ",
        "addr ",
        "from ",
        "ping6 ",
        "",
        "listen on ",
        "inet6 ",
        "AAAA ",
    ]);
    value(cue, text)
}

pub(super) fn mac(random: &mut Random) -> Value {
    let mut pairs: Vec<_> = (0..6).map(|_| random.hex(2)).collect();
    pairs[0] = random.pick(&["3c", "a4", "00", "b8", "f0"]).to_owned();
    pairs[5] = "7e".to_owned();
    let text = match random.below(5) {
        0 => pairs.join("-").to_uppercase(),
        1 => pairs.chunks(2).map(<[_]>::concat).collect::<Vec<_>>().join("."),
        2 => pairs.join(":").to_uppercase(),
        _ => pairs.join(":"),
    };
    let cue =
        random.pick(&["the adapter ", "MAC ", "link/ether ", "device ", "", "hwaddr=", "bssid "]);
    value(cue, text)
}
