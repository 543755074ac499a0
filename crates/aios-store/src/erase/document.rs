//! Cuts somebody's records out of a JSON document, and leaves every other byte as it is.
//!
//! Golden sets, reports and exports are one JSON value each, with a record for each case. The record of
//! a text is the innermost object around it that has a name of its own (an `id`, a `question`), else the
//! outermost element of a list, else the table's entry; where it stands in a `provenance` of its own,
//! the record is what that is about. Where none of these is there, the document is one record.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::Value;

/// Keys by which an object is a record.
const NAMES: [&str; 5] = ["id", "case_id", "case", "test_id", "question"];

/// Keys of objects that say where the record around them comes from.
const ORIGINS: [&str; 5] = ["origin", "provenance", "source", "meta", "metadata"];

/// A document taken apart.
#[derive(Debug)]
pub(super) struct Document<'a> {
    text: &'a str,
    root: Node,
}

/// A value, and where it stands.
#[derive(Debug)]
struct Node {
    /// From its key on, if it has one.
    entry: Range<usize>,
    value: Range<usize>,
    key: Option<String>,
    children: Vec<Node>,
    is_list: bool,
}

/// Records that are to go.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) n_records: u64,
    /// The names of these records.
    pub(super) names: Vec<String>,
    ranges: Vec<Range<usize>>,
    is_whole: bool,
}

impl<'a> Document<'a> {
    /// `None` if the text is anything but a JSON list or object.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        // What this accepts is well formed and not too deep, which the walk relies on.
        let value: Value = serde_json::from_str(text).ok()?;
        if !value.is_object() && !value.is_array() {
            return None;
        }
        let mut walk = Walk { text, at: 0 };
        Some(Self { text, root: walk.value(None)? })
    }

    /// What it was read from.
    pub(super) const fn text(&self) -> &'a str {
        self.text
    }

    /// Whether the document is a bare list, as a set of cases is.
    pub(super) fn is_list(&self) -> bool {
        self.root.is_list
    }

    /// The records in which something is `wanted`. It is shown texts, with their quotes.
    pub(super) fn carrying(&self, wanted: &dyn Fn(&str) -> bool) -> Cut {
        let mut marks = BTreeSet::new();
        self.mark(&mut vec![&self.root], wanted, &mut marks);
        self.cut(&|node| marks.contains(&node.entry.start))
    }

    /// The records of these names.
    pub(super) fn named(&self, names: &[String]) -> Cut {
        self.cut(&|node| {
            let is_record = node.has_children() && node.entry != self.root.entry;
            is_record && self.names_of(node).any(|name| names.contains(&name))
        })
    }

    /// The text without these records; `None` if nothing is left.
    pub(super) fn without(&self, cut: &Cut) -> Option<String> {
        if cut.is_whole {
            return None;
        }
        let (mut kept, mut at) = (String::with_capacity(self.text.len()), 0);
        for range in &cut.ranges {
            kept.push_str(self.text.get(at..range.start).unwrap_or_default());
            at = range.end.max(at);
        }
        kept.push_str(self.text.get(at..).unwrap_or_default());
        Some(kept)
    }

    /// Marks the record of each text that is wanted; `path` leads from the root to the node.
    fn mark<'n>(
        &'n self,
        path: &mut Vec<&'n Node>,
        wanted: &dyn Fn(&str) -> bool,
        marks: &mut BTreeSet<usize>,
    ) {
        let Some(node) = path.last().copied() else { return };
        let is_key_wanted = node.key.as_deref().is_some_and(wanted);
        let is_wanted =
            !node.has_children() && self.text.get(node.value.clone()).is_some_and(wanted);
        if is_key_wanted || is_wanted {
            marks.insert(record_of(path, is_key_wanted).entry.start);
            return;
        }
        for child in &node.children {
            path.push(child);
            self.mark(path, wanted, marks);
            path.pop();
        }
    }

    fn cut(&self, is_record: &dyn Fn(&Node) -> bool) -> Cut {
        let mut cut = Cut::default();
        if is_record(&self.root) {
            cut.is_whole = true;
            cut.note(self, &self.root);
        } else {
            self.collect(&self.root, is_record, &mut cut);
        }
        cut
    }

    /// Notes what in the node has to go, in the order of the text.
    fn collect(&self, node: &Node, is_record: &dyn Fn(&Node) -> bool, cut: &mut Cut) {
        let mut is_one_kept = false;
        for (n, child) in node.children.iter().enumerate() {
            if is_record(child) {
                cut.note(self, child);
                cut.ranges.push(with_comma(&node.children, n, is_one_kept));
            } else {
                is_one_kept = true;
                self.collect(child, is_record, cut);
            }
        }
    }

    fn names_of<'n>(&'n self, node: &'n Node) -> impl Iterator<Item = String> + 'n {
        let named = node.children.iter().filter(|child| {
            child.key.as_deref().is_some_and(|key| NAMES.contains(&key) && key != "question")
        });
        let values = named.filter_map(|child| {
            let text = self.text.get(child.value.clone())?;
            Some(serde_json::from_str(text).unwrap_or_else(|_| text.to_owned()))
        });
        node.key.clone().into_iter().chain(values)
    }
}

