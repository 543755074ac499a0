//! One file, line by line in either direction.

use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek, SeekFrom, Take};

use crate::back::{Back, BackLines};
use crate::disk::AT_ONCE;
use crate::lines::{Line, Lines, Place, Read, ReadError};
use crate::segment::Text;

/// The place of a file's first line.
pub(super) const START: Place = Place { number: Some(1), offset: 0 };

/// Goes through one file.
#[derive(Debug)]
pub(super) enum Cursor {
    Forward(Lines<BufReader<Take<File>>>),
    Backward(BackLines<File>),
    Sealed(Lines<Text>),
    /// A segment that can only be unpacked from its start.
    Unpacked(BackLines<io::Cursor<Vec<u8>>>),
    /// Lines that were read before, the last first.
    Read(Vec<Result<Line, ReadError>>),
}

/// What a cursor gives.
#[derive(Debug)]
pub(super) enum Item<'a> {
    Raw(Read<'a>),
    Ready(Result<Line, ReadError>),
}

impl Cursor {
    pub(super) fn of_file(mut file: File, newest_first: bool) -> io::Result<Self> {
        if newest_first {
            return BackLines::new(file).map(Self::Backward);
        }
        let len = file.metadata()?.len();
        file.seek(SeekFrom::Start(0))?;
        let reader = BufReader::with_capacity(AT_ONCE, file.take(len));
        Ok(Self::Forward(Lines::new(reader, START)))
    }

    pub(super) fn of_text(text: Text, newest_first: bool) -> io::Result<Self> {
        if !newest_first {
            return Ok(Self::Sealed(Lines::new(text, START)));
        }
        match text.into_file() {
            Ok(file) => BackLines::new(file).map(Self::Backward),
            Err(mut packed) => {
                let mut unpacked = Vec::new();
                packed.read_to_end(&mut unpacked)?;
                BackLines::new(io::Cursor::new(unpacked)).map(Self::Unpacked)
            }
        }
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Item<'_>>> {
        Ok(match self {
            Self::Forward(lines) => lines.next()?.map(Item::Raw),
            Self::Sealed(lines) => lines.next()?.map(Item::Raw),
            Self::Backward(lines) => lines.previous()?.map(turned),
            Self::Unpacked(lines) => lines.previous()?.map(turned),
            Self::Read(lines) => lines.pop().map(Item::Ready),
        })
    }
}

fn turned(line: Back<'_>) -> Item<'_> {
    Item::Raw(match line {
        Back::Line { offset, bytes } => Read::Line { place: far(offset), bytes },
        Back::TooLong { offset } => Read::TooLong { place: far(offset) },
    })
}

/// A place whose line number is known only if it is the first.
pub(super) fn far(offset: u64) -> Place {
    Place { number: (offset == 0).then_some(1), offset }
}
