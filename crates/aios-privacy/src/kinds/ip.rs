//! Internet addresses, read by the standard library's parsers.
//!
//! Most dotted or coloned text is not an address: versions, section numbers, paths of code. And
//! most real addresses in text name no one: loopback, documentation ranges (RFC 5737, RFC 3849) and
//! public resolvers are not reported.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::context::{Cues, Verdict};
use crate::detector::{Anchors, Detector, Found, Look, Number};
use crate::digits::run_end;
use crate::kind::PiiKind;
use crate::source::Source;

pub(crate) const V4: Detector =
    Detector::new(PiiKind::Ipv4, &[Anchors::Numbers(Number::new(4, &[1, 2, 3]))], look_v4);

pub(crate) const V6: Detector =
    Detector::new(PiiKind::Ipv6, &[Anchors::Before(b":", is_v6_part)], look_v6);

/// How far before four numbers a word such as "version" may stand, in bytes.
const VERSION_WINDOW: usize = 24;

/// How far before four numbers the same thing's other version may stand, in bytes.
const OTHER_WINDOW: usize = 32;

/// The longest IPv6 address, `x:x:x:x:x:x:d.d.d.d`, and room to see that a run is longer.
const V6_MAX: usize = 48;

static VERSION_CUES: Cues = Cues::new(
    &[&[
        "version",
        "versions",
        "ver",
        "v",
        "release",
        "releases",
        "released",
        "section",
        "sections",
        "sec",
        "chapter",
        "clause",
        "paragraph",
        "build",
        "builds",
        "rev",
        "revision",
        "firmware",
        "driver",
        "update",
        "updated",
        "upgrade",
        "upgraded",
        "upgrading",
        "downgrade",
        "patch",
        "hotfix",
        "chrome",
        "chromium",
        "firefox",
        "safari",
        "opera",
        "assembly",
        "sdk",
        "kernel",
        "package",
        "library",
        "plugin",
        "oid",
        "appendix",
        "article",
        "§",
        "pkg",
        "toolkit",
        "runtime",
        "rv",
        "node",
        "python",
        "ios",
        "ipados",
        "macos",
        "android",
        "java",
        "php",
        "ruby",
        "postgres",
        "postgresql",
        "edge",
        "step",
        "table",
        "figure",
        "fig",
        "kapitel",
        "absatz",
        "abschnitt",
        "ziffer",
        "fassung",
        "chapitre",
        "paragraphe",
        "capítulo",
        "sección",
        "versión",
        "versione",
        "версия",
        "バージョン",
        "版本",
        "dotnet",
        "glibc",
    ]],
    &[&[
        "ip",
        "ipv",
        "ips",
        "address",
        "addr",
        "host",
        "server",
        "connection",
        "connect",
        "connected",
        "login",
        "request",
        "requests",
        "traffic",
        "client",
        "visitor",
        "ping",
        "client_ip",
        "gateway",
        "dns",
        "peer",
        "remote",
        "src",
        "dst",
        "source",
        "subnet",
    ]],
);

const RESOLVERS_V4: [[u8; 4]; 8] = [
    [1, 0, 0, 1],
    [1, 1, 1, 1],
    [8, 8, 4, 4],
    [8, 8, 8, 8],
    [9, 9, 9, 9],
    [149, 112, 112, 112],
    [208, 67, 220, 220],
    [208, 67, 222, 222],
];

const RESOLVERS_V6: [Ipv6Addr; 6] = [
    Ipv6Addr::new(0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8844),
    Ipv6Addr::new(0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8888),
    Ipv6Addr::new(0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1001),
    Ipv6Addr::new(0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111),
    Ipv6Addr::new(0x2620, 0xfe, 0, 0, 0, 0, 0, 0x9),
    Ipv6Addr::new(0x2620, 0xfe, 0, 0, 0, 0, 0, 0xfe),
];

fn look_v4(source: &Source<'_>, at: usize) -> Look {
    if source.byte(source.run_right(at, 4, |byte| byte.is_ascii_digit())) != Some(b'.') {
        return Look::nothing(run_end(source, at));
    }
    let run = source.run_right(at, usize::MAX, |byte| byte.is_ascii_digit() || byte == b'.');
    let end = source.run_left(run, run - at, |byte| byte == b'.');
    let end = port_dot(source, at, end).unwrap_or(end);
    let is_ours = end - at <= 15
        && source.between(at, end).parse().is_ok_and(is_reported_v4)
        && is_free_v4(source, at, end)
        && !is_version(source, at);
    let found = is_ours.then_some(Found { start: at, end, rule: "ipv4.parsed", confidence: 0.9 });
    Look::maybe(found, run)
}

/// Where the address ends that `tcpdump` writes with the port as a fifth number: `81.2.69.142.443 > 81.2.69.143.51234:`.
fn port_dot(source: &Source<'_>, start: usize, end: usize) -> Option<usize> {
    let run = source.bytes().get(start..end)?;
    let is_five = run.len() <= 21 && run.iter().filter(|byte| **byte == b'.').count() == 4;
    let is_sent = || source.has(end, " > ");
    let is_taken = || {
        source.byte(end) == Some(b':')
            && start.checked_sub(3).is_some_and(|arrow| source.has(arrow, " > "))
    };
    let dot = memchr::memrchr(b'.', run)?;
    (is_five && (is_sent() || is_taken())).then_some(start + dot)
}

