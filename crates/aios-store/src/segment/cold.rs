//! Cold segments: gzip files of many members, each some 256 KiB of whole lines.
//!
//! `zcat` reads such a file like any other. Whoever knows where a member stands reads it alone, and can
//! replace it without compressing the others anew. The last member is the footer and nothing else.

use std::fs::File;
use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};
use std::path::Path;

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::facts::Kind;
use super::footer::{Counts, DigestOf, Footer, Tally, hex};
use super::name::SegmentId;
use crate::lines::LINE_MAX;
use crate::regular;

/// Bytes of text after which a member ends. Smaller ones compress worse (64 KiB: +5.5 %), larger ones
/// make it dear to erase one line.
const MEMBER_TEXT: usize = 256 * 1024;

/// Most bytes of text that a member may unpack to: what we write is never longer.
const MEMBER_TEXT_MAX: u64 = (MEMBER_TEXT + LINE_MAX + 1) as u64;

/// One member of a cold segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Member {
    /// Where it begins in the file.
    pub(crate) offset: u64,
    /// Its length in the file.
    pub(crate) len: u64,
    #[serde(flatten)]
    pub(crate) counts: Counts,
    /// SHA-256 of its text.
    pub(crate) sha256: String,
    /// Each pseudonym in it, once, in order.
    pub(crate) pseudonyms: Vec<String>,
}

/// Writes members.
#[derive(Debug)]
pub(crate) struct ColdWriter<W> {
    out: W,
    offset: u64,
    text: Vec<u8>,
    members: Vec<Member>,
}

impl<W: Write> ColdWriter<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, offset: 0, text: Vec::new(), members: Vec::new() }
    }

    /// Takes a line, with its newline.
    pub(crate) fn line(&mut self, line: &[u8]) -> io::Result<()> {
        self.text.extend_from_slice(line);
        if self.text.len() >= MEMBER_TEXT { self.cut() } else { Ok(()) }
    }

    /// Ends the member here.
    pub(crate) fn cut(&mut self) -> io::Result<()> {
        if self.text.is_empty() {
            return Ok(());
        }
        let text = std::mem::take(&mut self.text);
        let packed = pack(&text)?;
        let member = describe(&text, self.offset, packed.len() as u64);
        self.put(&packed)?;
        self.members.push(member);
        self.text = text;
        self.text.clear();
        Ok(())
    }

    /// Takes the text of a member of its own; gives its digest.
    pub(crate) fn whole_member(&mut self, text: &[u8]) -> io::Result<String> {
        self.cut()?;
        self.text.extend_from_slice(text);
        self.cut()?;
        Ok(self.members.last().map(|member| member.sha256.clone()).unwrap_or_default())
    }

    /// Takes a member as it is, byte for byte.
    pub(crate) fn copy(&mut self, member: &Member, packed: &[u8]) -> io::Result<()> {
        self.cut()?;
        self.members.push(Member { offset: self.offset, ..member.clone() });
        self.put(packed)
    }

    /// What the members hold together.
    pub(crate) fn footer(&self, id: SegmentId) -> Footer {
        let members = self.members.iter().map(|member| member.counts);
        let counts = members.reduce(Counts::and).unwrap_or_default();
        Footer::new(id, counts, digest_of(&self.members), DigestOf::Members)
    }

    /// Writes the footer and gives back the file and what stands where.
    pub(crate) fn finish(mut self, footer: &Footer) -> io::Result<(W, Vec<Member>)> {
        self.cut()?;
        let packed = pack(&footer.line())?;
        self.put(&packed)?;
        Ok((self.out, self.members))
    }

    fn put(&mut self, packed: &[u8]) -> io::Result<()> {
        self.offset += packed.len() as u64;
        self.out.write_all(packed)
    }
}

/// The digest that proves all members.
pub(crate) fn digest_of(members: &[Member]) -> String {
    let mut digest = Sha256::new();
    for byte in members.iter().flat_map(|member| bytes_of(&member.sha256)) {
        digest.update([byte]);
    }
    hex(&digest.finalize())
}

/// Reads one member as it is packed.
pub(crate) fn read_packed(file: &mut File, member: &Member) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(member.offset))?;
    let mut packed = vec![0; usize::try_from(member.len).map_err(io::Error::other)?];
    file.read_exact(&mut packed)?;
    Ok(packed)
}

/// Unpacks one member.
pub(crate) fn unpack(packed: &[u8]) -> io::Result<Vec<u8>> {
    let mut text = Vec::with_capacity(MEMBER_TEXT * 5 / 4);
    read_text(&mut GzDecoder::new(packed), &mut text)?;
    Ok(text)
}

/// Unpacks the member that these bytes begin with; gives its text and how long it is packed.
pub(crate) fn unpack_first(packed: &[u8]) -> io::Result<(Vec<u8>, usize)> {
    let mut text = Vec::new();
    let mut decoder = GzDecoder::new(packed);
    read_text(&mut decoder, &mut text)?;
    Ok((text, packed.len() - decoder.into_inner().len()))
}

/// What is in a cold file, found by unpacking all of it.
#[derive(Debug)]
pub(crate) struct Survey {
    pub(crate) footer: Footer,
    pub(crate) members: Vec<Member>,
    /// SHA-256 of the text before the footer.
    pub(crate) sha256: String,
}

impl Survey {
    /// Whether the text is what the footer's digest says.
    pub(crate) fn is_sound(&self) -> bool {
        let sha256 = match self.footer.sha256_of {
            DigestOf::Text => self.sha256.clone(),
            DigestOf::Members => digest_of(&self.members),
        };
        sha256 == self.footer.sha256
    }
}

