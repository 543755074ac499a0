//! `aios keys new`.

use std::io::Write;

use aios_privacy::SecretDigest;
use clap::Args;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::output::{self, Exit, Failure, say};

/// Begins every client key, so that a leaked one is recognized.
const PREFIX: &str = "aios-";

/// Random bytes of a key.
const KEY_BYTES: usize = 32;

/// Digits of `KEY_BYTES` bytes in base 62.
const KEY_DIGITS: usize = 43;

const BASE_62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Make a client key, and the line for clients.keys that lets it in; the key itself is stored nowhere
///
/// With --json: {"name", "key", "sha256", "line"}.
#[derive(Debug, Args)]
pub(super) struct New {
    /// Name of the client in events and metrics
    #[arg(value_parser = name)]
    name: String,
}

impl New {
    pub(super) fn run(self, context: &Context, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let name = self.name;
        let mut random = [0; KEY_BYTES];
        getrandom::fill(&mut random).map_err(|error| {
            let hint = "check that the system's random source works";
            Failure::new("cannot make a key: the system gives no random bytes", hint).because(error)
        })?;
        let key = format!("{PREFIX}{}", base_62(random));
        let digest = SecretDigest::of(key.as_bytes()).to_hex();
        let line =
            format!("{{ name = {}, sha256 = \"{digest}\" }}", toml::Value::String(name.clone()));
        if context.json {
            let made = json!({ "name": name, "key": key, "sha256": digest, "line": line });
            output::json(out, &made)?;
        } else {
            writeln!(out, "{key}\n{line}")?;
            say(
                "the key is shown only this once; give it to the client, and put the line into clients.keys",
            );
        }
        Ok(Exit::Done)
    }
}

fn name(text: &str) -> Result<String, &'static str> {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "-_. ".contains(c));
    let sane = plain && !text.trim().is_empty() && text.len() <= 64;
    if sane { Ok(text.to_owned()) } else { Err("expected up to 64 letters, digits, `-`, `_`, `.`") }
}

/// All bytes as one number, with leading zeros: each key has the same length.
fn base_62(mut number: [u8; KEY_BYTES]) -> String {
    let digits = (0..KEY_DIGITS).map(|_| BASE_62[usize::from(divide(&mut number, 62))]);
    let from_the_last: Vec<u8> = digits.collect();
    from_the_last.into_iter().rev().map(char::from).collect()
}

/// Divides a number in place, most significant byte first; returns the remainder.
fn divide(number: &mut [u8], by: u8) -> u8 {
    number.iter_mut().fold(0, |rest, byte| {
        let value = u16::from(rest) << 8 | u16::from(*byte);
        let (quotient, rest) = (value / u16::from(by), value % u16::from(by));
        // The rest is less than `by`, so the quotient is less than 256.
        *byte = quotient.to_le_bytes()[0];
        rest.to_le_bytes()[0]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_62_is_right_at_its_ends() {
        let check = |number: [u8; KEY_BYTES], expect: &str| {
            assert_eq!(base_62(number), format!("{expect:0>43}"));
        };
        let small = |low: u16| {
            let mut number = [0; KEY_BYTES];
            number[KEY_BYTES - 2..].copy_from_slice(&low.to_be_bytes());
            number
        };
        check(small(0), "");
        check(small(61), "z");
        check(small(62), "10");
        check(small(62 * 62 + 11), "10B");
        // 2^256 - 1 needs every digit: none is lost.
        let mut largest = [255; KEY_BYTES];
        (0..KEY_DIGITS).for_each(|_| assert!(divide(&mut largest, 62) < 62));
        assert_eq!(largest, [0; KEY_BYTES]);
    }

    #[test]
    fn a_name_is_plain() {
        assert_eq!(name("team a-1.x").as_deref(), Ok("team a-1.x"));
        for text in ["", " ", "a\"b", "a\nb", &"x".repeat(65)] {
            assert!(name(text).is_err(), "{text:?}");
        }
    }
}