/// Whether a word says so, of this number or of one like it before: `chrome 27.3.21.6 fixed it,
/// 27.6.9.23 did not`.
fn is_version(source: &Source<'_>, at: usize) -> bool {
    match VERSION_CUES.before(source, at, VERSION_WINDOW) {
        Verdict::For => true,
        Verdict::Against => false,
        Verdict::Silent => other_before(source, at).is_some_and(|other| {
            VERSION_CUES.before(source, other, VERSION_WINDOW) == Verdict::For
        }),
    }
}

/// Where the four numbers begin that stand last before `at` on the line.
fn other_before(source: &Source<'_>, at: usize) -> Option<usize> {
    let is_part = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    let end = source.run_left(at, OTHER_WINDOW, |byte| !byte.is_ascii_digit());
    let start = source.run_left(end, 15, is_part);
    source.between(start, end).parse::<Ipv4Addr>().is_ok().then_some(start)
}

fn is_reported_v4(address: Ipv4Addr) -> bool {
    let [first, ..] = address.octets();
    // 0.0.0.0/8 names no host, and what begins with 240 or more is reserved: masks and broadcasts.
    // Object identifiers of certificates and of internet management.
    let is_oid = matches!(address.octets(), [2, 5, 4 | 29, _] | [1, 3, 6, 1]);
    !is_oid
        && (1..240).contains(&first)
        && !address.is_loopback()
        && !address.is_documentation()
        && !RESOLVERS_V4.contains(&address.octets())
}

fn is_free_v4(source: &Source<'_>, start: usize, end: usize) -> bool {
    let further = start.checked_sub(2).and_then(|i| source.byte(i));
    let is_alphanumeric = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let left_is_free = match source.before(start) {
        None => true,
        // A package's version, as in `numpy>=1.2.3.4`, `==1.2.3.4` and `^1.2.3.4`.
        Some(b'=') => !matches!(further, Some(b'=' | b'<' | b'>' | b'~' | b'!')),
        Some(b'^' | b'~') => false,
        // A product's version, as in `Chrome/120.0.6099.71`, or a name, as in `lib-1.2.3.4`.
        Some(b'-') => !is_alphanumeric(further) || other_before(source, start).is_some(),
        Some(b'/') => !is_alphanumeric(further),
        Some(b'_' | b'.' | b'+') => false,
        Some(b'n' | b'r' | b't') => further == Some(b'\\'),
        Some(byte) => !byte.is_ascii_alphanumeric(),
    };
    let right_is_free = match source.byte(end) {
        Some(b'-') => !is_alphanumeric(source.byte(end + 1)) || is_quad(source, end + 1),
        Some(b'+') => !is_alphanumeric(source.byte(end + 1)),
        Some(b'_') => false,
        // A name goes on after the dot, as in `1.2.3.4.tar.gz`; of more numbers only a port was left out.
        Some(b'.') => !source.byte(end + 1).is_some_and(|byte| byte.is_ascii_alphabetic()),
        byte => !is_alphanumeric(byte),
    };
    left_is_free && right_is_free
}

/// Whether four numbers begin at `start`, as the end of a range.
fn is_quad(source: &Source<'_>, start: usize) -> bool {
    let end = source.run_right(start, 15, |byte| byte.is_ascii_digit() || byte == b'.');
    source.between(start, end).trim_end_matches('.').parse::<Ipv4Addr>().is_ok()
}

fn look_v6(source: &Source<'_>, at: usize) -> Look {
    let end = source.run_right(at, usize::MAX, is_v6_part);
    let run_start = source.run_left(at, V6_MAX, is_v6_part);
    if end - run_start > V6_MAX {
        return Look::nothing(end);
    }
    let (start, trimmed) = trim_v6(source, run_start, end);
    let found = (start < trimmed && is_v6(source, start, trimmed)).then(|| {
        let end = zone_end(source, trimmed);
        Found { start, end, rule: "ipv6.parsed", confidence: 0.9 }
    });
    Look::maybe(found, end)
}

/// An address that ends in a colon has another before it, from which it was looked at; so one of these follows.
fn is_v6_part(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.')
}

/// Drops the punctuation of the sentence around a run: `addr:fe80::1.` and `fe80::1: down`.
fn trim_v6(source: &Source<'_>, start: usize, end: usize) -> (usize, usize) {
    let run = source.bytes().get(start..end).unwrap_or_default();
    let is_single_colon = run.first() == Some(&b':') && run.get(1) != Some(&b':');
    let start = if is_single_colon { start + 1 } else { start };
    let end = source.run_left(end, end - start, |byte| byte == b'.');
    let ends_in_colon =
        source.before(end) == Some(b':') && source.before(end.saturating_sub(1)) != Some(b':');
    (start, if ends_in_colon { end - 1 } else { end })
}

