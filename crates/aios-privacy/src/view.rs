//! The second view of a text: escapes undone, widths made plain, what cannot be seen left out.
//!
//! `jo%40example.com`, `jo\u0040example.com`, `jo [at] example [dot] com`, full-width digits and an
//! address with a zero-width space in it are found in this view only. It knows where each of its
//! bytes came from, so that what is found in it is reported in the text as it was given.
//!
//! Only what is near a form that is undone here gets a second view; plain prose pays for the search for
//! such forms alone.

mod escape;
mod near;
mod spelled;
mod width;

/// How far before a value a form may stand that made it one, in bytes of the view.
const NEAR: usize = 64;

/// A line, or a part of one, with every form in it undone.
#[derive(Debug, Default)]
pub(crate) struct View {
    pub(crate) text: String,
    /// Where parts begin, in the view and in the line. Between two of them, either the bytes are the
    /// same or the whole part stands for the whole other part.
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy)]
struct Part {
    in_view: usize,
    in_line: usize,
    is_verbatim: bool,
}

/// Characters that stand for others, and how many bytes of the line they take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Form {
    /// `None` for what is left out.
    stands_for: Option<char>,
    len: usize,
}

pub(crate) use near::add_window;

/// Words that may begin a form. To be looked for with all other words; then ask [`is_spelled`].
pub(crate) const WORDS: &[&str] = spelled::WORDS;

/// The places in `text` at which a form may be that no word begins.
pub(crate) fn places(text: &str) -> impl Iterator<Item = usize> + '_ {
    let bytes = text.as_bytes();
    let escapes = memchr::memchr3_iter(b'\\', b'%', b'&', bytes);
    let is_ascii = bytes.is_ascii();
    let widths = if is_ascii { None } else { Some(width::places(bytes)) };
    escapes
        .filter(|at| escape::is_telling(bytes, *at))
        .chain(memchr::memmem::find_iter(bytes, b"=40").filter(|at| escape::is_telling(bytes, *at)))
        .chain(widths.into_iter().flatten().filter(|at| width::is_telling(text, *at)))
}

/// Whether a form that is spelled out is at `at`, or in the blanks before.
pub(crate) fn is_spelled(line: &str, at: usize) -> bool {
    (at.saturating_sub(2)..=at).any(|at| spelled::read(line, at).is_some())
}

impl View {
    /// Becomes the second view of a line. False if that is no other than the line.
    pub(crate) fn read(&mut self, line: &str) -> bool {
        self.text.clear();
        self.parts.clear();
        let (mut at, mut verbatim_from) = (0, 0);
        while let Some(next) = next_place(line.as_bytes(), at) {
            at = next;
            let Some(form) = form_at(line, at) else {
                at += 1;
                continue;
            };
            self.keep(line, verbatim_from, at);
            self.parts.push(Part { in_view: self.text.len(), in_line: at, is_verbatim: false });
            self.text.extend(form.stands_for);
            at += form.len;
            verbatim_from = at;
        }
        if self.parts.is_empty() {
            return false;
        }
        self.keep(line, verbatim_from, line.len());
        // The end is the beginning of nothing.
        self.parts.push(Part { in_view: self.text.len(), in_line: line.len(), is_verbatim: true });
        true
    }

    fn keep(&mut self, line: &str, start: usize, end: usize) {
        if start < end {
            self.parts.push(Part { in_view: self.text.len(), in_line: start, is_verbatim: true });
            self.text.push_str(line.get(start..end).unwrap_or_default());
        }
    }

    /// Whether a form is in or shortly before `start..end` of the view. What is found far from any is
    /// found without this view.
    pub(crate) fn is_near(&self, start: usize, end: usize) -> bool {
        let from = self.parts.partition_point(|part| part.in_view + NEAR < start);
        let parts = self.parts.iter().skip(from).take_while(|part| part.in_view <= end);
        parts.into_iter().any(|part| !part.is_verbatim)
    }

    /// What of the view stands for the line before `end`, without a form that goes on past it.
    pub(crate) fn before(&self, end: usize) -> &str {
        let last = self.parts.partition_point(|part| part.in_line <= end).checked_sub(1);
        let end = last
            .and_then(|last| self.parts.get(last))
            .map_or(0, |part| part.in_view + if part.is_verbatim { end - part.in_line } else { 0 });
        self.text.get(..end).unwrap_or_default()
    }

    /// The span of the line that `start..end` of the view stands for.
    pub(crate) fn in_line(&self, start: usize, end: usize) -> (usize, usize) {
        // Of parts that begin together, all but the last are left out of the view: a span does not
        // begin with them, and ends before them.
        let first = self.parts.partition_point(|part| part.in_view <= start).saturating_sub(1);
        let start = self.parts.get(first).map_or(0, |part| {
            part.in_line + if part.is_verbatim { start - part.in_view } else { 0 }
        });
        let next = self.parts.partition_point(|part| part.in_view < end);
        let last = next.checked_sub(1).and_then(|last| self.parts.get(last));
        let end = match last {
            Some(part) if part.is_verbatim => part.in_line + (end - part.in_view),
            _ => self.parts.get(next).map_or(0, |part| part.in_line),
        };
        (start, end)
    }
}

/// The first byte at or after `at` with which a form may begin.
fn next_place(bytes: &[u8], at: usize) -> Option<usize> {
    /// ASCII signs, and what begins a character of several bytes.
    static MAY_BEGIN: [bool; 256] = {
        let mut table = [false; 256];
        let signs = *b"\\%&= [({<";
        let mut n = 0;
        while n < signs.len() {
            table[signs[n] as usize] = true;
            n += 1;
        }
        let mut lead = 0xc2;
        while lead < 0xf5 {
            table[lead] = true;
            lead += 1;
        }
        table
    };
    let rest = bytes.get(at..)?;
    rest.iter().position(|byte| MAY_BEGIN[usize::from(*byte)]).map(|n| at + n)
}

/// The form at `at`, if one is.
fn form_at(line: &str, at: usize) -> Option<Form> {
    match *line.as_bytes().get(at)? {
        b'\\' | b'%' | b'&' | b'=' => escape::read(line.as_bytes(), at),
        b' ' | b'[' | b'(' | b'{' | b'<' => spelled::read(line, at),
        byte if byte.is_ascii() => None,
        _ => width::read(line, at),
    }
}

#[cfg(test)]
mod tests;
