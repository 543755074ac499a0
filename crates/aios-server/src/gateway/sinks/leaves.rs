//! The strings, keys and numbers of a JSON text, with the bytes where they stand.
//!
//! The text was parsed before, so it is known to be JSON and not too deep; what is here only has to
//! know where things begin and end. A parser of values would lose the places, and what is replaced must
//! leave all other bytes as they came.

use std::ops::Range;

/// A place in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step<'a> {
    /// The value of this key, as it is written, quotes off.
    Key(&'a str),
    /// The entry of a list.
    Entry(usize),
}

/// What a leaf is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Key,
    Text,
    Number,
}

/// A leaf as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Leaf<'a> {
    pub(super) what: What,
    /// Its bytes, quotes included.
    pub(super) at: Range<usize>,
    pub(super) raw: &'a str,
}

/// Walks over the leaves of a JSON text, in order.
pub(super) struct Leaves<'a> {
    json: &'a str,
    at: usize,
    path: Vec<Step<'a>>,
    /// The next string in an object is a key.
    key_is_next: bool,
}

impl<'a> Leaves<'a> {
    pub(super) const fn of(json: &'a str) -> Self {
        Self { json, at: 0, path: Vec::new(), key_is_next: false }
    }

    /// The place of the leaf that was given last; of a key, that of its value.
    pub(super) fn path(&self) -> &[Step<'a>] {
        &self.path
    }

    /// The next leaf.
    pub(super) fn next_leaf(&mut self) -> Option<Leaf<'a>> {
        loop {
            let start = self.at;
            let byte = *self.json.as_bytes().get(start)?;
            self.at += 1;
            match byte {
                b'{' => self.open(Step::Key("")),
                b'[' => self.open(Step::Entry(0)),
                b'}' | b']' => {
                    self.path.pop();
                }
                b',' => self.next_entry(),
                b'"' => return Some(self.string(start)),
                b'-' | b'0'..=b'9' => return Some(self.number(start)),
                _ => {}
            }
        }
    }

    fn open(&mut self, step: Step<'a>) {
        self.key_is_next = matches!(step, Step::Key(_));
        self.path.push(step);
    }

    fn next_entry(&mut self) {
        match self.path.last_mut() {
            Some(Step::Entry(n)) => *n += 1,
            Some(Step::Key(_)) => self.key_is_next = true,
            None => {}
        }
    }

    fn string(&mut self, start: usize) -> Leaf<'a> {
        let bytes = self.json.as_bytes();
        while let Some(at) =
            bytes.get(self.at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest))
        {
            let is_end = bytes.get(self.at + at) == Some(&b'"');
            self.at += at + if is_end { 1 } else { 2 };
            if is_end {
                break;
            }
        }
        let leaf = self.leaf(What::Text, start);
        let is_key = std::mem::take(&mut self.key_is_next);
        match self.path.last_mut() {
            Some(Step::Key(key)) if is_key => {
                *key = leaf.raw.get(1..leaf.raw.len() - 1).unwrap_or_default();
                Leaf { what: What::Key, ..leaf }
            }
            _ => leaf,
        }
    }

    fn number(&mut self, start: usize) -> Leaf<'a> {
        let rest = self.json.as_bytes().get(self.at..).unwrap_or_default();
        let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
        self.at += rest.iter().take_while(is_part).count();
        self.leaf(What::Number, start)
    }

    fn leaf(&self, what: What, start: usize) -> Leaf<'a> {
        let raw = self.json.get(start..self.at).unwrap_or_default();
        Leaf { what, at: start..self.at, raw }
    }
}

/// A path as people write it: `messages[0].content`. A key that is no plain word may itself be what
/// must not be told, and is shown as `*`.
pub(super) fn shown(path: &[Step<'_>]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Entry(n) => text.push_str(&format!("[{n}]")),
            Step::Key(key) => {
                let dot = if text.is_empty() { "" } else { "." };
                text.push_str(dot);
                text.push_str(if is_plain(key) { key } else { "*" });
            }
        }
    }
    text
}

/// Longest key that is shown.
const KEY_SHOWN_MAX: usize = 32;

fn is_plain(key: &str) -> bool {
    key.len() <= KEY_SHOWN_MAX && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expect: &[&str]) {
        let mut leaves = Leaves::of(json);
        let mut found = Vec::new();
        while let Some(leaf) = leaves.next_leaf() {
            assert_eq!(json.get(leaf.at.clone()), Some(leaf.raw));
            let mark = if leaf.what == What::Key { " key" } else { "" };
            found.push(format!("{} {}{mark}", shown(leaves.path()), leaf.raw));
        }
        assert_eq!(found, expect, "{json}");
    }

    #[test]
    fn every_leaf_has_its_place() {
        check(
            r#"{ "a" : [ "x" , {"b":-1.5e+3}, [], "y\"]" ], "jo@example.com":{"c":null,"d":"z"} }"#,
            &[
                r#"a "a" key"#,
                r#"a[0] "x""#,
                r#"a[1].b "b" key"#,
                "a[1].b -1.5e+3",
                r#"a[3] "y\"]""#,
                r#"* "jo@example.com" key"#,
                r#"*.c "c" key"#,
                r#"*.d "d" key"#,
                r#"*.d "z""#,
            ],
        );
        check(r#""alone""#, &[r#" "alone""#]);
        check(r#"["\\",{"k\\":"v"}]"#, &[r#"[0] "\\""#, r#"[1].* "k\\" key"#, r#"[1].* "v""#]);
    }

    #[test]
    fn what_is_no_json_ends_all_the_same() {
        for text in ["{\"a", "\"\\", "[[[", "}}]]", "1", "{,\"a\":,}"] {
            let mut leaves = Leaves::of(text);
            while leaves.next_leaf().is_some() {}
            assert!(leaves.at >= text.len());
        }
    }
}