fn is_v6(source: &Source<'_>, start: usize, end: usize) -> bool {
    let joins =
        |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let text = source.between(start, end);
    let is_escape = start.checked_sub(2).and_then(|i| source.byte(i)) == Some(b'\\');
    (!joins(source.before(start)) || is_escape)
        && !joins(source.byte(end))
        && is_address_shaped(text)
        && !(text.contains("::") && source.byte(end) == Some(b'('))
        && text.parse().is_ok_and(is_reported_v6)
}

/// Refuses paths of code, such as `dead::beef`, and rows of eight byte pairs, which are fingerprints.
fn is_address_shaped(text: &str) -> bool {
    let n_colons = text.bytes().filter(|byte| *byte == b':').count();
    let is_row_of_pairs = n_colons == 7 && text.split(':').all(|group| group.len() == 2);
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    // Slices such as `[1::2]` have fewer digits than any address that a host has.
    let n_digits = text.bytes().filter(u8::is_ascii_hexdigit).count();
    // Programs print addresses in one case; `c::B300` is code.
    let is_mixed = text.bytes().any(|byte| byte.is_ascii_lowercase())
        && text.bytes().any(|byte| byte.is_ascii_uppercase());
    let is_short = n_digits < 8;
    !(is_mixed && is_short)
        && n_colons >= 2
        && n_digits >= 5
        && !is_row_of_pairs
        && (has_digit || n_colons >= 4)
}

fn is_reported_v6(address: Ipv6Addr) -> bool {
    let is_documentation =
        matches!(address.segments(), [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..]);
    !address.is_loopback()
        && !address.is_unspecified()
        && !is_documentation
        && !RESOLVERS_V6.contains(&address)
        && address.segments() != [0xffff; 8]
        && address.to_ipv4_mapped().is_none_or(is_reported_v4)
}

/// Where a zone such as `%eth0` ends, if one follows.
fn zone_end(source: &Source<'_>, end: usize) -> usize {
    if source.byte(end) != Some(b'%') {
        return end;
    }
    let zone = source.run_right(end + 1, 16, |byte| byte.is_ascii_alphanumeric());
    if zone > end + 1 { zone } else { end }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_v4(marked: &str) {
        crate::kinds::testing::check(PiiKind::Ipv4, marked);
    }

    fn check_v6(marked: &str) {
        crate::kinds::testing::check(PiiKind::Ipv6, marked);
    }

    #[test]
    fn v4_addresses_are_found_in_sentences_urls_and_with_ports() {
        check_v4("from ⟦81.2.69.142⟧, ⟦10.20.30.40⟧:8080 and http://⟦81.2.69.144⟧/x.");
        check_v4(
            "client=⟦81.2.69.142⟧:443 {\"ip\":\"⟦81.2.69.142⟧\"} ⟦81.2.69.0⟧/24 [⟦81.2.69.142⟧]",
        );
        check_v4(
            "IP ⟦81.2.69.142⟧.443 > ⟦81.2.69.144⟧.51234: Flags [S]; 81.2.69.142.443, 4.2.10.1.5: x",
        );
        check_v4("⟦10.20.30.40⟧-⟦10.20.30.50⟧ and chrome 27.3.21.6 fixed it, 27.6.9.23 did not");
    }

    #[test]
    fn versions_and_sections_are_no_v4_addresses() {
        check_v4("version 4.2.10.1, v4.2.10.1, section 3.1.2.4, Chrome/120.0.60.71");
        check_v4("lib-1.2.3.4 1.2.3.4-beta 1.2.3.4.5 1.2.3 256.1.1.1 01.2.3.4 1.2.3.4.tar.gz");
        check_v4("upgraded from 4.2.10.0 to 4.2.10.1, node 20.11.1.0, step 1.2.3.4");
    }

    #[test]
    fn v4_addresses_of_no_one_are_not_reported() {
        check_v4(
            "127.0.0.1 0.0.0.0 192.0.2.7 198.51.100.7 203.0.113.7 8.8.8.8 1.1.1.1 255.255.255.0",
        );
    }

    #[test]
    fn v6_addresses_are_found() {
        check_v6("at ⟦2a02:8109:9a80:1f3c::7e⟧, ⟦fe80::1c2d:3eff:fe4f:5061%eth0⟧.");
        check_v6("[⟦2a02:8109::1⟧]:443 and ip:⟦2a02:8109:0:0:0:0:0:1⟧: up");
        check_v6("⟦::ffff:81.2.69.142⟧");
    }

    #[test]
    fn code_times_and_fingerprints_are_no_v6_addresses() {
        check_v6("f00d::bad() std::fade::cafe dead::beef a::b 12:30:45 Foo::1 1::Foo");
        check_v6("3c:22:fb:9a:01:7e 3c:22:fb:9a:01:7e:88:91");
    }

    #[test]
    fn v6_addresses_of_no_one_are_not_reported() {
        check_v6(":: ::1 2001:db8::7 2001:4860:4860::8888 ::ffff:127.0.0.1");
    }
}