impl Cut {
    fn note(&mut self, document: &Document<'_>, node: &Node) {
        self.n_records += 1;
        self.names.extend(document.names_of(node));
    }
}

impl Node {
    fn has_children(&self) -> bool {
        !self.children.is_empty()
    }

    fn is_named(&self) -> bool {
        let is_name = |child: &Node| child.key.as_deref().is_some_and(|key| NAMES.contains(&key));
        !self.is_list && self.children.iter().any(is_name)
    }

    fn is_origin(&self) -> bool {
        self.key.as_deref().is_some_and(|key| ORIGINS.contains(&key))
    }
}

/// The record that the last node of a path belongs to.
fn record_of<'n>(path: &[&'n Node], is_key_wanted: bool) -> &'n Node {
    let by_name = path.iter().rev().find(|node| node.is_named());
    let in_list = path.iter().zip(path.iter().skip(1)).find(|(above, _)| above.is_list);
    let is_table = |node: &&&Node| node.has_children() && !node.is_origin();
    let last = path.last().filter(|_| is_key_wanted);
    by_name
        .or(in_list.map(|(_, element)| element))
        .or(last)
        .or_else(|| path.iter().rev().find(is_table))
        .or(path.first())
        .expect("a path has its root")
}

/// An element with the comma that would be left over.
fn with_comma(siblings: &[Node], n: usize, is_one_kept: bool) -> Range<usize> {
    let end = |n: usize| siblings.get(n).map(|node| node.entry.end);
    let start = |n: usize| siblings.get(n).map(|node| node.entry.start);
    let (from, to) = (start(n).unwrap_or(0), end(n).unwrap_or(0));
    match (is_one_kept, n.checked_sub(1).and_then(end), start(n + 1)) {
        (true, Some(before), _) => before..to,
        (false, _, Some(next)) => from..next,
        (true, None, _) | (false, _, None) => from..to,
    }
}

/// Finds out where each value of a well-formed text stands.
struct Walk<'a> {
    text: &'a str,
    at: usize,
}

