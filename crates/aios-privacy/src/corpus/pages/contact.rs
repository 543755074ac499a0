//! How people and machines are reached.

use crate::corpus::random::Random;

const FIRST: [&str; 16] = [
    "anna", "ben", "chiara", "dmitri", "elif", "fatima", "george", "hana", "ines", "jürgen",
    "kofi", "lucía", "mehmet", "noor", "olivier", "priya",
];
const LAST: [&str; 16] = [
    "schmidt",
    "o'connor",
    "garcía",
    "yamada",
    "nowak",
    "dubois",
    "van-dijk",
    "rossi",
    "silva",
    "johansson",
    "patel",
    "nguyen",
    "kowalska",
    "haddad",
    "mueller",
    "smith",
];
const HOSTS: [&str; 18] = [
    "gmail.com",
    "web.de",
    "gmx.net",
    "orange.fr",
    "laposte.net",
    "docomo.ne.jp",
    "mail.ru",
    "proton.me",
    "corp.internal",
    "t-online.de",
    "hotmail.co.uk",
    "acme.io",
    "uni-köln.de",
    "post.cz",
    "students.uu.se",
    "icloud.com",
    "x.ai",
    "mail.dept.example.edu.au",
];

/// A value of the kind that `name` begins with.
pub(super) fn of(name: &str, random: &mut Random) -> String {
    match name {
        "email" => email(random),
        "url" => url(random),
        "ipv4" => ipv4(random),
        "ipv4.private" => format!("192.168.{}.{}", random.below(256), random.within(2, 254)),
        "ipv6" => ipv6(random),
        "mac" => mac(random),
        phone => {
            let patterns = PHONES.iter().find(|(known, _)| *known == phone);
            let (_, patterns) = patterns.expect("a place that is known");
            let pattern = random.pick(patterns);
            random.pattern(pattern)
        }
    }
}

/// As the countries' numbering plans and style guides write them. Those of `bare` stand after a cue.
const PHONES: [(&str, &[&str]); 17] = [
    (
        "phone.us",
        &[
            "(N##) N##-####",
            "N##-N##-####",
            "N##.N##.####",
            "+1 N##-N##-####",
            "+1 (N##) N##-####",
            "1-8##-N##-####",
            "+1N##N######",
            "N##-N##-#### x###",
        ],
    ),
    (
        "phone.uk",
        &[
            "020 7### ####",
            "07### ######",
            "+44 7### ######",
            "01### ######",
            "(0161) ### ####",
            "+44 (0)20 7### ####",
            "0800 ### ####",
            "+44 20 7### ####",
        ],
    ),
    (
        "phone.de",
        &[
            "030 ######",
            "0171 #######",
            "+49 171 #######",
            "089/######",
            "+49 (0)40 ######-0",
            "0049 30 #######",
            "+49 30 ####-###",
            "0721 / ######",
            "01##-#######",
        ],
    ),
    (
        "phone.fr",
        &[
            "01 ## ## ## ##",
            "06 ## ## ## ##",
            "07.##.##.##.##",
            "+33 6 ## ## ## ##",
            "+33 (0)1 ## ## ## ##",
            "0033 6 ## ## ## ##",
            "04-##-##-##-##",
        ],
    ),
    (
        "phone.es",
        &[
            "+34 6## ### ###",
            "+34 91# ## ## ##",
            "6## ## ## ##",
            "(+34) 93# ### ###",
            "+346########",
        ],
    ),
    (
        "phone.jp",
        &[
            "03-####-####",
            "090-####-####",
            "080-####-####",
            "0120-###-###",
            "+81-90-####-####",
            "+81 3 #### ####",
            "(03) ####-####",
            "06-####-####",
        ],
    ),
    ("phone.it", &["+39 3## ### ####", "02 #### ####", "+39 06 #######"]),
    (
        "phone.br",
        &["(11) 9####-####", "+55 21 9####-####", "(47) 3###-####", "+55 (11) 9####-####"],
    ),
    ("phone.in", &["+91 9#### #####", "+91-98###-#####", "0##-########", "+919#########"]),
    ("phone.cn", &["138-####-####", "+86 139 #### ####", "010-8#######", "+86-21-6### ####"]),
    (
        "phone.nl",
        &["06-########", "020-#######", "+31 6 ########", "+31 (0)20 ### ####", "06 ## ## ## ##"],
    ),
    (
        "phone.world",
        &[
            "+41 44 ### ## ##",
            "+43 664 #######",
            "+46 70 ### ## ##",
            "+48 5## ### ###",
            "+61 4## ### ###",
            "+65 #### ####",
            "+82-10-####-####",
            "+90 5## ### ## ##",
            "+234 80# ### ####",
            "+27 82 ### ####",
            "+971 50 ### ####",
            "+380 67 ### ## ##",
            "+52 55 #### ####",
            "+420 6## ### ###",
            "+351 91# ### ###",
            "+353 86 ### ####",
            "+64 21 ### ###",
            "+972 54 ### ####",
        ],
    ),
    ("phone.bare.us", &["N##N######", "N## N## ####", "N##-####"]),
    ("phone.bare.de", &["0171#######", "030######", "0151 ########"]),
    ("phone.bare.fr", &["06########", "01########"]),
    ("phone.bare.es", &["6########", "6## ### ###", "91# ### ###"]),
    ("phone.bare.jp", &["090########", "03########"]),
];

