//! What opens doors. Put together here, since what looks like a key has no place in a source file.

use crate::corpus::crypto;
use crate::corpus::random::Random;

/// A value of the kind that `name` begins with.
pub(super) fn of(name: &str, random: &mut Random) -> String {
    match name {
        "coin" => crypto::crypto(random).text,
        "secret.issued" => issued(random),
        "secret.password" => password(random),
        "secret.hex" => format!("{}a7", random.hex(38)),
        "secret.base64" => format!(
            "{}9/{}+{}=",
            random.alphanumeric(20),
            random.alphanumeric(10),
            random.alphanumeric(8)
        ),
        "secret.jwt" => jwt(random),
        "secret.pem" => pem(random, "\n"),
        "secret.pem.escaped" => pem(random, "\\n"),
        "secret.dsn" => dsn(random),
        "secret.basic" => {
            "YWRtaW46UzNjcjN0IWVz".to_owned() + random.pick(&["YXM=", "Zg==", "MTIz"])
        }
        _ => random.alphanumeric(30) + "4",
    }
}

/// Prefixes and lengths from the issuers' own pages.
fn issued(random: &mut Random) -> String {
    match random.below(16) {
        0 => "AKIA".to_owned() + &random.text(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
        1 => format!("ghp_{}", random.alphanumeric(36)),
        2 => format!("github_pat_{}_{}", random.alphanumeric(22), random.alphanumeric(59)),
        3 => format!(
            "glpat-{}",
            random.text(20, "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789-_")
        ),
        4 => format!("sk-proj-{}T3BlbkFJ{}", random.alphanumeric(20), random.alphanumeric(20)),
        5 => format!("sk-ant-api03-{}-{}AA", random.alphanumeric(40), random.alphanumeric(45)),
        6 => {
            format!("xoxb-{}-{}-{}", random.digits(12), random.digits(13), random.alphanumeric(24))
        }
        7 => format!("sk_live_{}", random.alphanumeric(24)),
        8 => "AIza".to_owned() + "Sy" + &random.alphanumeric(33),
        9 => format!("npm_{}", random.alphanumeric(36)),
        10 => format!(
            "hf_{}",
            random.text(34, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        ),
        11 => format!("SG.{}.{}", random.alphanumeric(22), random.alphanumeric(43)),
        12 => format!("dop_v1_{}", random.hex(64)),
        13 => format!("{}:AA{}", random.digits(10).replace('0', "7"), random.alphanumeric(33)),
        14 => format!("pypi-AgEIcHlwaS5vcmc{}", random.alphanumeric(60)),
        _ => format!("gsk_{}", random.alphanumeric(52)),
    }
}

fn password(random: &mut Random) -> String {
    let word = random.pick(&[
        "Sommer", "monkey", "Bayern", "qwertz", "Passw0rt", "trustno", "azerty", "Sakura", "Toro",
    ]);
    match random.below(5) {
        0 => format!("{word}{}", random.digits(4)),
        1 => format!("{word}{}!", random.digits(2)),
        2 => format!("{}-{}-{}", random.alphanumeric(6), random.digits(3), random.alphanumeric(6)),
        3 => format!("{}#{}{}", random.alphanumeric(5), random.digits(2), random.alphanumeric(5)),
        _ => format!("{word}_{}$", random.digits(3)),
    }
}

fn jwt(random: &mut Random) -> String {
    let header = random
        .pick(&["eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ", "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9"]);
    format!("{header}.eyJ{}.{}", random.alphanumeric(60), random.alphanumeric(86))
}

fn pem(random: &mut Random, feed: &str) -> String {
    let label = random.pick(&["PRIVATE KEY", "RSA PRIVATE KEY", "OPENSSH PRIVATE KEY"]);
    let lines: Vec<_> = (0..random.within(3, 9)).map(|_| random.alphanumeric(64)).collect();
    let dashes = "-".repeat(5);
    format!(
        "{dashes}BEGIN {label}{dashes}{feed}{}{feed}{dashes}END {label}{dashes}",
        lines.join(feed)
    )
}

fn dsn(random: &mut Random) -> String {
    let password = random.alphanumeric(9) + random.pick(&["1", "%24x9", "7!"]);
    match random.below(5) {
        0 => format!(
            "postgresql://svc_app:{password}@db-1.prod.internal:5432/orders?sslmode=require"
        ),
        1 => format!("mongodb+srv://admin:{password}@cluster0.ab1cd.mongodb.net/test"),
        2 => format!("redis://:{password}@10.1.4.20:6379/0"),
        3 => format!("amqp://guest:{password}@rabbit:5672/%2F"),
        _ => format!("mysql://root:{password}@127.0.0.1/shop"),
    }
}