impl Walk<'_> {
    fn value(&mut self, key: Option<(usize, String)>) -> Option<Node> {
        self.skip_space();
        let start = self.at;
        let (children, is_list) = match self.peek()? {
            b'[' => (self.children(b']', false)?, true),
            b'{' => (self.children(b'}', true)?, false),
            b'"' => (self.string().map(|_| Vec::new())?, false),
            _ => (self.scalar(), false),
        };
        let from = key.as_ref().map_or(start, |(from, _)| *from);
        let key = key.map(|(_, key)| key);
        Some(Node { entry: from..self.at, value: start..self.at, key, children, is_list })
    }

    fn children(&mut self, close: u8, has_keys: bool) -> Option<Vec<Node>> {
        let mut children = Vec::new();
        self.at += 1;
        loop {
            self.skip_space();
            match self.peek()? {
                byte if byte == close => {
                    self.at += 1;
                    return Some(children);
                }
                b',' => self.at += 1,
                _ if has_keys => {
                    let from = self.at;
                    let key = serde_json::from_str(self.string()?).ok()?;
                    self.skip_space();
                    // The colon.
                    self.at += 1;
                    children.push(self.value(Some((from, key)))?);
                }
                _ => children.push(self.value(None)?),
            }
        }
    }

    /// A string with its quotes.
    fn string(&mut self) -> Option<&str> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek()? {
                b'\\' => self.at += 2,
                b'"' => break,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        self.text.get(start..self.at)
    }

    fn scalar(&mut self) -> Vec<Node> {
        while self.peek().is_some_and(|byte| !b",]} \t\r\n".contains(&byte)) {
            self.at += 1;
        }
        Vec::new()
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is left without the records that carry `c1_x`.
    fn check(text: &str, n_records: u64, expect: Option<&str>) {
        let document = Document::read(text).unwrap();
        let cut = document.carrying(&|text| text.contains("c1_x"));
        assert_eq!(document.without(&cut).as_deref(), expect, "{text}");
        assert_eq!(cut.n_records, n_records, "{text}");
    }

    #[test]
    fn cases_go_and_all_else_stays_byte_for_byte() {
        let same = |text: &str| check(text, 0, Some(text));
        same("[]");
        same("{ \"a\" : [1, {\"id\": \"c1_y\"} ] }\n");
        // A set of cases: at each place of the list.
        check(r#"[{"id":1,"of":"c1_x"}]"#, 1, Some("[]"));
        check(r#"[ {"id":1,"of":"c1_x"}, {"id":2} ]"#, 1, Some(r#"[ {"id":2} ]"#));
        check(r#"[{"id":2}, {"id":1,"of":"c1_x"} ]"#, 1, Some(r#"[{"id":2} ]"#));
        check(
            r#"[{"id":1},{"id":2,"p":{"of":["c1_x"]}},{"id":3,"q":"c1_x"},{"id":4}]"#,
            2,
            Some(r#"[{"id":1},{"id":4}]"#),
        );
        // A case goes whole, not one turn of it; a suite stays.
        check(
            r#"{"suites":[{"id":"s","tests":[{"id":1,"turns":[{"text":"c1_x"},{}]},{"id":2}]}]}"#,
            1,
            Some(r#"{"suites":[{"id":"s","tests":[{"id":2}]}]}"#),
        );
        // Tables by key.
        check(
            r#"{"n":2,"results":{"k":{"conv_id":"c1_x"},"l":{"a":1}}}"#,
            1,
            Some(r#"{"n":2,"results":{"l":{"a":1}}}"#),
        );
        check(r#"{"k":{"a":1,"provenance":{"conv_id":"c1_x"}},"l":{}}"#, 1, Some(r#"{"l":{}}"#));
        check(r#"{"convs":["a","c1_x"]}"#, 1, Some(r#"{"convs":["a"]}"#));
        check(r#"{"n":1,"c1_x":{"a":1}}"#, 1, Some(r#"{"n":1}"#));
        check(r#"{"rows":[{"v":"c1_x"},{"v":"b"}]}"#, 1, Some(r#"{"rows":[{"v":"b"}]}"#));
        // The whole document is about it.
        check(r#"{"conv_id":"c1_x","text":"hello"}"#, 1, None);
        check(r#"{"question":"hello","provenance":{"conv_id":"c1_x"}}"#, 1, None);
    }

    #[test]
    fn records_are_found_by_their_names_too() {
        let check = |text: &str, expect: &str| {
            let document = Document::read(text).unwrap();
            let cut = document.named(&["k".to_owned(), "7".to_owned()]);
            assert_eq!(document.without(&cut).as_deref(), Some(expect), "{text}");
        };
        check(r#"[{"id":"k","question":"q"},{"id":7},{"id":"m"}]"#, r#"[{"id":"m"}]"#);
        check(r#"{"results":[{"case_id":"k"}],"k":3}"#, r#"{"results":[],"k":3}"#);
        check(
            r#"{"results":{"k":{"ok":true},"m":{"ok":true}}}"#,
            r#"{"results":{"m":{"ok":true}}}"#,
        );
    }

    #[test]
    fn a_text_that_is_no_document_is_none() {
        for text in ["", "1", "\"c1_x\"", "{", "[1,]", "{}\n{}"] {
            assert!(Document::read(text).is_none(), "{text}");
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i32>().prop_map(Value::from),
            "[a-z\"\\\\{}\\[\\], ]{0,6}".prop_map(Value::from),
            Just(Value::from("c1_x")),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("id|question|provenance|[a-c]{1,2}", inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    /// Every text in a value, but for keys.
    fn texts(value: &Value, all: &mut Vec<String>) {
        match value {
            Value::String(text) => all.push(text.clone()),
            Value::Array(values) => values.iter().for_each(|value| texts(value, all)),
            Value::Object(map) => map.values().for_each(|value| texts(value, all)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    proptest! {
        #[test]
        fn nothing_of_it_is_left_and_what_is_left_is_json(value in value(), is_pretty: bool) {
            let text = if is_pretty {
                serde_json::to_string_pretty(&value).unwrap()
            } else {
                value.to_string()
            };
            let Some(document) = Document::read(&text) else { return Ok(()) };
            let cut = document.carrying(&|text| text.contains("c1_x"));
            if let Some(kept) = document.without(&cut) {
                let kept: Value = serde_json::from_str(&kept).unwrap();
                let mut all = Vec::new();
                texts(&kept, &mut all);
                prop_assert!(!all.iter().any(|text| text == "c1_x"), "{text} {kept}");
            }
        }
    }
}