fn email(random: &mut Random) -> String {
    let (first, last) = (random.pick(&FIRST), random.pick(&LAST));
    let initial: String = first.chars().take(1).collect();
    let local = match random.below(9) {
        0 => format!("{first}.{last}"),
        1 => format!("{initial}{last}"),
        2 => format!("{first}_{last}{}", random.digits(2)),
        3 => format!("{first}+{}", random.pick(&["shop", "lists", "2024", "no.spam"])),
        4 => format!("{initial}.{last}"),
        5 => format!("{}+{first}", random.digits(8)),
        6 => format!("{first}-{last}"),
        7 => random
            .pick(&["support", "info", "billing", "hr", "no-reply", "accounts.payable"])
            .to_owned(),
        _ => format!("{last}.{first}.{}", random.digits(4)),
    };
    let local = if random.below(8) == 0 { local.to_uppercase() } else { local };
    format!("{local}@{}", random.pick(&HOSTS))
}

fn url(random: &mut Random) -> String {
    let host = random.pick(&[
        "shop.acme.io",
        "www.linkedin.com",
        "github.com",
        "intranet.corp.internal:8443",
        "drive.google.com",
        "t.co",
        "bücher.example",
        "localhost:5173",
        "10.0.12.7:3000",
        "s3.eu-central-1.amazonaws.com",
        "zoom.us",
    ]);
    let path = match random.below(11) {
        0 => String::new(),
        1 => format!("/in/{}-{}/", random.pick(&FIRST), random.hex(8)),
        2 => format!("/orders/{}?email={}%40gmail.com", random.digits(7), random.pick(&FIRST)),
        3 => format!("/reset-password?token={}&uid={}", random.alphanumeric(32), random.digits(5)),
        4 => format!("/d/{}/edit#gid={}", random.alphanumeric(44), random.digits(9)),
        5 => format!(
            "/{}/{}/pull/{}/files",
            random.pick(&FIRST),
            random.pick(&LAST).replace('\'', ""),
            random.digits(3)
        ),
        6 => format!("/j/{}?pwd={}", random.digits(11), random.alphanumeric(16)),
        7 => format!("/{}.pdf", random.hex(12)),
        8 => "/wiki/Berlin_(Stadt)".to_owned(),
        9 => format!(
            "/search?q={}+{}&page=2",
            random.pick(&FIRST),
            random.pick(&LAST).replace('\'', "")
        ),
        _ => format!(
            "/bucket/{}/photo.jpg?X-Amz-Expires=3600&X-Amz-Signature={}",
            random.digits(4),
            random.hex(64)
        ),
    };
    format!(
        "{}{host}{path}",
        random.pick(&["https://", "https://", "https://", "http://", "ftp://", "wss://"])
    )
}

fn ipv4(random: &mut Random) -> String {
    let first = random
        .pick(&[3, 18, 34, 46, 52, 77, 85, 91, 95, 109, 134, 151, 176, 185, 188, 195, 213, 220]);
    format!("{first}.{}.{}.{}", random.below(256), random.below(256), random.within(1, 254))
}

fn ipv6(random: &mut Random) -> String {
    let group = |random: &mut Random| format!("{:x}", random.within(0x100, 0xffff));
    match random.below(6) {
        0 => format!("2001:{}:{}::{}", group(random), group(random), group(random)),
        1 => format!(
            "2a00:{}:{}:{}:{}:{}:{}:{}",
            group(random),
            group(random),
            group(random),
            group(random),
            group(random),
            group(random),
            group(random)
        ),
        2 => format!(
            "fe80::{}:{}ff:fe{}:{}",
            group(random),
            random.hex(2),
            random.hex(2),
            group(random)
        ),
        3 => format!(
            "fd{}:{}:{}::{}",
            random.hex(2),
            group(random),
            group(random),
            random.within(1, 99)
        ),
        4 => format!("2607:f8b0:{}:{}::200e", group(random), group(random)),
        _ => format!("2A02:{}:{}:{}:0:0:0:1", group(random), group(random), group(random))
            .to_uppercase(),
    }
}

fn mac(random: &mut Random) -> String {
    let oui = random.pick(&["00:1a:2b", "f4:5c:89", "dc:a6:32", "b8:27:eb", "ac:de:48"]);
    let address = format!("{oui}:{}:{}:{}c", random.hex(2), random.hex(2), random.hex(1));
    match random.below(4) {
        0 => address.to_uppercase().replace(':', "-"),
        1 => {
            let digits = address.replace(':', "");
            super::number::grouped_by(&digits, &[4, 4, 4], ".")
        }
        2 => address.to_uppercase(),
        _ => address,
    }
}
