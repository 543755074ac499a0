//! The last line of a sealed segment: what is in it, and a digest to prove it by.

use std::fmt;

use std::fmt::Write as _;

use aios_core::{SCHEMA_VERSION, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::facts::{self, Kind};
use super::name::SegmentId;

/// What is in a sealed segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Footer {
    /// Always `segment_footer`, and first on the line: no event is called so.
    event_type: FooterType,
    schema_version: String,
    /// The segment.
    pub segment: SegmentId,
    /// Events.
    pub n_events: u64,
    /// Lines that are no events.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub n_bad: u64,
    /// When the earliest event happened.
    pub first_ts: Option<Timestamp>,
    /// When the latest event happened.
    pub last_ts: Option<Timestamp>,
    /// Bytes of the lines before this one.
    pub bytes: u64,
    /// SHA-256, in hexadecimal digits.
    pub sha256: String,
    /// Of what.
    pub sha256_of: DigestOf,
    /// What was wrong with the segment when lines were last taken out of it. The digest is of what was
    /// left, so it would hide that; this does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flaw: Option<String>,
}

/// What a footer's digest is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DigestOf {
    /// The text before the footer: `head -n -1 | sha256sum` gives it.
    Text,
    /// The digests of the texts of a cold segment's members, one after the other, as bytes. So lines
    /// can be erased from one member without reading the others.
    Members,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum FooterType {
    #[serde(rename = "segment_footer")]
    SegmentFooter,
}

/// Digests text as it goes by.
#[derive(Debug, Clone, Default)]
pub(crate) struct Digest(Sha256);

/// Counts the lines of a segment, or of a part of it, as they go by.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) counts: Counts,
    digest: Digest,
}

/// How many lines there are, and from when.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) n_events: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) n_bad: u64,
    pub(crate) first_ts: Option<Timestamp>,
    pub(crate) last_ts: Option<Timestamp>,
    pub(crate) bytes: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} events and {} other lines in {} bytes",
            self.n_events, self.n_bad, self.bytes
        )?;
        if let (Some(first), Some(last)) = (self.first_ts, self.last_ts) {
            write!(f, " from {first} to {last}")?;
        }
        Ok(())
    }
}

impl Footer {
    pub(crate) fn new(segment: SegmentId, counts: Counts, sha256: String, of: DigestOf) -> Self {
        Self {
            event_type: FooterType::SegmentFooter,
            schema_version: SCHEMA_VERSION.to_owned(),
            segment,
            n_events: counts.n_events,
            n_bad: counts.n_bad,
            first_ts: counts.first_ts,
            last_ts: counts.last_ts,
            bytes: counts.bytes,
            sha256,
            sha256_of: of,
            flaw: None,
        }
    }

    /// The same with what is known to be wrong.
    pub(crate) fn with_flaw(self, flaw: Option<String>) -> Self {
        Self { flaw, ..self }
    }

    /// Reads a line; `None` if it is no footer.
    pub(crate) fn read(line: &[u8]) -> Option<Self> {
        if facts::is_footer(line) { serde_json::from_slice(line).ok() } else { None }
    }

    /// The line, with its newline.
    pub(crate) fn line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).expect("a footer's keys are text");
        line.push(b'\n');
        line
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            n_events: self.n_events,
            n_bad: self.n_bad,
            first_ts: self.first_ts,
            last_ts: self.last_ts,
            bytes: self.bytes,
        }
    }
}

impl Digest {
    /// Of a whole text.
    pub(crate) fn of(text: &[u8]) -> String {
        let mut digest = Self::default();
        digest.add(text);
        digest.sha256()
    }

    pub(crate) fn add(&mut self, text: &[u8]) {
        self.0.update(text);
    }

    pub(crate) fn sha256(self) -> String {
        hex(&self.0.finalize())
    }
}

impl Tally {
    /// Takes in a line that ends with its newline; tells what it is.
    pub(crate) fn add<'a>(&mut self, line: &'a [u8]) -> Kind<'a> {
        self.digest.add(line);
        let kind = facts::of(line.strip_suffix(b"\n").unwrap_or(line));
        match &kind {
            Kind::Event(facts) => self.counts.add_event(facts.ts, line.len()),
            Kind::Footer | Kind::Bad => self.counts.add_bad(line.len()),
        }
        kind
    }

    /// Takes in lines that were counted where they were made.
    pub(crate) fn add_counted(&mut self, lines: &[u8], counts: Counts) {
        self.digest.add(lines);
        self.counts = self.counts.and(counts);
    }

    /// The digest of the lines.
    pub(crate) fn sha256(self) -> String {
        self.digest.sha256()
    }

    /// The footer that belongs under the lines.
    pub(crate) fn footer(self, segment: SegmentId) -> Footer {
        let counts = self.counts;
        Footer::new(segment, counts, self.sha256(), DigestOf::Text)
    }
}

impl Counts {
    /// One more event, whose line has so many bytes. A footer goes by times as lines have them, or whoever counts while it writes would
    /// come to another one than whoever reads.
    pub(crate) fn add_event(&mut self, ts: Timestamp, n_bytes: usize) {
        let ts = ts.as_stored();
        self.n_events += 1;
        self.bytes += n_bytes as u64;
        self.first_ts = Some(self.first_ts.map_or(ts, |first| first.min(ts)));
        self.last_ts = Some(self.last_ts.map_or(ts, |last| last.max(ts)));
    }

    fn add_bad(&mut self, n_bytes: usize) {
        self.n_bad += 1;
        self.bytes += n_bytes as u64;
    }

    /// These and others together.
    pub(crate) fn and(self, other: Self) -> Self {
        let least = |a: Option<Timestamp>, b: Option<Timestamp>| a.into_iter().chain(b).min();
        let most = |a: Option<Timestamp>, b: Option<Timestamp>| a.into_iter().chain(b).max();
        Self {
            n_events: self.n_events + other.n_events,
            n_bad: self.n_bad + other.n_bad,
            first_ts: least(self.first_ts, other.first_ts),
            last_ts: most(self.last_ts, other.last_ts),
            bytes: self.bytes + other.bytes,
        }
    }
}

/// Hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn tally(lines: &[&[u8]]) -> Tally {
        let mut tally = Tally::default();
        lines.iter().for_each(|line| drop(tally.add(line)));
        tally
    }

    #[test]
    fn a_footer_says_what_was_counted_and_is_read_back() {
        let (early, late) = (fixture::line(3), fixture::line(5));
        let at = |n| Some(fixture::event(n).at());
        let footer = tally(&[late.as_bytes(), b"{\n", early.as_bytes()])
            .footer(SegmentId::parse("20270115T083000Z-0708090a").unwrap());
        assert_eq!((footer.n_events, footer.n_bad), (2, 1));
        assert_eq!((footer.first_ts, footer.last_ts), (at(3), at(5)));
        assert_eq!(footer.bytes as usize, early.len() + late.len() + 2);
        assert_eq!(Footer::read(footer.line().trim_ascii_end()), Some(footer));
        assert_eq!(Footer::read(early.as_bytes()), None);
    }

    #[test]
    fn the_digest_is_sha_256_of_the_text() {
        let digest = tally(&[b"a", b"bc"]).sha256();
        assert_eq!(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let lines: Vec<_> = (0..4).map(fixture::line).collect();
        let of = |lines: &[String]| {
            tally(&lines.iter().map(String::as_bytes).collect::<Vec<_>>()).counts
        };
        assert_eq!(of(&lines[..1]).and(of(&lines[1..])), of(&lines));
        assert_eq!(Counts::default().and(of(&lines)), of(&lines));
    }
}