/// Unpacks a whole file; `None` if it does not end with a footer.
pub(crate) fn survey(reader: impl BufRead) -> io::Result<Option<Survey>> {
    let mut reader = Counting { reader, n: 0 };
    let (mut members, mut digest) = (Vec::new(), Sha256::new());
    loop {
        if reader.fill_buf()?.is_empty() {
            return Ok(None);
        }
        let offset = reader.n;
        let mut text = Vec::new();
        read_text(&mut GzDecoder::new(&mut reader), &mut text)?;
        if let Some(footer) = text.strip_suffix(b"\n").and_then(Footer::read) {
            let is_end = reader.fill_buf()?.is_empty();
            let sha256 = hex(&digest.finalize());
            return Ok(is_end.then_some(Survey { footer, members, sha256 }));
        }
        digest.update(&text);
        members.push(describe(&text, offset, reader.n - offset));
    }
}

/// Whether both are the same file's, looked at cheaply: its length, and its last bytes, which are the
/// checksum of the footer and so differ between two states of a segment.
pub(crate) fn seal_of(path: &Path) -> io::Result<(u64, String)> {
    let mut file = regular::open(path)?;
    let len = file.metadata()?.len();
    let mut end = [0; 8];
    file.seek(SeekFrom::Start(len.saturating_sub(end.len() as u64)))?;
    let mut read = Vec::new();
    file.take(end.len() as u64).read_to_end(&mut read)?;
    read.resize(end.len(), 0);
    end.copy_from_slice(&read);
    Ok((len, hex(&end)))
}

fn read_text(decoder: &mut impl Read, text: &mut Vec<u8>) -> io::Result<()> {
    let n = decoder.take(MEMBER_TEXT_MAX + 1).read_to_end(text)? as u64;
    if n > MEMBER_TEXT_MAX {
        return Err(io::Error::other("a member unpacks to more than may be in one"));
    }
    Ok(())
}

fn pack(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 3), Compression::default());
    encoder.write_all(text)?;
    encoder.finish()
}

pub(crate) fn describe(text: &[u8], offset: u64, len: u64) -> Member {
    let mut tally = Tally::default();
    let mut pseudonyms = Vec::new();
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if let Kind::Event(facts) = tally.add(line) {
            pseudonyms.extend(facts.pseudonyms().map(str::to_owned));
        }
    }
    pseudonyms.sort_unstable();
    pseudonyms.dedup();
    let counts = tally.counts;
    Member { offset, len, counts, sha256: tally.sha256(), pseudonyms }
}

/// The bytes of hexadecimal digits that we wrote; nothing of what is none.
fn bytes_of(hex: &str) -> impl Iterator<Item = u8> {
    let digit =
        |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let (pairs, _) = hex.as_bytes().as_chunks::<2>();
    pairs.iter().filter_map(move |[high, low]| Some(digit(*high)? << 4 | digit(*low)?))
}

/// Knows how far a reader has come.
struct Counting<R> {
    reader: R,
    n: u64,
}

impl<R: BufRead> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        self.n += n as u64;
        Ok(n)
    }
}

impl<R: BufRead> BufRead for Counting<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        self.n += n as u64;
        self.reader.consume(n);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn id() -> SegmentId {
        SegmentId::parse("20270115T083000Z-0708090a").unwrap()
    }

    /// A cold file of the first `n` events, with the text it holds.
    fn cold(n: u64) -> (Vec<u8>, Vec<Member>, String) {
        let mut writer = ColdWriter::new(Vec::new());
        let mut text = String::new();
        for line in (0..n).map(fixture::line) {
            writer.line(line.as_bytes()).unwrap();
            text.push_str(&line);
        }
        writer.cut().unwrap();
        let footer = writer.footer(id());
        text.push_str(std::str::from_utf8(&footer.line()).unwrap());
        let (file, members) = writer.finish(&footer).unwrap();
        (file, members, text)
    }

    #[test]
    fn any_gzip_reader_gets_the_text() {
        let (file, members, text) = cold(1000);
        assert!(members.len() > 3, "{}", members.len());
        let mut read = String::new();
        flate2::read::MultiGzDecoder::new(&file[..]).read_to_string(&mut read).unwrap();
        assert!(read == text);
    }

    #[test]
    fn a_survey_finds_what_the_writer_knew() {
        let (file, members, _) = cold(1000);
        let survey = survey(&file[..]).unwrap().unwrap();
        assert_eq!(survey.members, members);
        assert_eq!(survey.footer.n_events, 1000);
        assert_eq!(survey.footer.sha256, digest_of(&members));
        assert!(members[0].pseudonyms.contains(&fixture::conversation(0).to_string()));
    }

    #[test]
    fn a_file_that_is_cut_off_is_not_taken_for_whole() {
        let (file, members, _) = cold(600);
        let last = members.last().unwrap();
        let end = usize::try_from(last.offset + last.len).unwrap();
        // Between two members nothing is torn, but the footer is missing.
        assert!(survey(&file[..end]).unwrap().is_none());
        assert!(survey(&file[..end - 1]).is_err());
        assert!(survey(&file[..0]).unwrap().is_none());
    }

    #[test]
    fn a_member_that_is_copied_is_the_same_member() {
        let (file, members, text) = cold(600);
        let mut writer = ColdWriter::new(Vec::new());
        for member in &members {
            let range = member.offset as usize..(member.offset + member.len) as usize;
            writer.copy(member, &file[range]).unwrap();
        }
        let footer = writer.footer(id());
        let (copy, _) = writer.finish(&footer).unwrap();
        assert!(copy == file);
        assert!(text.ends_with(std::str::from_utf8(&footer.line()).unwrap()));
    }
}
