//! The second view of a text: escapes undone, widths made plain, what cannot be seen left out.
//!
//! `jo%40example.com`, `jo\u0040example.com`, `jo [at] example [dot] com`, full-width digits and an
//! address with a zero-width space in it are found in this view only. It knows where each of its
//! bytes came from, so that what is found in it is reported in the text as it was given.
//!
//! A line gets a second view only if it holds a form that is undone here; plain prose pays for the
//! search for such forms alone.

mod escape;
mod spelled;
mod width;

/// A line with every form in it undone.
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
        .chain(widths.into_iter().flatten().filter(|at| width::is_telling(text, *at)))
}

/// Whether a form that is spelled out is at `at`, or in the blanks before.
pub(crate) fn is_spelled(line: &str, at: usize) -> bool {
    (at.saturating_sub(2)..=at).any(|at| spelled::read(line, at).is_some())
}

impl View {
    /// The second view of a line. `None` if it is no other than the line.
    pub(crate) fn of(line: &str) -> Option<Self> {
        let mut view = Self { text: String::with_capacity(line.len()), parts: Vec::new() };
        let (mut at, mut verbatim_from) = (0, 0);
        while at < line.len() {
            let Some(form) = form_at(line, at) else {
                at = line.ceil_char_boundary(at + 1);
                continue;
            };
            view.keep(line, verbatim_from, at);
            view.parts.push(Part { in_view: view.text.len(), in_line: at, is_verbatim: false });
            view.text.extend(form.stands_for);
            at += form.len;
            verbatim_from = at;
        }
        if view.parts.is_empty() {
            return None;
        }
        view.keep(line, verbatim_from, line.len());
        // The end is the beginning of nothing.
        view.parts.push(Part { in_view: view.text.len(), in_line: line.len(), is_verbatim: true });
        Some(view)
    }

    fn keep(&mut self, line: &str, start: usize, end: usize) {
        if start < end {
            self.parts.push(Part { in_view: self.text.len(), in_line: start, is_verbatim: true });
            self.text.push_str(line.get(start..end).unwrap_or_default());
        }
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

/// The form at `at`, if one is.
fn form_at(line: &str, at: usize) -> Option<Form> {
    match *line.as_bytes().get(at)? {
        b'\\' | b'%' | b'&' => escape::read(line.as_bytes(), at),
        b' ' | b'[' | b'(' | b'{' | b'<' => spelled::read(line, at),
        byte if byte.is_ascii() => None,
        _ => width::read(line, at),
    }
}

#[cfg(test)]
mod tests;
